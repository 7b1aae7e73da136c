"""A gradient that arrives as exact 0 stays 0 through a local derivative that is infinite or not a number.

It holds for first, second and third derivatives, in the interpreter, in planned programs of small and of
large arrays, and in the straight-line function of a graph of scalars.
"""

from __future__ import annotations

import numpy as np
import pytest

import graphlang as gl
from graphlang.checks.gradcheck import gradcheck

pytestmark = pytest.mark.filterwarnings("error")

MASKED = {
    "where(x > 0, sqrt(x), 0)": 0.0,
    "where(x > 0, log(x), 0)": 0.0,
    "where(x > 0, 1 / x, 0)": 0.0,
    "where(x > 0, 2 / x**2, 0)": 0.0,
    "where(x > 0, x**0.5, 0)": 0.0,
    "where(x > 0, x**(x / 2), 0)": 0.0,
    "where(x > 0, x * log(x), 0)": 0.0,
    "where(x != 0, sin(x) / x, 1)": 0.0,
    "where(x > 0, sqrt(log(x + 1)), 0)": 0.0,
    "where(x < 1, exp(x), 0)": 1e4,
    "where(x < 1, sinh(x), 0)": 1e4,
    "where(x < 1, cosh(x), 0)": 1e4,
    "where(x > 0, sqrt(x), 0)  # below": -1.0,
    "where(x > 0, log(x), 0)  # below": -1.0,
    "where(x == x, sigmoid(x), 0)": np.nan,
    "where(x == x, tanh(x), 0)": np.nan,
    "where(x == x, gelu(x), 0)": np.nan,
    "where(x == x, silu(x), 0)": np.nan,
    "where(x == x, Softplus(x), 0)": np.nan,
    "where(x == x, abs(x), 0)": np.nan,
    "where(x == x, erf(x), 0)": np.nan,
    "where(x < 1e30, sin(x), 0)": np.inf,
    "where(x < 1e30, cos(x), 0)": np.inf,
    "where(x < 1e30, tan(x), 0)": np.inf,
    "where(x < 1e30, MeanSquaredError(x, 0), 0)": np.inf,
    "maximum(sqrt(x), 1)": 0.0,
    "minimum(1 / x, 1)": 0.0,
    "clip(log(x), 0, 1)": 0.0,
    "relu(log(x))": 0.0,
    "0 * sqrt(x)": 0.0,
}
"""Formulas that mask out a term with an infinite slope at the point: their derivatives there are 0."""


def nested(expression: str, order: int, shape: str = "") -> str:
    """A file with the derivatives of a formula up to an order, each of the sum of the one before."""
    formula, _, _ = expression.partition("  #")
    lines = [f"input x{shape}", f"y0 = {formula}"]
    lines += [f"y{i + 1} = grad(sum(y{i}), x)" for i in range(order)]
    return "\n".join([*lines, f"y = sum(y{order})", "output y"])


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("expression", MASKED)
def test_what_is_not_chosen_has_no_gradient_of_any_order(expression: str, order: int) -> None:
    x = MASKED[expression]
    graph = gl.loads(nested(expression, order))
    assert graph.run(x=x).grad["x"] == 0
    assert graph.run(x=x).grad["x"] == 0  # the second run of scalars is that of a function
    assert graph.compile(wrt=["x"])(x=x)[1]["x"] == 0


LOSSES = ("MeanSquaredError",)  # of a scalar each; over an array one nan would be all


@pytest.mark.parametrize("expression", [e for e in MASKED if not any(name in e for name in LOSSES)])
@pytest.mark.parametrize("length", [3, 70_000])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_neighbours_of_what_is_not_chosen_keep_their_gradients(
    expression: str, length: int, dtype: str
) -> None:
    graph = gl.loads(nested(expression, 0, ": float[N]"), dtype=dtype)
    x = np.full(length, 0.75, dtype)
    clean = graph.run(x=x).grad["x"]
    x[1] = MASKED[expression]
    for found in (graph.run(x=x).grad["x"], graph.compile(wrt=["x"])(x=x)[1]["x"]):
        assert found[1] == 0
        np.testing.assert_allclose(np.delete(found, 1), np.delete(clean, 1), rtol=1e-6)


PICKED = {
    "sum(sqrt(x)[1:])": [0, 0.5, 0.25],
    "sum(take(sqrt(x), [1]))": [0, 0.5, 0],
    "sum(sqrt(x)[[1, 1]])": [0, 1, 0],
    "max(log(x))": [0, 0, 0.25],
    "min(-log(x))": [0, 0, -0.25],
    "sum(sqrt(x) * [0, 1, 0])": [0, 0.5, 0],
    "sum(1 / x * [0, 1, 1])": [0, -1, -0.0625],
    "prod(where(x > 0, sqrt(x), 1))": [0, 1, 0.25],
    "SoftmaxWithLoss(where(x > 0, log(x), 0), [0.0, 0.0, 0.0])": [0, 0, 0],
    "sum(where(x > 0, softmax(log(x)), 0)[:1])": [0, 0, 0],
}


