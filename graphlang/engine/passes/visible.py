"""Whose last bit can be seen: what a comparison, a rounding or a choice depends on, and what is handed out.

Elsewhere a difference in the last bit stays one; at a step it becomes a whole one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.trace import Step, SymbolicArray

_ROUNDING = frozenset("sign floor ceil trunc rint floor_divide remainder fmod copysign".split())


def visible(steps: Sequence[Step], handed_out: Sequence[SymbolicArray] = ()) -> set[int]:
    """The numbers of the values whose last bit can be seen in a larger one, or in what is handed out."""
    found = {value.number for value in handed_out}
    for step in reversed(steps):
        if step.output.number in found or _is_jump(step):
            found.update(x.number for x in step.operands if x.__class__ is SymbolicArray)
    return found


def _is_jump(step: Step) -> bool:
    """Whether a result can jump where an operand moves by a bit."""
    primitive = step.primitive
    if primitive.name in _ROUNDING or (primitive.kind == "kernel" and primitive.ufunc is None):
        return True
    if primitive.name == "where":
        return _is_float(step.operands[0])
    return step.output.dtype.kind != "f" and any(_is_float(x) for x in step.operands)


def _is_float(x: Any) -> bool:
    return x.__class__ is SymbolicArray and x.dtype.kind == "f"
