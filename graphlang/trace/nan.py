"""Whether an array holds a nan, as quickly as NumPy can tell."""

from __future__ import annotations

from typing import Any

import numpy as np

_SMALL = 2**13
"""Elements up to which a product with itself, which is nan if any of them is, takes no thread of BLAS."""


def has_nan(x: Any) -> bool:
    """Whether any element of floats is nan."""
    if x.ndim == 0:
        return bool(x != x)  # noqa: PLR0124 - quicker than `isnan`
    if x.size <= _SMALL and x.flags.c_contiguous:
        flat = x.reshape(-1)
        found = np.dot(flat, flat)
    else:
        found = np.minimum.reduce(x, axis=None)
    return bool(found != found)  # noqa: PLR0124
