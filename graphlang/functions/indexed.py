"""Elements by arrays of indices on several axes, `h[arange(N), length - 1]` and `x[:, ids]`."""

import math
from typing import Any

import numpy as np

from graphlang.trace.dims import Dim
from graphlang.trace.primitives.indexing import take

__all__ = ["indexed"]

HERE = "i"
"""Where an array of indices stands among the items."""


def indexed(x, *indices, items: tuple[Any, ...]):
    """y = x[items], where an item `"i"` stands for the next array of indices

    Gradient: dx gathers dy: an element that is taken twice gets the sum; none for the indices.
    Shapes: NumPy's: arrays of indices broadcast with one another, and their axes stand where the first of
    them stood, or in front if a slice stands between two of them, numbers included.
    Convention: negative indices count from the end.
    Example: input x: float[N, 4], i: int[N]; y = x[arange(N), i % 4]
    Example: input x: float[N, 4, 5], i: int[T]; y = x[:, i % 4]
    Example: input x: float[N, 4, 5], i: int[T, 1]; y = x[1:, i % 4, none, [0, 3]]
    Example: input x: float[N, 4, 5], i: int[T]; y = x[i % 2, :, -1]
    """
    kinds = [getattr(i, "dtype", np.dtype(int)).kind for i in indices]
    if any(kind not in "iu" for kind in kinds):
        raise ValueError("an index is a whole number; a mask of bools chooses in `where(mask, x, 0)`")
    basic, arrays, first = _parts(x, list(indices), items)
    y = x[tuple(basic)]
    axes = [axis for axis, _ in arrays]
    y = np.transpose(y, (*axes, *(a for a in range(y.ndim) if a not in axes)))
    n = len(axes)
    place = _place([index for _, index in arrays], y.shape[:n])
    y = take(np.reshape(y, (math.prod(y.shape[:n]), *y.shape[n:])) if n > 1 else y, place, 0)
    if first and not _is_apart(items):
        moved = range(np.ndim(place))
        y = np.moveaxis(y, tuple(moved), tuple(first + axis for axis in moved))
    return y


def _parts(x, indices: list[Any], items: tuple[Any, ...]):
    """The items without arrays, in whose place the whole axis is; for each array its axis then; and how many
    axes come before the first array or number."""
    taken = sum(item is not None and item != "..." for item in items)
    if taken > x.ndim:
        raise ValueError(f"{taken} indices for a tensor of {x.ndim} axes")
    basic: list[Any] = []
    arrays: list[Any] = []
    first = None
    for item in items if "..." in items else (*items, "..."):
        axis = sum(not isinstance(b, int | Dim) for b in basic)
        if item == "...":
            basic += [slice(None)] * (x.ndim - taken)
        elif item is None or isinstance(item, list | tuple):
            basic.append(None if item is None else slice(*item))
        else:
            first = axis if first is None else first
            basic.append(slice(None) if item == HERE else item)
            if item == HERE:
                arrays.append((axis, indices.pop(0)))
    return basic, arrays, first


def _is_apart(items: tuple[Any, ...]) -> bool:
    """Whether a slice, a new axis or `...` stands between two arrays of indices."""
    kinds = [not (item is None or item == "..." or isinstance(item, list | tuple)) for item in items]
    first, last = kinds.index(True), len(kinds) - kinds[::-1].index(True)
    return not all(kinds[first:last])


def _place(indices: list[Any], sizes):
    """One index for each element, counted through all the axes; what lies outside of one, outside of all."""
    if len(indices) == 1:
        return indices[0]
    place, outside = 0, False
    for index, size in zip(indices, sizes, strict=True):
        wrapped = np.where(np.less(index, 0), index + size, index)
        outside = np.logical_or(outside, np.logical_or(np.less(wrapped, 0), np.greater_equal(wrapped, size)))
        place = place * size + wrapped
    return np.where(outside, math.prod(sizes), place)
