"""Tables of named columns from Python, as those of pandas and Polars, which are not imported for them."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_frame(value: Any) -> bool:
    """Whether a value is a table of named columns."""
    return type(value).__name__ == "DataFrame" and hasattr(value, "columns")


def columns_of(frame: Any) -> dict[str, Any]:
    """The columns of a table by name, with None where a cell that is no plain number has no value."""
    return {str(name): _column(frame[name]) for name in frame.columns}


def _column(column: Any) -> Any:
    array = np.asarray(column)
    if array.dtype.kind != "O":
        return array
    missing = getattr(column, "isna", None) or getattr(column, "is_null", None)
    if missing is not None:
        array = array.copy()
        array[np.asarray(missing())] = None
    return array
