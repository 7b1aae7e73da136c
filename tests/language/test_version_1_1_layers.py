"""Section 2 of the language, version 1.1, sentence by sentence: layers, losses and metrics."""

from __future__ import annotations

from typing import Any

import numpy as np
from helpers import codes

import graphlang as gl

RNG = np.random.default_rng(7)


def normal(*shape: int) -> Any:
    return RNG.standard_normal(shape)


def run(text: str, **inputs: Any) -> Any:
    """The value `y` of a text."""
    return gl.loads(f"graphlang 1\n{text}\noutput y").run(**inputs)["y"]


# ---- padding --------------------------------------------------------------------------------------------


def test_pad_same_gives_the_size_divided_by_the_stride_rounded_up() -> None:
    """`Conv`, `ConvTranspose`, `MaxPool`, `AvgPool`: `pad=same` (output size = ceil(size / stride))."""
    x = normal(2, 3, 7, 8)
    for call in ("Conv(4, 3, stride=2, pad=same)", "MaxPool(3, stride=2, pad=same)"):
        assert run(f"input x: float[N, 3, 7, 8]\ny = x -> {call}", x=x).shape[2:] == (4, 4)
    assert run("input x: float[N, 3, 7, 8]\ny = AvgPool(x, 2, pad=same)", x=x).shape[2:] == (4, 4)
    again = "y = x -> Conv(4, 3, stride=2, pad=same) -> ConvTranspose(3, 3, stride=2, pad=same)"
    assert run(f"input x: float[N, 3, 8, 6]\n{again}", x=normal(2, 3, 8, 6)).shape == (2, 3, 8, 6)


def test_pad_same_has_the_odd_cell_after() -> None:
    """The odd cell after, as TensorFlow and ONNX `SAME_UPPER`."""
    x = np.arange(1.0, 5).reshape(1, 1, 4)
    np.testing.assert_array_equal(
        run("input x: float[N, 1, 4]\ny = MaxPool(x, 2, stride=1, pad=same)", x=x)[0, 0], [2, 3, 4, 4]
    )


def test_a_pad_is_a_list_of_before_and_after_per_axis() -> None:
    """And a list of `[before, after]` per axis."""
    x = normal(2, 3, 5, 6)
    declared = "input x: float[N, 3, 5, 6]\n"
    assert run(f"{declared}y = Conv(x, 4, 3, pad=[[2, 0], [0, 1]])", x=x).shape == (2, 4, 5, 5)
    assert run(f"{declared}y = MaxPool(x, 2, stride=1, pad=[[1, 0], [0, 0]])", x=x).shape == (2, 3, 5, 5)
    assert run(f"{declared}y = AvgPool(x, 2, stride=1, pad=[[1, 0], 1])", x=x).shape == (2, 3, 5, 7)
    assert run(f"{declared}y = ConvTranspose(x, 4, 3, pad=[[2, 0], [0, 1]])", x=x).shape == (2, 4, 5, 7)
    assert codes(f"{declared}y = Conv(x, 4, 3, pad=[[2, 0]])") == ["GL301"]


def test_pooling_with_ceil_keeps_what_a_whole_window_does_not_hold() -> None:
    """Pooling `ceil=true`."""
    x = np.arange(5.0).reshape(1, 1, 5)
    for layer, expected in (("MaxPool", [1, 3, 4]), ("AvgPool", [0.5, 2.5, 4])):
        y = run(f"input x: float[N, 1, 5]\ny = {layer}(x, 2, ceil=true)", x=x)
        np.testing.assert_array_equal(y[0, 0], expected)
