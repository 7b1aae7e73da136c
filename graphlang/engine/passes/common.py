"""Common subexpression elimination: what is computed twice from the same operands is computed once."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import numpy as np

from graphlang.engine.program import Program, is_broadcast_scalar, rewritten
from graphlang.trace import Step, SymbolicArray


def common_subexpressions(program: Program) -> Program:
    """Replaces every step that repeats an earlier one by the earlier result."""
    rule = _Rule()
    return rewritten(program, rule, rule.remember)


class _Rule:
    def __init__(self) -> None:
        self.seen: dict[Any, SymbolicArray] = {}
        self.key: Any = None

    def __call__(self, step: Step, operands: tuple[Any, ...]) -> Any:
        self.key = _key(step, operands)
        return self.seen.get(self.key)

    def remember(self, value: SymbolicArray) -> None:
        self.seen[self.key] = value


def _key(step: Step, operands: tuple[Any, ...]) -> Any:
    parts = [_operand_key(x) for x in operands]
    if step.primitive.commutative:
        parts.sort(key=str)
    params = repr(sorted(step.params.items(), key=itemgetter(0))) if step.params else ""
    return id(step.primitive), step.output.dtype.str, params, *parts


def _operand_key(x: Any) -> Any:
    if x.__class__ is SymbolicArray:
        return x.number
    if isinstance(x, np.ndarray):
        if is_broadcast_scalar(x):
            return "broadcast scalar", x.dtype.str, x.shape, repr(x.flat[0])
        return ("array", x.dtype.str, x.shape, x.tobytes()) if x.size <= 64 else ("array", id(x))
    return "number", type(x).__name__, repr(x)
