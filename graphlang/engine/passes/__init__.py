"""The planner's passes over a program, each a pure function from a program to an equal, cheaper one."""

from __future__ import annotations

from collections.abc import Callable

from graphlang.engine.passes.algebra import algebra
from graphlang.engine.passes.common import common_subexpressions
from graphlang.engine.passes.constants import fold_constants
from graphlang.engine.passes.scaling import move_scaling
from graphlang.engine.program import Program

PASSES: tuple[Callable[[Program], Program], ...] = (
    fold_constants,
    algebra,
    common_subexpressions,
    move_scaling,
    algebra,
    common_subexpressions,
)
"""In the order in which they are applied. Dead code falls away in each: a program lists only what it needs."""


def optimised(program: Program) -> Program:
    """The program after every pass."""
    for apply in PASSES:
        program = apply(program)
    return program
