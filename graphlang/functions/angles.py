"""Angles and lengths: inverse functions of trigonometry and hyperbolas, element by element, in radians."""

import math

import numpy as np

__all__ = ["arccos", "arccosh", "arcsin", "arcsinh", "arctan2", "arctanh", "deg2rad", "hypot", "sinc"]


def arcsin(x):
    """y = the angle between -pi/2 and pi/2 whose sine is x

    Gradient: dx = dy / sqrt(1 - x**2), infinite at -1 and 1.
    Shapes: as x.
    Domain: -1 <= x <= 1.
    Example: input x: float[N, 4]; y = arcsin(sin(x))
    """
    return np.arcsin(x)


def arccos(x):
    """y = the angle between 0 and pi whose cosine is x

    Gradient: dx = -dy / sqrt(1 - x**2), infinite at -1 and 1.
    Shapes: as x.
    Domain: -1 <= x <= 1.
    Example: input x: float[N, 4]; y = arccos(sin(x))
    """
    return np.arccos(x)


def arctan2(x, y):
    """z = the angle between -pi and pi of the point with the height x and the abscissa y

    Gradient: dx = dz * y / (x**2 + y**2), dy = -dz * x / (x**2 + y**2).
    Shapes: broadcast.
    Domain: x and y are not both 0.
    Convention: the height comes first, as in NumPy: arctan2(1, 0) = pi/2.
    """
    return np.arctan2(x, y)


def arcsinh(x):
    """y = log(x + sqrt(x**2 + 1)), the inverse of sinh

    Gradient: dx = dy / sqrt(x**2 + 1).
    Shapes: as x.
    """
    return np.arcsinh(x)


def arccosh(x):
    """y = log(x + sqrt(x**2 - 1)), the inverse of cosh from 0 on

    Gradient: dx = dy / sqrt(x**2 - 1), infinite at 1.
    Shapes: as x.
    Domain: x >= 1.
    Example: input x: float[N, 4]; y = arccosh(abs(x) + 1.5)
    """
    return np.arccosh(x)


def arctanh(x):
    """y = log((1 + x) / (1 - x)) / 2, the inverse of tanh

    Gradient: dx = dy / (1 - x**2).
    Shapes: as x.
    Domain: -1 < x < 1.
    Example: input x: float[N, 4]; y = arctanh(sin(x) / 2)
    """
    return np.arctanh(x)


def hypot(x, y):
    """z = sqrt(x**2 + y**2), without overflow

    Gradient: dx = dz * x / z, dy = dz * y / z; 0 where both are 0.
    Shapes: broadcast.
    """
    return np.hypot(x, y)


def deg2rad(x):
    """y = x * pi / 180

    Gradient: dx = dy * pi / 180.
    Shapes: as x.
    """
    return np.deg2rad(x)


def sinc(x):
    """y = sin(pi * x) / (pi * x), and 1 at 0

    Gradient: dx = dy * (cos(pi * x) - y) / x, and 0 at 0.
    Shapes: as x.
    Convention: with pi, as in NumPy; near 0 by its power series, so that derivatives keep their digits.
    """
    u = x * math.pi
    near = np.abs(u) < 1
    square = np.square(np.where(near, u, 0))
    series = 1 + 0 * square
    for n in range(16, 0, -2):  # 1 - u**2/3! + u**4/5! - ..., from the inside out
        series = 1 - series * square / (n * (n + 1))
    far = np.where(near, 1, u)
    return np.where(near, series, np.sin(far) / far)
