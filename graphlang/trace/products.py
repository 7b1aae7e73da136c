"""Matrix products over a long inner axis, whose error does not grow with it: pieces, added up in float64."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

Call = Callable[[], Any]

LONG = 2**15
"""Length of the inner axis up to which a product of matrices is left whole: BLAS cuts it itself, and adds few
pieces. One with a vector it may add up number after number."""
_LONG_VECTOR = 2**10
_LARGE = 2**16
"""Numbers of the operands up to which a product with a vector takes no longer than preparing the pieces."""
_PIECE = 64
"""Products that may be added one after the other."""
_TOGETHER = 2**16
"""Numbers of the results of pieces that are made at once."""


def is_long(x: Any, w: Any) -> bool:
    """Whether a product of arrays is to be cut along the axis that it sums over: of float64 none is."""
    if x.dtype.char != "f" or w.dtype.char != "f" or x.ndim > 2 or w.ndim > 2:
        return False
    inner = x.shape[-1]
    if min(x.ndim, w.ndim) < 2 or x.shape[0] == 1 or w.shape[1] == 1:
        return bool(inner > _LONG_VECTOR and x.size + w.size > _LARGE)
    return bool(inner > LONG)


def product_call(x: Any, w: Any, out: Any) -> Call:
    """A call that writes `x @ w` to `out`."""
    return partial(_product, x, w, out) if is_long(x, w) else partial(np.matmul, x, w, out)


def product(x: Any, w: Any, out: Any = None) -> Any:
    """`x @ w`."""
    if not is_long(x, w):
        return np.matmul(x, w, out=out)
    return _product(x, w, np.empty(x.shape[:-1] + w.shape[1:], x.dtype) if out is None else out)


def _product(x: Any, w: Any, out: Any) -> Any:
    rows, columns = np.atleast_2d(x), w.reshape(-1, 1) if w.ndim == 1 else w
    inner, size = rows.shape[1], len(rows) * columns.shape[1]
    piece = _PIECE if size <= _PIECE**2 or min(len(rows), columns.shape[1]) == 1 else 4 * _PIECE
    total = np.zeros((len(rows), columns.shape[1]))
    pieces = inner // piece
    at_once = max(1, min(pieces, _TOGETHER // max(1, size)))
    for first in range(0, pieces, at_once):
        count = min(at_once, pieces - first)
        cut = slice(first * piece, (first + count) * piece)
        left = rows[:, cut].reshape(len(rows), count, piece).transpose(1, 0, 2)
        right = columns[cut].reshape(count, piece, columns.shape[1])
        total += np.add.reduce(np.matmul(left, right), axis=0, dtype=np.float64)
    if pieces * piece < inner:
        total += np.matmul(rows[:, pieces * piece :], columns[pieces * piece :])
    out[...] = total.reshape(np.shape(out))
    return out
