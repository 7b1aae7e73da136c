"""Sums over axes whose error does not grow with the number of elements.

NumPy adds by pairs only along the innermost axis in memory; along any other one it adds row to row, and a
float32 sum of 10^6 rows is off by a percent. Here rows are added in blocks, and the blocks in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphlang.trace.types import Call, DtypeLike, NumPyArray, Out

FEW = 100
"""Numbers that may be added one after the other: the error stays below 1e-6 even where all errors have one
sign, as in a sum of equal numbers."""
ROWS = 64
"""Rows of a block, added up as a product with ones; BLAS too adds some columns one number after the other."""
_GROUP = 4
"""Blocks that are added in the precision of the array."""
_WIDE = 1024
"""Numbers of a row from which on the work outweighs the call: narrower rows are added several at a time."""


def add(
    x: NumPyArray,
    axes: tuple[int, ...],
    *,
    keepdims: bool = False,
    dtype: DtypeLike = None,
    out: Out = None,
) -> Any:
    """`np.add.reduce` over sorted non-negative axes."""
    if is_exact(x, axes, dtype):
        return np.add.reduce(x, axis=axes, dtype=dtype, out=out, keepdims=keepdims)  # type: ignore[arg-type]
    kept = tuple(n for i, n in enumerate(x.shape) if i not in axes)
    total = np.empty(kept, x.dtype) if out is None else out.reshape(kept, copy=False)
    for call in calls(x, axes, total):
        call()
    if out is not None:
        return out
    if keepdims:
        return total.reshape(tuple(1 if i in axes else n for i, n in enumerate(x.shape)))
    return total if kept else total[()]


def is_exact(x: NumPyArray, axes: tuple[int, ...], dtype: DtypeLike = None) -> bool:
    """Whether NumPy's own sum is as good: of whole numbers, of few, by pairs, or in another precision."""
    if x.dtype.char not in "fd" or (dtype is not None and dtype != x.dtype) or x.size <= FEW:
        return True
    if x.flags.c_contiguous and (len(axes) == x.ndim or axes[0] == x.ndim - len(axes)):
        return True
    return bool(prod([x.shape[i] for i in axes]) <= FEW)


def calls(x: NumPyArray, axes: Sequence[int], out: NumPyArray) -> list[Call]:
    """What sums `x` over the axes into `out`, which has the others."""
    array, kinds, order = _merged(x, axes)
    found: list[Call] = []
    while any(kinds):
        at = len(kinds) - 1 - kinds[::-1].index(True)
        shape = array.shape[:at] + array.shape[at + 1 :]
        if at == len(kinds) - 1:
            result = np.empty(shape, array.dtype)
            found.append(partial(np.add.reduce, array, at, None, result))
        else:
            result = _over_rows(array, at, found)
        array, kinds = result, kinds[:at] + kinds[at + 1 :]
    positions = sorted(set(range(x.ndim)) - set(axes))
    turned = out.transpose([positions.index(i) for i in order])
    found.append(partial(np.copyto, turned, array.reshape(turned.shape), "same_kind"))
    return found


def _merged(x: NumPyArray, axes: Sequence[int]) -> tuple[Any, list[bool], list[int]]:
    """The same elements with as few axes as possible, the largest stride first, for each whether it is
    summed, and the kept axes of `x` in that order."""
    order = sorted(range(x.ndim), key=lambda i: -abs(x.strides[i]))
    shape: list[int] = []
    strides: list[int] = []
    kinds: list[bool] = []
    for i in order:
        n, stride, kind = x.shape[i], x.strides[i], i in axes
        if n == 1:
            continue
        if kinds and kinds[-1] == kind and strides[-1] == stride * n:
            shape[-1] *= n
            strides[-1] = stride
        else:
            shape.append(n)
            strides.append(stride)
            kinds.append(kind)
    return as_strided(x, shape, strides), kinds, [i for i in order if i not in axes]


