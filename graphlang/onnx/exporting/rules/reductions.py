"""Rules of reductions, of products of matrices, and of what goes on along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.onnx.exporting.call import Rule, RuleCall, Rules, is_truth
from graphlang.onnx.exporting.loop_nodes import scan_loop


def _reduced(kind: str) -> Rule:
    """A reduction over axes that are an operand."""

    def rule(c: RuleCall, *, axis: tuple[int, ...], keepdims: bool = False, **params: Any) -> str:
        x = c.x
        if is_truth(c.dtype):
            x = c.w.cast(x, np.int32 if is_truth(c.output.dtype) else c.output.dtype)
        if axis:
            x = c.node(kind, x, c.w.ints(axis), keepdims=int(keepdims))
        return c.w.cast(x, bool) if is_truth(c.dtype) and is_truth(c.output.dtype) else x

    return rule


def _position(kind: str) -> Rule:
    def rule(c: RuleCall, *, axis: int, keepdims: bool = False) -> str:
        x = c.w.cast(c.x, np.int32) if is_truth(c.dtype) else c.x
        return c.node(kind, x, axis=axis, keepdims=int(keepdims))

    return rule


def argsort(c: RuleCall) -> str:
    """TopK has equal elements in their order too."""
    n = c.w.ints([c.shapes[0][-1]])
    x = c.w.cast(c.x, np.int32) if is_truth(c.dtype) else c.x
    return c.w.nodes("TopK", [x, n], 2, largest=0, sorted=1, axis=-1)[1]


def cumsum(c: RuleCall, *, axis: int) -> str:
    return c.node("CumSum", c.x, c.w.constant(axis, np.int64))


def matmul(c: RuleCall) -> str:
    return c.node("MatMul", *c.operands)


def square_sum(c: RuleCall, *, axis: Any) -> str:
    """The sum of all squares, in float64."""
    x = c.w.cast(c.x, np.float64)
    return c.node("ReduceSum", c.node("Mul", x, x), keepdims=0)


def norms(c: RuleCall, *, summed: tuple[int, ...] = ()) -> str:
    """The norm of all arrays together, then that of each, in float64."""
    count = len(c.operands) - len(summed)
    sums = dict(zip(summed, c.operands[count:], strict=True))
    squares = []
    for i, x in enumerate(c.operands[:count]):
        wide = c.w.cast(x, np.float64)
        total = sums[i] if i in sums else c.node("ReduceSum", c.node("Mul", wide, wide), keepdims=0)
        squares.append(c.w.reshape(total, (1,)))
    parts = c.node("Concat", *squares, axis=0)
    together = c.node("ReduceSum", parts, keepdims=1)
    return c.node("Sqrt", c.node("Concat", together, parts, axis=0))


def _running(step: Any, *, neutral: int | None = None) -> Rule:
    """y[t] = step(y[t - 1], x[t]) along an axis, as a loop that starts with a number that changes nothing, by
    default the first element."""

    def rule(c: RuleCall, *, axis: int) -> str:
        ndim = len(c.shapes[0])
        kind = np.dtype(np.int32) if is_truth(c.output.dtype) else c.output.dtype
        x = c.x if c.dtype == kind else c.w.cast(c.x, kind)
        first = c.w.move(x, ndim, axis, 0)
        shape = (*c.shapes[0][:axis], *c.shapes[0][axis + 1 :])
        if neutral is None:
            start = c.node("Squeeze", c.w.piece(first, 0, 0, 1), c.w.constant([0], np.int64))
        else:
            start = c.node("Add", c.w.zeros(shape, kind), c.w.constant(neutral, kind))
        own = (shape, kind)
        y = scan_loop(c.w, [start], [first], [own], [own], [own], lambda y, v: _twice(step(c, y[0], v[0])))
        whole = c.w.move(y[-1], ndim, 0, axis)
        return c.w.cast(whole, bool) if is_truth(c.output.dtype) else whole

    return rule


def _twice(y: str) -> tuple[list[str], list[str]]:
    return [y], [y]


def linear_recurrence(c: RuleCall, *, reverse: bool) -> str:
    """y[t] = a[t] * y[t - 1] + b[t] along the last axis, from 0 on."""
    shape, ndim, kind = c.shapes[0], len(c.shapes[0]), c.output.dtype
    a, b = (c.w.move(x, ndim, ndim - 1, 0) for x in c.operands)
    if reverse:
        a, b = c.w.flip(a, 0), c.w.flip(b, 0)
    inner = (shape[:-1], kind)

    def step(y: list[str], v: list[str]) -> tuple[list[str], list[str]]:
        return _twice(c.node("Add", c.node("Mul", v[0], y[0]), v[1]))

    y = scan_loop(c.w, [c.w.zeros(shape[:-1], kind)], [a, b], [inner], [inner, inner], [inner], step)[-1]
    return c.w.move(c.w.flip(y, 0) if reverse else y, ndim, 0, ndim - 1)


def det(c: RuleCall) -> str:
    return c.node("Det", c.x)


RULES: Rules = {
    "sum": _reduced("ReduceSum"),
    "prod": _reduced("ReduceProd"),
    "max": _reduced("ReduceMax"),
    "any": _reduced("ReduceMax"),
    "min": _reduced("ReduceMin"),
    "all": _reduced("ReduceMin"),
    "argmax": _position("ArgMax"),
    "argmin": _position("ArgMin"),
    "cumprod": _running(lambda c, y, x: c.node("Mul", y, x), neutral=1),
    "cummax": _running(lambda c, y, x: c.node("Max", y, x)),
}
RULES |= {
    rule.__name__: rule for rule in (argsort, cumsum, matmul, square_sum, norms, linear_recurrence, det)
}
