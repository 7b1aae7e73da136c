"""Common subexpressions: what is computed twice from the same operands is computed once."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.engine.program import Program, rewritten
from graphlang.trace import Step, SymbolicArray


def common_subexpressions(program: Program) -> Program:
    """Every step that repeats an earlier one takes its result."""
    seen: dict[Any, Any] = {}
    rule = _Rule(seen)
    return rewritten(program, rule)


class _Rule:
    def __init__(self, seen: dict[Any, Any]) -> None:
        self.seen = seen

    def __call__(self, step: Step, operands: tuple[Any, ...]) -> Any:
        key = _key(step, operands)
        found = self.seen.get(key)
        if found is None:
            trace = next((x.trace for x in operands if x.__class__ is SymbolicArray), None)
            if trace is None:
                return None
            found = self.seen[key] = trace.record(step.primitive, operands, step.params)
        return found


def _key(step: Step, operands: tuple[Any, ...]) -> Any:
    parts = [_operand_key(x) for x in operands]
    if step.primitive.commutative:
        parts.sort(key=repr)
    return step.primitive.name, id(step.primitive), tuple(parts), repr(sorted(step.params.items(), key=lambda p: p[0]))


def _operand_key(x: Any) -> Any:
    if x.__class__ is SymbolicArray:
        return "value", x.number
    if isinstance(x, np.ndarray):
        if x.size and not any(x.strides):
            return "filled", x.dtype.str, x.shape, repr(x.flat[0])
        return ("array", x.dtype.str, x.shape, x.tobytes()) if x.size <= 64 else ("array", id(x))
    return "number", type(x).__name__, repr(x)
