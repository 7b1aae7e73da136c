"""Arrays in summary: statistics, a heat map, a histogram, and the elements themselves where they are few."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import numpy as np

from graphlang.view.scene import Heat, Tensor
from graphlang.view.slots import number

ALL = 64
"""The largest array in elements that is kept whole."""
BINS = 24
"""The bars of a histogram."""
BLOCK = 2**17
"""The elements that are looked at together."""
HUGE = 1e280
"""From here on, the sums of a heat map might overflow."""


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
    blocks = _Blocks(array)
    facts["zero"], facts["nan"], facts["inf"] = blocks.zero, blocks.nan, blocks.inf
    if blocks.count:
        facts["min"], facts["max"] = blocks.low, blocks.high
        facts["mean"], facts["std"], facts["norm"], counts = blocks.statistics()
        if array.dtype.kind != "b":
            facts["histogram"] = {"lo": blocks.low, "hi": blocks.high, "counts": counts}
        if side and array.size > 1:
            facts["heat"] = heat(array, side, max(abs(blocks.low), abs(blocks.high)))
    return facts


class _Blocks:
    """An array block by block, so that a large one needs no copy: its finite elements in float64."""

    def __init__(self, array: Any) -> None:
        self._flat = array.reshape(-1)
        self.zero = int(array.size - np.count_nonzero(array))
        self.nan = self.inf = self.count = 0
        self.low, self.high = math.inf, -math.inf
        for block in self._each():
            self.count += block.size
            if block.size:
                self.low, self.high = min(self.low, float(block.min())), max(self.high, float(block.max()))
        rest = array.size - self.count
        if rest:
            self.nan = int(np.isnan(array).sum())
            self.inf = rest - self.nan

    def _each(self) -> Iterator[Any]:
        for start in range(0, self._flat.size, BLOCK):
            block = self._flat[start : start + BLOCK].astype(np.float64)
            with np.errstate(all="ignore"):
                all_finite = math.isfinite(block.sum())
            yield block if all_finite else block[np.isfinite(block)]

    def statistics(self) -> tuple[float, float, float, list[int]]:
        """Mean, standard deviation, norm and histogram; scaled, so that no square overflows."""
        low, scale = self.low, max(abs(self.low), abs(self.high)) or 1.0
        span = self.high / scale - low / scale
        total = squares = 0.0
        counts = np.zeros(BINS, np.int64)
        for block in self._each():
            block /= scale
            total += float(block.sum())
            squares += float(np.dot(block, block))
            if span > 0:
                bins = ((block - low / scale) * (BINS / span)).astype(np.intp)
                counts += np.bincount(np.minimum(bins, BINS - 1, out=bins), minlength=BINS)
        mean = total / self.count
        spread = sum(float(np.square(block / scale - mean).sum()) for block in self._each()) / self.count
        bars = counts.tolist() if span > 0 else [self.count]
        norm = _kept(math.sqrt(squares) * scale)
        return mean * scale, _kept(math.sqrt(spread) * scale), norm, bars


def _kept(value: float) -> float:
    """A statistic within the numbers that JSON has."""
    return min(value, float(np.finfo(np.float64).max))


def heat(array: Any, side: int, largest: float) -> Heat:
    """An array as a matrix of bytes: its last axis goes across, all others go down."""
    matrix = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(1, -1)
    if largest > HUGE:
        matrix = matrix / largest
    matrix = _coarse(_coarse(matrix, side).T, side).T
    finite = np.isfinite(matrix)
    kept = matrix[finite]
    low, high = (float(kept.min()), float(kept.max())) if kept.size else (0.0, 0.0)
    span = high - low
    shares = (np.where(finite, matrix, low) - low) / span if span > 0 else np.zeros(matrix.shape)
    scale = largest if largest > HUGE else 1.0
    return {
        "rows": matrix.shape[0],
        "cols": matrix.shape[1],
        "lo": low * scale,
        "hi": high * scale,
        "data": as_bytes(shares),
    }


def _coarse(matrix: Any, most: int) -> Any:
    """The matrix in float64 with at most so many rows, each the mean of some that lie together."""
    rows = matrix.shape[0]
    if rows <= most:
        return matrix.astype(np.float64)
    starts = np.arange(most) * rows // most
    sizes = np.diff([*starts.tolist(), rows])
    with np.errstate(all="ignore"):
        return np.add.reduceat(matrix, starts, axis=0, dtype=np.float64) / sizes[:, None]


def as_bytes(shares: Any) -> str:
    """Numbers from 0 to 1 as bytes, base64."""
    return b64encode(np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8).tobytes()).decode()
