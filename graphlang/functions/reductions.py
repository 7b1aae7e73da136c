"""Reductions over all axes or those in `axis`; axes count as in NumPy, negative ones from the end."""

import math

import numpy as np

from graphlang.trace import numpy_calls
from graphlang.trace.primitives import excess, stop_gradient

__all__ = ["argmax", "argmin", "cumsum", "logsumexp", "max", "mean", "min", "prod", "std", "sum", "var"]

Axes = int | tuple[int, ...] | None


def sum(x, axis: Axes = None, keepdims: bool = False):
    """y = x1 + x2 + ... + xn

    Gradient: dx = dy, repeated to each element.
    Shapes: the axes named vanish, or stay with size 1 under `keepdims`; all of them by default.
    """
    return numpy_calls.sum(x, axis=axis, keepdims=keepdims)


def mean(x, axis: Axes = None, keepdims: bool = False):
    """y = (x1 + x2 + ... + xn) / n

    Gradient: dx = dy / n, repeated to each element.
    Shapes: the axes named vanish, or stay with size 1 under `keepdims`; all of them by default.
    """
    if _is_empty(x):
        return np.sum(x, axis=axis, keepdims=keepdims) * np.nan
    return numpy_calls.mean(x, axis=axis, keepdims=keepdims)


def var(x, axis: Axes = None, ddof: int = 0, keepdims: bool = False):
    """y = sum((x - mean(x))**2) / (n - ddof)

    Gradient: dx = dy * 2 * (x - mean(x)) / (n - ddof).
    Shapes: the axes named vanish, or stay with size 1 under `keepdims`; all of them by default.
    Convention: `ddof=0` divides by n as NumPy does; PyTorch's default is `ddof=1`.
    """
    freedom = _freedom("var", x, axis, ddof)
    if _is_empty(x):
        return np.sum(x, axis=axis, keepdims=keepdims) * np.nan
    return numpy_calls.var(x, axis=axis, ddof=freedom, keepdims=keepdims)


def std(x, axis: Axes = None, ddof: int = 0, keepdims: bool = False):
    """y = sqrt(var(x))

    Gradient: dx = dy * (x - mean(x)) / ((n - ddof) * y), and 0 where all x are equal.
    Shapes: the axes named vanish, or stay with size 1 under `keepdims`; all of them by default.
    Convention: `ddof=0` divides by n as NumPy does; PyTorch's default is `ddof=1`.
    """
    freedom = _freedom("std", x, axis, ddof)
    if _is_empty(x):
        return np.sum(x, axis=axis, keepdims=keepdims) * np.nan
    d = x - numpy_calls.mean(x, axis=axis, keepdims=True)
    # Squares of numbers above 1e19 overflow in float32. The scale cancels, so it needs no gradient.
    largest = stop_gradient(np.max(np.abs(d), axis=axis, keepdims=True))
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1)
    v = numpy_calls.var(d / scale, axis=axis, ddof=freedom, keepdims=keepdims)
    scale = scale if keepdims else np.squeeze(scale, axis=_every(x.ndim) if axis is None else axis)
    return np.where(v == 0, 0, scale * np.sqrt(np.where(v == 0, 1, v)))  # the slope of sqrt at 0 is infinite


def _is_empty(x) -> bool:
    """Whether x is known to be empty: NumPy would warn about its mean, and the nan says enough."""
    return any(isinstance(n, int) and n == 0 for n in x.shape)


def _freedom(name: str, x, axis: Axes, ddof: int) -> int:
    if ddof < 0:
        raise ValueError(f"`{name}` has ddof = {ddof}: it is 0 (divide by n) or 1 (divide by n - 1)")
    axes = _every(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if ddof and all(-x.ndim <= a < x.ndim for a in axes):
        n = math.prod(x.shape[a] for a in axes)
        if isinstance(n, int) and n <= ddof:
            raise ValueError(f"`{name}` with ddof = {ddof} needs more than {ddof} numbers, and here n is {n}")
    return ddof


def max(x, axis: Axes = None, keepdims: bool = False):
    """y = the largest of x

    Gradient: dy goes to the largest element; equal ones share it evenly. What is nan counts as the largest.
    Shapes: the axes named vanish, or stay with size 1 under `keepdims`; all of them by default.
    Convention: `MaxPool` gives it to the first of equal elements instead.
    """
    return np.max(x, axis=axis, keepdims=keepdims)


def min(x, axis: Axes = None, keepdims: bool = False):
    """y = the smallest of x

    Gradient: dy goes to the smallest element; equal ones share it evenly. What is nan counts as the smallest.
    Shapes: the axes named vanish, or stay with size 1 under `keepdims`; all of them by default.
    """
    return np.min(x, axis=axis, keepdims=keepdims)


def prod(x, axis: Axes = None, keepdims: bool = False):
    """y = x1 * x2 * ... * xn

    Gradient: each element gets dy times the product of the others.
    Shapes: the axes named vanish, or stay with size 1 under `keepdims`; all of them by default.
    Convention: multiplied in order, so large factors may overflow on the way to a small result.
    """
    return np.prod(x, axis=axis, keepdims=keepdims)


def argmax(x, axis: int | None = None, keepdims: bool = False):
    """y = the index of the largest of x, the first one of equals

    Gradient: none.
    Shapes: the axis named vanishes, int; without one the index counts through the flattened array.
    """
    return np.argmax(x, axis=axis, keepdims=keepdims)


def argmin(x, axis: int | None = None, keepdims: bool = False):
    """y = the index of the smallest of x, the first one of equals

    Gradient: none.
    Shapes: the axis named vanishes, int; without one the index counts through the flattened array.
    """
    return np.argmin(x, axis=axis, keepdims=keepdims)


def cumsum(x, axis: int | None = None):
    """y[k] = x[0] + x[1] + ... + x[k]

    Gradient: dx[k] = dy[k] + dy[k + 1] + ... to the end.
    Shapes: as x; without an axis, that of the flattened array.
    """
    return numpy_calls.cumsum(np.reshape(x, (-1,)) if axis is None else x, axis=0 if axis is None else axis)


def logsumexp(x, axis: Axes = None, keepdims: bool = False):
    """y = log(exp(x1) + ... + exp(xn)) = m + log(exp(x1 - m) + ... + exp(xn - m)), m = max(x)

    Gradient: dx = dy * softmax(x).
    Shapes: the axes named vanish, or stay with size 1 under `keepdims`; all of them by default.
    Convention: exact at any x, since no exponent is above 0; m cancels, so it needs no gradient. An x of -inf
    adds nothing; over -inf alone y is -inf, without gradient.
    """
    top = stop_gradient(np.max(x, axis=axis, keepdims=True))
    total = numpy_calls.sum(np.exp(excess(x, top)), axis=axis, keepdims=keepdims)
    rest = np.log(np.maximum(total, 0.5))  # the sum is at least 1, or 0 where all are -inf
    return rest + (top if keepdims else np.squeeze(top, axis=_every(x.ndim) if axis is None else axis))


def _every(ndim: int) -> tuple[int, ...]:
    return tuple(range(ndim))
