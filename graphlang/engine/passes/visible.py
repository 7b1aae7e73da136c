"""Values whose last bit is visible: those that a comparison, a rounding or a choice depends on, and outputs.

A difference in the last bit of any other value stays that small; where a function jumps, it can grow to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.trace import Step, SymbolicArray

_ROUNDING = frozenset("sign floor ceil trunc rint floor_divide remainder fmod copysign".split())


def visible(steps: Sequence[Step], outputs: Sequence[SymbolicArray] = ()) -> set[int]:
    """The numbers of the values whose last bit is visible."""
    numbers = {value.number for value in outputs}
    for step in reversed(steps):
        if step.output.number in numbers or _can_jump(step):
            numbers.update(x.number for x in step.operands if x.__class__ is SymbolicArray)
    return numbers


def _can_jump(step: Step) -> bool:
    """Whether a change in the last bit of an operand can change the result by much more."""
    primitive = step.primitive
    if primitive.name in _ROUNDING or (primitive.kind == "kernel" and primitive.ufunc is None):
        return True
    if primitive.name == "where":
        return _is_float(step.operands[0])
    return step.output.dtype.kind != "f" and any(_is_float(x) for x in step.operands)


def _is_float(x: Any) -> bool:
    return x.__class__ is SymbolicArray and x.dtype.kind == "f"
