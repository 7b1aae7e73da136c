"""Replaces the chain rule's products by plain ones, where nan in an output would show that this is wrong.

A product of the chain rule is 0 where the incoming gradient is 0; there the plain product with an infinite
slope is nan (`trace/primitives/chain.py`). Where every step propagates nan, checking the outputs for nan is
enough to know whether the plain products were right; only if not, the exact program has to run.
"""

from __future__ import annotations

from typing import Any

from graphlang.engine.program import Program, rewritten
from graphlang.kernels.scan import ScanBody
from graphlang.kernels.scan_recording import rebuilt, result_of, step_copy
from graphlang.trace import Step, SymbolicArray, Trace

NAN_PROPAGATING = frozenset({
    "absolute", "add", "alias", "arcsinh", "arctan", "astype", "broadcast_to", "cbrt", "chain",
    "chain_quotient", "clip", "concatenate", "constant", "conv", "conv_transpose", "conv_weight_gradient",
    "cos", "cosh", "cumsum", "divide", "erf", "excess", "exp", "expm1", "full", "log", "log1p", "matmul",
    "max", "maximum", "mills", "min", "minimum", "multiply", "negative", "pad", "positive", "power",
    "reciprocal", "reshape", "scatter_add", "sigmoid", "sigmoid_slope", "sin", "sinh", "slice", "sqrt",
    "square", "stop_gradient", "subtract", "sum", "sum_pool", "sum_pool_gradient", "take", "tan", "tanh",
    "tanh_slope", "transpose", "unslice", "zero_times",
})  # fmt: skip
"""Primitives whose result is nan wherever it depends on a nan. No comparison is one of them."""


def plain_products(program: Program) -> tuple[Program, list[str]]:
    """The program with plain products, and the outputs that have to be checked for nan.

    The program itself, with no outputs to check, where it updates inputs or where nan could be lost on the
    way.
    """
    checked = _outputs_to_check(program)
    return (rewritten(program, _Plain()), checked) if checked else (program, [])


class _Plain:
    """The rule that replaces products, in the bodies of loops too."""

    def __init__(self) -> None:
        #: the plain body of each loop, and its values by their numbers in the other
        self._bodies: dict[ScanBody, tuple[ScanBody, dict[int, SymbolicArray]]] = {}

    def __call__(self, step: Step, operands: tuple[Any, ...]) -> Any:
        if step.primitive.joint:
            trace = next((x.trace for x in operands if x.__class__ is SymbolicArray), None)
            return trace and trace.record(step.primitive, operands, self._params(step))
        return None if step.primitive.plain is None else step.primitive.plain(*operands)

    def _params(self, step: Step) -> dict[str, Any]:
        body = step.params["body"]
        if body not in self._bodies:
            self._bodies[body] = rebuilt(body, lambda x: x.shape, self._record)
        plain, new = self._bodies[body]
        return {**step.params, "body": plain, "result": result_of(step, new)}

    def _record(self, trace: Trace, step: Step, operands: tuple[Any, ...]) -> Any:
        value = self(step, operands)
        return step_copy(trace, step, operands, step.params) if value is None else value


def _outputs_to_check(program: Program) -> list[str]:
    """The outputs that depend on a product of the chain rule; none if a nan of such a product could be
    lost."""
    if program.updates:
        return []
    dependent: set[int] = set()
    for step in program.steps:
        depends = any(x.__class__ is SymbolicArray and x.number in dependent for x in step.operands)
        if depends and not _propagates_nan(step):
            return []
        if depends or _has_product(step):
            dependent.add(step.output.number)
    values = program.outputs.items()
    return [label for label, x in values if x.__class__ is SymbolicArray and x.number in dependent]


def _has_product(step: Step) -> bool:
    if step.primitive.joint:
        return any(map(_has_product, step.params["body"].trace.steps))
    return step.primitive.plain is not None


def _propagates_nan(step: Step) -> bool:
    if step.primitive.joint:
        return all(map(_propagates_nan, step.params["body"].trace.steps))
    return step.primitive.name in NAN_PROPAGATING and step.output.dtype.kind == "f"
