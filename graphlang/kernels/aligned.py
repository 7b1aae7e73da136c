"""Memory for what a kernel reads again and again: packed weights, and what it computes on the way."""

from __future__ import annotations

import threading
from math import prod
from typing import Any

import numpy as np

_LINE = 64
"""Bytes of a cache line, and of the longest vector register."""


_MOST_KEPT = 2**23
"""Bytes of memory from which on it is not kept."""


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


class _Kept(threading.local):
    """The memory that a thread keeps, by purpose."""

    def __init__(self) -> None:
        self.memory: dict[str, Any] = {}


_KEPT = _Kept()


def scratch(purpose: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """As `aligned_empty`, but memory that this thread keeps: whoever asks next for the same purpose gets it
    again. The system would bring in new memory page by page at every call."""
    dtype = np.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    if size > _MOST_KEPT:
        return aligned_empty(shape, dtype)
    memory = _KEPT.memory.get(purpose)
    if memory is None or len(memory) < size:
        memory = _KEPT.memory[purpose] = aligned_empty((size,), np.uint8)
    return memory[:size].view(dtype).reshape(shape)
