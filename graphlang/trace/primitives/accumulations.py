"""Accumulations along one axis: running products and maxima, and linear recurrences, their gradients."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from graphlang.trace.core import Array, Primitive, Signature, StepOperand, into, signature
from graphlang.trace.errors import ShapeError
from graphlang.trace.primitives.chain import chain
from graphlang.trace.primitives.creation import arange, stop_gradient
from graphlang.trace.primitives.indexing import add_along_axis
from graphlang.trace.primitives.reductions import reduce_sum
from graphlang.trace.primitives.shapes import moveaxis
from graphlang.trace.types import NumPyArray, Out


class Running(Primitive):
    """A ufunc accumulated along one axis."""

    def __init__(self, name: str, ufunc: np.ufunc) -> None:
        self.name = name
        self.accumulating = ufunc

    def shape(self, x: StepOperand, *, axis: int) -> Signature:
        shape, kind = signature(x)
        if not shape:
            raise ShapeError(f"`{self.name}` takes an axis, a scalar has none")
        return shape, self.result_dtype(np.dtype(kind))

    def result_dtype(self, kind: np.dtype[Any]) -> np.dtype[Any]:
        return kind

    def compute(self, x: NumPyArray, *, axis: int, out: Out = None) -> Any:
        x = np.asarray(x)
        return into(out, self.accumulating.accumulate(x, axis=axis, dtype=self.result_dtype(x.dtype)))


class RunningProduct(Running):
    """Products of all elements up to each place; the gradient is right where elements are 0."""

    def result_dtype(self, kind: np.dtype[Any]) -> np.dtype[Any]:
        return reduce_sum.result_dtype(kind, None)

    def derivative(self, position: int, dy: Array, y: Array, x: Array, *, axis: int) -> Any:
        # dx[k] is the product before k, times the sum of dy[j] * x[k + 1] * ... * x[j] over all j from k on.
        x, y, dy = (moveaxis(v, axis, -1) for v in (x, y, dy))
        later = linear_recurrence(_moved(x, -1, 0), dy, reverse=True)
        return moveaxis(chain(later, _moved(y, 1, 1)), -1, axis)


class RunningMaximum(Running):
    """The largest element up to each place; dy goes to it, of equal ones to the first."""

    def derivative(self, position: int, dy: Array, y: Array, x: Array, *, axis: int) -> Any:
        x, y, dy = (moveaxis(v, axis, -1) for v in (x, y, dy))
        return moveaxis(add_along_axis(dy, _places(x, y), axis=x.ndim - 1, size=x.shape[-1]), -1, axis)


def _places(x: Array, y: Array) -> Any:
    """For each place of the last axis where the maximum y up to there was reached first; nan counts."""
    places = arange(x.shape[-1], like=x)
    before = _moved(y, 1, 0)
    larger = np.logical_not(np.logical_or(before >= y, np.isnan(before)))  # so is a nan after a number
    reached = np.where(np.logical_or(larger, places == 0), places, 0)
    return stop_gradient(running_maximum(reached, axis=x.ndim - 1))


def _moved(x: Array, by: int, border: int) -> Any:
    """x moved on by one place along the last axis; the border takes the place that becomes free."""
    n = x.shape[-1]
    free = arange(n, like=x) == (0 if by > 0 else n - 1)
    return np.where(free, np.asarray(border, x.dtype), np.roll(x, by, axis=-1))


class LinearRecurrence(Primitive):
    """y[t] = a[t] * y[t - 1] + b[t] along the last axis, from y[-1] = 0 on; `reverse` begins at the end."""

    name = "linear_recurrence"

    def shape(self, a: StepOperand, b: StepOperand, *, reverse: bool) -> Signature:
        (shape, left), (other, right) = signature(a), signature(b)
        if shape != other or not shape:
            raise ShapeError("a linear recurrence takes two arrays of one shape, with an axis", (0, 1))
        return shape, np.result_type(left, right)

    def compute(self, a: NumPyArray, b: NumPyArray, *, reverse: bool, out: Out = None) -> Any:
        y = np.empty(np.shape(b), np.result_type(a, b)) if out is None else out
        places = range(y.shape[-1])[:: -1 if reverse else 1]
        for before, t in pairwise((None, *places)):
            y[..., t] = b[..., t] if before is None else a[..., t] * y[..., before] + b[..., t]
        return y

    def derivative(self, position: int, dy: Array, y: Array, a: Array, b: Array, *, reverse: bool) -> Any:
        before = -1 if reverse else 1
        carried = linear_recurrence(_moved(a, -before, 0), dy, reverse=not reverse)
        return chain(carried, _moved(y, before, 0)) if position == 0 else carried

    def flops(self, a: StepOperand, b: StepOperand, **params: Any) -> Any:
        return 2 * super().flops(a, b, **params)


running_product = RunningProduct("cumprod", np.multiply)
running_maximum = RunningMaximum("cummax", np.maximum)
linear_recurrence = LinearRecurrence()
