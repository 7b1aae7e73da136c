"""The gradient check at corners: it counts them, and it still finds what is wrong beside them and at them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.operation import Layer

LESSONS = Path(__file__).parents[2] / "specs"


def check(text: str, *layers: type[Layer], **inputs: Any) -> Any:
    return gl.loads(text, layers=layers).gradcheck(**inputs)


RIGHT = {
    "relu of zeros": "input x: float[5, 3]\nparam W: float[3, 4] = 0\nloss = sum(relu(x @ W))\noutput loss",
    "leaky relu": "param w: float[4] = 0\nloss = sum(LeakyRelu(w) * [1, -2, 3, 0.5])\noutput loss",
    "elu with a slope that jumps": "param w: float[4] = 0\nloss = sum(Elu(w, alpha=0.5))\noutput loss",
    "prelu": "param w: float[4] = 0\nloss = sum(w -> PRelu)\noutput loss",
    "abs": "param w: float[4] = 0\nloss = sum(abs(w))\noutput loss",
    "the largest of equals": "param w: float[4] = 2\nloss = max(w) * 3\noutput loss",
    "the smallest of equals": "param w: float[2, 3] = 2\nloss = sum(min(w, axis=1) * [1, -2])\noutput loss",
    "maximum and minimum of equals": (
        "param w: float[3] = 1\nparam v: float[3] = 1\nloss = sum(maximum(w, v) - 2*minimum(w, v))\noutput loss"
    ),
    "clip at its bounds": "param w: float[3] = 1\nloss = sum(clip(w, 0, 1) + clip(w, 1, 2))\noutput loss",
    "overlapping windows of equals": (
        "param w: float[1, 1, 5, 5] = 1\ny = MaxPool(w, 3, stride=1)\n"
        "loss = sum(y * cos(reshape(arange(9), 1, 1, 3, 3)))\noutput loss"
    ),
    "a loss with a corner": (
        "param w: float[4] = 1\nloss = sum(HuberLoss(w, [0, 2, 1, 1]) + abs(w - [1, 1, 2, 0]))\noutput loss"
    ),
    "corners that cancel": "param w: float[3] = 0\nloss = sum(relu(w) - relu(-w))\noutput loss",
    "corners of both signs": (
        "param W: float[2, 3] = 0\nloss = sum(relu([[1, 2], [-1, -2]] @ W) * [[1], [-1]])\noutput loss"
    ),
    "a root at the end of its domain": "param w: float[3] = 0\nloss = sum(sqrt(w))\noutput loss",
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_gradient_at_a_corner_is_not_called_wrong(name: str) -> None:
    report = check(RIGHT[name])
    assert report.ok
    assert report.culprit is None
    assert any(row.corners or row.jumps for row in report.rows)


def test_a_parameter_that_lies_at_a_corner_is_not_decided() -> None:
    report = check(RIGHT["relu of zeros"])
    [row] = report.rows
    assert (row.state, row.checked, row.corners, row.jumps) == ("not decided", 12, 12, 0)
    assert row.mean_difference is None
    assert row.worst_relative is None


def test_the_samples_beside_corners_decide() -> None:
    """relu at -1, 0 and 1: one of three samples is at a corner."""
    report = check("input t = 0\nparam w: float[3] = 0\nloss = sum(relu(w + [-1, 0, 1]))\noutput loss")
    [row] = report.rows
    assert (row.state, row.corners) == ("ok", 1)
    assert row.worst_relative is not None
    assert row.worst_relative < 1e-6


@pytest.mark.parametrize("formula", ["where(w > 1, w, 2*w)", "where(w >= 1, w*w, 5)", "(w >= 1)*w"])
def test_a_jump_is_counted_as_a_jump(formula: str) -> None:
    [row] = check(f"param w: float[2] = 1\nloss = sum({formula})\noutput loss").rows
    assert (row.state, row.corners, row.jumps) == ("not decided", 0, 2)


@pytest.mark.parametrize(
    "formula",
    [
        "1e6*w**2",
        "exp(40*w)",
        "sin(2000*w)",
        "sqrt(w*w + 1e-16)",
        "tanh(1e7*w)",
        "w**5",
        "w*abs(w)",
        "1e5 + w",
    ],
)
@pytest.mark.parametrize("value", [0.0, 1e-8, 0.3])
def test_what_is_steep_but_smooth_is_no_corner(formula: str, value: float) -> None:
    [row] = check(f"param w: float[2] = {value}\nloss = sum({formula})\noutput loss").rows
    assert (row.state, row.corners, row.jumps) == ("ok", 0, 0)


@pytest.mark.parametrize("lesson", ["simple_convnet", "two_layer_net"])
def test_the_gradients_of_a_lesson_on_real_digits_pass_the_check(lesson: str) -> None:
    """The margins of a digit are 0, so Relu gets inputs at its corner."""
    with np.load(LESSONS / "data" / "mnist_12k.npz") as data:
        x, t = data["x_train"][:3].reshape(3, -1) / 255, data["t_train"][:3]
    text = (LESSONS / f"{lesson}.graph").read_text().split("\ngradcheck")[0]
    graph = gl.loads(f"{text}\ngradcheck {{ of = loss; samples = 6 }}")
    report = graph.gradcheck(x=x, t=t)
    assert report.ok
    assert report.culprit is None
    assert {row.state for row in report.rows if row.name.endswith(".W")} == {"ok"}


# ---- what is wrong is still named ----------------------------------------------------------------------


class SteepRelu(Layer):
    """y = x where x > 0, else 0; the gradient is a hundredth too large"""

    def forward(self, x: Any) -> Any:
        return np.maximum(x, 0), x

    def backward(self, dy: Any, x: Any) -> Any:
        return 1.01 * dy * (x > 0)


class OpenRelu(Layer):
    """y = x where x > 0, else 0; the gradient passes everywhere"""

    def forward(self, x: Any) -> Any:
        return np.maximum(x, 0), x

    def backward(self, dy: Any, x: Any) -> Any:
        return dy * np.ones_like(x)


class RightButAtZero(Layer):
    """y = x where x > 0, else 0; the gradient is right but at 0, where it is 7"""

    def forward(self, x: Any) -> Any:
        return np.maximum(x, 0), x

    def backward(self, dy: Any, x: Any) -> Any:
        return dy * np.where(x == 0, 7.0, 1.0 * (x > 0))


class OpenClip(Layer):
    """y = x between 0 and 1; the gradient passes outside"""

    def forward(self, x: Any) -> Any:
        return np.clip(x, 0, 1), x

    def backward(self, dy: Any, x: Any) -> Any:
        return dy * np.ones_like(x)


class MaxToAll(Layer):
    """y = the largest of each row; every element gets its gradient"""

    def forward(self, x: Any) -> Any:
        return np.max(x, axis=-1), x

    def backward(self, dy: Any, x: Any) -> Any:
        return dy[..., None] * np.ones_like(x)


class WrongPool(Layer):
    """y = the largest of each pair; the gradient goes to the first"""

    def forward(self, x: Any) -> Any:
        return np.maximum(x[:, ::2], x[:, 1::2]), x

    def backward(self, dy: Any, x: Any) -> Any:
        return np.reshape(np.stack([dy, 0 * dy], axis=-1), x.shape)


class SlightlyOffCurve(Layer):
    """y = 1e6 x^2; the gradient is a hundred-thousandth too large"""

    def forward(self, x: Any) -> Any:
        return 1e6 * x * x, x

    def backward(self, dy: Any, x: Any) -> Any:
        return 2.00002e6 * x * dy


NETWORK = """
input x: float[N, 4]
h = relu(x -> Affine(6)) + 0.5
y = {layer}(h - 0.5)
loss = sum(y * cos(y))
output loss
gradcheck {{ of = loss }}
"""


@pytest.mark.parametrize("layer", [SteepRelu, OpenClip, MaxToAll, WrongPool, SlightlyOffCurve])
def test_a_wrong_backward_beside_corners_is_named(layer: type[Layer]) -> None:
    report = check(NETWORK.format(layer=layer.__name__), layer)
    assert not report.ok
    assert report.culprit is not None
    assert f"({layer.__name__})" in report.culprit


@pytest.mark.parametrize("layer", [SteepRelu, OpenRelu, OpenClip, MaxToAll, WrongPool])
def test_a_wrong_backward_is_found_where_every_sample_lies_at_a_corner(layer: type[Layer]) -> None:
    """At 0 any gradient from 0 to 1 is right; the error shows a thousandth beside it."""
    text = f"param w: float[2, 4] = 0\nloss = sum({layer.__name__}(w) * 3)\noutput loss"
    report = check(text, layer)
    assert [row.state for row in report.rows] == ["wrong"]
    assert f"({layer.__name__})" in (report.culprit or "")


def test_a_gradient_that_is_wrong_at_the_corner_alone_is_named() -> None:
    text = "param w: float[2, 3] = 0\nloss = sum(RightButAtZero(w) * [1, -2, 3])\noutput loss"
    report = check(text, RightButAtZero)
    assert not report.ok
    assert "(RightButAtZero)" in (report.culprit or "")


@pytest.mark.parametrize("value", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("layer", [SteepRelu, OpenClip, MaxToAll])
def test_a_wrong_backward_close_to_a_corner_is_named(layer: type[Layer], value: float) -> None:
    text = (
        f"input d: float[4] = [-1, 1, 2, -2]\nparam w: float[4] = {value}\n"
        f"loss = sum({layer.__name__}(reshape(w * d, 1, 4)))\noutput loss"
    )
    report = check(text, layer)
    assert not report.ok
    assert f"({layer.__name__})" in (report.culprit or "")


def test_a_gradient_that_is_not_finite_beside_a_finite_loss_is_wrong_and_named() -> None:
    report = check("param w: float[2] = 0\nloss = sum(sqrt(w*w))\noutput loss")
    assert not report.ok
    assert report.culprit == "sqrt1 (sqrt)"
