"""Matrix products over a long inner axis, cut into pieces whose results are added in float64."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from graphlang.trace.types import NumPyArray, Out, Thunk

LONG = 2**15
"""The longest inner axis of a product of matrices that is not cut: BLAS itself cuts it into a few pieces. A
product with a vector BLAS may add number by number."""
_LONG_VECTOR = 2**12
_LARGE = 2**16
"""The most elements of a product with a vector that is not cut, since cutting would take longer than it."""
_PIECE = 64
"""The length of a piece: this many products may be added one after the other."""
_FEW = 8
"""The most pieces whose results float32 adds accurately enough, in a fraction of the time."""
_TOGETHER = 2**16
"""How many elements of partial results are computed at once."""


def is_long(x: NumPyArray, w: NumPyArray) -> bool:
    """Whether a product of arrays is to be cut along the axis that it sums over: of float64 none is."""
    if x.dtype.char != "f" or w.dtype.char != "f":
        return False
    inner = x.shape[-1]
    if _is_vector(x, w):
        return bool(inner > _LONG_VECTOR and x.size + w.size > _LARGE)
    return bool(inner > LONG)


def _is_vector(x: NumPyArray, w: NumPyArray) -> bool:
    return bool(min(x.ndim, w.ndim) == 1 or x.shape[-2] == 1 or w.shape[-1] == 1)


def product_call(x: NumPyArray, w: NumPyArray, out: NumPyArray, whole: int = 0) -> Thunk:
    """A call that writes `x @ w` to `out`, which may be a part of a result of `whole` elements: the parts
    have the bits of the whole."""
    return partial(_product, x, w, out, whole) if is_long(x, w) else partial(np.matmul, x, w, out)


def product(x: NumPyArray, w: NumPyArray, out: Out = None) -> Any:
    """`x @ w`."""
    if not is_long(x, w):
        return np.matmul(x, w, out=out)
    if out is None:
        lead = np.broadcast_shapes(x.shape[:-2], w.shape[:-2])
        out = np.empty((*lead, *x.shape[-2:-1], *w.shape[-1:][: w.ndim - 1]), x.dtype)
    y = _product(x, w, out)
    return y if y.ndim else y[()]


def _product(x: NumPyArray, w: NumPyArray, out: NumPyArray, whole: int = 0) -> Any:
    vector = _is_vector(x, w)
    left, right = x[None] if x.ndim == 1 else x, w[:, None] if w.ndim == 1 else w
    lead = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    total = np.zeros((*lead, left.shape[-2], right.shape[-1]))
    inner, size = left.shape[-1], whole or total.size
    # Longer pieces for large results, which would take as long to add as to compute; BLAS cuts them itself.
    piece = _PIECE if vector or size <= _PIECE**2 else 16 * _PIECE
    pieces = inner // piece
    at_once = max(1, min(pieces, _TOGETHER // max(1, size)))
    for first in range(0, pieces, at_once):
        count = min(at_once, pieces - first)
        cut = slice(first * piece, (first + count) * piece)
        rows = left[..., cut].reshape(*left.shape[:-1], count, piece).swapaxes(-3, -2)
        columns = right[..., cut, :].reshape(*right.shape[:-2], count, piece, right.shape[-1])
        parts = np.matmul(rows, columns)
        total += np.add.reduce(parts, axis=-3, dtype=np.float64 if count > _FEW else None)
    if pieces * piece < inner:
        total += np.matmul(left[..., pieces * piece :], right[..., pieces * piece :, :])
    out[...] = total.reshape(np.shape(out))
    return out
