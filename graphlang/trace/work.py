"""What a piece of work consists of, counted in operations, bytes and calls."""

from __future__ import annotations

from typing import NamedTuple


class Work(NamedTuple):
    """What a piece of work consists of, all threads together."""

    #: operations of products of float32 matrices; one of float64 counts twice
    flops: float = 0
    #: operations on elements that are in cache, each an addition's worth
    operations: float = 0
    #: bytes read from memory, or written to it
    moved: float = 0
    #: calls of NumPy
    calls: float = 1
