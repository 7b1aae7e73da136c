"""Results that run along an axis: products, maxima and differences of neighbours."""

import numpy as np

from graphlang.functions._truth import bool_to_int
from graphlang.trace import numpy_calls
from graphlang.trace.primitives.accumulations import running_maximum

__all__ = ["cummax", "cumprod", "diff"]


def cumprod(x, axis: int | None = None):
    """y[k] = x[0] * x[1] * ... * x[k]

    Gradient: dx[k] = the sum over j >= k of dy[j] times the product of all others up to j.
    Shapes: as x; without an axis, that of the flattened array.
    Convention: multiplied in order, so large factors may overflow on the way to a small result.
    """
    return numpy_calls.cumprod(bool_to_int(x), axis)


def cummax(x, axis: int | None = None):
    """y[k] = the largest of x[0], x[1], ..., x[k]

    Gradient: dy[k] goes to the largest element up to k, of equal ones to the first.
    Shapes: as x; without an axis, that of the flattened array.
    Convention: from the first nan on, y is nan.
    """
    x, axis = (np.reshape(x, (-1,)), 0) if axis is None else (x, axis)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"`cummax` cannot run along axis {axis}: its tensor has {x.ndim} axes")
    return running_maximum(x, axis=axis % x.ndim)


def diff(x, n: int = 1, axis: int = -1):
    """y[k] = x[k + 1] - x[k], n times

    Gradient: dx[k] = dy[k - 1] - dy[k].
    Shapes: as x, n fewer along the axis.
    """
    if n < 0:
        raise ValueError(f"`diff` cannot take differences {n} times: give 0 or more")
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"`diff` cannot run along axis {axis}: its tensor has {x.ndim} axes")
    return numpy_calls.diff(bool_to_int(x), n, axis)
