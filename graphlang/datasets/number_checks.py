"""Finds the first number of an array that is not finite, masked, or too large for a type."""

from __future__ import annotations

from typing import Any

import numpy as np

ElementIndex = tuple[int, ...]

_BLOCK = 2**18
"""How many numbers are looked at at once: their truth values stay in cache."""


def too_large(array: Any, dtype: Any) -> ElementIndex | None:
    """The place of the first finite number too large for `dtype`; None if all fit."""
    dtype = np.dtype(dtype)
    if not array.size or array.dtype.kind not in "fu" or np.can_cast(array.dtype, dtype):
        return None
    if array.dtype == np.float16 or dtype.kind == "b":
        return None  # float16 only goes up to 65504; every number is a truth value
    largest = np.iinfo(dtype).max if dtype.kind in "iu" else np.finfo(dtype).max
    if array.dtype.kind == "u" and dtype.kind == "f":
        return None
    with np.errstate(all="ignore"):
        # Fast path: compare only the extremes; fmax and fmin skip nan.
        if abs(np.fmax.reduce(array, None)) <= largest and abs(np.fmin.reduce(array, None)) <= largest:
            return None
        return _first(np.isfinite(array) & (np.abs(array) > largest))


def of_rows(array: Any) -> Any:
    """An array of objects that are rows, as a data frame and NumPy hold lists, as one of their numbers.

    Raises ValueError where they differ in length.
    """
    if array.dtype.kind != "O" or not any(isinstance(cell, list | tuple | np.ndarray) for cell in array.flat):
        return array
    return np.asarray(array.tolist())


def masked(value: Any) -> ElementIndex | None:
    """The place of the first masked number of a masked array, whose value under the mask is no data."""
    mask = getattr(value, "mask", None) if isinstance(value, np.ndarray) else None
    return None if mask is None else _first(np.asarray(mask))


def beyond_int(array: Any) -> ElementIndex | None:
    """The place of the first float that is infinite or too large for an int64."""
    array = np.asarray(array, np.result_type(array, np.float32))  # 2**63 overflows float16
    with np.errstate(invalid="ignore"):
        return _first(~((array >= -(2.0**63)) & (array < 2.0**63)))


def not_finite(array: Any) -> ElementIndex | None:
    """The place of the first nan or infinity; None if all are finite."""
    if array.dtype.kind != "f" or not array.size:
        return None
    rows = max(1, _BLOCK // (array.size // len(array))) if array.ndim else 1
    for start in range(0, len(array), rows) if array.ndim else ():
        block = np.isfinite(array[start : start + rows])
        if not block.all():
            first, *rest = _first(~block) or ()
            return (start + first, *rest)
    return None if array.ndim else _first(~np.isfinite(array))


def _first(chosen: Any) -> ElementIndex | None:
    if not chosen.any():
        return None
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(chosen)), chosen.shape))


def place_text(place: ElementIndex) -> str:
    """The place as messages write it: ` at [2, 3]`; empty for a scalar."""
    return f" at [{', '.join(map(str, place))}]" if place else ""
