"""Gradient descent with momentum."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from graphlang.contracts.optimizer import Array, Optimizer, Scalar, Slots, cast_scalar


class Momentum(Optimizer):
    """v <- momentum * v - lr * dW,  W <- W + v

    With weight_decay, dW stands for dW + weight_decay * W.
    Convention: the learning rate is inside the velocity, as in the book. torch.optim.SGD keeps it outside
    (b <- momentum * b + dW, W <- W - lr * b). At a constant rate both take the same steps; under a
    schedule the book's velocity contains the rates of earlier steps.
    Source: Deep Learning from Scratch, section 6.1.4; Sutskever et al. 2013, On the importance of
    initialization and momentum in deep learning, eq. 1-2.
    """

    momentum: float = Field(default=0.9, ge=0, lt=1, description="how much of the velocity stays")

    def slots(self, W: Array) -> Slots:
        return {"v": np.zeros_like(W)}

    def formula(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        v = self.momentum * slots["v"] - cast_scalar(lr, W) * dW
        return W + v, {"v": v}
