"""Memory for what a kernel reads again and again, such as packed weights."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

_LINE = 64
"""Bytes of a cache line, and of the longest vector register."""


def aligned_empty(shape: tuple[int, ...], dtype: Any) -> Any:
    """As `np.empty`, but beginning at a cache line.

    NumPy's own memory begins at any 16 bytes. Then every load of a long vector touches two cache lines, which
    makes products with an operand that BLAS does not pack slower by a quarter.
    """
    dtype = np.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    memory = np.empty(size + _LINE, np.uint8)
    first = -memory.ctypes.data % _LINE
    return memory[first : first + size].view(dtype).reshape(shape)
