"""Cuts large matrix products into parts that run on different threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.trace.products import product_call

PRODUCT_DIVIDE_FROM = 2**24
"""Operations from which on dividing a product pays: for a smaller one, waking a thread takes half as long as
the product."""


def product_calls(x: Any, w: Any, out: Any, threads: int) -> list[Callable[[], Any]]:
    """`x @ w` into `out`, as up to `threads` calls on disjoint parts of `out`; one call if the product is
    small."""
    if x.ndim > 2 and w.ndim == 2 and x.flags.c_contiguous and out.flags.c_contiguous and x.size:
        # One product of a tall matrix instead of a loop over small ones.
        x, out = x.reshape(-1, x.shape[-1]), out.reshape(-1, out.shape[-1])
    work = 2 * out.size * x.shape[-1]
    if threads < 2 or min(x.ndim, w.ndim) < 2 or work < PRODUCT_DIVIDE_FROM:
        return [product_call(x, w, out)]
    axis = _axis_to_cut(out)
    count = min(threads, out.shape[axis])
    bounds = [out.shape[axis] * i // count for i in range(count + 1)]
    return [_part(x, w, out, axis, slice(*bounds[i : i + 2])) for i in range(count)]


def _axis_to_cut(out: Any) -> int:
    """The first axis of a stack of matrices; of a single matrix the longer axis. Every part needs one operand
    whole, which BLAS packs for each of them, and this way it is the smaller one."""
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
    """The part of an operand along the first axis of a stack; an operand that broadcasts along it stays
    whole."""
    return operand[part] if operand.ndim == out.ndim and len(operand) > 1 else operand
