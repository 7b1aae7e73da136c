"""Roots of mean squares of numbers whose squares overflow, as those of 1e20 do in float32."""

from __future__ import annotations

import numpy as np

from graphlang.catalog.operation import Array
from graphlang.trace import mean

ROOT = 2.0**-20
"""A power of two, so that nothing is rounded; small squares are nothing beside `eps`."""


def inverse_root(d: Array, axis: int | tuple[int, ...], eps: float) -> Array:
    """1 / sqrt(mean(d * d) + eps), the axes kept as ones."""
    square = mean(d * ROOT**2 * d, axis=axis, keepdims=True)
    return ROOT / np.sqrt(square + eps * ROOT**2)
