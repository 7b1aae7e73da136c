"""The precision of a training step: which of its steps compute in bfloat16, and which in float32."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from graphlang.backends.options import Jax
from graphlang.engine.updates import NORMS, UPDATE_OF
from graphlang.spec.models import Precision
from graphlang.trace import Step, SymbolicArray
from graphlang.training.state import TrainingState

PRODUCTS = frozenset("matmul conv conv_transpose conv_weight_gradient take".split())
"""What computes in bfloat16 whatever its operands are; a table of vectors is rounded like a weight."""

LIGHT = frozenset(
    """
    absolute add alias broadcast_to chain concatenate divide flip full max_pool max_pool_gradient
    max_pool_pick maximum minimum multiply negative pad reshape roll sign slice stop_gradient subtract
    transpose unslice where zero_times
    """.split()
)
"""What computes in the type of its operands: it rounds once, or not at all. All else, sums, exponentials
and recurrences among it, computes in float32."""

_MEANING: dict[Precision, str] = {"float32": "highest", "tf32": "tensorfloat32", "bfloat16": "tensorfloat32"}
"""What a precision says of the products that are left in float32."""


def precision_of(options: Jax, training: TrainingState) -> Precision:
    """The precision of a training: that of the options, else that of the file. Nothing rounds float64."""
    if options.precision is None or training.model.dtype != np.float32:
        return training.precision
    return options.precision


def products_of(precision: Precision) -> str:
    """JAX's name for how products of float32 numbers are computed."""
    return _MEANING[precision]


class MixedPrecision:
    """The types of a step that computes in bfloat16 where that is harmless.

    Parameters and the optimizer's memory stay in float32, and so do updates. A sum, an exponential, a
    logarithm or a root takes and gives float32; what is computed for those alone is not rounded before, and
    what combines their results with another number does so in float32. Hence a softmax, a norm, a loss and
    running statistics are those of float32, of the rounded inputs.
    """

    def __init__(self, steps: Sequence[Step], parameters: Collection[int]) -> None:
        self._whole = _only_for_exact(steps)
        #: parameters, and what only moves their elements: rounded where they meet a rounded number
        self._weak = set(parameters)

    def operands(self, step: Step, arrays: Sequence[Any]) -> list[Any]:
        """The operands of a step in the types in which it computes."""
        if not _may_round(step):
            return [_as(x, jnp.float32) if _is(x, jnp.bfloat16) else x for x in arrays]
        name = step.primitive.name
        if name in PRODUCTS:
            return [_as(x, jnp.bfloat16) if _is(x, jnp.float32) else x for x in arrays]
        values = [x for own, x in zip(step.operands, arrays, strict=True) if self._decides(own)]
        if name not in LIGHT or step.output.number in self._whole or any(_is(x, jnp.float32) for x in values):
            return [_as(x, jnp.float32) if _is(x, jnp.bfloat16) else x for x in arrays]
        if not values:
            self._weak.add(step.output.number)
            return list(arrays)
        if not any(_is(x, jnp.bfloat16) for x in values):
            return list(arrays)
        return [_as(x, jnp.bfloat16) if _is(x, jnp.float32) else x for x in arrays]

    def result(self, step: Step, y: Any) -> Any:
        """The result of a step in the type in which it is kept."""
        dtype = step.output.dtype
        if y.dtype == dtype or (y.dtype == jnp.bfloat16 and _may_round(step)):
            return y
        return y.astype(dtype)

    def _decides(self, operand: Any) -> bool:
        """Whether the type of an operand decides: not that of a parameter or a constant."""
        return operand.__class__ is SymbolicArray and operand.number not in self._weak


def _only_for_exact(steps: Sequence[Step]) -> set[int]:
    """The results of light steps that go into steps of float32 alone, and into those that do so."""
    rounded: set[int] = set()
    whole: set[int] = set()
    for step in reversed(steps):
        number, name = step.output.number, step.primitive.name
        if name in LIGHT and number not in rounded:
            whole.add(number)
        elif name in LIGHT or name in PRODUCTS:
            rounded.update(x.number for x in step.operands if x.__class__ is SymbolicArray)
    return whole


def _may_round(step: Step) -> bool:
    return step.output.dtype == np.float32 and step.origin != NORMS and not step.origin.startswith(UPDATE_OF)


def _is(x: Any, dtype: Any) -> bool:
    return bool(getattr(x, "dtype", None) == dtype)


def _as(x: Any, dtype: Any) -> Any:
    return jax.lax.convert_element_type(x, dtype)
