"""Arrays in tables and in full: every number is there, in columns, and nothing is wider than asked for."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphlang.draw.array_tables import arrays, in_full
from graphlang.draw.numbers import is_block, rows
from graphlang.draw.table import table
from graphlang.draw.width import width

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.integers(24, 120), st.one_of(st.none(), st.integers(1, 8)))
def test_an_array_in_full_reads_back_and_keeps_to_its_width(
    shape: list[int], columns: int, most: int | None
) -> None:
    array = (np.arange(np.prod(shape)).reshape(shape) - 3) * 1.5
    lines = rows(array, width=columns, most=most)
    assert json.loads("\n".join(lines)) == array.tolist()
    assert max(map(len, lines)) <= columns


def test_the_numbers_of_a_matrix_stand_in_columns() -> None:
    assert rows(np.array([[1.0, -20.5], [300.0, 0.25]])) == ["[[  1, -20.5],", " [300,  0.25]]"]


def test_a_wrapped_row_keeps_its_columns() -> None:
    assert rows(np.arange(6) * 5, width=12) == ["[ 0,  5,", " 10, 15,", " 20, 25]"]


def test_an_empty_array_has_its_shape() -> None:
    assert rows(np.zeros((0, 3))) == ["empty, of shape [0, 3]"]


@pytest.mark.parametrize(
    ("shape", "block"),
    [((3, 3), True), ((8, 8), True), ((2, 2, 3), True), ((10,), True), ((2, 3), False), ((9, 9), False),
     ((17,), False), ((4, 3, 3), False), ((0, 9), False), ((), False)],
)  # fmt: skip
def test_small_matrices_are_blocks(shape: tuple[int, ...], block: bool) -> None:
    assert is_block(np.ones(shape)) == block


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_table_with_matrices_keeps_to_the_width(columns: int) -> None:
    rng = np.random.default_rng(0)
    found = [[f"name{n}", rng.standard_normal((n, n)), rng.standard_normal((n, n))] for n in range(3, 9)]
    cells, left = arrays(found, columns)
    text = table(cells, ("name", "value", "gradient of y"), columns, color=False)
    assert max(map(width, text.split("\n"))) <= columns
    assert "[[" in text, "a 3 x 3 has room"
    assert len(left) < len(found)
    for row in left:
        assert all(
            width(line) <= columns for line in in_full(row, ("name", "value", "gradient of y"), columns)
        )
