"""-inf as log(0), and inf as the limit: sums of exponentials and quotients by them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl

pytestmark = pytest.mark.filterwarnings("error")
INF = np.inf

# By hand, from the limits: exp(-inf) is 0, and equal infinities share the gradient.
CASES: list[tuple[str, list[float], Any, list[float]]] = [
    ("logsumexp(x)", [-INF, -INF, -INF], -INF, [0, 0, 0]),
    ("logsumexp(x)", [INF, 1, -INF], INF, [1, 0, 0]),
    ("logsumexp(x)", [INF, INF, 1], INF, [0.5, 0.5, 0]),
    ("logsumexp(x)", [-INF, 0, 0], np.log(2), [0, 0.5, 0.5]),
    ("logsumexp(x, keepdims=true)[0]", [-INF, 0, -INF], 0, [0, 1, 0]),
    ("sum(softmax(x) * [1, 2, 3])", [-INF, 0, 0], 2.5, [0, -0.25, 0.25]),
    ("sum(softmax(x) * [1, 2, 3])", [-INF, -INF, -INF], 0, [0, 0, 0]),
    ("sum(softmax(x) * [1, 2, 3])", [INF, 5, 0], 1, [0, 0, 0]),
    ("log_softmax(x)[1]", [-INF, 0, 0], -np.log(2), [0, 0.5, -0.5]),
    ("log_softmax(x)[0]", [-INF, 0, 0], -INF, [1, -0.5, -0.5]),
    ("SoftmaxWithLoss(x, [0.0, 1.0, 0.0])", [-INF, 0, 0], np.log(2), [0, -0.5, 0.5]),
    ("SoftmaxWithLoss(x, [0.0, 0.5, 0.5])", [-INF, 0, 0], np.log(2), [0, 0, 0]),
    ("SoftmaxWithLoss(x, [1.0, 0.0, 0.0])", [-INF, 0, 0], INF, [-1, 0.5, 0.5]),
    ("SoftmaxWithLoss(x, [1.0, 0.0, 0.0])", [INF, 0, 0], 0, [0, 0, 0]),
    ("SoftmaxWithLoss(x, t)", [-INF, 0, 0], np.log(2), [0, -0.5, 0.5]),
    ("SoftmaxWithLoss(x, t, ignore=1)", [-INF, -INF, -INF], 0, [0, 0, 0]),
    ("SoftmaxWithLoss(x, t, ignore=1)", [np.nan, 0, 0], 0, [0, 0, 0]),
    ("sum(BinaryCrossEntropy(x, [1.0, 0.0, 1.0]))", [INF, -INF, INF], 0, [0, 0, 0]),
    ("sum(BinaryCrossEntropy(x, [0.0, 0.0, 1.0]))", [INF, -INF, INF], INF, [1 / 3, 0, 0]),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("expression", "x", "value", "slope"), CASES)
def test_infinite_scores_have_the_values_and_gradients_of_their_limits(
    expression: str, x: list[float], value: float, slope: list[float], dtype: str
) -> None:
    text = f"input x: float[3]\ny = {expression}\noutput y"
    labelled = ", t" in expression
    text = text.replace("float[3]", "float[3], t: int = 1") if labelled else text
    graph = gl.loads(text, dtype=dtype)
    seen = graph.run(x=np.array(x, dtype))
    planned, gradients = graph.compile(wrt=["x"])(x=np.array(x, dtype), **({"t": 1} if labelled else {}))
    for y, g in ((seen["y"], seen.grad["x"]), (planned, gradients["x"])):
        np.testing.assert_allclose(y, value, rtol=1e-6)
        np.testing.assert_allclose(g, slope, atol=1e-7)


def test_a_finite_row_beside_a_hidden_one_is_as_if_it_were_alone() -> None:
    graph = gl.loads("input x: float[N, 3], w: float[N, 3]\ny = sum(w * softmax(x))\noutput y")
    x, w = np.array([[0.1, -0.2, 0.7]]), np.array([[1.0, 2.0, -3.0]])
    alone = graph.run(x=x, w=w)
    both = graph.run(x=np.vstack([x, np.full((1, 3), -INF)]), w=np.vstack([w, w]))
    assert both["y"] == pytest.approx(alone["y"])
    np.testing.assert_allclose(both.grad["x"], [alone.grad["x"][0], [0, 0, 0]])


def test_labels_one_hot_rows_and_smoothing_agree_beside_a_score_of_minus_infinity() -> None:
    x = np.array([[-INF, 0.0, 1.0]])
    one_hot = gl.loads("input x: float[N, 3], t: float[N, 3]\ny = SoftmaxWithLoss(x, t)\noutput y")
    labels = gl.loads("input x: float[N, 3], t: int[N]\ny = SoftmaxWithLoss(x, t)\noutput y")
    a, b = one_hot.run(x=x, t=[[0, 1, 0]]), labels.run(x=x, t=[1])
    assert a["y"] == pytest.approx(b["y"]) == pytest.approx(np.log(1 + np.e))
    np.testing.assert_allclose(a.grad["x"], b.grad["x"])
    smooth = gl.loads("input x: float[N, 3], t: int[N]\ny = SoftmaxWithLoss(x, t, smoothing=0.1)\noutput y")
    assert smooth.run(x=x, t=[1])["y"] == INF  # a share of the target lies where nothing can be


def test_logaddexp_shares_between_equal_infinities() -> None:
    from graphlang.trace import Trace, gradient, replay

    trace = Trace()
    x, y = trace.input((3,)), trace.input((3,))
    z = np.logaddexp(x, y)
    feeds = {x: np.array([INF, -INF, INF]), y: np.array([INF, -INF, 1.0])}
    with np.errstate(all="ignore"):
        value, dx, dy = replay(trace, [z, *gradient(z, [x, y])], feeds)
    assert value.tolist() == [INF, -INF, INF]
    assert dx.tolist() == [0.5, 0, 1]
    assert dy.tolist() == [0.5, 0, 0]


# ---- nan: where a gradient goes when what was chosen is no number

NAN = np.nan
PLACES = [
    ("max(x)", [1, NAN, 3], [0, 1, 0]),
    ("max(x)", [NAN, 1, NAN], [0.5, 0, 0.5]),
    ("min(x)", [1, NAN, 3], [0, 1, 0]),
    ("sum(maximum(x, 2))", [1, NAN, 3], [0, 1, 1]),
    ("sum(minimum(x, 2))", [1, NAN, 3], [1, 1, 0]),
    ("sum(relu(x))", [-1, NAN, 3], [0, 1, 1]),
    ("sum(clip(x, 0, 2))", [1, NAN, 3], [1, 0, 0]),
    ("x[argmax(x)]", [1, NAN, 3], [0, 1, 0]),
]


@pytest.mark.parametrize(("expression", "x", "slope"), PLACES)
def test_the_gradient_goes_to_the_place_of_a_nan(expression: str, x: list[float], slope: list[float]) -> None:
    graph = gl.loads(f"input x: float[3]\ny = sum({expression})\noutput y")
    assert graph.run(x=x).grad["x"].tolist() == slope
    assert graph.compile(wrt=["x"])(x=x)[1]["x"].tolist() == slope


def test_of_two_values_the_nan_gets_the_gradient() -> None:
    graph = gl.loads("input x: float[3], w: float[3]\ny = sum(maximum(x, w) + 2 * minimum(x, w))\noutput y")
    seen = graph.run(x=[NAN, 1, NAN], w=[1, NAN, NAN])
    assert seen.grad["x"].tolist() == [3, 0, 1.5]
    assert seen.grad["w"].tolist() == [0, 3, 1.5]


@pytest.mark.parametrize(
    ("image", "options", "slope"),
    [
        ([[NAN, 1], [2, 3]], "size=2", [[1, 0], [0, 0]]),
        ([[1, 2], [3, NAN]], "size=2", [[0, 0], [0, 1]]),
        ([[1, NAN], [NAN, 2]], "size=2", [[0, 1], [0, 0]]),
        ([[1, NAN, 0], [2, 3, 4], [5, 6, 7]], "size=2, stride=1", [[0, 2, 0], [0, 0, 0], [0, 1, 1]]),
        ([[NAN, 1], [2, 3]], "size=3, stride=1, pad=1", [[4, 0], [0, 0]]),
    ],
)
def test_max_pooling_sends_the_gradient_to_the_first_nan(image: Any, options: str, slope: Any) -> None:
    graph = gl.loads(f"input x: float[N, C, H, W]\ny = sum(MaxPool(x, {options}))\noutput y")
    assert graph.run(x=[[image]]).grad["x"][0, 0].tolist() == slope
    assert graph.compile(wrt=["x"])(x=np.array([[image]]))[1]["x"][0, 0].tolist() == slope
