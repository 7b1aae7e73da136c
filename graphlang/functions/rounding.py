"""Rounding to whole numbers, element by element; the result stays a float, as in NumPy."""

import numpy as np

from graphlang.functions._truth import bool_to_int

__all__ = ["ceil", "floor", "round", "trunc"]


def floor(x):
    """y = the largest whole number that is not above x

    Gradient: 0, since it is constant between its steps.
    Shapes: as x.
    """
    return _rounded(np.floor, x)


def ceil(x):
    """y = the smallest whole number that is not below x

    Gradient: 0, since it is constant between its steps.
    Shapes: as x.
    """
    return _rounded(np.ceil, x)


def trunc(x):
    """y = x without its fraction, which rounds towards 0

    Gradient: 0, since it is constant between its steps.
    Shapes: as x.
    """
    return _rounded(np.trunc, x)


def round(x, decimals: int = 0):
    """y = the multiple of 10**-decimals nearest to x

    Gradient: 0, since it is constant between its steps.
    Shapes: as x.
    Convention: halves go to the even neighbour, as in NumPy and Python: round(0.5) = 0, round(1.5) = 2.
    Example: input x: float[N, 4]; y = round(2 * x)
    Example: input x: float[N, 4]; y = round(2 * x, decimals=1)
    """
    if not -300 <= decimals <= 300:
        raise ValueError(f"`round` has {decimals} decimals: give a number between -300 and 300")
    scale = 10.0 ** abs(decimals)
    if decimals == 0:
        return _rounded(np.rint, x)
    if decimals > 0:
        return _rounded(lambda floats: np.rint(floats * scale) / scale, x)
    whole = np.rint(x / scale) * scale
    return whole.astype(np.int64) if _is_whole(x) else whole


def _rounded(function, x):
    """Whole numbers stay as they are."""
    return bool_to_int(x) if _is_whole(x) else function(x)


def _is_whole(x) -> bool:
    return np.result_type(getattr(x, "dtype", type(x))).kind in "iub"
