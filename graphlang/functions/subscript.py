"""Slices of an array, `x[i, a:b]`, and its transpose, `x.T`."""

from typing import Any

import numpy as np

__all__ = ["matrix_transpose", "subscript"]


def subscript(x, items: tuple[Any, ...]):
    """y = x[items]

    Gradient: dx = zeros but for dx[items] = dy.
    Shapes: NumPy's basic indexing; an item is a number, [start, stop, step], none (a new axis) or "...".
    Example: input x: float[N, 5, 4]; y = x[:, 1:4:2, -1]
    Example: input x: float[N, 4]; y = x[..., 1, none]
    """
    return x[tuple(_item(i) for i in items)]


def _item(item: Any) -> Any:
    if item == "...":
        return Ellipsis
    return slice(*item) if isinstance(item, list | tuple) else item


def matrix_transpose(x):
    """y = x.T, the last two axes swapped

    Gradient: dx = dy.T.
    Shapes: x [..., n, m] -> y [..., m, n].
    """
    return np.swapaxes(x, -1, -2)
