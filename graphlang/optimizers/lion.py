"""The sign of a momentum."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from graphlang.contracts.optimizer import Array, Optimizer, Scalar, Slots, cast_scalar


class Lion(Optimizer):
    """W <- W - lr * (sign(beta1 * m + (1 - beta1) * dW) + weight_decay * W),
    m <- beta2 * m + (1 - beta2) * dW

    Convention: the decay stays apart from the gradient, as in AdamW; lr = 0.0001, beta1 = 0.9 and
    beta2 = 0.99, as in the paper.
    Source: Chen et al. 2023, Symbolic discovery of optimization algorithms (arXiv:2302.06675), algorithm 2.
    """

    lr: float = Field(default=0.0001, gt=0, description="the learning rate, before the schedule's factor")
    weight_decay: float = Field(default=0.0, ge=0, description="lr times this is taken off W in every step")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="how much of the average is in the step")
    beta2: float = Field(default=0.99, ge=0, lt=1, description="how much of the average stays")

    def slots(self, W: Array) -> Slots:
        return {"m": np.zeros_like(W)}

    def decayed(self, W: Array, dW: Array) -> Array:
        return dW

    def formula(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        m = slots["m"]
        direction = np.sign(self.beta1 * m + (1 - self.beta1) * dW) + self.weight_decay * W
        return W - cast_scalar(lr, W) * direction, {"m": self.beta2 * m + (1 - self.beta2) * dW}
