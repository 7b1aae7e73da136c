"""Maximum, minimum, clipping and choice, element by element."""

import numpy as np

__all__ = ["clip", "maximum", "minimum", "where"]


def maximum(x, y):
    """z = x where x > y, else y

    Gradient: dz goes to the larger, or to what is nan; half to each where they are equal.
    Shapes: broadcast.
    """
    return np.maximum(x, y)


def minimum(x, y):
    """z = x where x < y, else y

    Gradient: dz goes to the smaller, or to what is nan; half to each where they are equal.
    Shapes: broadcast.
    """
    return np.minimum(x, y)


def clip(x, low: float | None = None, high: float | None = None):
    """y = x held between `low` and `high`

    Gradient: dx = dy where low <= x <= high, else 0 (the bounds count as inside, nan does not).
    Shapes: as x.
    Convention: a bound left out does not bound.
    """
    if low is None and high is None:
        raise ValueError("`clip` needs a bound: `clip(x, 0, 1)`, or one of `low=` and `high=`")
    if low is not None and high is not None and low > high:
        raise ValueError(f"`clip` has low = {low} above high = {high}: exchange them")
    return np.clip(x, low, high)


def where(condition, x, y):
    """z = x where `condition` holds, else y

    Gradient: dx = dz where the condition holds, dy = dz where it does not.
    Shapes: broadcast.
    Convention: chooses when the graph runs; `x if c else y` chooses when the file is read.
    Example: input x: float[N, 4], y: float[4]; z = where(x > 0, x, y)
    Example: input x: float[N, T, 4], y: float; z = where(x > y, x**2, y)
    Example: input c: bool[N, 1], x: float[N, 4], y: float[N, 4]; z = where(c, x, y)
    """
    return np.where(condition, x, y)
