"""How many steps of a training one call takes: what a call costs the host is spent once for all of them."""

from __future__ import annotations

from graphlang.backends.jax.placement import Placement
from graphlang.engine.plan import step_flops
from graphlang.engine.program import Program

MOST = 20
"""The steps of a call where they are short."""
SHORT_ON_HOST, SHORT = 2e8, 1e10
"""Arithmetic operations below which a step is short: on the host, and on another device."""
SLOW_IN_LOOPS = frozenset({"conv", "conv_transpose", "conv_weight_gradient"})
"""What XLA computes slowly in a loop on the host."""


def steps_per_call(program: Program, placement: Placement) -> int:
    """So many steps of a program are one call."""
    steps = program.steps
    if placement.on_host and any(step.primitive.name in SLOW_IN_LOOPS for step in steps):
        return 1
    flops = sum(step_flops(step) for step in steps)
    return MOST if flops < (SHORT_ON_HOST if placement.on_host else SHORT) else 1
