"""How numbers are written."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from graphlang.draw.numbers import short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (715.0000000000001, "715"),
        (3.3000000000000003, "3.3"),
        (2.2, "2.2"),
        (1e-9, "1e-09"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.3333333333"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (-0.0, "0"),
        (123456789012.0, "123456789012"),
        (1e22, "1e+22"),
        (10**30, str(10**30)),
        (7, "7"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        ("as it is", "as it is"),
        (np.float32(0.1), "0.1"),
        (np.float16(0.1), "0.1"),
        (np.float64(715.0000000000001), "715"),
        (np.array(2.5), "2.5"),
        (np.int64(3), "3"),
        (np.bool_(True), "true"),
    ],
)
def test_a_number_is_written_without_noise(value: Any, text: str) -> None:
    assert short(value) == text


def test_fewer_digits_where_asked() -> None:
    assert short(0.36787944117144233, 6) == "0.367879"
    assert short(1234567.0, 4) == "1235000"


def test_a_small_array_is_written_in_full() -> None:
    assert short(np.array([1.0, 2.5, -0.0])) == "[1, 2.5, 0]"
    assert short(np.array([[1, 2], [3, 4]])) == "[[1, 2], [3, 4]]"


def test_a_large_array_is_summed_up() -> None:
    assert short(np.arange(5000.0).reshape(100, 50)) == "[100, 50]  mean 2500  min 0  max 4999"
    assert short(np.zeros((0, 3))) == "[0, 3]  empty"
    assert short(np.arange(20) < 5) == "[20]  true 5 of 20"


def test_what_is_not_finite_is_counted_apart() -> None:
    values = np.array([1.0] * 10 + [math.nan, math.inf, -math.inf])
    assert short(values) == "[13]  mean 1  min 1  max 1  1 nan  2 inf"
    assert short(np.full(20, math.nan)) == "[20]  20 nan"


def test_the_mean_of_half_precision_does_not_overflow() -> None:
    assert short(np.full(1000, 60000, np.float16)) == "[1000]  mean 60000  min 60000  max 60000"
