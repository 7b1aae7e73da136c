"""Plain products in the place of the chain rule's, where a nan would show in the outputs that they fail.

A product of the chain rule is 0 where the gradient that arrives is 0, and there the plain product with an
infinite slope is nan (`trace/primitives/chain.py`). Where every step hands nan on, one look at the outputs
shows whether the plain products did; only if not, the program with the others has to run.
"""

from __future__ import annotations

from typing import Any

from graphlang.engine.program import Program, rewritten
from graphlang.trace import Step, SymbolicArray

HANDING_ON = frozenset({
    "absolute", "add", "alias", "arcsinh", "arctan", "astype", "broadcast_to", "cbrt", "chain",
    "chain_quotient", "clip", "concatenate", "constant", "conv", "conv_transpose", "conv_weight_gradient",
    "cos", "cosh", "cumsum", "divide", "erf", "excess", "exp", "expm1", "full", "log", "log1p", "matmul",
    "max", "maximum", "mills", "min", "minimum", "multiply", "negative", "pad", "positive", "power",
    "reciprocal", "reshape", "scatter_add", "sigmoid", "sigmoid_slope", "sin", "sinh", "slice", "sqrt",
    "square", "stop_gradient", "subtract", "sum", "sum_pool", "sum_pool_gradient", "take", "tan", "tanh",
    "tanh_slope", "transpose", "unslice", "zero_times",
})  # fmt: skip
"""Steps whose result is nan wherever an operand is that the result depends on. No comparison is."""


def plain_products(program: Program) -> tuple[Program, list[str]]:
    """The program with plain products, and the outputs in which a nan shows that they fail.

    It stays as it is, with no such outputs, where it changes its inputs, or decides by what may be nan.
    """
    telling = _telling(program)
    return (rewritten(program, _plain), telling) if telling else (program, [])


def _plain(step: Step, operands: tuple[Any, ...]) -> Any:
    return None if step.primitive.plain is None else step.primitive.plain(*operands)


def _telling(program: Program) -> list[str]:
    doubtful: set[int] = set()
    for step in program.steps:
        reached = any(x.__class__ is SymbolicArray and x.number in doubtful for x in step.operands)
        if reached and not _hands_on(step):
            return []
        if reached or step.primitive.plain is not None:
            doubtful.add(step.output.number)
    if program.updates:
        return []
    values = program.outputs.items()
    return [label for label, x in values if x.__class__ is SymbolicArray and x.number in doubtful]


def _hands_on(step: Step) -> bool:
    return step.primitive.name in HANDING_ON and step.output.dtype.kind == "f"
