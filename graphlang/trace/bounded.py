"""A trace that refuses what is too large: the sizes of a calculation before it is done."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.trace.core import Primitive, Trace
from graphlang.trace.dims import Dim, Shape, lower_bound
from graphlang.trace.errors import TooLarge

COMPUTED = 256
"""The most numbers of a constant, such as `arange(9)`, that are computed; a larger one is recorded."""


class BoundedTrace(Trace):
    """A trace in which no value may take more bytes than `memory`; it adds up what all arrays take."""

    computed = COMPUTED
    measures = True

    def __init__(self, memory: int) -> None:
        super().__init__()
        self.memory = memory
        #: the bytes of all arrays recorded; a view takes none
        self.bytes = 0

    def measure(
        self,
        primitive: Primitive,
        operands: tuple[Any, ...],
        params: dict[str, Any],
        shape: Shape,
        dtype: np.dtype[Any],
    ) -> None:
        size = least_bytes(shape, dtype)
        if type(primitive).workspace is not Primitive.workspace:
            work = primitive.workspace(*operands, **params)
            size = max(size, 0 if work is None else least_bytes(*work))
        if size > self.memory:
            raise TooLarge(size, self.memory)
        if primitive.kind != "view":
            self.bytes += size


def least_bytes(shape: Shape, dtype: np.dtype[Any]) -> int:
    """The bytes of an array, in whole numbers of any length; a size without a number counts as it does where
    every dimension is 1."""
    size = dtype.itemsize
    for n in shape:
        if n.__class__ is not int:
            least = n.least if n.__class__ is Dim else n
            n = (least if least.__class__ is int else lower_bound(n)) or 1
        size *= n
    return size
