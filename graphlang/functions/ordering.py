"""Functions of the order of numbers: sorting, the largest of them, medians and quantiles."""

import numpy as np

from graphlang.trace import numpy_calls
from graphlang.trace.primitives import arange
from graphlang.trace.primitives.indexing import take_along_axis

__all__ = ["argsort", "median", "quantile", "sort", "topk"]

Axes = int | tuple[int, ...] | None


def sort(x, axis: int | None = -1):
    """y = the numbers of x along an axis, the smallest first

    Gradient: each number gets the dy of the place it went to.
    Shapes: as x; with `axis=none`, that of the flattened array.
    Convention: what is nan comes last; equal numbers keep their order.
    """
    return numpy_calls.sort(x, axis)


def argsort(x, axis: int | None = -1):
    """y = the indices of the numbers of x along an axis, that of the smallest first

    Gradient: none.
    Shapes: as x, int; with `axis=none`, that of the flattened array.
    Convention: what is nan comes last; equal numbers keep their order.
    """
    return numpy_calls.argsort(x, axis)


def topk(x, k: int, axis: int = -1):
    """y, i = the k largest numbers along an axis, the largest first, and their indices

    Gradient: each of the k numbers gets its dy; the others 0; none for i.
    Shapes: as x with k along the axis, twice: float and int.
    Convention: the first of equal numbers comes first, and what is nan before all, as in PyTorch.
    Example: input x: float[N, 4]; y, i = topk(2 * x, 2)
    Example: input x: float[N, T, 4]; y, i = topk(x, 1, axis=0)
    """
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"`topk` cannot sort along axis {axis}: its tensor has {x.ndim} axes")
    size = x.shape[axis]
    if k < 1 or (isinstance(size, int) and k > size):
        raise ValueError(f"`topk` cannot take the {k} largest of {size}: give a number from 1 to {size}")
    backwards = np.flip(numpy_calls.argsort(np.flip(x, axis), axis), axis)  # of equal ones the last is first
    first = backwards[(slice(None),) * (axis % x.ndim) + (slice(0, k),)]
    i = (size - 1) - first
    return take_along_axis(x, i, axis), i


def median(x, axis: Axes = None, keepdims: bool = False):
    """y = the middle one of the sorted numbers, or the mean of the two in the middle

    Gradient: dy goes to the number in the middle, half to each of two.
    Shapes: the axes named vanish, or stay with size 1 under `keepdims`; all of them by default.
    """
    return _at_share(x, 0.5, axis, keepdims)


def quantile(x, q: float | tuple[float, ...], axis: Axes = None, keepdims: bool = False):
    """y = the number that the share q of x does not exceed: the place q * (n - 1) of the sorted numbers

    Gradient: dy goes to the two numbers beside the place, by their nearness.
    Shapes: the axes named vanish, or stay with size 1 under `keepdims`; all of them by default. A list
    q gives a first axis of its length.
    Convention: linear between two numbers, as in NumPy by default.
    Example: input x: float[N, 4]; y = quantile(x, 0.3, axis=1)
    Example: input x: float[N, 4]; y = quantile(x, [0.25, 0.5, 1], axis=0)
    Example: input x: float[N, 4]; y = quantile(x, 0.8)
    """
    shares = q if isinstance(q, tuple) else (q,)
    if not shares or not all(0 <= share <= 1 for share in shares):
        raise ValueError(f"`quantile` has q = {list(shares)}: shares lie between 0 and 1")
    results = [_at_share(x, share, axis, keepdims) for share in shares]
    return np.stack(results) if isinstance(q, tuple) else results[0]


def _at_share(x, share: float, axis: Axes, keepdims: bool):
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if not all(-x.ndim <= a < x.ndim for a in axes):
        raise ValueError(f"axis {axis} is none of a tensor of {x.ndim} axes")
    if not x.ndim:
        return x / 1  # of one number it is that number
    axes = tuple(sorted(a % x.ndim for a in axes))
    kept = [a for a in range(x.ndim) if a not in axes]
    flat = np.reshape(np.transpose(x, (*kept, *axes)), (*(x.shape[a] for a in kept), -1))
    y = _interpolated(flat, share)
    return np.reshape(y, tuple(1 if a in axes else n for a, n in enumerate(x.shape))) if keepdims else y


def _interpolated(x, share: float):
    """The number at a share of the last axis: each sorted one weighs by how near it is to the place."""
    n = x.shape[-1]
    away = np.abs(arange(n) - share * (n - 1))
    weight = np.where(away < 1, 1 - away, 0)
    kind = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    ordered = numpy_calls.sort(x, -1)
    y = np.sum(np.where(weight > 0, ordered * weight.astype(kind), 0), axis=-1)
    return np.where(np.any(np.isnan(x), axis=-1), np.nan, y)
