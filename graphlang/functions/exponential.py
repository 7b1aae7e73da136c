"""Exponential, logarithm, powers and related functions, element by element."""

import numpy as np

from graphlang.functions._truth import bool_to_int
from graphlang.kernels.erf import erf as error_function

__all__ = ["abs", "erf", "exp", "log", "sign", "sqrt", "square"]


def exp(x):
    """y = e**x

    Gradient: dx = dy * y.
    Shapes: as x.
    Source: Deep Learning from Scratch, 5.5.2.
    """
    return np.exp(x)


def log(x):
    """y = log(x), the natural logarithm

    Gradient: dx = dy / x.
    Shapes: as x.
    Domain: x > 0.
    """
    return np.log(x)


def sqrt(x):
    """y = x**0.5

    Gradient: dx = dy / (2 * y), infinite at 0.
    Shapes: as x.
    Domain: x >= 0.
    """
    return np.sqrt(x)


def square(x):
    """y = x**2

    Gradient: dx = dy * 2x.
    Shapes: as x.
    """
    return np.square(bool_to_int(x))


def abs(x):
    """y = |x|

    Gradient: dx = dy * sign(x), so 0 at 0.
    Shapes: as x.
    """
    return np.abs(bool_to_int(x))


def sign(x):
    """y = -1, 0 or 1 as x is negative, zero or positive

    Gradient: 0.
    Shapes: as x.
    """
    return np.sign(bool_to_int(x))


def erf(x):
    """y = 2 / sqrt(pi) * integral from 0 to x of exp(-u**2) du, the error function

    Gradient: dx = dy * 2 / sqrt(pi) * exp(-x**2).
    Shapes: as x.
    Source: Abramowitz and Stegun, 7.1.1.
    """
    return error_function(x)
