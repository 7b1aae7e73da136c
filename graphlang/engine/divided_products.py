"""Cuts large matrix products into parts that run on different threads."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from graphlang.engine.program import concrete
from graphlang.kernels.parallel import ranges
from graphlang.kernels.thread_cost import Work, threads_that_pay
from graphlang.trace import Step
from graphlang.trace.products import product_call

SMALLEST_PART = 2**22
"""Operations of the smallest part of a product: OpenBLAS computes smaller ones in another way, with other
bits."""
GRAIN = 16
"""Parts begin at multiples of this many rows or columns: BLAS computes as many at once, and the rest at the
edge in another way."""
ROW_GRAIN = 48
"""The same for many rows: a multiple of 12 and 16, as many as the kernels of OpenBLAS take at once."""


def product_calls(x: Any, w: Any, out: Any, threads: int) -> list[Callable[[], Any]]:
    """`x @ w` into `out`, as up to `threads` calls on disjoint parts of `out`; one call if the product is
    small."""
    if x.ndim > 2 and w.ndim == 2 and x.flags.c_contiguous and out.flags.c_contiguous and x.size:
        # One product of a tall matrix instead of a loop over small ones.
        x, out = x.reshape(-1, x.shape[-1]), out.reshape(-1, out.shape[-1])
    if threads < 2 or min(x.ndim, w.ndim) < 2:
        return [product_call(x, w, out)]
    weight = max(1.0, out.itemsize / 4)
    work = Work(flops=2 * out.size * x.shape[-1] * weight, moved=x.nbytes + w.nbytes + out.nbytes)
    axis, grain, parts = _cut(out.shape, x.shape[-1])
    count = threads_that_pay(work, threads, parts)
    if count < 2:
        return [product_call(x, w, out)]
    n = out.shape[axis]
    bounds = [(start * grain, min(stop * grain, n)) for start, stop in ranges(-(-n // grain), count)]
    return [_part(x, w, out, axis, slice(*part)) for part in bounds]


def product_parts(step: Step) -> int:
    """The parts that a product can be cut into."""
    x, w = step.operands
    shape = concrete(step.output.shape)
    if min(len(x.shape), len(w.shape)) < 2:
        return 1
    if len(x.shape) > 2 and len(w.shape) == 2:
        shape = (prod(shape[:-1]), shape[-1])
    return _cut(shape, int(x.shape[-1]))[2]


def _cut(shape: tuple[int, ...], inner: int) -> tuple[int, int, int]:
    """The axis along which a product is cut, at multiples of how many rows or columns, and into how many
    parts at most.

    The first axis of a stack of matrices; of a single matrix the longer axis: every part needs one operand
    whole, which BLAS packs for each of them, and this way it is the smaller one.
    """
    most = max(1, 2 * prod(shape) * inner // SMALLEST_PART)
    if len(shape) > 2 and shape[0] > 1:
        return 0, 1, shape[0]
    axis = len(shape) - 2 if shape[-2] >= shape[-1] else len(shape) - 1
    grain = ROW_GRAIN if axis == len(shape) - 2 and shape[axis] >= 8 * ROW_GRAIN else GRAIN
    return axis, grain, min(most, -(-shape[axis] // grain))


def _part(x: Any, w: Any, out: Any, axis: int, part: slice) -> Callable[[], Any]:
    whole = slice(None)
    if axis == out.ndim - 1:
        return product_call(x, w[..., part], out[..., part], out.size)
    if axis == out.ndim - 2:
        return product_call(x[..., part, whole], w, out[..., part, whole], out.size)
    return product_call(_of_stack(x, out, part), _of_stack(w, out, part), out[part], out.size)


def _of_stack(operand: Any, out: Any, part: slice) -> Any:
    """The part of an operand along the first axis of a stack; an operand that broadcasts along it stays
    whole."""
    return operand[part] if operand.ndim == out.ndim and len(operand) > 1 else operand
