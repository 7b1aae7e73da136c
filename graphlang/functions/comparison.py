"""Comparisons and the logic of their results: bool, broadcast as in NumPy, without gradient."""

import numpy as np

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "not_equal",
]


def equal(x, y):
    """x == y

    Gradient: none.
    Shapes: broadcast, bool.
    """
    return np.equal(x, y)


def not_equal(x, y):
    """x != y

    Gradient: none.
    Shapes: broadcast, bool.
    """
    return np.not_equal(x, y)


def less(x, y):
    """x < y

    Gradient: none.
    Shapes: broadcast, bool.
    """
    return np.less(x, y)


def less_equal(x, y):
    """x <= y

    Gradient: none.
    Shapes: broadcast, bool.
    """
    return np.less_equal(x, y)


def greater(x, y):
    """x > y

    Gradient: none.
    Shapes: broadcast, bool.
    """
    return np.greater(x, y)


def greater_equal(x, y):
    """x >= y

    Gradient: none.
    Shapes: broadcast, bool.
    """
    return np.greater_equal(x, y)


def logical_and(x, y):
    """x and y, element by element

    Gradient: none.
    Shapes: broadcast, bool.
    Convention: a number counts as true where it is not 0.
    """
    return np.logical_and(x, y)


def logical_or(x, y):
    """x or y, element by element

    Gradient: none.
    Shapes: broadcast, bool.
    Convention: a number counts as true where it is not 0.
    """
    return np.logical_or(x, y)


def logical_not(x):
    """not x, element by element

    Gradient: none.
    Shapes: as x, bool.
    Convention: a number counts as true where it is not 0.
    """
    return np.logical_not(x)
