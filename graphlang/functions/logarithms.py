"""Further logarithms, exponentials and roots, element by element."""

import numpy as np

from graphlang.functions._truth import bool_to_int

__all__ = ["cbrt", "exp2", "expm1", "log1p", "log2", "log10", "logaddexp", "reciprocal"]


def log2(x):
    """y = log(x) / log(2)

    Gradient: dx = dy / (x * log(2)).
    Shapes: as x.
    Domain: x > 0.
    """
    return np.log2(x)


def log10(x):
    """y = log(x) / log(10)

    Gradient: dx = dy / (x * log(10)).
    Shapes: as x.
    Domain: x > 0.
    """
    return np.log10(x)


def log1p(x):
    """y = log(1 + x), exact also near 0

    Gradient: dx = dy / (1 + x).
    Shapes: as x.
    Domain: x > -1.
    """
    return np.log1p(x)


def expm1(x):
    """y = e**x - 1, exact also near 0

    Gradient: dx = dy * e**x.
    Shapes: as x.
    """
    return np.expm1(x)


def exp2(x):
    """y = 2**x

    Gradient: dx = dy * y * log(2).
    Shapes: as x.
    """
    return np.exp2(x)


def cbrt(x):
    """y = the cube root of x, which is negative where x is

    Gradient: dx = dy / (3 * y**2), infinite at 0.
    Shapes: as x.
    Domain: x is not 0.
    """
    return np.cbrt(x)


def reciprocal(x):
    """y = 1 / x

    Gradient: dx = -dy / x**2.
    Shapes: as x, float.
    Domain: x is not 0.
    Convention: of whole numbers too it is the fraction, where NumPy would divide whole numbers.
    Example: input x: float[N, 4]; y = reciprocal(x**2 + 0.5)
    """
    return np.divide(1, bool_to_int(x))


def logaddexp(x, y):
    """z = log(e**x + e**y), without overflow

    Gradient: dx = dz * sigmoid(x - y), dy = dz * sigmoid(y - x).
    Shapes: broadcast.
    """
    return np.logaddexp(x, y)
