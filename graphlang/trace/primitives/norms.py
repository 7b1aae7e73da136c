"""The norm of several arrays together, also where squares overflow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from graphlang.trace.core import Primitive, Signature, StepOperand, into, signature
from graphlang.trace.dims import Shape, Size, count
from graphlang.trace.types import NumPyArray, Out, Thunk

ROW = 2**16
"""How many squares BLAS adds in the precision of the array; the sums of such rows are added in float64. BLAS
adds several side by side, and all are positive, so a norm is right to 1e-5."""
_MOST = float(np.finfo(np.float64).max)


class SquareSum(Primitive):
    """The sum of all squares in float64; infinite where a square or the sum overflows."""

    name = "square_sum"
    kind = "reduction"
    differentiable = False

    def shape(self, x: StepOperand, *, axis: tuple[int, ...]) -> Signature:
        return (), np.dtype(np.float64)

    def compute(self, x: NumPyArray, *, axis: tuple[int, ...], out: Out = None) -> Any:
        return into(out, np.asarray(squares(x)()))

    def flops(self, x: StepOperand, **params: Any) -> Size:
        return 2 * count(signature(x)[0])


class Norm(Primitive):
    """The Euclidean norm of all operands together in float64; not finite only where an element is not.

    The squares of the operands at the places `summed` have been summed: those sums follow the arrays.
    """

    name = "norm"
    differentiable = False

    def shape(self, *operands: Any, summed: tuple[int, ...] = ()) -> Signature:
        return (), np.dtype(np.float64)

    def compute(self, *operands: Any, summed: tuple[int, ...] = (), out: Out = None) -> Any:
        return into(out, np.asarray(self._norm(operands, summed)()))

    def prepared(self, operands: Sequence[Any], out: NumPyArray, threads: int, **params: Any) -> Thunk:
        return partial(_write, self._norm(operands, params.get("summed", ())), out)

    def _norm(self, operands: Sequence[Any], summed: tuple[int, ...]) -> Callable[[], float]:
        arrays = operands[: len(operands) - len(summed)]
        sums = [np.asarray(x) for x in operands[len(arrays) :]]
        own = [np.asarray(x) for i, x in enumerate(arrays) if i not in summed]
        small = [x.reshape(-1) for x in own if _is_small(x)]
        parts = [squares(x) for x in own if not _is_small(x)]
        return partial(_norm, arrays, [(x.dot, x) for x in small], parts, sums)

    def flops(self, *operands: Any, summed: tuple[int, ...] = ()) -> Size:
        shapes = [signature(x)[0] for x in operands]
        return sum((2 * count(shape) for i, shape in enumerate(shapes) if i not in summed), 0)


def squares(x: NumPyArray) -> Callable[[], float]:
    """A call that gives the sum of the squares of what the array holds at that time."""
    x = np.asarray(x)
    if not x.flags.c_contiguous:
        return lambda: float(np.sum(np.square(x), dtype=np.float64))
    flat = x.reshape(-1)
    whole = flat.size // ROW * ROW
    rows, rest = flat[:whole].reshape(-1, ROW), flat[whole:]
    sums = np.empty(len(rows), x.dtype)

    def total() -> float:
        np.vecdot(rows, rows, sums)
        return sum(sums.tolist(), float(rest.dot(rest)))  # in float64

    return total


def _write(norm: Callable[[], float], out: NumPyArray) -> None:
    out[...] = norm()


def _is_small(x: NumPyArray) -> bool:
    """Whether one call of BLAS can sum the squares of the whole array."""
    return bool(x.flags.c_contiguous and x.size <= ROW)


def _norm(
    arrays: Sequence[Any],
    small: Sequence[tuple[Callable[[Any], Any], Any]],
    parts: Sequence[Callable[[], float]],
    sums: Sequence[Any],
) -> float:
    total = 0.0
    for dot, flat in small:  # this runs in every step of training
        total += float(dot(flat))
    for part in parts:
        total += part()
    for number in sums:
        total += number.item()
    return math.sqrt(total) if total < math.inf else _scaled(arrays)


def _scaled(arrays: Sequence[Any]) -> float:
    """The norm with every element divided by the largest one before it is squared."""
    peak = max(((abs(float(end(x)))) for x in arrays if np.size(x) for end in (np.min, np.max)), key=_order)
    if not math.isfinite(peak):
        return peak
    total = sum(float(np.sum(np.square(np.divide(x, peak, dtype=np.float64)))) for x in arrays)
    return min(peak * math.sqrt(total), _MOST)


def _order(x: float) -> tuple[bool, float]:
    """nan is the largest."""
    return (math.isnan(x), x if not math.isnan(x) else 0.0)


def norm_of(arrays: Sequence[Any], apart: Callable[[Shape], bool]) -> Any:
    """The norm of arrays; those whose shape is `apart` get steps of their own for the sum of squares."""
    summed = tuple(i for i, x in enumerate(arrays) if apart(signature(x)[0]))
    sums = [square_sum(arrays[i], axis=tuple(range(len(signature(arrays[i])[0])))) for i in summed]
    return norm(*arrays, *sums, **({"summed": summed} if summed else {}))


square_sum = SquareSum()
norm = Norm()
