"""Running statistics: every use of a layer renews what the one before it left, eagerly and planned alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.contracts.initializer import stream
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.tape import Tape

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((5, 2)) + 3, RNG.standard_normal((5, 2)) * 2 - 7
XS = RNG.standard_normal((6, 4, 2)) * 3 + 5
TRAIN = "train { minimize = loss; optimizer = SGD(lr=0.01); batch = 6; iterations = 1; dtype = float64 }"


def after(text: str, **arrays: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The state after one training step of a planned program, and as the interpreter finds it."""
    graph = gl.loads(f"{text}\n{TRAIN}")
    network = graph.network
    leaves = {network.numbers[n]: v for n, v in arrays.items()} | graph.params.numbered(np.float64)
    random = StreamRandom(stream(graph.seed, "random of step 1"), np.dtype(np.float64))
    sizes = {"N": len(next(iter(arrays.values()))), "T": 4}
    tape = Tape(network, dict(leaves), dtype=np.float64, sizes=sizes, training=True, random=random)
    tape.forward([network.numbers["loss"]])
    graph.fit(**arrays)
    state = [n for n, p in network.params.items() if not p.trainable]
    return {n: graph.params[n] for n in state}, {n: tape.state[network.numbers[n]] for n in state}


def running(*batches: Any, momentum: float = 0.9) -> tuple[Any, Any]:
    """The statistics that PyTorch's rule leaves after these batches, with the variance that divides by n."""
    mean, var = np.zeros(2), np.ones(2)
    for x in batches:
        mean = momentum * mean + (1 - momentum) * x.mean(axis=0)
        var = momentum * var + (1 - momentum) * x.var(axis=0)
    return mean, var


def expect(found: tuple[dict[str, Any], dict[str, Any]], name: str, *batches: Any) -> None:
    mean, var = running(*batches)
    for state in found:
        np.testing.assert_allclose(state[f"{name}.mean"], mean, rtol=1e-12)
        np.testing.assert_allclose(state[f"{name}.var"], var, rtol=1e-12)


def test_a_shared_layer_takes_in_the_statistics_of_each_of_its_uses() -> None:
    text = "input a: float[N, 2], b: float[N, 2]\nlayer bn = BatchNorm\ny = bn(a) - 2 * bn(b)\nloss = mean(y * y)"
    expect(after(text, a=A, b=B), "bn", A, B)


@pytest.mark.parametrize("layer", ["layer bn = BatchNorm", ""])
def test_a_layer_in_the_body_of_a_scan_takes_in_the_statistics_of_every_step(layer: str) -> None:
    use, name = ("bn(x)", "bn") if layer else ("(x -> BatchNorm)", "scan1.BatchNorm1")
    text = f"""input xs: float[N, T, 2]
{layer}
hs = scan x in xs carry h = zeros(N, 2) {{
  after = {use} * 0.5 + h
  next h = after
  yield after
}}
loss = mean(hs * hs * hs)"""
    expect(after(text, xs=XS), name, *(XS[:, t] for t in range(4)))


def test_a_scan_and_uses_around_it_renew_the_statistics_in_order() -> None:
    text = """input a: float[N, 2], xs: float[N, T, 2]
layer bn = BatchNorm
first = bn(a)
hs = scan x in xs carry h = first {
  after = bn(x) + h
  next h = after
  yield after
}
last = bn(hs[:, -1])
loss = mean(last * last * last)"""
    first = (XS[:, 0] * 0 + np.concatenate([A, A[:1]])).copy()
    normal = lambda x: (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)  # noqa: E731
    total = normal(first) + sum(normal(XS[:, t]) for t in range(4))
    expect(after(text, a=first, xs=XS), "bn", first, *(XS[:, t] for t in range(4)), total)


def test_a_scan_with_two_results_runs_once_for_the_statistics() -> None:
    text = """input xs: float[N, T, 2]
layer bn = BatchNorm
hs, gs = scan x in xs carry h = zeros(N, 2) {
  after = bn(x) + h
  next h = after
  yield after, after * 2
}
between = bn(hs[:, 0])
loss = mean(hs * hs * gs) + mean(gs * gs) + mean(between * between * between)"""
    first = (XS[:, 0] - XS[:, 0].mean(0)) / np.sqrt(XS[:, 0].var(0) + 1e-5)
    expect(after(text, xs=XS), "bn", *(XS[:, t] for t in range(4)), first)


class Centred(gl.Layer):
    """y = x - mean, the mean of all batches before

    Gradient: dx = dy.
    Shapes: x [N, D] -> y as x.
    """

    def state(self, x: Any) -> dict[str, gl.Parameter]:
        from graphlang.initializers.ones import ones

        return {"mean": gl.Parameter((x.shape[1],), ones())}

    def forward(self, x: Any, *, mean: Any, training: bool = False) -> tuple[Any, ...]:
        if training:
            return x - mean, None, {"mean": 0.5 * mean + 0.5 * np.mean(x, axis=0)}
        return x - mean, None


def test_a_second_use_sees_the_state_after_the_first_and_passes_no_gradient_through_it() -> None:
    text = """input a: float[N, 2], b: float[N, 2]
layer c = Centred
p = c(a)
q = c(b)
loss = sum(p * q)
output loss, q
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 5; iterations = 1; dtype = float64 }"""
    graph = gl.loads(text, layers=[Centred])
    forward = graph.forward(a=A, b=B, training=True)
    q = B - (0.5 + 0.5 * A.mean(axis=0))
    np.testing.assert_allclose(forward["q"], q, rtol=1e-12)
    np.testing.assert_allclose(forward.backward(of="loss").grad["a"], q, rtol=1e-12)
    np.testing.assert_allclose(graph.fit(a=A, b=B).losses[0], np.sum((A - 1) * q), rtol=1e-12)


def test_the_results_of_one_scan_come_from_the_same_random_numbers() -> None:
    text = """input xs: float[N, T, 2]
hs, gs = scan x in xs carry h = zeros(N, 2) {
  after = (x -> Dropout(0.5)) + h
  next h = after
  yield after, 2 * after
}
loss = sum((2 * hs - gs)**2) + 1
output loss, hs, gs
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 6; iterations = 1; dtype = float64 }"""
    graph = gl.loads(text)
    forward = graph.forward(xs=XS, training=True)
    np.testing.assert_array_equal(2 * forward["hs"], forward["gs"])
    assert np.any(forward["hs"] == 0)
    assert graph.fit(xs=XS).losses == [1.0]
    slope = forward.backward(seed=np.ones((6, 4, 2)), of="gs").grad["xs"]
    np.testing.assert_array_equal(slope, 2 * forward.backward(seed=np.ones((6, 4, 2)), of="hs").grad["xs"])
