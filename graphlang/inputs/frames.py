"""Tables from Python: those of pandas and Polars, which are not imported for them, and lists of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def is_frame(value: Any) -> bool:
    """Whether a value is a table of named columns, or a list of rows by the names of the columns."""
    return _are_rows(value) or (type(value).__name__ == "DataFrame" and hasattr(value, "columns"))


def columns_of(frame: Any) -> dict[str, Any]:
    """The columns of a table by name, with None where a cell that is no plain number has no value."""
    if _are_rows(frame):
        return _columns_of_rows(frame)
    return {str(name): _column(frame[name]) for name in frame.columns}


def _are_rows(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _columns_of_rows(rows: Sequence[Mapping[Any, Any]]) -> dict[str, Any]:
    """Rows as columns; raises TypeError where one has other names than the others."""
    names = {name: number for number, row in enumerate(rows) for name in reversed(row)}
    for number, row in enumerate(rows):
        for name, other in names.items():
            if name not in row:
                raise TypeError(
                    f"row {number} has no `{name}`, which row {other} has; write None where there is no value"
                )
    return {str(name): [row[name] for row in rows] for name in rows[0]}


def _column(column: Any) -> Any:
    array = np.asarray(column)
    if array.dtype.kind != "O":
        return array
    missing = getattr(column, "isna", None) or getattr(column, "is_null", None)
    if missing is not None:
        array = array.copy()
        array[np.asarray(missing())] = None
    return array
