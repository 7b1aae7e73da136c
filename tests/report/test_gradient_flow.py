"""Where the gradient dies: sizes and factors along the path, and the operation that lets least through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.report.gradient_flow import GradientFlow, by_operation, rms

X = np.random.default_rng(0).standard_normal((20, 8))


def flows(text: str, of: str | None = None, **inputs: Any) -> GradientFlow:
    graph = gl.loads(text)
    forward = graph.forward(inputs, training=True)
    return GradientFlow(graph.model, forward, forward.backward(of=of))


def test_a_path_holds_the_gradients_and_their_quotients() -> None:
    """apple -> x num -> x tax, by hand: the gradients are 1, 1.1 and 2.2."""
    flow = flows("input apple = 100, num = 2, tax = 1.1\ntotal = apple * num\nprice = total * tax")
    steps = [(s.name, s.operation, s.gradient, s.factor) for s in flow.path("apple")]
    assert steps == [
        ("price", "multiply", 1.0, pytest.approx(1.1)),
        ("total", "multiply", pytest.approx(1.1), pytest.approx(2.0)),
        ("apple", "input", pytest.approx(2.2), None),
    ]
    assert flow.to("apple").state == "arrives"
    assert flow.to("apple").factor == pytest.approx(2.2)


def test_in_a_deep_stack_of_sigmoids_each_lets_at_most_a_quarter_through() -> None:
    text = "input x: float[N, 8]\ny = x -> repeat 10 { Affine(8, init=xavier); Sigmoid }\nloss = mean(y**2)"
    flow = flows(text, x=X)
    path = flow.path("Affine1.W")
    factors = [s.factor for s in path if s.operation == "Sigmoid"]
    assert len(factors) == 10
    assert all(factor is not None and 0 < factor <= 0.25 for factor in factors)
    assert flow.ends()[0].state == "weak"
    worst = by_operation(path)[0]
    assert (worst.operation, worst.times) == ("Sigmoid", 10)
    assert worst.factor <= 0.25**10
    sizes = [s.gradient for s in path if s.operation == "Sigmoid"]
    assert sizes == sorted(sizes, reverse=True)


def test_a_factor_is_the_size_of_the_local_gradient_where_all_is_of_one_size() -> None:
    """With a gradient of 1 everywhere, what sigmoid passes back is s * (1 - s)."""
    flow = flows("input x: float[N, 8]\ny = sigmoid(x)\nloss = sum(y)", x=X)
    s = 1 / (1 + np.exp(-X))
    (_, step, _) = flow.path("x")
    assert step.factor == pytest.approx(np.sqrt(np.mean((s * (1 - s)) ** 2)))


def test_a_dead_relu_is_named() -> None:
    text = """
    input x: float[N, 8]
    param b: float[5] = -100
    h = x -> Affine(5)
    y = relu(h + b) -> Affine(2)
    loss = mean((y - 1)**2)
    """
    flow = flows(text, x=X)
    for name in ("b", "Affine1.W", "Affine1.b"):
        assert (flow.to(name).state, flow.to(name).worst_operation) == ("zero", "Relu")
    assert flow.to("Affine2.b").state == "arrives"
    assert flow.ends()[0].state == "zero"


def test_a_detached_branch_ends_at_stop_gradient() -> None:
    text = "input x: float[N, 8]\nparam w: float[8] = 1, v: float[8] = 1\nh = stop_gradient(x * w)\nloss = sum(h * v)"
    flow = flows(text, x=X)
    assert (flow.to("w").state, flow.to("w").worst_operation) == ("zero", "stop_gradient")
    assert [s.gradient == 0 for s in flow.path("w")] == [False, False, False, True, True]
    assert flow.to("v").state == "arrives"
    assert [f.name for f in flow.ends()] == ["w", "v"]


def test_a_gradient_ends_where_a_value_is_a_bool() -> None:
    flow = flows("input x: float[N, 8]\nparam w = 0.5\nloss = sum(where(x > w, x, 0))", x=X)
    assert flow.to("w").state == "ends"
    assert flow.path("w")[-1].name == "w"


def test_what_the_start_does_not_depend_on_is_apart_and_last() -> None:
    flow = flows(
        "input x: float[N, 8]\nparam w = 2, v = 3\nloss = sum(x * w)\nother = v * 2\noutput loss", x=X
    )
    assert flow.to("v").state == "apart"
    assert flow.path("v") == []
    assert [f.name for f in flow.ends()] == ["w", "v"]


def test_a_gradient_that_is_not_finite_is_named_where_it_appears() -> None:
    text = "input x: float[N] = [0, 1]\nparam w = 1\nh = sqrt(x * w)\nloss = sum(h)"
    flow = flows(text)
    assert (flow.to("w").state, flow.to("w").worst) == ("not finite", "h")
    assert flow.ends()[0].name == "w"


def test_a_masked_softmax_passes_to_what_is_not_masked() -> None:
    text = """
    input x: float[N, 4], keep: bool[N, 4]
    param w: float[4] = 1, c: float[4] = 0
    a = softmax(where(keep, x * w, -1e9))
    loss = sum(a * (x + c))
    """
    keep = np.array([[True, True, False, False]] * 5)
    x = X[:5, :4]
    flow = flows(text, x=x, keep=keep)
    assert flow.to("w").state == "arrives"
    assert flow.to("w").gradient is not None
    # By hand: the gradient of the scores is a * (x - sum(a * x)), and 0 where a is.
    scores = np.where(keep, x, -np.inf)
    a = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    ds = a * (x - (a * x).sum(axis=1, keepdims=True))
    assert flow.to("w").gradient == pytest.approx(np.sqrt(np.mean((ds * x).sum(axis=0) ** 2)))
    nothing = flows(text, x=x, keep=np.array([[True, False, False, False]] * 5))
    assert (nothing.to("w").state, nothing.to("w").worst) == ("zero", "a")


def test_an_average_is_no_loss() -> None:
    for loss in ("mean(y)", "sum(y)", "mean(mean(y, axis=1))"):
        flow = flows(f"input x: float[N, 8]\nparam w: float[8] = 1\ny = x * w\nloss = {loss}", x=X)
        assert [s.factor for s in flow.path("y")][:-1] == pytest.approx([1.0] * (len(flow.path("y")) - 1))


def test_the_path_goes_where_most_comes_through() -> None:
    flow = flows("input x = 1\nparam w = 2\na = w * 0.01\nb = w * 5\nloss = x * (a + b)\noutput loss")
    assert [s.name for s in flow.path("w")][-2:] == ["b", "w"]
    assert flow.to("w").divides
    assert not flow.to("a").divides


def test_the_gradient_of_a_gradient_is_followed_too() -> None:
    flow = flows("input x = 2\nparam w = 3\ny = w * x**3\nslope = grad(y, x)\nloss = slope * 2\noutput loss")
    assert flow.to("w").state == "arrives"
    assert flow.to("w").gradient == pytest.approx(24.0)  # 2 * 3 x**2


def test_healthy_lessons_have_no_dying_gradient() -> None:
    rng = np.random.default_rng(1)
    graph = gl.load("specs/two_layer_net.graph")
    forward = graph.forward({"x": rng.random((20, 784)), "t": np.arange(20) % 10}, training=True)
    states = {f.state for f in GradientFlow(graph.model, forward, forward.backward()).ends()}
    assert states == {"arrives"}


def test_the_root_mean_square_does_not_overflow() -> None:
    assert rms(np.array([3e300, 4e300])) == pytest.approx(np.sqrt(12.5) * 1e300)
    assert rms(np.array([])) == 0
    assert np.isnan(rms(np.array([1.0, np.nan])))
    assert rms(np.array([1.0, -np.inf])) == np.inf
    assert rms(np.float32(2)) == 2
