"""Stochastic gradient descent."""

from __future__ import annotations

from graphlang.contracts.optimizer import Array, Optimizer, Scalar, Slots, cast_scalar


class SGD(Optimizer):
    """W <- W - lr * dW

    With weight_decay, dW stands for dW + weight_decay * W.
    Source: Deep Learning from Scratch, section 6.1.2; as torch.optim.SGD without momentum.
    """

    def formula(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        return W - cast_scalar(lr, W) * dW, {}
