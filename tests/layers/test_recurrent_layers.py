"""RNN, LSTM and GRU: the formulas step by step, names and shapes, second derivatives, threads."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from graphlang.catalog.operation import Array
from graphlang.kernels.parallel import worker_threads
from graphlang.kernels.recurrence import gru, gru_after, lstm, rnn
from graphlang.layers._recurrent import _Recurrent
from graphlang.layers.gru import GRU
from graphlang.layers.lstm import LSTM
from graphlang.layers.rnn import RNN
from graphlang.trace import Dim, NoGradient, ShapeError, Trace, gradient, replay

RNG = np.random.default_rng(23)
KINDS = [RNN, LSTM, GRU]


def own(layer: _Recurrent, x: Array) -> dict[str, Any]:
    return {name: RNG.standard_normal(p.shape) / 2 for name, p in layer.parameters(x).items()}


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def rnn_step(x: Array, h: Array, c: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, Array]:
    return np.tanh(x @ Wx + h @ Wh + b), c


def lstm_step(x: Array, h: Array, c: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, Array]:
    # As the book writes it (Deep Learning from Scratch 2, 6.3.1).
    A, H = x @ Wx + h @ Wh + b, h.shape[1]
    f, g, i, o = A[:, :H], A[:, H : 2 * H], A[:, 2 * H : 3 * H], A[:, 3 * H :]
    c = sigmoid(f) * c + np.tanh(g) * sigmoid(i)
    return sigmoid(o) * np.tanh(c), c


def gru_step(x: Array, h: Array, c: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, Array]:
    H = h.shape[1]
    z = sigmoid(x @ Wx[:, :H] + h @ Wh[:, :H] + b[:H])
    r = sigmoid(x @ Wx[:, H : 2 * H] + h @ Wh[:, H : 2 * H] + b[H : 2 * H])
    n = np.tanh(x @ Wx[:, 2 * H :] + (r * h) @ Wh[:, 2 * H :] + b[2 * H :])
    return (1 - z) * h + z * n, c


STEPS: dict[type[_Recurrent], Callable[..., Any]] = {RNN: rnn_step, LSTM: lstm_step, GRU: gru_step}


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_its_formula_step_by_step(kind: type[_Recurrent]) -> None:
    layer, x = kind(hidden=3), RNG.standard_normal((2, 5, 4))
    weights = own(layer, x)
    h = c = np.zeros((2, 3))
    y, _ = layer.forward(x, **weights)
    for t in range(5):
        h, c = STEPS[kind](x[:, t], h, c, **weights)
        np.testing.assert_allclose(y[:, t], h, rtol=1e-12)
    last, _ = kind(hidden=3, return_="last").forward(x, **weights)
    np.testing.assert_array_equal(last, y[:, -1])


def test_an_lstm_of_recorded_numbers() -> None:
    # torch.nn.LSTM(1, 1) with weights 0.5 (its i, f, g, o) on 1, -1, 2, in float64.
    half = np.full((1, 4), 0.5)
    y, _ = LSTM(hidden=1).forward(np.array([[[1.0], [-1.0], [2.0]]]), Wx=half, Wh=half, b=np.zeros(4))
    expected = [0.17426971865610508, -0.016365083841817216, 0.35015813185241207]
    np.testing.assert_allclose(y[0, :, 0], expected, rtol=1e-12)


def test_the_way_back_is_the_way_there_on_the_sequence_turned_around() -> None:
    x = RNG.standard_normal((2, 4, 3))
    both = GRU(hidden=2, bidirectional=True)
    weights = own(both, x)
    y, _ = both.forward(x, **weights)
    there = {name: weights[name] for name in ("Wx", "Wh", "b")}
    back = {name: weights[name + "_reverse"] for name in there}
    alone = GRU(hidden=2)
    np.testing.assert_allclose(y[..., :2], alone.forward(x, **there)[0])
    np.testing.assert_allclose(y[..., 2:], alone.forward(x[:, ::-1], **back)[0][:, ::-1])
    last, _ = GRU(hidden=2, bidirectional=True, return_="last").forward(x, **weights)
    np.testing.assert_array_equal(last, np.concatenate([y[:, -1, :2], y[:, 0, 2:]], axis=1))


def test_names_and_shapes_of_the_weights() -> None:
    x = np.zeros((2, 5, 4))
    names = {n: p.shape for n, p in LSTM(hidden=3, layers=2).parameters(x).items()}
    assert names == {
        "Wx": (4, 12), "Wh": (3, 12), "b": (12,), "Wx2": (3, 12), "Wh2": (3, 12), "b2": (12,),
    }  # fmt: skip
    names = {n: p.shape for n, p in GRU(hidden=3, layers=2, bidirectional=True).parameters(x).items()}
    assert list(names) == [
        "Wx", "Wh", "b", "Wx_reverse", "Wh_reverse", "b_reverse",
        "Wx2", "Wh2", "b2", "Wx2_reverse", "Wh2_reverse", "b2_reverse",
    ]  # fmt: skip
    assert (names["Wx"], names["Wx2"], names["Wh2_reverse"]) == ((4, 9), (6, 9), (3, 9))


def test_a_recurrence_needs_sequences_of_vectors() -> None:
    with pytest.raises(ShapeError, match=r"`RNN` needs \[N, T, D\], but `x` has the shape \(2, 3\)"):
        RNN(hidden=3).parameters(np.zeros((2, 3)))


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_hold_for_any_batch_and_any_length(kind: type[_Recurrent]) -> None:
    N, T = Dim.symbol("N"), Dim.symbol("T")
    layer = kind(hidden=3, layers=2, bidirectional=True)
    trace = Trace()
    x = trace.input((N, T, 4))
    with trace:
        weights = {name: trace.input(p.shape) for name, p in layer.parameters(x).items()}
        y, _ = layer.forward(x, **weights)
        dx, dW = gradient(np.sum(y * y), [x, weights["Wh"]])
        assert (y.shape, dx.shape, dW.shape) == ((N, T, 6), x.shape, weights["Wh"].shape)
        last, _ = kind(hidden=3, layers=2, bidirectional=True, return_="last").forward(x, **weights)
        assert last.shape == (N, 6)
        with pytest.raises(NoGradient, match="over a number of steps that is not known yet"):
            gradient(np.sum(dx), [x])


@pytest.mark.parametrize("kind", KINDS)
def test_a_hessian_vector_product_agrees_with_differences_of_the_gradient(kind: type[_Recurrent]) -> None:
    layer, x = kind(hidden=2, layers=2), RNG.standard_normal((2, 3, 2))
    weights = own(layer, x)
    v, h = RNG.standard_normal(x.shape), 1e-5
    trace = Trace()
    with trace:
        a, direction = trace.input(x.shape), trace.input(x.shape)
        ws = {name: trace.input(w.shape) for name, w in weights.items()}
        y, _ = layer.forward(a, **ws)
        (da,) = gradient(np.sum(y * y * y), [a])
        (hv,) = gradient(np.sum(da * direction), [a])
    feeds = {ws[name]: w for name, w in weights.items()}
    (found,) = replay(trace, [hv], {**feeds, a: x, direction: v})
    above, below = (replay(trace, [da], {**feeds, a: x + s * h * v})[0] for s in (1, -1))
    np.testing.assert_allclose(found, (above - below) / (2 * h), rtol=1e-6, atol=1e-8)


def at_once(jobs: Sequence[Callable[[], None]]) -> None:
    running = [threading.Thread(target=job) for job in jobs]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


@pytest.mark.parametrize(("kernel", "gates"), [(rnn, 1), (lstm, 4), (gru, 3), (gru_after, 4)])
@pytest.mark.parametrize(("hidden", "steps", "count"), [(1, 1, 2), (7, 4, 3), (48, 19, 2), (48, 19, 7)])
def test_threads_change_no_value_and_repeat_bit_by_bit(
    kernel: Any, gates: int, hidden: int, steps: int, count: int
) -> None:
    x, Wx = RNG.standard_normal((steps, 5, 3)), RNG.standard_normal((3, gates * hidden)) / 2
    Wh, b = RNG.standard_normal((hidden, gates * hidden)) / 7, RNG.standard_normal(gates * hidden)
    states = kernel.compute(x, Wx, Wh, b)
    ds = RNG.standard_normal(states.shape)

    def all_three() -> list[Array]:
        dpre = kernel.gradient.compute(ds, states, Wh)
        return [kernel.compute(x, Wx, Wh, b), dpre, kernel.weight_gradient.compute(dpre, states, x)]

    with worker_threads(count, at_once):
        once, again = all_three(), all_three()
    for a, b, c in zip(once, again, all_three(), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, c, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_stays_float32_and_large_numbers_do_not_overflow(kind: type[_Recurrent]) -> None:
    layer, x = kind(hidden=3), (1e4 * RNG.standard_normal((2, 3, 4))).astype(np.float32)
    weights = {name: w.astype(np.float32) for name, w in own(layer, x).items()}
    with np.errstate(all="raise", under="ignore"):
        y, _ = layer.forward(x, **weights)
    assert y.dtype == np.float32
    assert np.all(np.abs(y) <= 1)
