"""Gradients of gradients: through formulas, through networks, and as part of a loss."""

from __future__ import annotations

import numpy as np
import pytest

import graphlang as gl
from graphlang.checks.gradcheck import gradcheck


def test_the_third_gradient_of_the_fifth_power_is_sixty_x_squared() -> None:
    graph = gl.loads("input x\ny = grad(grad(grad(x**5, x), x), x)\noutput y")
    for x in (-1.5, 0.0, 0.25, 2.0):
        assert graph.run(x=x)["y"] == pytest.approx(60 * x**2, abs=1e-12)


def test_the_gradient_of_the_third_gradient_is_a_hundred_and_twenty_x() -> None:
    graph = gl.loads("input x\ny = grad(grad(grad(x**5, x), x), x)\noutput y")
    assert graph.run(x=0.5).grad["x"] == pytest.approx(60.0)


HESSIAN = """
input x: float[N, 3], t: float[N, 2], v: float[3, 4]
param W1: float[3, 4] = normal(0.5)
param b1: float[4] = normal(0.5)
param W2: float[4, 2] = normal(0.5)
y = tanh(x @ W1 + b1) @ W2
loss = MeanSquaredError(y, t)
product = grad(sum(grad(loss, W1) * v), W1)
output product
"""


@pytest.mark.parametrize("planned", [False, True])
def test_a_hessian_vector_product_of_an_mlp_is_the_difference_of_gradients(planned: bool) -> None:
    graph = gl.loads(HESSIAN)
    rng = np.random.default_rng(0)
    inputs = {
        "x": rng.standard_normal((5, 3)),
        "t": rng.standard_normal((5, 2)),
        "v": rng.standard_normal((3, 4)),
    }
    product = graph.predict(inputs) if planned else graph.forward(inputs)["product"]
    step = 1e-5
    start = graph.params["W1"].copy()

    def gradient(scale: float) -> np.ndarray:
        graph.params["W1"] = start + scale * inputs["v"]
        return graph.run(inputs, of="loss").grad["W1"]

    difference = (gradient(step) - gradient(-step)) / (2 * step)
    np.testing.assert_allclose(product, difference, rtol=1e-6, atol=1e-9)


def test_a_loss_that_holds_a_gradient_trains_through_it() -> None:
    text = """
input x: float[N, 2]
y = x -> Affine(8) -> Tanh -> Affine(1)
slope = grad(sum(y), x)
loss = mean((slope - 1)**2)
output y
gradcheck { of = loss }
"""
    graph = gl.loads(text)
    report = graph.gradcheck()
    assert report.ok, report
    assert any(row.worst_relative > 0 for row in report.rows)


def test_a_gradient_by_a_value_that_does_not_matter_is_zero() -> None:
    graph = gl.loads("input x, z\ny = x**2\ng = grad(y, z)\noutput g")
    assert graph.run(x=3, z=4)["g"] == 0


def test_the_gradient_by_an_inner_value_starts_there() -> None:
    graph = gl.loads("input x\nu = x**2\ny = u**3\ng = grad(y, u)\noutput g")
    assert graph.run(x=2.0)["g"] == pytest.approx(3 * 4.0**2)
    assert graph.run(x=2.0).grad["x"] == pytest.approx(6 * 4.0 * 2 * 2.0)


CARRIED = """
input xs: float[N, T, 1]
hs = scan x in xs carry h = {start} {{
  e = sum({energy})
  {more}
  next h = {following}
  yield {result}
}}
L = sum(hs)
output L
"""


def by_both_ways(text: str, xs: object) -> tuple[float, np.ndarray]:
    """A loss and its gradient as the interpreter gives them, after the compiled program has agreed."""
    graph = gl.loads(text)
    seen = graph.run(xs=xs)
    value, gradients = graph.compile(wrt=["xs"])(xs=xs)
    assert value == pytest.approx(seen["L"], rel=1e-12)
    assert graph.predict(xs=xs) == pytest.approx(seen["L"], rel=1e-12)
    np.testing.assert_allclose(gradients["xs"], seen.grad["xs"], rtol=1e-9, atol=1e-12)
    return seen["L"], seen.grad["xs"]


@pytest.mark.parametrize("start", ["zeros(N, 1)", "ones(N, 1) * 0", "x0"])
def test_a_gradient_by_a_carried_value_is_the_same_whatever_it_starts_as(start: str) -> None:
    text = CARRIED.format(
        start=start, energy="x * h", more="", following="grad(e, h)", result="grad(e, h)"
    ).replace("L =", "x0 = xs[:, 0] * 0\nL =" if start == "x0" else "L =")
    value, gradient = by_both_ways(text, [[[1.0], [2.0]]])
    assert value == pytest.approx(3.0)  # d sum(x*h)/dh = x at either step
    np.testing.assert_allclose(gradient, [[[1.0], [1.0]]])


def test_a_number_that_is_carried_has_a_gradient_from_the_first_step_on() -> None:
    text = CARRIED.format(start="0", energy="x * h", more="", following="grad(e, h)", result="x * grad(e, h)")
    value, gradient = by_both_ways(text, [[[1.0], [2.0]]])
    assert value == pytest.approx(5.0)  # one row: x * x at either step
    np.testing.assert_allclose(gradient, [[[2.0], [4.0]]])


def test_a_gradient_of_a_gradient_by_a_carried_constant_is_planned_and_checked() -> None:
    text = CARRIED.format(
        start="ones(N, 1)",
        energy="x**3 * h**3",
        more="f = sum(grad(e, h)**2)",
        following="tanh(h + 0.01 * grad(f, h))",
        result="h",
    )
    xs = np.array([[[0.3], [-0.7], [0.5]]])
    value, gradient = by_both_ways(text, xs)
    h, total = 1.0, 0.0  # f = (3 x**3 h**2)**2, so df/dh = 36 x**6 h**3
    for x in xs[0, :, 0]:
        total += h
        h = np.tanh(h + 0.01 * 36 * x**6 * h**3)
    assert value == pytest.approx(total)
    assert gradcheck(gl.loads(text).model, {"xs": xs}).ok
    assert gradient.shape == xs.shape
