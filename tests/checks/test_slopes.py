"""Numerical differentiation: the slope of what is smooth, both slopes of a corner, and no slope at a jump."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from graphlang.checks.slopes import Slope, slope


def at(f: Callable[[float], float], x: float) -> Slope:
    array = np.array([x])
    with np.errstate(all="ignore"):
        found = slope(lambda: float(f(array[0])), array, 0, float(f(np.float64(x))))
    assert array[0] == x, "the element is put back"
    return found


SMOOTH: dict[str, tuple[Callable[[float], float], float, float]] = {
    "a line": (lambda x: 3 * x, 0.0, 3.0),
    "a parabola at its lowest point": (lambda x: x * x, 0.0, 0.0),
    "a power of five at 0": (lambda x: x**5, 0.0, 0.0),
    "a parabola of two halves": (lambda x: x * abs(x), 0.0, 0.0),
    "the cube of a corner": (lambda x: abs(x) ** 3, 0.0, 0.0),
    "large curvature": (lambda x: 1e6 * x * x, 1.0, 2e6),
    "a fast wave": (lambda x: np.sin(3000 * x), 0.2, 3000 * math.cos(600.0)),
    "a fast exponential": (lambda x: np.exp(50 * x), 1.0, 50 * math.exp(50.0)),
    "a step of width 1e-8": (lambda x: np.tanh(1e8 * x), 1e-9, 1e8 * (1 - math.tanh(0.1) ** 2)),
    "a corner rounded within 1e-8": (lambda x: np.sqrt(x * x + 1e-16), 1e-8, 1 / math.sqrt(2)),
    "close to a corner": (lambda x: max(x, 0.0), 1e-9, 1.0),
    "close to a corner, on the other side": (lambda x: max(x, 0.0), -1e-9, 0.0),
    "close to a jump": (lambda x: math.floor(x) + x, 1 + 1e-9, 1.0),
    "close to the end of the domain": (lambda x: np.log(x), 1e-7, 1e7),
    "rounding of a large sum": (lambda x: 1e6 + x, 0.3, 1.0),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_what_is_smooth_has_one_slope(name: str) -> None:
    f, x, expected = SMOOTH[name]
    found = at(f, x)
    assert found.kind == "smooth"
    allowed = max(1e-6 * max(abs(expected), 1e-3 * found.around), found.rounding)
    assert abs(found.value - expected) <= allowed


CORNERS: dict[str, tuple[Callable[[float], float], float, float, float]] = {
    "relu": (lambda x: max(x, 0.0), 0.0, 0.0, 1.0),
    "an absolute value": (lambda x: abs(x - 3), 3.0, -1.0, 1.0),
    "a clip at its upper bound": (lambda x: min(x, 2.0), 2.0, 1.0, 0.0),
    "a corner on a curve": (lambda x: np.exp(x) + 0.1 * abs(x), 0.0, 0.9, 1.1),
    "a flat corner": (lambda x: 1e-3 * abs(x) + 5, 0.0, -1e-3, 1e-3),
    "a corner within a large sum": (lambda x: abs(x) + 1e3, 0.0, -1.0, 1.0),
}


@pytest.mark.parametrize("name", CORNERS)
def test_a_corner_has_a_slope_on_either_side(name: str) -> None:
    f, x, left, right = CORNERS[name]
    found = at(f, x)
    assert found.kind == "corner"
    assert (found.left, found.right) == pytest.approx((left, right), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    ("f", "x", "sides"),
    [
        (lambda x: math.floor(x) * x, 3.0, [3.0]),
        (lambda x: math.ceil(x) * x, 3.0, [3.0]),
        (lambda x: float(x >= 1), 1.0, [0.0]),
        (lambda x: x + 1e-6 * (x >= 1), 1.0, [1.0]),
        (lambda x: np.sign(x), 0.0, []),
    ],
    ids=["floor", "ceil", "a comparison", "a small jump", "sign"],
)
def test_a_jump_has_the_slopes_of_the_sides_on_which_it_does_not_jump(
    f: Callable[[float], float], x: float, sides: list[float]
) -> None:
    found = at(f, x)
    assert found.kind == "jump"
    assert found.sides == pytest.approx(sides, rel=1e-6, abs=1e-9)


def test_a_root_has_no_slope_at_its_end() -> None:
    assert at(np.sqrt, 0.0).sides == []


def test_at_the_end_of_a_domain_only_the_inner_slope_counts() -> None:
    found = at(lambda x: np.sqrt(x) + 2 * x if x > 0.0 else (0.0 if x == 0.0 else math.nan), 0.0)
    assert found.sides == []
    found = at(lambda x: 2 * x if x >= 0.0 else math.nan, 0.0)
    assert found.sides == pytest.approx([2.0])
