"""The primitive `mean`, which generated files have where a sum is divided by the number of its elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.trace import Step, SymbolicArray, count
from graphlang.trace.core import Primitive, Signature, StepOperand
from graphlang.trace.primitives.reductions import reduce_sum


class Averaging(Primitive):
    """The mean over axes."""

    name = "mean"
    kind = "reduction"
    differentiable = False

    def shape(self, x: StepOperand, **params: Any) -> Signature:
        shape, kind = reduce_sum.shape(x, **params)
        return shape, kind if kind.kind == "f" else np.dtype(np.float64)

    def compute(self, x: Any, *, axis: tuple[int, ...], out: Any = None, **params: Any) -> Any:
        return np.mean(x, axis=axis, out=out, keepdims=params.get("keepdims", False))


averaging = Averaging()


def as_mean(step: Step, x: tuple[Any, ...]) -> Any:
    """A quotient as a mean, where it is one; else None."""
    if step.primitive.name != "divide" or x[0].__class__ is not SymbolicArray:
        return None
    source = x[0].trace.step_of(x[0])
    if source is None or source.primitive is not reduce_sum or x[1].__class__ is SymbolicArray:
        return None
    operand, axes = source.operands[0], source.params["axis"]
    if operand.__class__ is not SymbolicArray or source.params.get("dtype") not in (None, x[0].dtype):
        return None
    number = count(tuple(operand.shape[i] for i in axes))
    same = x[1] == number and np.ndim(x[1]) == 0
    if not same or number == 1 or step.output.dtype != averaging.shape(operand, **source.params)[1]:
        return None
    return averaging(operand, axis=axes, keepdims=source.params.get("keepdims", False))
