"""Sums over axes whose error does not grow with the number of elements.

NumPy sums pairwise only along the innermost axis in memory. Along any other axis it adds row after row, and a
float32 sum of 10^6 rows is off by a percent. Here rows are added in blocks, and their sums in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphlang.lazy import made_once
from graphlang.trace.types import DtypeLike, NumPyArray, Out, Thunk

FEW = 100
"""How many numbers may be added one after the other: the error stays below 1e-6 even if all errors have one
sign, as in a sum of equal numbers."""
ROWS = 64
"""The rows of a block, which are summed as a product with ones; BLAS may add a column number by number."""
_GROUP = 4
"""How many sums of blocks are added in the precision of the array."""
_WIDE = 1024
"""The row length from which the work outweighs the call; shorter rows are added several at a time."""


def reduce_add(
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
    rest = tuple(n for i, n in enumerate(x.shape) if i not in axes)
    total = np.empty(rest, x.dtype) if out is None else out.reshape(rest, copy=False)
    for call in calls(x, axes, total):
        call()
    if out is not None:
        return out
    if keepdims:
        return total.reshape(tuple(1 if i in axes else n for i, n in enumerate(x.shape)))
    return total if rest else total[()]


def is_exact(x: NumPyArray, axes: tuple[int, ...], dtype: DtypeLike = None) -> bool:
    """Whether NumPy's own sum is as exact: of whole numbers, of few, pairwise, or in another precision."""
    if x.dtype.char not in "fd" or (dtype is not None and dtype != x.dtype) or x.size <= FEW:
        return True
    if x.flags.c_contiguous and (len(axes) == x.ndim or axes[0] == x.ndim - len(axes)):
        return True
    return bool(prod([x.shape[i] for i in axes]) <= FEW)


def calls(x: NumPyArray, axes: Sequence[int], out: NumPyArray) -> list[Thunk]:
    """The calls that sum `x` over some axes into `out`, which has the other axes."""
    array, kinds, order = _merged(x, axes)
    thunks: list[Thunk] = []
    while any(kinds):
        at = len(kinds) - 1 - kinds[::-1].index(True)
        shape = array.shape[:at] + array.shape[at + 1 :]
        if at == len(kinds) - 1:
            result = np.empty(shape, array.dtype)
            thunks.append(partial(np.add.reduce, array, at, None, result))
        else:
            result = _over_rows(array, at, thunks)
        array, kinds = result, kinds[:at] + kinds[at + 1 :]
    positions = sorted(set(range(x.ndim)) - set(axes))
    turned = out.transpose([positions.index(i) for i in order])
    thunks.append(partial(np.copyto, turned, array.reshape(turned.shape), "same_kind"))
    return thunks


def _merged(x: NumPyArray, axes: Sequence[int]) -> tuple[Any, list[bool], list[int]]:
    """A view with as few axes as possible, by falling stride; for each axis whether it is summed; and the
    other axes of `x` in that order."""
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


def _over_rows(x: NumPyArray, at: int, thunks: list[Thunk]) -> Any:
    """The sum over an axis that is not the innermost: within blocks of rows, then over blocks in float64."""
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
        thunks.append(partial(np.add.reduce, x, at, np.float64, total))
    else:
        inner = x.strides[at + 1 :]
        cut = as_strided(x, (*lead, blocks, ROWS, *wide), (*x.strides[:at], *steps, *inner))
        parts = np.empty((*lead, blocks, *wide), x.dtype)
        if by_blas:
            thunks.append(partial(np.matmul, vector_of_ones(ROWS, x.dtype), cut, parts))
        else:
            thunks.append(partial(np.add.reduce, cut, at + 1, None, parts))
        sums = _over_blocks(parts, at, thunks)
        if together == 1:
            total = sums
        else:
            thunks.append(partial(np.add.reduce, sums.reshape(*lead, together, *rest), at, np.float64, total))
    if 0 < whole < n:
        rows = x[(*(slice(None),) * at, slice(whole, n))]
        if n - whole > FEW:
            left = _over_rows(rows, at, thunks)
        else:
            left = np.empty(total.shape, x.dtype)
            thunks.append(partial(np.add.reduce, rows, at, None, left))
        thunks.append(partial(np.add, total, left, total))
    return total


def _over_blocks(parts: NumPyArray, at: int, thunks: list[Thunk]) -> Any:
    """The sum of the sums of blocks: groups of a few in the same precision, then in float64."""
    lead, blocks, wide = parts.shape[:at], parts.shape[at], parts.shape[at + 1 :]
    if blocks > _GROUP:
        groups = blocks // _GROUP
        cut = as_strided(
            parts,
            (*lead, groups, _GROUP, *wide),
            (*parts.strides[:at], _GROUP * parts.strides[at], *parts.strides[at:]),
        )
        sums = np.empty((*lead, groups, *wide), parts.dtype)
        thunks.append(partial(np.add.reduce, cut, at + 1, None, sums))
        total = np.empty((*lead, *wide), np.float64)
        thunks.append(partial(np.add.reduce, sums, at, np.float64, total))
        parts = parts[(*(slice(None),) * at, slice(groups * _GROUP, blocks))]
        if blocks % _GROUP:
            left = np.empty(total.shape, parts.dtype)
            thunks.append(partial(np.add.reduce, parts, at, None, left))
            thunks.append(partial(np.add, total, left, total))
        return total
    total = np.empty((*lead, *wide), parts.dtype)
    thunks.append(partial(np.add.reduce, parts, at, None, total))
    return total


@made_once
def vector_of_ones(n: int, dtype: np.dtype[Any]) -> Any:
    """A read-only vector of ones, for products that sum up to a few hundred rows."""
    array = np.ones(n, dtype)
    array.flags.writeable = False
    return array


def running(x: NumPyArray, axis: int, out: Out = None) -> Any:
    """`np.cumsum` along an axis; float32 is summed in float64, in pieces that fit into the cache."""
    n = x.shape[axis]
    if x.dtype.char != "f" or n <= FEW:
        return np.cumsum(x, axis=axis, out=out)
    result = np.empty(x.shape, x.dtype) if out is None else out
    along = max(1, min(n, _PIECE // max(1, prod(x.shape[axis + 1 :]))))
    lines = max(1, _PIECE // max(1, along * prod(x.shape[axis + 1 :])))
    shape = (prod(x.shape[:axis]), n, prod(x.shape[axis + 1 :]))
    source, sums = x.reshape(shape), result.reshape(shape, copy=False)
    for top in range(0, len(source), lines):
        carried: Any = None
        for start in range(0, n, along):
            cut = slice(top, top + lines), slice(start, start + along)
            piece = source[cut].astype(np.float64)
            if carried is not None:
                piece[:, :1] += carried
            np.add.accumulate(piece, 1, None, piece)
            sums[cut] = piece
            carried = piece[:, -1:]
    return result


_PIECE = 2**14
"""The elements of such a piece."""
