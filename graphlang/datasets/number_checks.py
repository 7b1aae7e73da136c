"""What the numbers of an array are: whether a type can hold them, and where they are not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

Place = tuple[int, ...]


def too_large(array: Any, dtype: Any) -> Place | None:
    """Where the first number stands that is finite, and beyond what `dtype` can hold; None where all fit."""
    dtype = np.dtype(dtype)
    if not array.size or array.dtype.kind not in "fu" or np.can_cast(array.dtype, dtype):
        return None
    if array.dtype == np.float16:
        return None  # its largest number is 65504
    largest = np.iinfo(dtype).max if dtype.kind in "iu" else np.finfo(dtype).max
    if array.dtype.kind == "u" and dtype.kind == "f":
        return None
    with np.errstate(all="ignore"):
        # The extremes tell quickly that all is well; fmax and fmin pass over nan.
        if abs(np.fmax.reduce(array, None)) <= largest and abs(np.fmin.reduce(array, None)) <= largest:
            return None
        return _first(np.isfinite(array) & (np.abs(array) > largest))


def masked(value: Any) -> Place | None:
    """Where a masked array leaves its first number out: what stands below the mask is no data."""
    mask = getattr(value, "mask", None) if isinstance(value, np.ndarray) else None
    return None if mask is None else _first(np.asarray(mask))


def beyond_int(array: Any) -> Place | None:
    """Where the first float stands that no int of 64 bits is: infinite, or too large."""
    array = np.asarray(array, np.result_type(array, np.float32))  # 2**63 is no float16
    with np.errstate(invalid="ignore"):
        return _first(~((array >= -(2.0**63)) & (array < 2.0**63)))


def not_finite(array: Any) -> Place | None:
    """Where the first number stands that is nan or infinite; None where all are finite."""
    if array.dtype.kind != "f" or not array.size:
        return None
    return _first(~np.isfinite(array))


def _first(chosen: Any) -> Place | None:
    if not chosen.any():
        return None
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(chosen)), chosen.shape))


def place_text(place: Place) -> str:
    """The place as messages write it: ` at [2, 3]`; nothing for a number alone."""
    return f" at [{', '.join(map(str, place))}]" if place else ""
