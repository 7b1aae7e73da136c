"""Values of the functions that work element by element."""

import math

import numpy as np
import pytest

from graphlang.functions import arithmetic, comparison, exponential, extremes, trigonometric
from graphlang.syntax.operators import BY_FUNCTION


def test_the_buying_of_fruit_costs_715() -> None:
    apples = arithmetic.multiply(np.array(100.0), np.array(2.0))
    oranges = arithmetic.multiply(np.array(150.0), np.array(3.0))
    assert arithmetic.multiply(arithmetic.add(apples, oranges), np.array(1.1)) == pytest.approx(715)


def test_floor_division_and_remainder_follow_python() -> None:
    for a, b in [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0)]:
        assert arithmetic.floor_divide(a, b) == a // b
        assert arithmetic.mod(a, b) == a % b


def test_dividing_ints_gives_a_float() -> None:
    assert arithmetic.divide(np.array(1), np.array(2)) == 0.5


def test_matmul_takes_a_vector_as_row_or_column() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert arithmetic.matmul(x, np.array([10.0, 1.0])).tolist() == [12, 34]
    assert arithmetic.matmul(np.array([10.0, 1.0]), x).tolist() == [13, 24]


@pytest.mark.parametrize("module", [arithmetic, comparison])
def test_every_function_here_is_that_of_an_operator(module: object) -> None:
    assert set(module.__all__) <= set(BY_FUNCTION)  # type: ignore[attr-defined]


def test_comparisons_give_bool() -> None:
    x, y = np.array([1.0, 2.0, 3.0]), 2
    found = {name: getattr(comparison, name)(x, y).tolist() for name in comparison.__all__[:6]}
    assert found == {
        "equal": [False, True, False],
        "greater": [False, False, True],
        "greater_equal": [False, True, True],
        "less": [True, False, False],
        "less_equal": [True, True, False],
        "logical_and": [True, True, True],
    }
    assert comparison.logical_or(x > 2, x < 2).tolist() == [True, False, True]
    assert comparison.logical_not(x > 2).tolist() == [True, True, False]


def test_functions_of_one_number_agree_with_the_standard_library() -> None:
    x = 0.7
    for module in (exponential, trigonometric):
        for name in module.__all__:
            mine = getattr(module, name)(np.array(x))
            theirs = {
                "abs": abs(x),
                "square": x * x,
                "sign": 1.0,
                "arctan": math.atan(x),
            }.get(name) or getattr(math, name)(x)
            assert mine == pytest.approx(theirs, rel=1e-14), name


def test_clip_holds_between_its_bounds_or_one_of_them() -> None:
    x = np.array([-2.0, 0.5, 3.0])
    assert extremes.clip(x, 0, 1).tolist() == [0, 0.5, 1]
    assert extremes.clip(x, low=0).tolist() == [0, 0.5, 3]
    assert extremes.clip(x, high=1).tolist() == [-2, 0.5, 1]


def test_clip_refuses_no_bounds_and_crossed_bounds() -> None:
    with pytest.raises(ValueError, match="`clip` needs a bound"):
        extremes.clip(np.zeros(2))
    with pytest.raises(ValueError, match=r"low = 2\.0 above high = 1.0: exchange them"):
        extremes.clip(np.zeros(2), 2.0, 1.0)


def test_where_chooses_element_by_element_and_keeps_the_precision() -> None:
    x = np.array([1.0, -2.0], np.float32)
    y = extremes.where(x > 0, x, 0)
    assert y.tolist() == [1, 0]
    assert y.dtype == np.float32
