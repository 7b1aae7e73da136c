"""The norms of several arrays, together and each, also where squares overflow."""

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


class Norms(Primitive):
    """The Euclidean norm of all operands together, then that of each, in float64; not finite only where an
    element is not.

    The squares of the operands at the places `summed` have been summed: those sums follow the arrays.
    """

    name = "norms"
    differentiable = False

    def shape(self, *operands: Any, summed: tuple[int, ...] = ()) -> Signature:
        return (1 + len(operands) - len(summed),), np.dtype(np.float64)

    def compute(self, *operands: Any, summed: tuple[int, ...] = (), out: Out = None) -> Any:
        return into(out, np.asarray(self._norms(operands, summed)()))

    def prepared(self, operands: Sequence[Any], out: NumPyArray, threads: int, **params: Any) -> Thunk:
        return partial(_write, self._norms(operands, params.get("summed", ())), out)

    def _norms(self, operands: Sequence[Any], summed: tuple[int, ...]) -> Callable[[], list[float]]:
        arrays = [np.asarray(x) for x in operands[: len(operands) - len(summed)]]
        sums = dict(zip(summed, operands[len(arrays) :], strict=True))
        return partial(
            _norms, arrays, [_sum_of_squares(x, sums.get(place)) for place, x in enumerate(arrays)]
        )

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


def _sum_of_squares(x: NumPyArray, summed: Any) -> Callable[[], Any]:
    """A call that gives the sum of the squares of an array; `summed` is where that has been computed."""
    if summed is not None:
        return np.asarray(summed).item
    if _is_small(x):
        flat = x.reshape(-1)
        return partial(flat.dot, flat)
    return squares(x)


def _write(norms: Callable[[], list[float]], out: NumPyArray) -> None:
    out[...] = norms()


def _is_small(x: NumPyArray) -> bool:
    """Whether one call of BLAS can sum the squares of the whole array."""
    return bool(x.flags.c_contiguous and x.size <= ROW)


def _norms(arrays: Sequence[Any], sums: Sequence[Callable[[], Any]]) -> list[float]:
    total = 0.0
    each = []
    for squares_of in sums:  # this runs in every step of training
        square = float(squares_of())
        total += square
        each.append(math.sqrt(square))
    if total < math.inf:
        return [math.sqrt(total), *each]
    return [_scaled(arrays), *[_scaled([x]) if x.size else 0.0 for x in arrays]]


def _scaled(arrays: Sequence[Any]) -> float:
    """The norm with every element divided by the largest one before it is squared."""
    peak = max(((abs(float(end(x)))) for x in arrays if np.size(x) for end in (np.min, np.max)), key=_order)
    if not math.isfinite(peak) or peak == 0:
        return peak
    total = sum(float(np.sum(np.square(np.divide(x, peak, dtype=np.float64)))) for x in arrays)
    return min(peak * math.sqrt(total), _MOST)


def _order(x: float) -> tuple[bool, float]:
    """nan is the largest."""
    return (math.isnan(x), x if not math.isnan(x) else 0.0)


def norms_of(arrays: Sequence[Any], apart: Callable[[Shape], bool]) -> Any:
    """The norm of all arrays together, then that of each; those whose shape is `apart` get steps of their own
    for the sum of squares."""
    summed = tuple(i for i, x in enumerate(arrays) if apart(signature(x)[0]))
    sums = [square_sum(arrays[i], axis=tuple(range(len(signature(arrays[i])[0])))) for i in summed]
    return norms(*arrays, *sums, **({"summed": summed} if summed else {}))


def norm_of(array: Any) -> float:
    """The norm of one array."""
    x = np.asarray(array)
    with np.errstate(all="ignore"):
        return _norms([x], [_sum_of_squares(x, None)])[0] if x.size else 0.0


square_sum = SquareSum()
norms = Norms()
