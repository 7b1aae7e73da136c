"""Rounding to whole numbers, element by element; the result stays a float, as in NumPy, but for `cast`."""

from typing import Literal

import numpy as np

from graphlang.functions._truth import bool_to_int

__all__ = ["cast", "ceil", "floor", "round", "trunc"]


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


def cast(x, to: Literal["float", "int", "bool"]):
    """y = x as a number of another type

    To `int` what follows the point is left out, to `bool` all but 0 is true, and true is 1.

    Gradient: dx = dy from a float to a float; none from or to the other types, whose steps are flat.
    Shapes: as x.
    Convention: the precision of a float is that of the run. An int has 64 bits; what a number that these do
    not hold becomes, NaN among them, depends on the processor.
    Example: input x: float[N, 4]; y = cast(3 * x, to=int)
    Example: input k: int[N]; y = cast(k, to=float)
    """
    kind = x.dtype.kind
    if to == "float":
        return x if kind == "f" else x / 1
    if to == "bool":
        return x if kind == "b" else x != 0
    return bool_to_int(x) if _is_whole(x) else np.trunc(x).astype(np.int64)


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
