"""Reductions over axes, and the cumulative sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.trace.core import Array, Primitive, Signature, StepOperand, into, signature
from graphlang.trace.dims import Dim, Shape, Size, count
from graphlang.trace.errors import ShapeError
from graphlang.trace.primitives.chain import chain, zero_times
from graphlang.trace.primitives.creation import eye
from graphlang.trace.primitives.shapes import broadcast_to, moveaxis
from graphlang.trace.sums import reduce_add, running
from graphlang.trace.types import Dtype, NumPyArray, Out


class Reduction(Primitive):
    """`ufunc.reduce` over `axis`, a tuple of non-negative numbers."""

    kind = "reduction"
    differentiable = False
    accumulates = False
    """Whether the dtype is that of a sum: whole numbers widen, and `dtype` may ask for another."""

    def __init__(self, name: str, ufunc: np.ufunc) -> None:
        self.name = name
        self.reduce = ufunc.reduce
        self.reducing = ufunc

    def shape(
        self, x: StepOperand, *, axis: tuple[int, ...], keepdims: bool = False, dtype: Dtype | None = None
    ) -> Signature:
        shape, kind = signature(x)
        if self.reducing.identity is None and any(shape[i] == 0 for i in axis):
            raise ShapeError(f"the {self.name} of no elements does not exist")
        return reduced_shape(shape, axis, keepdims), self.result_dtype(np.dtype(kind), dtype)

    def result_dtype(self, kind: np.dtype[Any], dtype: Dtype | None) -> np.dtype[Any]:
        return kind

    def compute(self, x: NumPyArray, *, out: Out = None, **params: Any) -> Any:
        return self.reduce(x, out=out, **params)

    def flops(self, x: StepOperand, **params: Any) -> Size:
        return count(signature(x)[0])


class Accumulation(Reduction):
    """A reduction whose whole numbers widen to NumPy's `int`."""

    differentiable = True

    def result_dtype(self, kind: np.dtype[Any], dtype: Dtype | None) -> np.dtype[Any]:
        if dtype is not None:
            kind = np.dtype(dtype)
        elif kind.kind == "b" or (kind.kind == "i" and kind.itemsize < 8):
            kind = np.dtype(np.int64)
        elif kind.kind == "u":
            kind = np.dtype(np.uint64)
        return kind


class Sum(Accumulation):
    """y = Σ x; dx is dy, spread over the axes."""

    def compute(self, x: NumPyArray, *, out: Out = None, **params: Any) -> Any:
        return reduce_add(np.asarray(x), params.pop("axis"), out=out, **params)

    def derivative(self, position: int, dy: Array, y: Array, x: Array, **params: Any) -> Any:
        return broadcast_to(with_ones(dy, x.shape, **params), x.shape)


class Prod(Accumulation):
    """y = Π x; dx is dy times the product of the others, which is right where elements are 0."""

    def derivative(self, position: int, dy: Array, y: Array, x: Array, **params: Any) -> Any:
        dy = with_ones(dy, x.shape, **params)
        # Along one axis after the other: the product of the others there, then over the axis.
        for i in params["axis"]:
            dy = chain(dy, moveaxis(_product_of_others(moveaxis(x, i, -1)), -1, i))
            x = np.prod(x, axis=i, keepdims=True)
        return dy


def _product_of_others(x: Array) -> Any:
    """For each element of the last axis the product of all others: products of pairs, in log n steps."""
    n = x.shape[-1]
    if isinstance(n, Dim):
        others = np.where(eye(n, dtype=bool, like=x), 1.0, np.expand_dims(x, -2))
        return np.prod(others, axis=-1).astype(x.dtype)
    if n <= 1:
        return np.ones_like(x)
    half = (n + 1) // 2
    a, b = x[..., :half], x[..., half:]
    if n % 2:
        b = np.concatenate([b, np.ones_like(a[..., :1])], axis=-1)
    rest = _product_of_others(a * b)
    return np.concatenate([rest * b, (rest * a)[..., : n - half]], axis=-1)


