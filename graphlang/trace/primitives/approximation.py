"""Elementwise functions that NumPy does not have, computed block by block."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from graphlang.trace.core import Primitive, Signature, StepOperand, signature
from graphlang.trace.errors import DtypeError
from graphlang.trace.types import ArrayOrNumber, NumPyArray, Out, Thunk

BLOCK = 1 << 16
"""The elements of a block: few enough to stay in cache, and enough that a call takes longer than passing the
interpreter's lock to another thread."""


class Approximation(Primitive):
    """The base of such a function, which computes a block in float32 and in float64.

    `single(x, out)` and `double(x, out)` take contiguous blocks, and `out` may be `x` itself.
    """

    kind = "elementwise"

    def single(self, x: NumPyArray, out: Out) -> None:
        raise NotImplementedError

    def double(self, x: NumPyArray, out: Out) -> None:
        raise NotImplementedError

    def shape(self, x: StepOperand) -> Signature:
        shape, kind = signature(x)
        if isinstance(kind, type):
            return shape, np.dtype(np.float64)
        if kind.kind not in "fiub":
            raise DtypeError(f"`{self.name}` does not take {kind.name}")
        return shape, kind if kind.kind == "f" else np.dtype(np.float64)

    def compute(self, x: ArrayOrNumber, *, out: Out = None) -> Any:
        x = np.asarray(x)
        x = x if x.dtype.kind == "f" else x.astype(np.float64)
        result = np.empty(x.shape, x.dtype) if out is None else out
        flat = np.ascontiguousarray(x).reshape(-1)
        target = result.reshape(-1) if result.flags.c_contiguous else np.empty(x.size, x.dtype)
        block = self.single if x.dtype.itemsize <= 4 else self.double
        for start in range(0, flat.size, BLOCK):
            block(flat[start : start + BLOCK], target[start : start + BLOCK])
        if not result.flags.c_contiguous:
            result[...] = target.reshape(x.shape)
        return result if out is not None or x.ndim else result[()]

    def prepared(self, operands: Sequence[Any], out: NumPyArray, threads: int, **params: Any) -> Thunk | None:
        (x,) = operands
        in_line = isinstance(x, np.ndarray) and x.flags.c_contiguous and out.flags.c_contiguous
        if not in_line or x.dtype != out.dtype or not 0 < x.size <= BLOCK:
            return None
        block = self.single if x.dtype.itemsize <= 4 else self.double
        return partial(block, x.reshape(-1), out.reshape(-1))

    def flops(self, x: StepOperand) -> Any:
        return 20 * super().flops(x)
