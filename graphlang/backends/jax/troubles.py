"""What NumPy's engine refuses while it runs, as truth values of the program: JAX itself raises nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from graphlang.backends.jax.indexing import is_allowed
from graphlang.backends.jax.rule import Rules
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.whole_numbers import is_counted

_LARGEST_SURE = 2.0**63 - 2.0**32
"""A float64 estimate up to this proves that a whole number fits into an int."""
_OF_MATRICES = frozenset({"inv", "solve", "cholesky"})
"""What has no result for a matrix that is singular, or not positive definite."""


def troubles_of(step: Step, operands: Sequence[Any], result: Any, rules: Rules) -> list[Any]:
    """Whether a step with this result has gone wrong, for each way in which it can."""
    name = step.primitive.name
    if name == "checked_indices":
        return [~jnp.all(is_allowed(operands[0], step.params["allowed"]))]
    if name in ("take", "take_along_axis"):
        return _outside(step.operands[1], operands[1], operands[0].shape[step.params["axis"]])
    if name in ("scatter_add", "add_along_axis"):
        return _outside(step.operands[1], operands[1], step.params["size"])
    if name in _OF_MATRICES:
        known = [jnp.all(jnp.isfinite(x)) for x in operands]
        return [jnp.all(jnp.stack(known)) & ~jnp.all(jnp.isfinite(result))]
    if is_counted(name, step.output.dtype, operands):
        return _too_large(step, operands, rules)
    return []


def _outside(recorded: Any, indices: Any, size: int) -> list[Any]:
    """Whether an index does not exist; those that are constants were checked when they were recorded."""
    if recorded.__class__ is not SymbolicArray:
        return []
    return [jnp.any((indices < -size) | (indices >= size))]


def _too_large(step: Step, operands: Sequence[Any], rules: Rules) -> list[Any]:
    """Whether a whole number may be larger than an int can hold, and whether a power is none."""
    name = step.primitive.name
    params = {key: value for key, value in step.params.items() if key != "dtype"}
    estimate = rules[name](*[jnp.asarray(x, jnp.float64) for x in operands], **params)
    wrong = [jnp.any(~(jnp.abs(estimate) <= _LARGEST_SURE) & ~_divides_by_zero(name, operands))]
    if name == "power":
        wrong.append(jnp.any(jnp.asarray(operands[1]) < 0))
    return wrong


def _divides_by_zero(name: str, operands: Sequence[Any]) -> Any:
    """Where a quotient is 0 because what divides is."""
    return jnp.asarray(operands[1]) == 0 if name == "floor_divide" else np.False_
