"""Bools in arithmetic: they count as the integers 1 and 0, where NumPy would do logic."""

from typing import Any

import numpy as np

_BOOL = np.dtype(np.bool_)


def bool_to_int(x: Any) -> Any:
    """x, with bools converted to the integers 1 and 0."""
    if getattr(x, "dtype", None) is _BOOL:
        return x.astype(np.int64)
    return int(x) if x.__class__ is bool else x


def bools_to_ints(x: Any, y: Any) -> tuple[Any, Any]:
    """x and y, converted to integers if both are bool; next to a number NumPy converts a bool by itself."""
    if (getattr(x, "dtype", None) is _BOOL or x.__class__ is bool) and (
        getattr(y, "dtype", None) is _BOOL or y.__class__ is bool
    ):
        return bool_to_int(x), bool_to_int(y)
    return x, y
