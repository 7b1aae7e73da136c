"""Picking elements by index, and indices as one-hot vectors."""

from graphlang.trace import Size, primitives
from graphlang.trace.primitives import indexing

__all__ = ["one_hot", "take"]


def take(x, i, axis: int = 0):
    """y[..., k, ...] = x[..., i[k], ...]: the slices of x along `axis` at the indices i

    Gradient: dx gathers dy: a slice that is taken twice gets the sum; none for i.
    Shapes: x's shape with the axis replaced by the axes of i.
    Convention: rows by default (`axis=0`), where NumPy would take from the flattened array.
    Example: input x: float[N, 4], i: int[T]; y = take(x, i, axis=1)
    """
    # np.take dispatches on the array alone, but here it may be a constant and only the index symbolic.
    return indexing.take(x, i, axis=axis)


def one_hot(t, classes: Size):
    """y[..., k] = 1 where k = t[...], else 0; so a row of zeros where t is none of 0 to classes - 1

    Gradient: none.
    Shapes: [...] int -> [..., classes] float.
    Example: input t: int[N, T]; y = one_hot(t, 4)
    """
    if isinstance(classes, int) and classes < 1:
        raise ValueError(f"`one_hot` cannot tell {classes} classes apart: give 1 or more")
    return primitives.one_hot(t, classes)
