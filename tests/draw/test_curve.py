"""Curves of text."""

from __future__ import annotations

import math

import pytest

from graphlang.draw.curve import BINS, Samples, curve
from graphlang.draw.width import width


def lit(line: str) -> int:
    """How many dots of braille a line has."""
    return sum((ord(c) - 0x2800).bit_count() for c in line if 0x2800 <= ord(c) < 0x2900)


@pytest.mark.parametrize("columns", [12, 40, 80, 120])
@pytest.mark.parametrize("braille", [True, False])
@pytest.mark.parametrize("count", [1, 2, 7, 500, 3000])
def test_a_curve_fits_the_width(columns: int, braille: bool, count: int) -> None:
    lines = curve([1 / (1 + i) + 0.01 * (i % 3) for i in range(count)], columns, 6, braille=braille)
    assert len(lines) == 6
    assert max(map(width, lines)) <= columns
    assert braille or all(line.isascii() for line in lines)


def test_it_starts_at_the_top_left_and_ends_at_the_bottom_right() -> None:
    lines = curve([10 - i / 10 for i in range(100)], 40, 5, braille=True)
    assert lines[0].startswith(" 10 ┤⠉")
    assert lines[-1].startswith("0.1 ┤")
    assert len(lines[-1]) == 40
    assert all(lit(line) for line in lines)


def test_a_constant_is_a_line_at_the_bottom() -> None:
    lines = curve([2.0] * 30, 20, 3, braille=True)
    assert lit(lines[-1]) == 2 * (20 - 3)
    assert lit(lines[0]) == lit(lines[1]) == 0


def test_many_decades_are_logarithmic_so_that_equal_factors_are_equal_steps() -> None:
    falling = [10.0**-i for i in range(9)]
    rows = [row for row, line in enumerate(curve(falling, 40, 8, braille=True)) for _ in range(lit(line))]
    assert all(rows.count(row) > 4 for row in range(8))
    negative = curve([*falling, -1e-9], 40, 8, braille=True)
    assert sum(lit(line) for line in negative[1:-1]) < 40


def test_numbers_that_are_not_finite_leave_a_gap() -> None:
    lines = curve([1.0, 1.0, math.nan, math.inf, 1.0, 1.0], 12, 1, braille=False)
    assert lines[0].count(" ") > 2
    assert curve([math.nan], 12, 2, braille=True) == []
    assert curve([], 12, 2, braille=True) == []


def test_samples_stay_few_and_keep_the_mean() -> None:
    samples = Samples()
    samples.extend(float(i) for i in range(100_000))
    assert BINS <= len(samples.means) < 2 * BINS
    assert samples.each == 64
    assert samples.means[0] == sum(range(64)) / 64
    assert samples.means == sorted(samples.means)
