"""The contract of an optimizer: the new value of a parameter from its gradient, in plain NumPy."""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping, Sequence
from importlib import import_module
from typing import Any, ClassVar, TypeAlias

import numpy as np
from pydantic import ConfigDict, Field, PrivateAttr

from graphlang.contracts.fields import FamilyMember

Array: TypeAlias = Any
"""A NumPy array or a symbolic array: an optimizer treats both alike."""

Scalar: TypeAlias = Any
"""A number that changes from step to step: a Python number, a NumPy scalar or a symbolic one."""

Slots: TypeAlias = dict[str, Array]
"""What an optimizer keeps for one parameter from step to step, by name."""


class Optimizer(FamilyMember):
    """The base class of every optimizer: a subclass defines its fields, `slots` and `formula`.

    These are pure: `update` takes the slots and returns new ones, and writes nothing in place. So the same
    lines run on arrays and on symbolic arrays; the planner then turns the recorded updates into in-place
    ones. In a loop of one's own, `step` does so for arrays by name, and remembers the slots.
    """

    family: ClassVar[str] = "optimizers"
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    lr: float = Field(default=0.01, gt=0, description="the learning rate, before the schedule's factor")
    weight_decay: float = Field(default=0.0, ge=0, description="L2: this times W is added to the gradient")

    _taken: Any = PrivateAttr(None)

    def slots(self, W: Array) -> Slots:
        """The slots of a parameter before the first step."""
        return {}

    def update(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        """The parameter and its slots after step `t` (1, 2, ...) at the learning rate `lr`, with the schedule
        applied.

        `lr` and `t` change at run time. Their type may be wider than W's: a formula that casts them to it
        (`cast_scalar`) before it computes with W is faster.
        """
        new, after = self.formula(W, self.decayed(W, dW), slots, lr, t)
        return _as_before(new, W), {slot: _as_before(after[slot], slots[slot]) for slot in after}

    def decayed(self, W: Array, dW: Array) -> Array:
        """The gradient plus the L2 term of `weight_decay`."""
        return dW + self.weight_decay * W if self.weight_decay else dW

    def formula(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        """The formula of the update; `dW` includes the weight decay."""
        raise NotImplementedError

    # ---- in a loop of one's own -------------------------------------------------------------------------

    def step(
        self,
        params: MutableMapping[str, Any] | list[Any],
        grads: Mapping[str, Any] | Sequence[Any],
        *,
        lr: float | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        """Changes the parameters that have a gradient, as a step of `fit` does: arrays where they lie.

        `lr` is the rate of this step, by default that of the optimizer. A gradient that is not finite is a
        ValueError, and then nothing is changed.
        """
        self._steps().take(params, grads, self.lr if lr is None else lr, clip_norm, clip_value)

    @property
    def t(self) -> int:
        """How many steps `step` has taken."""
        return 0 if self._taken is None else int(self._taken.t)

    def state_dict(self) -> dict[str, Any]:
        """What `step` remembers, as arrays by name: `np.savez("adam.npz", **opt.state_dict())`."""
        state: dict[str, Any] = self._steps().state()
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state_dict` gave, also as `np.load("adam.npz")` reads it."""
        self._steps().restore(state)

    def _steps(self) -> Any:
        """The steps so far; what plans them stands above, and is imported for the first one."""
        if self._taken is None:
            self._taken = import_module("graphlang.engine.optimizer_steps").OptimizerSteps(self)
        return self._taken


def _as_before(new: Array, old: Array) -> Array:
    """A new value in the precision of the old one."""
    return new if new.dtype == old.dtype else new.astype(old.dtype)


def squarable(dW: Array, terms: float = 1) -> Array:
    """The gradient, clipped so that the sum of `terms` of its squares does not overflow.

    An optimizer divides the gradient by the root of those squares, so the bound cancels in the quotient.
    """
    most = math.sqrt(float(np.finfo(dW.dtype).max) / terms) / 2
    return np.clip(dW, -most, most)


def cast_scalar(value: Scalar, W: Array) -> Scalar:
    """The number cast to W's type, so that a float64 rate leaves a float32 parameter float32 (NEP 50)."""
    return value.astype(W.dtype) if hasattr(value, "astype") else value
