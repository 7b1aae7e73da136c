"""Tables of named columns from Python, as those of pandas and Polars, which are not imported for them."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_frame(value: Any) -> bool:
    """Whether a value is a table of named columns."""
    return type(value).__name__ == "DataFrame" and hasattr(value, "columns")


def columns_of(frame: Any) -> dict[str, Any]:
    """The columns of a table by name: arrays of numbers, or lists of cells, where None is no value."""
    return {str(name): column_of(frame[name]) for name in frame.columns}


def column_of(column: Any) -> Any:
    """A column as an array of numbers, where nan is no value, or as a list of cells, where None is none."""
    try:
        array = np.asarray(column)
    except ValueError:  # rows of different lengths, which are refused where they are taken
        return column
    if array.dtype.kind != "O" or array.ndim != 1:
        return array
    missing = getattr(column, "isna", None) or getattr(column, "is_null", None)
    absent = (
        np.asarray(missing()) if missing is not None else np.array([cell is None for cell in array.tolist()])
    )
    cells = [None if gone else cell for cell, gone in zip(array.tolist(), absent, strict=True)]
    values = [cell for cell in cells if cell is not None]
    if all(isinstance(cell, bool | int | float) for cell in values):
        return np.array([np.nan if cell is None else cell for cell in cells], np.float64)
    return cells
