"""Tables of values."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from graphlang.draw.table import table
from graphlang.draw.width import width

COLUMNS = ("name", "operation", "from", "shape", "value", "gradient")
ROWS = (
    ("apple", "input", "", "", 100.0, 2.2),
    ("사과_개수", "input", "", "", 2.0, 110.00000000000001),
    ("price", "×", "apple, 사과_개수", "", 715.0000000000001, 1.0),
    ("x", "input", "", "[100, 50]", np.linspace(-0.2, 0.4, 5000).reshape(100, 50), None),
    ("b1", "param", "", "[3]", np.array([0.5, 0.0, -1.0]), np.array([1e-7, 2.0, 3.0])),
    ("h", "Affine", "x, W1, b1", "[100, 50]", np.zeros((100, 50)), np.ones((100, 50))),
)


@pytest.mark.parametrize("columns", [72, 100, 160])
def test_the_table_is_the_golden_one(columns: int, golden: Callable[[str, str], None]) -> None:
    golden(f"table_{columns}.txt", table(ROWS, COLUMNS, columns, color=False) + "\n")


def test_decimal_points_stand_in_line() -> None:
    lines = table([(v,) for v in (100.0, 2.25, 0.5, -13.0)], ("value",), 80, color=False).split("\n")
    assert lines[2:] == ["100", "  2.25", "  0.5", "-13"]


@pytest.mark.parametrize("columns", [20, 40, 60, 72, 80, 100, 200])
def test_no_text_is_ever_cut_off(columns: int) -> None:
    text = "".join(table(ROWS, COLUMNS, columns, color=False).split())
    for row in ROWS:
        for cell in (row[0], row[1]):
            assert all(part in text for part in re.findall(r"\w+", str(cell)))


def test_a_table_that_can_be_folded_fits_the_width() -> None:
    lines = table(ROWS, COLUMNS, 90, color=False).split("\n")
    assert max(map(width, lines)) <= 90


def test_a_word_that_is_wider_than_its_room_is_taken_apart_and_a_number_is_not() -> None:
    rows = [("incomprehensibilities", 12345678901234.5), ("a", 1.5)]
    lines = table(rows, ("name", "value"), 30, color=False).split("\n")
    assert max(map(width, lines)) <= 30
    assert "  12345678900000" in lines[2]


def test_nothing_is_folded_where_there_is_room() -> None:
    assert len(table(ROWS, COLUMNS, 400, color=False).split("\n")) == 2 + len(ROWS)


def test_colour_changes_no_character() -> None:
    colored = table(ROWS, COLUMNS, 100, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == table(ROWS, COLUMNS, 100, color=False)


def test_a_table_without_rows_has_its_head() -> None:
    assert table([], ("name", "value"), 80, color=False).split("\n")[0] == "name  value"
