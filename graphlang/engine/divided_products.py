"""Cuts large matrix products into parts, each a call for a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.trace.products import product_call

DIVIDE_FROM = 2**24
"""Operations from which on a product is worth dividing: below, waking a thread takes half as long."""


def product_calls(x: Any, w: Any, out: Any, threads: int) -> list[Callable[[], Any]]:
    """`x @ w` into `out` as up to `threads` calls on parts that do not overlap; one call if it is small."""
    if x.ndim > 2 and w.ndim == 2 and x.flags.c_contiguous and out.flags.c_contiguous and x.size:
        # One product of tall matrices instead of a loop of small ones.
        x, out = x.reshape(-1, x.shape[-1]), out.reshape(-1, out.shape[-1])
    work = 2 * out.size * x.shape[-1]
    if threads < 2 or min(x.ndim, w.ndim) < 2 or work < DIVIDE_FROM:
        return [product_call(x, w, out)]
    axis = _axis_to_cut(out)
    count = min(threads, out.shape[axis])
    bounds = [out.shape[axis] * i // count for i in range(count + 1)]
    return [_part(x, w, out, axis, slice(*bounds[i : i + 2])) for i in range(count)]


def _axis_to_cut(out: Any) -> int:
    """The first axis of a stack of matrices; of one matrix the longer one, so that the operand which every
    part needs whole, and copies to a layout of BLAS's own, is the smaller one."""
    if out.ndim > 2 and len(out) > 1:
        return 0
    return int(out.ndim - 2 if out.shape[-2] >= out.shape[-1] else out.ndim - 1)


def _part(x: Any, w: Any, out: Any, axis: int, part: slice) -> Callable[[], Any]:
    whole = slice(None)
    if axis == out.ndim - 1:
        return product_call(x, w[..., part], out[..., part])
    if axis == out.ndim - 2:
        return product_call(x[..., part, whole], w, out[..., part, whole])
    return product_call(_of_stack(x, out, part), _of_stack(w, out, part), out[part])


def _of_stack(operand: Any, out: Any, part: slice) -> Any:
    """The part of an operand of a product of stacks; what is broadcast along the first axis stays whole."""
    return operand[part] if operand.ndim == out.ndim and len(operand) > 1 else operand
