"""AdaGrad with a moving average of the squared gradients in place of their sum."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from graphlang.contracts.optimizer import Array, Optimizer, Scalar, Slots, cast_scalar, squarable


class RMSProp(Optimizer):
    """h <- decay_rate * h + (1 - decay_rate) * dW^2,  W <- W - lr * dW / (sqrt(h) + eps)

    With weight_decay, dW stands for dW + weight_decay * W.
    Convention: names, decay_rate = 0.99 and eps = 1e-7 as in the book's code (torch.optim.RMSprop calls
    the rate alpha and has eps = 1e-8); the formula is the same.
    Source: Deep Learning from Scratch, common/optimizer.py; Tieleman, Hinton 2012, Coursera lecture 6.5.
    """

    decay_rate: float = Field(default=0.99, ge=0, lt=1, description="how much of the average stays")
    eps: float = Field(default=1e-7, gt=0, description="keeps the division finite")

    def slots(self, W: Array) -> Slots:
        return {"h": np.zeros_like(W)}

    def formula(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        dW = squarable(dW, terms=1 / (1 - self.decay_rate))
        # h is stored without the factor 1 - decay_rate, whose root moves into the rate and into eps.
        h = self.decay_rate * slots["h"] + dW * dW
        root = math.sqrt(1 / (1 - self.decay_rate))
        return W - cast_scalar(lr * root, W) * dW / (np.sqrt(h) + self.eps * root), {"h": h}
