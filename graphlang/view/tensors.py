"""Arrays in summary: statistics, a heat map, a histogram, and the elements themselves where they are few."""

from __future__ import annotations

import math
from base64 import b64encode
from typing import Any

import numpy as np

from graphlang.view.scene import Heat, Histogram, Tensor
from graphlang.view.slots import number

ALL = 64
"""The largest array in elements that is kept whole."""
BINS = 24
"""The bars of a histogram."""


def heat_side(arrays: int) -> int:
    """The most rows and columns of each heat map: all of a scene together stay within some megabytes."""
    return next((side for most, side in ((200, 32), (800, 16), (3200, 8)) if arrays <= most), 0)


def tensor(array: Any, side: int) -> Tensor:
    """The summary of an array; its heat map has at most `side` rows and columns, and with 0 there is none."""
    facts: Tensor = {"shape": list(array.shape), "dtype": str(array.dtype), "size": int(array.size)}
    if array.dtype.kind not in "biuf":
        return facts
    if array.size <= ALL:
        facts["all"] = [number(x) for x in array.reshape(-1).tolist()]
    if not array.size:
        return facts
    facts["zero"] = int(array.size - np.count_nonzero(array))
    facts["nan"] = facts["inf"] = 0
    values = np.asarray(array, np.float64)
    finite = values.reshape(-1)
    total = finite.sum() if array.dtype.kind == "f" else 0.0
    if not math.isfinite(total):
        kept = np.isfinite(finite)
        facts["nan"] = int(np.isnan(finite).sum())
        facts["inf"] = int(array.size - kept.sum()) - facts["nan"]
        finite = finite[kept]
    if not finite.size:
        return facts
    _add_statistics(facts, finite)
    if array.dtype.kind != "b":
        facts["histogram"] = _histogram(finite, facts["min"], facts["max"])
    if side and array.size > 1:
        facts["heat"] = heat(values, side)
    return facts


def _add_statistics(facts: Tensor, finite: Any) -> None:
    """The statistics of the finite elements, scaled so that no square overflows."""
    low, high = float(finite.min()), float(finite.max())
    scale = max(abs(low), abs(high)) or 1.0
    scaled = finite / scale
    mean = float(scaled.mean())
    facts["min"], facts["max"] = low, high
    facts["mean"] = mean * scale
    facts["std"] = _kept(math.sqrt(max(float(np.square(scaled - mean).mean()), 0.0)) * scale)
    facts["norm"] = _kept(math.sqrt(float(np.dot(scaled, scaled))) * scale)


def _kept(value: float) -> float:
    """A statistic within the numbers that JSON has."""
    return min(value, float(np.finfo(np.float64).max))


def _histogram(finite: Any, low: float, high: float) -> Histogram:
    span = high / 2 - low / 2
    if span <= 0:
        return {"lo": low, "hi": high, "counts": [int(finite.size)]}
    bins = np.minimum(((finite / 2 - low / 2) * (BINS / span)).astype(np.int64), BINS - 1)
    return {"lo": low, "hi": high, "counts": np.bincount(bins, minlength=BINS).tolist()}


def heat(values: Any, side: int) -> Heat:
    """An array as a matrix of bytes: its last axis goes across, all others go down."""
    matrix = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values.reshape(1, -1)
    matrix = _coarse(_coarse(matrix, side).T, side).T
    finite = np.isfinite(matrix)
    kept = matrix[finite]
    low, high = (float(kept.min()), float(kept.max())) if kept.size else (0.0, 0.0)
    span = high / 2 - low / 2
    shares = np.zeros(matrix.shape) if span <= 0 else (np.where(finite, matrix, low) / 2 - low / 2) / span
    data = as_bytes(shares)
    return {"rows": matrix.shape[0], "cols": matrix.shape[1], "lo": low, "hi": high, "data": data}


def _coarse(matrix: Any, most: int) -> Any:
    """The matrix with at most so many rows, each the mean of some that lie together."""
    rows = matrix.shape[0]
    if rows <= most:
        return matrix
    starts = np.arange(most) * rows // most
    sizes = np.diff([*starts.tolist(), rows])
    with np.errstate(all="ignore"):
        return np.add.reduceat(matrix / sizes.repeat(sizes)[:, None], starts, axis=0)


def as_bytes(shares: Any) -> str:
    """Numbers from 0 to 1 as bytes, base64."""
    return b64encode(np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8).tobytes()).decode()
