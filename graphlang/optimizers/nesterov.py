"""Nesterov's accelerated gradient, in the form that needs only the gradient at W."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from graphlang.contracts.optimizer import Array, Optimizer, Scalar, Slots, cast_scalar


class Nesterov(Optimizer):
    """v <- momentum * v - lr * dW,  W <- W + momentum * v - lr * dW   (with the new v)

    W stores the look-ahead point, so the gradient is taken at W itself.
    With weight_decay, dW stands for dW + weight_decay * W.
    Convention: the learning rate is inside the velocity (see Momentum); at a constant rate these are the
    steps of torch.optim.SGD(nesterov=True). With the old v the same step reads momentum^2 * v - (1 +
    momentum) * lr * dW.
    Source: Bengio, Boulanger-Lewandowski, Pascanu 2012, Advances in optimizing recurrent networks
    (arXiv:1212.0901), eq. 7.
    """

    momentum: float = Field(default=0.9, ge=0, lt=1, description="how much of the velocity stays")

    def slots(self, W: Array) -> Slots:
        return {"v": np.zeros_like(W)}

    def formula(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        descent = cast_scalar(lr, W) * dW
        v = self.momentum * slots["v"] - descent
        return W + self.momentum * v - descent, {"v": v}
