"""A `scan` on JAX is a loop of XLA; it computes what NumPy's engine computes."""

from __future__ import annotations

import numpy as np
import pytest

import graphlang as gl
from tests.engine.scan_samples import BODIES, graph_of, numbers

pytest.importorskip("jax")


@pytest.mark.parametrize("name", BODIES)
def test_a_scan_and_its_gradient_are_those_of_numpy(name: str) -> None:
    given = numbers(2, 4)
    results = []
    params = None
    for backend in ("numpy", "jax"):
        graph = graph_of(BODIES[name], backend=backend)
        params = params or dict(graph.params)
        graph.params.update(params)
        used = {k: v for k, v in given.items() if k in graph.inputs}
        results.append(graph.compile(wrt=["xs", "w", *graph.params])(used))
    (value, gradients), (other, others) = results
    assert other == pytest.approx(value, rel=1e-9)
    for n, g in gradients.items():
        np.testing.assert_allclose(others[n], g, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", ["several carried values and results", "a scan in a scan"])
def test_the_second_gradients_of_a_scan_are_those_of_numpy(name: str) -> None:
    given = {k: v for k, v in numbers(2, 3).items() if k != "count"}
    text = (
        "input xs: float[N, T, 3], w: float = 0.7\nparam V: float[3, 3] = normal(std=0.5)\n"
        f"{BODIES[name]}\ne = sum(y * y)\ng = grad(e, xs)\nq = sum(g * g * xs) + sum(grad(e, w)**2)\noutput q"
    )
    (value, gradients), (other, others) = [
        gl.loads(text, backend=backend).compile(wrt=["xs", "w", "V"])(given) for backend in ("numpy", "jax")
    ]
    assert other == pytest.approx(value, rel=1e-9)
    for n, g in gradients.items():
        np.testing.assert_allclose(others[n], g, rtol=1e-9, atol=1e-9)


def test_a_wrong_index_within_a_scan_is_named() -> None:
    text = """input ids: int[N, T]
layer e = Embedding(5, 2)
y = scan i in ids carry h = zeros(N, 2) {
  k = i * 2
  v = e(k) + h
  next h = v
  yield v
}
output y"""
    graph = gl.loads(text, backend="jax")
    np.testing.assert_allclose(
        graph.predict(ids=[[1, 2, 0]]), gl.loads(text).predict(ids=[[1, 2, 0]]), rtol=1e-6
    )
    with pytest.raises(gl.GraphError, match=r"`scan1\.k` holds 6"):
        graph.predict(ids=[[1, 3, 0]])


def test_a_network_with_a_scan_trains_on_jax_as_in_numpy() -> None:
    text = """input xs: float[N, T, 3], t: float[N, 4]
param Wx: float[3, 4] = normal(std=0.5), Wh: float[4, 4] = normal(std=0.5)
hs = scan x in xs carry h = zeros(N, 4) {
  h2 = tanh((x @ Wx + h @ Wh) -> BatchNorm)
  next h = h2
  yield h2
}
loss = mean((hs[:, -1] - t)**2)
output loss
train { minimize = loss; optimizer = Adam(lr=0.05); batch = 6; iterations = 4; dtype = float64 }"""
    rng = np.random.default_rng(3)
    xs, t = rng.standard_normal((6, 5, 3)), rng.standard_normal((6, 4))
    losses, params = [], []
    for backend in ("numpy", "jax"):
        graph = gl.loads(text, backend=backend)
        losses.append(graph.fit(xs=xs, t=t).losses)
        params.append(dict(graph.params))
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-9)
    for n, p in params[0].items():
        np.testing.assert_allclose(params[1][n], p, rtol=1e-8, atol=1e-10)
