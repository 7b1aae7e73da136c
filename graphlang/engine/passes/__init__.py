"""The optimising passes: each is a pure function from a program to an equivalent, cheaper one."""

from __future__ import annotations

from collections.abc import Callable

from graphlang.engine.passes.algebra import algebra
from graphlang.engine.passes.common import common_subexpressions
from graphlang.engine.passes.folding import fold_constants
from graphlang.engine.passes.loops import move_out_of_loops
from graphlang.engine.passes.scaling import move_scaling
from graphlang.engine.program import Program

PASSES: tuple[Callable[[Program], Program], ...] = (
    fold_constants,
    algebra,
    common_subexpressions,
    move_out_of_loops,
    move_scaling,
    algebra,
    common_subexpressions,
)
"""The passes in order. Each of them drops dead steps: a program contains only what its results need."""


def optimised(program: Program) -> Program:
    """The program after all passes. A pass that changed nothing is skipped until another one changes the
    program."""
    original = program
    settled: set[Callable[[Program], Program]] = set()
    for apply in PASSES:
        if apply not in settled:
            changed = apply(program)
            if changed is not program:
                settled.clear()
                if program is not original:
                    program.forget()
            program = changed
            settled.add(apply)
    return program
