"""Gradients of gradients: through formulas, through networks, and as part of a loss."""

from __future__ import annotations

import numpy as np
import pytest

import graphlang as gl


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
