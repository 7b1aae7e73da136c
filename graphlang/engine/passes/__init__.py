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
"""In the order in which they are applied. Dead code falls away in each: a program has only what it needs."""


def optimised(program: Program) -> Program:
    """The program after every pass; one that has had its say is not asked again until something changes."""
    given = program
    settled: set[Callable[[Program], Program]] = set()
    for apply in PASSES:
        if apply not in settled:
            changed = apply(program)
            if changed is not program:
                settled.clear()
                if program is not given:
                    program.forget()
            program = changed
            settled.add(apply)
    return program
