"""Recorded steps on JAX arrays, one after the other; inside of `jax.jit` they become one XLA program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import jax.numpy as jnp
import numpy as np

from graphlang.backends.jax.attention import FusedAttention
from graphlang.backends.jax.rule import Rule, Rules
from graphlang.backends.jax.troubles import troubles_of
from graphlang.contracts.no_rule import NoRule
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.operand_types import operand_types
from graphlang.trace.replay import joint_calls


class Types(Protocol):
    """Decides in which types the steps of a program compute; by default those that were recorded."""

    def operands(self, step: Step, arrays: Sequence[Any]) -> Sequence[Any]:
        """The operands of a step in the types in which it computes."""

    def result(self, step: Step, y: Any) -> Any:
        """Its result in the type in which it is kept."""


def run(
    steps: Sequence[Step],
    values: dict[int, Any],
    rules: Rules,
    wrong: list[Any] | None = None,
    types: Types | None = None,
    attention: FusedAttention | None = None,
) -> None:
    """Adds the result of every step to `values`, which has those of the inputs by number.

    It runs inside of `scope()`: results have the recorded types, 64 bits included. To `wrong` it adds truth
    values of what NumPy's engine would refuse, such as an index that does not exist. Steps that `attention`
    names are computed by it, or not at all.
    """
    calls = joint_calls(steps)
    for step in steps:
        if step.output.number in values:  # computed together with an earlier step
            continue
        if attention is not None and attend(step, values, attention, types):
            continue
        operands = [values[x.number] if x.__class__ is SymbolicArray else x for x in step.operands]
        if step.primitive.joint:
            together = calls[step.primitive.call_of(step)]
            results = rule_for(step, rules)(together, [converted(x, None) for x in operands], wrong)
            values.update({s.output.number: y for s, y in zip(together, results, strict=True)})
            continue
        values[step.output.number] = computed(step, operands, rules, types)
        if wrong is not None:
            wrong += troubles_of(step, operands, values[step.output.number], rules)


def attend(step: Step, values: dict[int, Any], attention: FusedAttention, types: Types | None) -> bool:
    """Whether a step belongs to an attention; what it and the steps with it give is added to `values`."""
    if attention.skips(step):
        return True
    group = attention.group(step)
    if group is None:
        return False
    arrays = []
    for product, x in attention.operands(group, step):
        array = values[x.number]
        arrays.append(array if types is None else types.operands(product, (array, array))[0])
    results = attention.computed(group, step, arrays)
    values.update({n: y if types is None else types.result(step, y) for n, y in results.items()})
    return True


def computed(step: Step, operands: Sequence[Any], rules: Rules, types: Types | None = None) -> Any:
    """The result of one step, in the recorded type unless `types` says otherwise."""
    dtype = step.output.dtype
    kinds = operand_types(step.primitive, step.operands, dtype)
    if types is not None:
        kinds = [None if _is_rounded(x) else kind for x, kind in zip(operands, kinds, strict=True)]
    arrays: Sequence[Any] = [converted(x, kind) for x, kind in zip(operands, kinds, strict=True)]
    if types is not None:
        return types.result(step, rule_for(step, rules)(*types.operands(step, arrays), **step.params))
    y = rule_for(step, rules)(*arrays, **step.params)
    return y if y.dtype == dtype else y.astype(dtype)


def _is_rounded(x: Any) -> bool:
    """Whether an operand is in bfloat16: it was recorded as float32."""
    return bool(getattr(x, "dtype", None) == jnp.bfloat16)


def rule_for(step: Step, rules: Rules) -> Rule:
    """The rule of a step's primitive; raises NoRule where it has none."""
    rule = rules.get(step.primitive.name)
    if rule is None:
        raise NoRule(step.primitive.name, step.origin, "JAX")
    return rule


def converted(x: Any, dtype: Any) -> Any:
    """An operand as an array of a type, or of its own."""
    if isinstance(x, np.ndarray) and x.size > 1 and not any(x.strides):  # one number, broadcast
        return jnp.broadcast_to(converted(x[(0,) * x.ndim], dtype or x.dtype), x.shape)
    return jnp.asarray(x) if dtype is None else jnp.asarray(x, dtype)
