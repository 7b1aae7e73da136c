"""Recorded steps on JAX arrays, one after the other; inside of `jax.jit` they become one XLA program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np

from graphlang.backends.jax.operand_types import operand_types
from graphlang.contracts.backend import NoRule
from graphlang.trace import Step, SymbolicArray, joint_calls

Rule: TypeAlias = Callable[..., Any]
"""The result of a primitive on JAX arrays, from its operands and parameters."""
Rules: TypeAlias = Mapping[str, Rule]


def run(steps: Sequence[Step], values: dict[Any, Any], rules: Rules) -> None:
    """Adds the result of every step to `values`, which has those of the inputs by number.

    It runs inside of `scope()`: results have the recorded types, 64 bits included. The rule of a joint
    primitive computes all results of a call, and adds under `wrong_in` whether something is wrong within.
    """
    calls = joint_calls(steps)
    for step in steps:
        if step.output.number in values:
            continue
        operands = [values[x.number] if x.__class__ is SymbolicArray else x for x in step.operands]
        if step.primitive.joint:
            together = calls[step.primitive.call_of(step)]
            values.update(rule_of(step, rules)(together, operands, rules))
        else:
            values[step.output.number] = computed(step, operands, rules)


def wrong_in(step: Step) -> Any:
    """Where the values have whether something is wrong with the numbers within a call."""
    return "wrong", step.primitive.call_of(step)


def rule_of(step: Step, rules: Rules) -> Rule:
    """The rule of a step; raises NoRule, with its place, where there is none."""
    rule = rules.get(step.primitive.name)
    if rule is None:
        raise NoRule(step.primitive.name, step.origin, "JAX")
    return rule


def computed(step: Step, operands: Sequence[Any], rules: Rules) -> Any:
    """The result of one step in the recorded type."""
    dtype = step.output.dtype
    types = operand_types(step.primitive, step.operands, dtype)
    arrays = [converted(x, kind) for x, kind in zip(operands, types, strict=True)]
    y = rule_of(step, rules)(*arrays, **step.params)
    return y if y.dtype == dtype else y.astype(dtype)


def converted(x: Any, dtype: Any) -> Any:
    """An operand as an array of a type, or of its own."""
    if isinstance(x, np.ndarray) and x.size > 1 and not any(x.strides):  # one number, broadcast
        return jnp.broadcast_to(converted(x[(0,) * x.ndim], dtype or x.dtype), x.shape)
    return jnp.asarray(x) if dtype is None else jnp.asarray(x, dtype)
