"""The contract of an optimizer: the new value of a parameter from its gradient, in plain NumPy."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from pydantic import ConfigDict, Field

from graphlang.contracts.fields import Fields

Array: TypeAlias = Any
"""A NumPy array or a symbolic array: an optimizer treats both alike."""

Scalar: TypeAlias = Any
"""A number that changes from step to step: a Python number, a NumPy scalar or a symbolic one."""

Slots: TypeAlias = dict[str, Array]
"""What an optimizer remembers of one parameter from step to step, by name."""


class Optimizer(Fields):
    """The base of every optimizer: a subclass gives its fields, `slots` and `step`.

    Nothing is written in place and nothing is remembered on the optimizer: `update` takes the slots and
    returns new ones, so the same lines run on arrays and on symbolic arrays, whose planner makes them work
    in place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    lr: float = Field(default=0.01, gt=0, description="the learning rate, before the schedule's factor")
    weight_decay: float = Field(default=0.0, ge=0, description="L2: this times W is added to the gradient")

    def slots(self, W: Array) -> Slots:
        """What to remember of a parameter before the first step."""
        return {}

    def update(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        """The parameter and its slots after step `t` (1, 2, ...) at the learning rate `lr` (after the
        schedule).

        Both are run-time numbers. They may be wider than W: they are brought to its type before they meet
        it.
        """
        return self.step(W, self.decayed(W, dW), slots, lr, t)

    def decayed(self, W: Array, dW: Array) -> Array:
        """The gradient with the L2 term of `weight_decay`."""
        return dW + self.weight_decay * W if self.weight_decay else dW

    def step(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        """The update's formula, given the gradient with its decay."""
        raise NotImplementedError


def squarable(dW: Array, terms: float = 1) -> Array:
    """The gradient, held to where the squares of so many of its like can be added without an overflow.

    What is divided by the root of such squares is as large as without the bound: it leaves the ratio alone.
    """
    most = math.sqrt(float(np.finfo(dW.dtype).max) / terms) / 2
    return np.clip(dW, -most, most)


def scalar(value: Scalar, W: Array) -> Scalar:
    """The number in the type of W, so that a float64 rate leaves a float32 parameter float32 (NEP 50)."""
    return value.astype(W.dtype) if hasattr(value, "astype") else value
