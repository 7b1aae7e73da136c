"""The operators of arithmetic; operands broadcast as in NumPy, gradients are summed back."""

from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.functions._truth import bool_to_int, bools_to_ints
from graphlang.trace.primitives.matmul import matmul as product

__all__ = ["add", "divide", "floor_divide", "matmul", "mod", "multiply", "negative", "power", "subtract"]


def add(x, y):
    """x + y

    Gradient: dx = dz, dy = dz.
    Shapes: broadcast.
    Source: Deep Learning from Scratch, 5.3.1: the addition node passes on the upstream gradient.
    """
    return np.add(*bools_to_ints(x, y))


def subtract(x, y):
    """x - y

    Gradient: dx = dz, dy = -dz.
    Shapes: broadcast.
    """
    return np.subtract(*bools_to_ints(x, y))


def multiply(x, y):
    """x * y

    Gradient: dx = dz * y, dy = dz * x.
    Shapes: broadcast.
    Source: Deep Learning from Scratch, 5.3.2: the multiplication node swaps the operands.
    """
    return np.multiply(*bools_to_ints(x, y))


def divide(x, y):
    """x / y

    Gradient: dx = dz / y, dy = -dz * x / y**2.
    Shapes: broadcast.
    Domain: y is not 0.
    Convention: true division; two ints give a float.
    """
    return np.divide(x, y)


def floor_divide(x, y):
    """x // y = floor(x / y)

    Gradient: 0, since it is constant between its steps.
    Shapes: broadcast.
    Domain: y is not 0.
    Convention: rounds towards minus infinity, as Python and NumPy do; an int by 0 gives 0, as in NumPy.
    """
    return np.floor_divide(*bools_to_ints(x, y))


def mod(x, y):
    """x % y = x - y * floor(x / y)

    Gradient: dx = dz, dy = -dz * floor(x / y).
    Shapes: broadcast.
    Domain: y is not 0.
    Convention: the result has the sign of `y`, as in Python and NumPy (C keeps the sign of `x`).
    """
    return np.mod(*bools_to_ints(x, y))


def power(x, y):
    """x ** y

    Gradient: dx = dz * y * x**(y - 1), dy = dz * x**y * log(x).
    Shapes: broadcast.
    Domain: x > 0; a whole number y also takes any x.
    Convention: `x**2`, `x**3`, `x**-1` and `x**0.5` are x * x, x * x * x, 1 / x and sqrt(x), to the bit.
    Source: Deep Learning from Scratch, 5.2.1: z = t**2 gives 2t.
    Example: input x: float[N, 4]; y = x**2
    """
    rule = _POWERS.get(y) if y.__class__ in (int, float) else None
    if rule is not None and x.__class__ not in (int, float) and x.dtype.kind == "f":
        return rule(x)
    return np.power(*bools_to_ints(x, y))


_POWERS: dict[float, Callable[[Any], Any]] = {
    2: np.square,
    3: lambda x: x * np.square(x),
    -1: lambda x: 1 / x,
    0.5: np.sqrt,
}
"""Powers that have a form faster and more accurate than exp(y * log(x))."""


def negative(x):
    """-x

    Gradient: dx = -dy.
    Shapes: as x.
    """
    return np.negative(bool_to_int(x))


def matmul(x, y):
    """x @ y: z[..., i, j] = sum over k of x[..., i, k] * y[..., k, j]

    Gradient: dx = dz @ y.T, dy = x.T @ dz.
    Shapes: [..., n, k] @ [..., k, m] -> [..., n, m]; a vector is a row on the left, a column on the right.
    Source: Deep Learning from Scratch, 5.6.
    """
    return product(*bools_to_ints(x, y))