class Extremum(Reduction):
    """The largest (smallest) element; dy is shared evenly among equal ones, or goes to what is nan."""

    differentiable = True

    def derivative(self, position: int, dy: Array, y: Array, x: Array, **params: Any) -> Any:
        chosen = (x == with_ones(y, x.shape, **params)) | np.isnan(x)
        ties = np.sum(chosen, axis=params["axis"], keepdims=True, dtype=dy.dtype)
        return zero_times(with_ones(dy, x.shape, **params) / ties, chosen)


class Truth(Reduction):
    """any, all: booleans."""

    def result_dtype(self, kind: np.dtype[Any], dtype: Dtype | None) -> np.dtype[Any]:
        return np.dtype(bool)


class ArgReduction(Primitive):
    """The position of the first largest (smallest) element along one axis."""

    kind = "reduction"
    differentiable = False

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.function = function

    def shape(self, x: StepOperand, *, axis: int, keepdims: bool = False) -> Signature:
        shape, _ = signature(x)
        if shape[axis] == 0:
            raise ShapeError(f"the {self.name} of no elements does not exist")
        return reduced_shape(shape, (axis,), keepdims), np.dtype(np.intp)

    def compute(self, x: NumPyArray, *, axis: int, keepdims: bool = False, out: Out = None) -> Any:
        return self.function(x, axis=axis, keepdims=keepdims, out=out)

    def flops(self, x: StepOperand, **params: Any) -> Size:
        return count(signature(x)[0])


class Argsort(Primitive):
    """The positions that sort the last axis."""

    name = "argsort"
    differentiable = False

    def shape(self, x: StepOperand) -> Signature:
        return signature(x)[0], np.dtype(np.intp)

    def compute(self, x: NumPyArray, *, out: Out = None) -> Any:
        return into(out, np.argsort(x, axis=-1, kind="stable"))


class Cumsum(Primitive):
    """Sums of all elements up to each place along one axis; dx sums dy from each place to the end."""

    name = "cumsum"
    kind = "kernel"

    def shape(self, x: StepOperand, *, axis: int) -> Signature:
        shape, kind = signature(x)
        if not shape:
            raise ShapeError("`cumsum` takes an axis, a scalar has none")
        return shape, reduce_sum.result_dtype(np.dtype(kind), None)

    def compute(self, x: NumPyArray, *, axis: int, out: Out = None) -> Any:
        return running(np.asarray(x), axis, out)

    def derivative(self, position: int, dy: Array, y: Array, x: Array, *, axis: int) -> Any:
        return np.flip(np.cumsum(np.flip(dy, axis), axis=axis), axis)


def reduced_shape(shape: Shape, axis: tuple[int, ...], keepdims: bool) -> Shape:
    """A shape without the reduced axes, or with 1 in their place."""
    if keepdims:
        return tuple([1 if i in axis else n for i, n in enumerate(shape)])
    return tuple([n for i, n in enumerate(shape) if i not in axis])


def with_ones(
    value: Array, shape: Shape, axis: tuple[int, ...], keepdims: bool = False, dtype: Dtype | None = None
) -> Any:
    """A reduced value with its axes put back as ones, so that it broadcasts against the operand."""
    return value if keepdims or not axis else np.reshape(value, reduced_shape(shape, axis, True))


reduce_sum = Sum("sum", np.add)
reduce_prod = Prod("prod", np.multiply)
reduce_max = Extremum("max", np.maximum)
reduce_min = Extremum("min", np.minimum)
reduce_any = Truth("any", np.logical_or)
reduce_all = Truth("all", np.logical_and)
argmax = ArgReduction("argmax", np.argmax)
argmin = ArgReduction("argmin", np.argmin)
argsort = Argsort()
cumsum = Cumsum()
