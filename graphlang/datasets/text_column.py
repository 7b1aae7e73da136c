"""Columns from Python that hold texts, dates, or cells without a value."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.datasets.dataset import Array, Column
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.prepared import TextForNumber
from graphlang.lazy import lazy


class TextColumn(Column):
    """A column of texts, with their numbers where they are asked for; an empty cell is none."""

    def __init__(self, name: str, cells: list[str]) -> None:
        self.__dict__.update(
            stored=(len(cells),), pixels=None, flatten=False, alone=None, in_file=0, lines=None
        )
        self.__dict__.update(texts=lambda: cells, read=lambda: _numbers(name, cells))

    @lazy
    def storage(self) -> np.dtype[Any]:
        """float64; raises GraphError for a cell that is no number."""
        return self.load().dtype

    @lazy
    def _raw(self) -> Array:
        return self.read()


def _numbers(name: str, cells: list[str]) -> Array:
    numbers = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if cell:
            try:
                numbers[row] = float(cell)
            except ValueError:
                raise GraphError([TextForNumber(name, cell, f"row {row}")]) from None
    return numbers


def texts_of(array: Array) -> list[str] | None:
    """The cells of an array of texts or dates; None for one of numbers."""
    if array.ndim != 1 or array.dtype.kind not in "UOM":
        return None
    if array.dtype.kind == "M":
        return ["" if cell == "NaT" else cell for cell in array.astype("M8[D]").astype(str).tolist()]
    cells = array.tolist()
    if not any(isinstance(cell, str) for cell in cells):
        return None
    return ["" if cell is None or cell != cell else str(cell).strip() for cell in cells]  # noqa: PLR0124 - nan


def with_nan(array: Array) -> Array:
    """An array of objects with nan for None, where all else in it are numbers."""
    if array.dtype.kind != "O" or array.ndim != 1:
        return array
    cells = array.tolist()
    if None not in cells or not all(cell is None or isinstance(cell, bool | int | float) for cell in cells):
        return array
    return np.array([np.nan if cell is None else cell for cell in cells], np.float64)
