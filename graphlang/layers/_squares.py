"""Root mean squares of numbers whose squares would overflow, as 1e20 does in float32."""

from __future__ import annotations

import numpy as np

from graphlang.catalog.operation import Array
from graphlang.trace import mean

ROOT = 2.0**-20
"""The scale of the squares: a power of two, so that scaling rounds nothing. Squares that underflow would not
have counted beside `eps`."""


def inverse_root(d: Array, axis: int | tuple[int, ...], eps: float) -> Array:
    """1 / sqrt(mean(d * d) + eps), with the axes kept at size 1."""
    square = mean(d * ROOT**2 * d, axis=axis, keepdims=True)
    return ROOT / np.sqrt(square + eps * ROOT**2)
