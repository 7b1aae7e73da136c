"""Diagonals, triangles and traces of matrices, and products of vectors."""

import numpy as np

from graphlang.functions._truth import bool_to_int, bools_to_ints
from graphlang.trace import numpy_calls, primitives
from graphlang.trace.dims import minimum
from graphlang.trace.primitives.matmul import dot as product

__all__ = ["diag", "dot", "outer", "trace", "triu"]


def triu(x, k: int = 0):
    """y[..., i, j] = x[..., i, j] where j >= i + k, else 0: the upper triangle

    Gradient: dx = triu(dy, k).
    Shapes: as x, two axes or more.
    """
    return np.triu(x, k)


def diag(x, k: int = 0):
    """y[i] = x[i, i + k]; of a vector the matrix with y[i, i + k] = x[i], and 0 elsewhere

    Gradient: dx = diag(dy, k).
    Shapes: [n] -> [n + |k|, n + |k|]; [n, m] -> the length of its diagonal.
    Example: input x: float[4]; y = diag(2 * x, 1)
    Example: input x: float[N]; y = diag(x)
    Example: input x: float[4, 3]; y = diag(x, -2)
    """
    if x.ndim == 1:
        y = np.where(primitives.eye(x.shape[0], dtype=bool, like=x), x, np.zeros((), x.dtype))
        below, right = max(-k, 0), max(k, 0)
        return np.pad(y, ((below, right), (right, below))) if k else y
    if x.ndim != 2:
        raise ValueError(f"`diag` takes a vector or a matrix, not a tensor of {x.ndim} axes")
    return _diagonal(x, k)


def trace(x, offset: int = 0, axis1: int = 0, axis2: int = 1):
    """y = x[0, 0] + x[1, 1] + ..., or the sum x[0, offset] + x[1, offset + 1] + ...

    Gradient: dx = dy on the diagonal, else 0.
    Shapes: the two axes vanish, of a tensor of more axes the first two by default, as in NumPy.
    Example: input x: float[N, 4, 4]; y = trace(x, axis1=1, axis2=2)
    Example: input x: float[4, 4]; y = trace(x, 1)
    """
    if not all(-x.ndim <= axis < x.ndim for axis in (axis1, axis2)) or axis1 % x.ndim == axis2 % x.ndim:
        raise ValueError(f"`trace` needs two axes, and {axis1} and {axis2} are not of {x.ndim} axes")
    return np.sum(_diagonal(np.moveaxis(bool_to_int(x), (axis1, axis2), (-2, -1)), offset), axis=-1)


def _diagonal(x, k: int):
    """The k-th diagonal of the last two axes."""
    x = x[..., max(-k, 0) :, max(k, 0) :]
    n = minimum(x.shape[-2], x.shape[-1])
    return numpy_calls.diagonal(x[..., :n, :n], 0, x.ndim - 2, x.ndim - 1)


def outer(x, y):
    """z[i, j] = x[i] * y[j]

    Gradient: dx = dz @ y, dy = dz.T @ x.
    Shapes: [n] and [m] -> [n, m]; tensors of more axes are flattened, as in NumPy.
    """
    return numpy_calls.outer(*bools_to_ints(x, y))


def dot(x, y):
    """z = x1 * y1 + x2 * y2 + ... of two vectors; of a matrix and a vector or a matrix it is x @ y

    Gradient: dx = dz * y, dy = dz * x.
    Shapes: the last axis of x meets the only, or the last but one, axis of y; a scalar multiplies.
    """
    return product(*bools_to_ints(x, y))