@pytest.mark.parametrize("expression", PICKED)
def test_what_is_not_picked_has_no_gradient(expression: str) -> None:
    x = [0.0, 1.0, 4.0]
    graph = gl.loads(f"input x: float[3]\ny = {expression}\noutput y")
    np.testing.assert_allclose(graph.run(x=x).grad["x"], PICKED[expression])
    np.testing.assert_allclose(graph.compile(wrt=["x"])(x=x)[1]["x"], PICKED[expression])


@pytest.mark.parametrize(
    "layer", [f"{name}(x)" for name in ("LayerNorm", "RMSNorm", "softmax", "log_softmax")]
)
def test_rows_that_are_not_chosen_have_no_gradient_in_a_layer_over_rows(layer: str) -> None:
    text = f"input x: float[N, 4], keep: bool[N, 1]\ny = sum(where(keep, {layer}**2, 0))\noutput y"
    graph = gl.loads(text)
    x = np.random.default_rng(0).standard_normal((3, 4))
    keep = np.array([[True], [False], [True]])
    clean = graph.run(x=x, keep=keep).grad
    for bad in (np.nan, np.inf):
        x[1, 2] = bad
        found = graph.run(x=x, keep=keep).grad
        for name in clean:
            np.testing.assert_allclose(found[name], clean[name], atol=1e-15)
        planned = graph.compile(wrt=["x"])(x=x, keep=keep)[1]["x"]
        np.testing.assert_allclose(planned, clean["x"], atol=1e-15)


def test_a_zero_gradient_stays_zero_in_every_step_of_a_scan() -> None:
    text = """
input xs: float[N, T]
hs = scan x in xs carry h = zeros(N) {
  next h = h + where(x > 0, sqrt(x), 0)
  yield h
}
y = sum(hs)
output y
"""
    graph = gl.loads(text)
    for found in (
        graph.run(xs=[[1.0, 0.0, 4.0, 9.0]]).grad["xs"],
        graph.compile(wrt=["xs"])(xs=[[1.0, 0.0, 4.0, 9.0]])[1]["xs"],
    ):
        np.testing.assert_allclose(found, [[1.5, 0, 0.25, 0]])


def test_training_goes_on_beside_what_is_not_chosen() -> None:
    text = """
input x: float[N]
param w: float[2] = [0, 1]
loss = mean(x) * 0 + sum(where(w > 0, sqrt(w), 0))
train { minimize = loss; optimizer = SGD(lr=0.5); batch = 1; iterations = 1 }
"""
    graph = gl.loads(text)
    graph.compile(train=True)(x=np.ones(1))
    np.testing.assert_allclose(graph.params["w"], [0, 0.75])


def test_an_infinite_slope_that_is_chosen_stays_infinite() -> None:
    graph = gl.loads("input x\ny = sqrt(x)\noutput y")
    assert graph.run(x=0).grad["x"] == np.inf
    assert graph.compile(wrt=["x"])(x=0)[1]["x"] == np.inf
    assert np.isnan(gl.loads("input x\ny = sqrt(x * x)\noutput y").run(x=0).grad["x"])


def test_a_program_that_failed_once_gives_right_gradients_ever_after() -> None:
    gradient = gl.loads("input x: float[N]\ny = sum(where(x > 0, sqrt(x), 0))\noutput y").compile(wrt=["x"])
    for x, expected in (([4.0, 1.0], [0.25, 0.5]), ([0.0, 1.0], [0, 0.5]), ([1.0, 0.0], [0.5, 0])):
        np.testing.assert_allclose(gradient(x=np.array(x))[1]["x"], expected)


def test_a_condition_on_a_gradient_sees_the_right_gradient() -> None:
    text = "input x\ny = where(x > 0, sqrt(x), 0)\ng = grad(y, x)\nz = where(g == 0, 3 * x, 5 * x)\noutput z"
    graph = gl.loads(text)
    for _ in range(2):
        assert graph.run(x=0).grad["x"] == 3
    assert graph.compile(wrt=["x"])(x=0)[1]["x"] == 3


def test_the_gradient_check_agrees_beside_what_is_not_chosen() -> None:
    text = "input x: float[4]\ny = sum(where(x > 0, log(x) * sqrt(x), 0))\noutput y"
    assert gradcheck(gl.loads(text).model, {"x": np.array([-1.0, 0.5, 2.0, -0.25])}).ok
