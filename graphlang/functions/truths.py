"""Questions about numbers, whose answers are bools."""

import numpy as np

__all__ = ["all", "any", "isfinite", "isnan"]

Axes = int | tuple[int, ...] | None


def isnan(x):
    """y = whether x is nan

    Gradient: none.
    Shapes: as x, bool.
    """
    return np.isnan(x)


def isfinite(x):
    """y = whether x is neither infinite nor nan

    Gradient: none.
    Shapes: as x, bool.
    """
    return np.isfinite(x)


def any(x, axis: Axes = None, keepdims: bool = False):
    """y = x1 or x2 or ... or xn

    Gradient: none.
    Shapes: the axes named vanish, or stay with size 1 under `keepdims`; all of them by default; bool.
    Convention: a number counts as true where it is not 0; of no elements it is false.
    """
    return np.any(_truths(x), axis=axis, keepdims=keepdims)


def all(x, axis: Axes = None, keepdims: bool = False):
    """y = x1 and x2 and ... and xn

    Gradient: none.
    Shapes: the axes named vanish, or stay with size 1 under `keepdims`; all of them by default; bool.
    Convention: a number counts as true where it is not 0; of no elements it is true.
    """
    return np.all(_truths(x), axis=axis, keepdims=keepdims)


def _truths(x):
    return x if x.dtype.kind == "b" else np.not_equal(x, 0)
