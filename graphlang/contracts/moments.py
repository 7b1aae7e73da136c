"""What Adam and its relatives share: averages of the gradient and of its square."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from graphlang.contracts.optimizer import Array, Optimizer, Slots


class Moments(Optimizer):
    """The base class of the optimizers with averages of the gradient, m, and of its square, v."""

    beta1: float = Field(default=0.9, ge=0, lt=1, description="how much of the gradient's average stays")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="how much of its square's average stays")
    eps: float = Field(default=1e-8, gt=0, description="keeps the division finite")

    def slots(self, W: Array) -> Slots:
        return {"m": np.zeros_like(W), "v": np.zeros_like(W)}
