"""Truth values in arithmetic: they count as the whole numbers 1 and 0, not by NumPy's logic of bools."""

from typing import Any

import numpy as np

_BOOL = np.dtype(np.bool_)


def counted(x: Any) -> Any:
    """x, or the whole numbers 1 and 0 in the place of truth values."""
    if getattr(x, "dtype", None) is _BOOL:
        return x.astype(np.int64)
    return int(x) if x.__class__ is bool else x


def counted_pair(x: Any, y: Any) -> tuple[Any, Any]:
    """x and y; where both are truth values, both as whole numbers. Beside a number NumPy counts by itself."""
    if (getattr(x, "dtype", None) is _BOOL or x.__class__ is bool) and (
        getattr(y, "dtype", None) is _BOOL or y.__class__ is bool
    ):
        return counted(x), counted(y)
    return x, y
