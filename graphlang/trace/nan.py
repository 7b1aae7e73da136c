"""Whether an array holds a nan, as quickly as NumPy can tell."""

from __future__ import annotations

from typing import Any

import numpy as np


def has_nan(x: Any) -> bool:
    """Whether any element of floats is nan."""
    if x.ndim == 0:
        return bool(x != x)  # noqa: PLR0124 - quicker than `isnan`
    if x.size == 0:
        return False
    least = np.minimum.reduce(x, axis=None)
    return bool(least != least)  # noqa: PLR0124
