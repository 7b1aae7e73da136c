"""Whether an array contains nan, in the fastest way that NumPy has."""

from __future__ import annotations

import numpy as np

from graphlang.trace.types import NumPyArray


def has_nan(x: NumPyArray) -> bool:
    """Whether any element of floats is nan."""
    if x.ndim == 0:
        return bool(x != x)  # noqa: PLR0124 - quicker than `isnan`
    if x.size == 0:
        return False
    least = np.minimum.reduce(x, axis=None)
    return bool(least != least)  # noqa: PLR0124
