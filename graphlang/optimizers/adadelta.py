"""Steps of the size of the steps before them."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from graphlang.contracts.optimizer import Array, Optimizer, Scalar, Slots, cast_scalar, squarable


class Adadelta(Optimizer):
    """h <- rho * h + (1 - rho) * dW^2,  d = sqrt(u + eps) / sqrt(h + eps) * dW,
    u <- rho * u + (1 - rho) * d^2,  W <- W - lr * d

    With weight_decay, dW stands for dW + weight_decay * W.
    Convention: lr = 1, rho = 0.9 and eps = 1e-6, as in torch.optim.Adadelta.
    Source: Zeiler 2012, Adadelta (arXiv:1212.5701), algorithm 1.
    """

    lr: float = Field(default=1.0, gt=0, description="the learning rate, before the schedule's factor")
    rho: float = Field(default=0.9, ge=0, lt=1, description="how much of the averages stays")
    eps: float = Field(default=1e-6, gt=0, description="the square of the first step, about")

    def slots(self, W: Array) -> Slots:
        return {"h": np.zeros_like(W), "u": np.zeros_like(W)}

    def formula(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        dW = squarable(dW, terms=1 / (1 - self.rho))
        h = self.rho * slots["h"] + (1 - self.rho) * dW * dW
        d = np.sqrt(slots["u"] + self.eps) / np.sqrt(h + self.eps) * dW
        u = self.rho * slots["u"] + (1 - self.rho) * d * d
        return W - cast_scalar(lr, W) * d, {"h": h, "u": u}
