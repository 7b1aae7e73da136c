"""Recording NumPy calls: what NumPy gives, and mistakes found before anything runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphlang.kernels.erf import erf
from graphlang.trace import Dim, DtypeError, ShapeError, SymbolicRandom, Trace, Unrecorded, gradient, replay
from graphlang.trace.primitives import PRIMITIVES, arange, full, one_hot, scatter_add, stop_gradient, zeros

N, T, D = Dim.symbol("N"), Dim.symbol("T"), Dim.symbol("D")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 6))
Y = RNG.normal(size=(4, 6))
C = RNG.normal(size=(2, 4, 6))
S = RNG.normal(size=(6, 6))

CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "mean": (lambda x: np.mean(x, axis=-1, keepdims=True), (X,)),
    "mean of all": (lambda x: x.mean(), (X,)),
    "var": (lambda x: np.var(x, axis=0, ddof=1), (X,)),
    "std": (lambda x: x.std(axis=(0, 1)), (X,)),
    "reduce": (lambda x: np.add.reduce(x) + np.maximum.reduce(x, axis=0), (X,)),
    "prod": (lambda x: np.prod(x, axis=1), (X,)),
    "ptp": (lambda x: np.ptp(x, axis=1), (X,)),
    "cumsum of all": (lambda x: np.cumsum(x), (X,)),
    "sort": (lambda x: np.sort(x, axis=0), (X,)),
    "norm": (lambda x: np.linalg.norm(x, axis=1), (X,)),
    "reshape": (lambda x: x.reshape(-1, 3), (X,)),
    "ravel": (lambda x: np.ravel(x), (X,)),
    "transpose": (lambda x: x.T * 2, (C,)),
    "axes": (lambda x: np.transpose(x, (1, -1, 0)) + np.moveaxis(x, 0, -1), (C,)),
    "moveaxis": (lambda x: np.moveaxis(x, (0, 1), (-1, 0)), (C,)),
    "swapaxes": (lambda x: x.swapaxes(0, -1), (C,)),
    "expand and squeeze": (lambda x: np.squeeze(np.expand_dims(x, (0, -1)), 0), (X,)),
    "new axes": (lambda x: x[:, None, ..., None] * x[None, :, 1, None, None], (X,)),
    "broadcast_to": (lambda x: np.broadcast_to(x[0], (3, 6)) * 2, (X,)),
    "broadcast_arrays": (lambda x, y: np.broadcast_arrays(x, y[0])[1] * x, (X, Y)),
    "concatenate": (lambda x, y: np.concatenate([x, y, x[:1]], axis=0), (X, Y)),
    "stack": (lambda x, y: np.stack([x, y], axis=-1), (X, Y)),
    "split": (lambda x: np.split(x, 3, axis=1)[1] * np.split(x, [2, 4], axis=1)[2], (X,)),
    "array_split": (lambda x: np.array_split(x, 4, axis=1)[0] * np.array_split(x, 4, axis=1)[1], (X,)),
    "repeat": (lambda x: np.repeat(x, 3, axis=0), (X,)),
    "repeat all": (lambda x: x.repeat(2), (X,)),
    "tile": (lambda x: np.tile(x, (2, 1, 3)), (X,)),
    "flip": (lambda x: np.flip(x) + np.flip(x, 1), (X,)),
    "roll": (lambda x: np.roll(x, 2) + np.roll(x, -3, axis=1), (X,)),
    "pad": (lambda x: np.pad(x, ((1, 0), (2, 1)), constant_values=3), (X,)),
    "take": (lambda x: np.take(x, [[0, 3], [3, 1]], axis=0), (X,)),
    "index": (lambda x: x[:, np.array([0, 5, 5])] + x[:, [1, 2, 1]], (X,)),
    "take_along_axis": (lambda x: np.take_along_axis(x, np.array([[1], [0], [5], [-1]]), axis=1), (X,)),
    "tril": (lambda x: np.tril(x, 1) + np.triu(x, -1), (S,)),
    "diagonal": (lambda x: np.diagonal(x) * np.trace(x), (S,)),
    "diff": (lambda x: np.diff(x, axis=0), (X,)),
    "outer": (lambda x, y: np.outer(x[0], y), (X, Y)),
    "dot": (lambda x, y: np.dot(x, y.T) + np.dot(x[0], y[0]), (X, Y)),
    "dot of many axes": (lambda x, y: np.dot(x, np.swapaxes(y, 1, 2)), (C, C)),
    "tensordot": (lambda x, y: np.tensordot(x, y, axes=([1, 2], [0, 1])), (C, X)),
    "einsum of matrices": (lambda x, y: np.einsum("ij,kj->ik", x, y), (X, Y)),
    "einsum of batches": (lambda x, y: np.einsum("bij,bkj->bki", x, y), (C, C)),
    "einsum of products": (lambda x, y: np.einsum("ij,ij->ji", x, y), (X, Y)),
    "einsum of a diagonal": (lambda x: np.einsum("ii->i", x) * np.einsum("ii", x), (S,)),
    "einsum of three": (lambda x, y, z: np.einsum("ij,kj,lk->il", x, y, z[:, :4]), (X, Y, S)),
    "einsum of sums": (lambda x, y: np.einsum("ij,kl->k", x, y), (X, Y)),
    "einsum of dots": (lambda x, y: np.einsum("...ij,ij->...i", x, y), (C, X)),
    "einsum of ones": (lambda x, y: np.einsum("ij,ij->i", x[:, :1], y), (X, Y)),
    "einsum without an arrow": (lambda x, y: np.einsum("ij,jk", x, y.T), (X, Y)),
    "where": (lambda x, y: np.where(x > y, x, y * 2), (X, Y)),
    "clip": (lambda x: np.clip(x, -0.5, None) + x.clip(None, 0.7), (X,)),
    "round": (lambda x: np.round(x, 1) * x, (X,)),
    "astype": (lambda x: x.astype(np.float32).astype(np.float64) * x, (X,)),
    "like": (lambda x: np.zeros_like(x) + np.ones_like(x) * x + np.full_like(x, 2), (X,)),
    "created": (lambda x: np.arange(6, like=x) * x + np.eye(4, 6, like=x) + np.ones((4, 1), like=x), (X,)),
    "masks": (lambda x, y: ((x > 0) & ~(y < 0)) * x, (X, Y)),
    "lists": (lambda x: x * [1, 2, 3, 4, 5, 6] + np.multiply([1, 2, 3, 4, 5, 6], x), (X,)),
    "nan_to_num": (lambda x: np.nan_to_num(x), (X,)),
    "argmax": (lambda x: x.argmax(axis=1) + np.argmin(x, axis=1) * np.argmax(x), (X,)),
    "any and all": (lambda x: np.any(x > 0, axis=0) ^ np.all(x > 0, axis=0), (X,)),
    "count": (lambda x: np.count_nonzero(x > 0, axis=1), (X,)),
    "shape, ndim, size": (lambda x: x * np.shape(x)[0] + np.ndim(x) + np.size(x), (X,)),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_recorded_call_gives_what_numpy_gives(name: str) -> None:
    function, arrays = CALLS[name]
    trace = Trace()
    inputs = [trace.input(a.shape, a.dtype) for a in arrays]
    y = function(*inputs)
    expected = np.asarray(function(*arrays))
    (value,) = replay(trace, [y], dict(zip(inputs, arrays, strict=True)))
    assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(value, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    "name", [name for name in CALLS if name not in ("argmax", "any and all", "count", "astype")]
)
def test_its_gradient_agrees_with_central_differences(name: str) -> None:
    function, arrays = CALLS[name]
    trace = Trace()
    inputs = [trace.input(a.shape, a.dtype) for a in arrays]
    y = function(*inputs)
    dy = RNG.normal(size=y.shape)
    found = replay(trace, gradient(y, inputs, dy), dict(zip(inputs, arrays, strict=True)))
    for i, dx in enumerate(found):
        way = RNG.normal(size=arrays[i].shape)
        near, far = (
            [
                np.sum(dy * function(*[a + sign * h * way if j == i else a for j, a in enumerate(arrays)]))
                for sign in (1, -1)
            ]
            for h in (1e-5, 2e-5)
        )
        slope = (8 * (near[0] - near[1]) - (far[0] - far[1])) / 12e-5
        np.testing.assert_allclose(np.sum(dx * way), slope, rtol=1e-7, atol=1e-7)


def test_sizes_stay_symbolic_through_a_network() -> None:
    trace = Trace()
    x, w = trace.input((N, T, D)), trace.input((D, 3 * D))
    parts = np.split(x @ w, 3, axis=-1)
    assert [p.shape for p in parts] == [(N, T, D)] * 3
    assert parts[0].reshape(-1, D).shape == (N * T, D)
    assert (parts[1] @ parts[2].mT).shape == (N, T, T)
    assert np.concatenate([x[:, : T // 2], x[:, T // 2 :]], axis=1).shape == (N, T, D)
    assert (x[:, 1:] - x[:, :-1]).shape == (N, T - 1, D)
    assert (x[:, 2:] + x[:, :-2]).shape[1] == (x[:, :-2]).shape[1]
    assert x[:, ::2].shape == (N, (T + 1) // 2, D)
    assert np.pad(x, ((0, 0), (1, 2), (0, 0))).shape == (N, T + 3, D)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_one_trace_serves_every_batch_size(n: int) -> None:
    trace = Trace()
    x = trace.input((N, 3))
    softmax = np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)
    loss = np.mean(np.log(softmax[:, 0])) + np.prod(x, axis=0).sum() / (N + 1) + np.var(x[:, 1:])
    a = RNG.normal(size=(n, 3))
    value, dx = replay(trace, [loss, *gradient(loss, [x])], {x: a})
    probability = np.exp(a) / np.exp(a).sum(1, keepdims=True)
    assert value == pytest.approx(
        np.log(probability[:, 0]).mean() + a.prod(0).sum() / (n + 1) + a[:, 1:].var()
    )
    step = np.zeros_like(a)
    step[0, 1] = 1e-6
    high, low = (replay(trace, [loss], {x: a + s * step})[0] for s in (1, -1))
    assert dx[0, 1] == pytest.approx((high - low) / 2e-6, rel=1e-6, abs=1e-8)


def test_the_message_of_a_broadcast_names_both_shapes() -> None:
    trace = Trace()
    with pytest.raises(ShapeError, match=r"^shapes \(N, 50\) and \(N, 10\) do not broadcast: 50 against 10$"):
        trace.input((N, 50)) + trace.input((N, 10))


def test_the_message_of_a_product_names_both_shapes() -> None:
    trace = Trace()
    with pytest.raises(
        ShapeError, match=r"^shapes \(N, 784\) and \(50, 10\) do not multiply: 784 against 50$"
    ) as found:
        trace.input((N, 784)) @ trace.input((50, 10))
    assert found.value.operands == (0, 1)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda x: x.reshape(7, -1), lambda x: x.reshape(N, 5), lambda x: x.reshape(5, -1), lambda x: x[:, 6],
        lambda x: x[3], lambda x: x[0, 0, 0], lambda x: x.sum(axis=2), lambda x: np.max(x[:, 3:3], axis=1),
        lambda x: np.split(x, 4, axis=1), lambda x: np.split(x, 2),
        lambda x: np.concatenate([x, x[:, :1]], axis=0),
        lambda x: np.stack([x, x[:, :1]]), lambda x: np.squeeze(x, 1), lambda x: np.squeeze(x),
        lambda x: np.transpose(x, (0, 0)), lambda x: np.broadcast_to(x, (N, 7)), lambda x: x @ x,
        lambda x: np.take(x, [6], axis=1), lambda x: np.take(x, [0.5], axis=1),
        lambda x: np.einsum("ij,jk", x, x),
        lambda x: np.einsum("ijk", x), lambda x: -(x > 0), lambda x: (x > 0) - (x > 1), lambda x: x @ 3.0,
        lambda x: np.pad(x, -1), lambda x: (x > 0) & 1.5, lambda x: np.moveaxis(x, 0, 2),
        lambda x: np.tril(x[0]),
        lambda x: np.diagonal(x), lambda x: np.take_along_axis(x, np.array([0]), axis=1),
    ],
)  # fmt: skip
def test_what_numpy_would_refuse_is_a_shape_error(mistake: Any) -> None:
    with pytest.raises(ShapeError):
        mistake(Trace().input((N, 6)))


def test_whole_numbers_that_do_not_fit_are_refused() -> None:
    trace = Trace()
    with pytest.raises(DtypeError):
        trace.input((3,), np.uint8) + 300
    with pytest.raises(DtypeError):
        trace.input((3,), np.int64) ** -1


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.linalg.inv(x), lambda x: np.frexp(x), lambda x: np.add(x, 1, out=x),
        lambda x: np.sum(x, where=x > 0),
        lambda x: x.__iadd__(1), lambda x: x.__setitem__(0, 1), lambda x: bool(x),
        lambda x: float(x), lambda x: x[x > 0],
        lambda x: np.add.at(x, 0, 1), lambda x: x[[0, 1], [0, 1]], lambda x: np.asarray(x),
    ],
)  # fmt: skip
def test_what_cannot_be_recorded_says_so(call: Any) -> None:
    with pytest.raises(Unrecorded):
        call(Trace().input((3, 3)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_the_network_is_kept(dtype: Any) -> None:
    trace = Trace()
    x, w = trace.input((N, 3), dtype), trace.input((3, 3), dtype)
    h = np.where(x @ w > 0, x, 0.1 * x) / x.shape[0] * (1 / N) ** 0.5
    y = np.mean(np.maximum(h, 0) ** 2 + erf(h) + np.minimum(h, x) + np.clip(h, -1, 1)) + np.max(h) + np.std(h)
    assert y.dtype == dtype
    assert all(step.output.dtype in (dtype, bool) for step in trace.steps)
    first = len(trace.steps)
    assert all(g.dtype == dtype for g in gradient(y, [x, w]))
    assert all(step.output.dtype in (dtype, bool) for step in trace.steps[first:])


def test_creation_with_symbolic_sizes_records_into_the_active_trace() -> None:
    trace = Trace()
    x = trace.input((N, T))
    with trace:
        y = x + zeros((N, 1)) + arange(T) + full((T,), 0.5)
    (value,) = replay(trace, [y], {x: np.zeros((2, 3))})
    np.testing.assert_array_equal(value, [[0.5, 1.5, 2.5]] * 2)
    with pytest.raises(RuntimeError):
        zeros((N,))


def test_a_scatter_adds_up_repeated_indices() -> None:
    rows, ids = RNG.normal(size=(50, 3)), RNG.integers(-7, 7, 50)
    expected = np.zeros((7, 3))
    np.add.at(expected, ids, rows)
    np.testing.assert_allclose(scatter_add(rows, ids, size=7), expected, rtol=1e-13)
    with pytest.raises(IndexError, match="index 7 is out of bounds"):
        scatter_add(rows, np.full(50, 7), size=7)


def test_one_hot_rows_are_zero_outside_of_the_classes() -> None:
    np.testing.assert_array_equal(
        one_hot(np.array([1, -1, 3]), 3, np.float32), [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    )


def test_erf_is_exact_to_the_last_digits() -> None:
    x = np.concatenate([np.linspace(-7, 7, 20001), [0.0, 1e-300, 0.46875, 4.0, 30.0, np.inf, -np.inf]])
    exact = np.array([math.erf(v) for v in x])
    assert np.abs(erf(x) - exact).max() < 3e-16
    x = x.astype(np.float32)
    exact, single = np.array([math.erf(v) for v in x]), erf(x)
    assert single.dtype == np.float32
    assert np.abs(single - exact).max() < 1.8e-7
    # Near zero it is the relative error that counts, and the planner may write the result onto x.
    x = np.geomspace(1e-30, 3, 20_000).astype(np.float32)
    exact = np.array([math.erf(v) for v in x])
    assert np.abs(erf(x) / exact - 1).max() < 3e-7
    assert np.abs(erf.compute(x, out=x) / exact - 1).max() < 3e-7
    assert math.isnan(erf(np.nan))


def test_a_choice_may_be_written_onto_its_condition() -> None:
    condition, x, y = (
        np.array([True, False, True]),
        np.array([False, False, True]),
        np.array([True, True, True]),
    )
    expected = np.where(condition, x, y)
    PRIMITIVES["where"].compute(condition, x, y, out=condition)
    np.testing.assert_array_equal(condition, expected)


def test_a_random_draw_is_an_input() -> None:
    trace = Trace()
    x = trace.input((N, 3), np.float32)
    random = SymbolicRandom(trace, x.dtype)
    y = x * (random.uniform(x.shape) >= 0.5)
    (value,) = replay(trace, [y], {x: np.ones((1, 3)), random.draws[0]: [[0.2, 0.5, 0.9]]})
    assert (value.tolist(), value.dtype) == ([[0, 1, 1]], np.float32)


def test_no_gradient_flows_through_stop_gradient() -> None:
    trace = Trace()
    x = trace.input(())
    y = stop_gradient(x) * x
    assert replay(trace, gradient(y, [x]), {x: 3.0}) == [3.0]
