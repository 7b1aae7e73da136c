"""Arrays whose memory begins at a multiple of 64 bytes, as a line of the cache does."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

ALIGNMENT = 64


def aligned(shape: tuple[int, ...], dtype: Any) -> Any:
    """An array without values. XLA reads such an array on a CPU where it lies, and copies any other."""
    nbytes = prod(shape) * np.dtype(dtype).itemsize
    return aligned_bytes(nbytes).view(dtype).reshape(shape)


def aligned_bytes(nbytes: int) -> Any:
    """So many bytes of memory."""
    raw = np.empty(nbytes + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + nbytes]
