"""Trigonometric and hyperbolic functions, in radians, element by element."""

import numpy as np

__all__ = ["arctan", "cos", "cosh", "sin", "sinh", "tan"]


def sin(x):
    """y = sin(x)

    Gradient: dx = dy * cos(x).
    Shapes: as x.
    """
    return np.sin(x)


def cos(x):
    """y = cos(x)

    Gradient: dx = -dy * sin(x).
    Shapes: as x.
    """
    return np.cos(x)


def tan(x):
    """y = tan(x) = sin(x) / cos(x)

    Gradient: dx = dy / cos(x)**2.
    Shapes: as x.
    Domain: x is no odd multiple of pi / 2.
    """
    return np.tan(x)


def sinh(x):
    """y = (e**x - e**-x) / 2

    Gradient: dx = dy * cosh(x).
    Shapes: as x.
    """
    return np.sinh(x)


def cosh(x):
    """y = (e**x + e**-x) / 2

    Gradient: dx = dy * sinh(x).
    Shapes: as x.
    """
    return np.cosh(x)


def arctan(x):
    """y = arctan(x), between -pi/2 and pi/2

    Gradient: dx = dy / (1 + x**2).
    Shapes: as x.
    """
    return np.arctan(x)
