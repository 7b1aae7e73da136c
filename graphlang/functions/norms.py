"""Norms of vectors."""

import math

import numpy as np

from graphlang.trace import numpy_calls
from graphlang.trace.primitives import stop_gradient

__all__ = ["norm"]

Axes = int | tuple[int, ...] | None


def norm(x, axis: Axes = None, ord: float = 2, keepdims: bool = False):
    """y = (|x1|**ord + ... + |xn|**ord)**(1 / ord); for ord = 2 the length sqrt(x1**2 + ... + xn**2)

    Gradient: dx = dy * sign(x) * (|x| / y)**(ord - 1), and 0 where y is 0.
    Shapes: the axes named vanish, or stay with size 1 under `keepdims`; all of them by default.
    Convention: a norm of vectors over any axes; `ord=inf` is the largest |x|, `-inf` the smallest, 0 counts
    what is not 0. Scaled by the largest |x|, so that squares do not overflow.
    Example: input x: float[N, 4]; y = norm(x, axis=1)
    Example: input x: float[N, 4]; y = norm(x, axis=1, ord=1)
    Example: input x: float[N, 4]; y = norm(x, axis=0, ord=3)
    Example: input x: float[N, T, 4]; y = norm(x, axis=[1, 2], keepdims=true)
    Example: input x: float[N, 4]; y = norm(x, axis=1, ord=inf)
    """
    size = np.abs(x)
    if ord == 0:
        return numpy_calls.sum(x != 0, axis=axis, keepdims=keepdims)
    if math.isinf(ord):
        return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdims)
    if math.isnan(ord) or ord < 0:
        raise ValueError(f"`norm` has ord = {ord}: give a number from 0 on, `inf` or `-inf`")
    if ord == 1:
        return numpy_calls.sum(size, axis=axis, keepdims=keepdims)
    largest = stop_gradient(np.max(size, axis=axis, keepdims=True))
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1)
    part = size / scale
    total = numpy_calls.sum(np.square(part) if ord == 2 else part**ord, axis=axis, keepdims=keepdims)
    scale = scale if keepdims else np.squeeze(scale, axis=tuple(range(x.ndim)) if axis is None else axis)
    apart = np.where(total == 0, 1, total)  # the slope of a root at 0 is infinite
    return np.where(total == 0, 0, scale * (np.sqrt(apart) if ord == 2 else apart ** (1 / ord)))
