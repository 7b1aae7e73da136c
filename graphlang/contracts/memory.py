"""The bytes that a program takes, by what they are for."""

from __future__ import annotations

from typing import NamedTuple


class Memory(NamedTuple):
    """Bytes that a program takes once it has run, by what they are for, without the work space of kernels."""

    inputs: int
    parameters: int
    optimizer: int
    buffers: int
    scratch: int

    @property
    def total(self) -> int:
        """The sum of all kinds."""
        return sum(self)
