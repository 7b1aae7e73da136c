"""A learning rate per element that shrinks as squared gradients add up."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from graphlang.contracts.optimizer import Array, Optimizer, Scalar, Slots, cast_scalar, squarable


class AdaGrad(Optimizer):
    """h <- h + dW^2,  W <- W - lr * dW / (sqrt(h) + eps)

    With weight_decay, dW stands for dW + weight_decay * W.
    Convention: eps = 1e-7 as in the book (torch.optim.Adagrad: 1e-10); the formula is the same.
    Source: Deep Learning from Scratch, section 6.1.5; Duchi, Hazan, Singer 2011, Adaptive subgradient
    methods for online learning and stochastic optimization.
    """

    eps: float = Field(default=1e-7, gt=0, description="keeps the division finite")

    def slots(self, W: Array) -> Slots:
        return {"h": np.zeros_like(W)}

    def formula(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        # h adds up the squares of every step.
        dW = squarable(dW, terms=2**16)
        h = slots["h"] + dW * dW
        return W - cast_scalar(lr, W) * dW / (np.sqrt(h) + self.eps), {"h": h}
