"""Primitives that create arrays, and functions made of them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from graphlang.trace.core import (
    Array,
    Creation,
    Primitive,
    Signature,
    StepOperand,
    SymbolicArray,
    into,
    signature,
)
from graphlang.trace.dims import Shape, ShapeLike, Size, floor_divide, positive_part
from graphlang.trace.errors import DtypeError, ShapeError
from graphlang.trace.types import ArrayOrNumber, Dtype, DtypeLike, NumPyArray, Out

Like: TypeAlias = "StepOperand | None"
"""A value of the trace to record in, where no operand and no size tells it."""
_SPARSE_FROM = 2**14
"""The number of elements from which ones are written into zeros one by one."""


class Full(Creation):
    """An array of one value; its gradient is the sum."""

    name = "full"
    kind = "copy"

    def shape(self, value: StepOperand, *, shape: Shape, dtype: np.dtype[Any]) -> Signature:
        if signature(value)[0] != ():
            raise ShapeError("`full` takes a scalar")
        return shape, dtype

    def compute(self, value: NumPyArray, *, shape: Shape, dtype: np.dtype[Any], out: Out = None) -> Any:
        if out is None:
            return np.full(shape, value, dtype)
        out.fill(value)
        return out

    def derivative(
        self, position: int, dy: Array, y: Array, value: Array, *, shape: Shape, dtype: Dtype
    ) -> Any:
        return dy


class Arange(Creation):
    """start, start + step, ... below stop; whole numbers."""

    name = "arange"
    kind = "copy"
    differentiable = False

    def shape(self, *, start: Size, stop: Size, step: int, dtype: np.dtype[Any]) -> Signature:
        return (range_length(start, stop, step),), dtype

    def compute(self, *, start: int, stop: int, step: int, dtype: Dtype, out: Out = None) -> Any:
        return into(out, np.arange(start, stop, step, dtype=dtype))


class OneHot(Primitive):
    """y[..., i] = 1 where i is the id; an id outside of 0..n-1 gives a row of zeros."""

    name = "one_hot"
    differentiable = False

    def __call__(self, ids: StepOperand, n: Size, dtype: DtypeLike = np.float64) -> Any:
        return super().__call__(ids, n=n, dtype=np.dtype(dtype))

    def shape(self, ids: StepOperand, *, n: Size, dtype: np.dtype[Any]) -> Signature:
        shape, kind = signature(ids)
        if kind is not int and kind.kind not in "iub":
            raise DtypeError(f"ids are integers, not {getattr(kind, 'name', 'float')}")
        return (*shape, n), dtype

    def compute(self, ids: ArrayOrNumber, *, n: int, dtype: Dtype, out: Out = None) -> Any:
        out = np.empty((*np.shape(ids), n), dtype) if out is None else out
        if out.size >= _SPARSE_FROM and out.flags.c_contiguous:
            return self._by_place(np.asarray(ids).reshape(-1), n, out)
        return np.equal(np.asarray(ids)[..., None], np.arange(n), out=out, casting="unsafe")

    def _by_place(self, ids: NumPyArray, n: int, out: NumPyArray) -> Any:
        """Zeros, and a one in each row whose id exists: faster than comparing every element."""
        out.fill(0)
        rows = np.flatnonzero((ids >= 0) & (ids < n))
        out.reshape(-1)[rows * n + ids[rows]] = 1
        return out


class ConstantArray(Primitive):
    """An array that stands for itself."""

    name = "constant"
    kind = "view"
    differentiable = False

    def shape(self, value: StepOperand) -> Signature:
        shape, kind = signature(value)
        return shape, np.dtype(kind)

    def compute(self, value: NumPyArray, *, out: Out = None) -> Any:
        return into(out, np.asarray(value))


class StopGradient(Primitive):
    """x, through which no gradient flows."""

    name = "stop_gradient"
    kind = "view"
    differentiable = False

    def shape(self, x: StepOperand) -> Signature:
        shape, kind = signature(x)
        return shape, np.dtype(kind)

    def compute(self, x: NumPyArray, *, out: Out = None) -> Any:
        return into(out, x)


class Alias(Primitive):
    """A second name of x, with a gradient of its own: that of the uses of this name."""

    name = "alias"
    kind = "view"

    def shape(self, x: StepOperand) -> Signature:
        shape, kind = signature(x)
        return shape, np.dtype(kind)

    def compute(self, x: NumPyArray, *, out: Out = None) -> Any:
        return into(out, x)

    def derivative(self, position: int, dy: Array, y: Array, x: Array) -> Any:
        return dy


def range_length(start: Size, stop: Size, step: int) -> Size:
    """How many numbers lie in a range."""
    if step == 0:
        raise ShapeError("a step of 0")
    distance = stop - start if step > 0 else start - stop
    return floor_divide(positive_part(distance) + abs(step) - 1, abs(step))


full_of = Full()
arange_of = Arange()
one_hot = OneHot()
constant_of = ConstantArray()
stop_gradient = StopGradient()
alias = Alias()


def full(shape: ShapeLike, value: StepOperand, dtype: DtypeLike = None, like: Like = None) -> Any:
    """An array of one value; `like` tells the trace where neither the value nor a size does."""
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    kind = signature(value)[1] if dtype is None else dtype
    if like.__class__ is SymbolicArray:
        return like.trace.record(full_of, (value,), {"shape": shape, "dtype": np.dtype(kind)})
    return full_of(value, shape=shape, dtype=np.dtype(kind))


def zeros(shape: ShapeLike, dtype: DtypeLike = np.float64, like: Like = None) -> Any:
    """An array of zeros."""
    return full(shape, 0, dtype, like)


def ones(shape: ShapeLike, dtype: DtypeLike = np.float64, like: Like = None) -> Any:
    """An array of ones."""
    return full(shape, 1, dtype, like)


def arange(
    start: Size,
    stop: Size | None = None,
    step: int = 1,
    dtype: DtypeLike = np.int64,
    like: Like = None,
) -> Any:
    """The whole numbers from `start` (0 if there is one argument only) up to, not including, `stop`."""
    start, stop = (0, start) if stop is None else (start, stop)
    params = {"start": start, "stop": stop, "step": step, "dtype": np.dtype(dtype)}
    return (
        like.trace.record(arange_of, (), params) if like.__class__ is SymbolicArray else arange_of(**params)
    )


def eye(n: Size, m: Size | None = None, k: int = 0, dtype: DtypeLike = np.float64, like: Like = None) -> Any:
    """Ones on the k-th diagonal."""
    rows, columns = arange(n, like=like), arange(n if m is None else m, like=like)
    return (rows[:, None] + k == columns).astype(np.dtype(dtype))


def tri(n: Size, m: Size | None = None, k: int = 0, dtype: DtypeLike = np.float64, like: Like = None) -> Any:
    """Ones at and below the k-th diagonal."""
    rows, columns = arange(n, like=like), arange(n if m is None else m, like=like)
    return (rows[:, None] + k >= columns).astype(np.dtype(dtype))


def constant(value: ArrayOrNumber, like: Like = None) -> Any:
    """A number or an array as a value of the trace of `like`."""
    return (
        like.trace.record(constant_of, (value,), {}) if like.__class__ is SymbolicArray else np.asarray(value)
    )