def _over_rows(x: NumPyArray, at: int, found: list[Call]) -> Any:
    """The sum over an axis that is not the innermost one: blocks of rows, then the blocks in float64."""
    n, rest = x.shape[at], x.shape[at + 1 :]
    itemsize = x.itemsize
    together = 1
    if len(rest) == 1 and x.strides[at] == rest[0] * itemsize and x.strides[-1] == itemsize:
        together = max(1, min(_WIDE // rest[0], n // ROWS))
    # BLAS takes no negative strides, and no rows that overlap.
    by_blas = len(rest) == 1 and x.strides[-1] == itemsize and x.strides[at] >= rest[0] * itemsize
    blocks = n // (ROWS * together)
    whole = blocks * ROWS * together
    wide = (together * rest[0],) if together > 1 else rest
    steps = (ROWS * together * x.strides[at], together * x.strides[at])
    lead = x.shape[:at]
    total = np.empty((*lead, *rest), np.float64)
    if not blocks:
        found.append(partial(np.add.reduce, x, at, np.float64, total))
    else:
        inner = x.strides[at + 1 :]
        cut = as_strided(x, (*lead, blocks, ROWS, *wide), (*x.strides[:at], *steps, *inner))
        parts = np.empty((*lead, blocks, *wide), x.dtype)
        if by_blas:
            found.append(partial(np.matmul, ones(ROWS, x.dtype), cut, parts))
        else:
            found.append(partial(np.add.reduce, cut, at + 1, None, parts))
        sums = _over_blocks(parts, at, found)
        if together == 1:
            total = sums
        else:
            found.append(partial(np.add.reduce, sums.reshape(*lead, together, *rest), at, np.float64, total))
    if 0 < whole < n:
        rows = x[(*(slice(None),) * at, slice(whole, n))]
        if n - whole > FEW:
            left = _over_rows(rows, at, found)
        else:
            left = np.empty(total.shape, x.dtype)
            found.append(partial(np.add.reduce, rows, at, None, left))
        found.append(partial(np.add, total, left, total))
    return total


def _over_blocks(parts: NumPyArray, at: int, found: list[Call]) -> Any:
    """The sum of sums of blocks: a few of them as they are, which is far quicker, and these in float64."""
    lead, blocks, wide = parts.shape[:at], parts.shape[at], parts.shape[at + 1 :]
    if blocks > _GROUP:
        groups = blocks // _GROUP
        cut = as_strided(
            parts,
            (*lead, groups, _GROUP, *wide),
            (*parts.strides[:at], _GROUP * parts.strides[at], *parts.strides[at:]),
        )
        sums = np.empty((*lead, groups, *wide), parts.dtype)
        found.append(partial(np.add.reduce, cut, at + 1, None, sums))
        total = np.empty((*lead, *wide), np.float64)
        found.append(partial(np.add.reduce, sums, at, np.float64, total))
        parts = parts[(*(slice(None),) * at, slice(groups * _GROUP, blocks))]
        if blocks % _GROUP:
            left = np.empty(total.shape, parts.dtype)
            found.append(partial(np.add.reduce, parts, at, None, left))
            found.append(partial(np.add, total, left, total))
        return total
    total = np.empty((*lead, *wide), parts.dtype)
    found.append(partial(np.add.reduce, parts, at, None, total))
    return total


@cache
def ones(n: int, dtype: np.dtype[Any]) -> Any:
    """Ones that are only read, for a product with up to a few hundred rows."""
    found = np.ones(n, dtype)
    found.flags.writeable = False
    return found


def running(x: NumPyArray, axis: int, out: Out = None) -> Any:
    """`np.cumsum` along an axis: of float32 in float64, piece after piece in cache."""
    n = x.shape[axis]
    if x.dtype.char != "f" or n <= FEW:
        return np.cumsum(x, axis=axis, out=out)
    result = np.empty(x.shape, x.dtype) if out is None else out
    along = max(1, min(n, _PIECE // max(1, prod(x.shape[axis + 1 :]))))
    lines = max(1, _PIECE // max(1, along * prod(x.shape[axis + 1 :])))
    shape = (prod(x.shape[:axis]), n, prod(x.shape[axis + 1 :]))
    given, sums = x.reshape(shape), result.reshape(shape, copy=False)
    for top in range(0, len(given), lines):
        carried: Any = None
        for start in range(0, n, along):
            cut = slice(top, top + lines), slice(start, start + along)
            piece = given[cut].astype(np.float64)
            if carried is not None:
                piece[:, :1] += carried
            np.add.accumulate(piece, 1, None, piece)
            sums[cut] = piece
            carried = piece[:, -1:]
    return result


_PIECE = 2**14
"""Numbers of a piece of a running sum."""
