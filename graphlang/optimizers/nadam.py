"""Adam with Nesterov's momentum."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from graphlang.contracts.moments import Moments
from graphlang.contracts.optimizer import Array, Scalar, Slots, cast_scalar, squarable


class NAdam(Moments):
    """m <- beta1 * m + (1 - beta1) * dW,  v <- beta2 * v + (1 - beta2) * dW^2,
    W <- W - lr * (mu' * m / (1 - p * mu') + (1 - mu) * dW / (1 - p)) / (sqrt(v / (1 - beta2^t)) + eps)
    with  mu = beta1 * (1 - 0.96^(t * momentum_decay) / 2),  mu' the mu of step t + 1,
    p the product of all mu

    t counts the steps: 1, 2, ...
    With weight_decay, dW stands for dW + weight_decay * W.
    Convention: momentum_decay = 0.004 and lr = 0.002, as in torch.optim.NAdam.
    Source: Dozat 2016, Incorporating Nesterov momentum into Adam; as torch.optim.NAdam.
    """

    lr: float = Field(default=0.002, gt=0, description="the learning rate, before the schedule's factor")
    momentum_decay: float = Field(default=0.004, ge=0, description="how fast mu rises to beta1")

    def slots(self, W: Array) -> Slots:
        return {"m": np.zeros_like(W), "v": np.zeros_like(W), "p": np.ones((), W.dtype)}

    def formula(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        dW = squarable(dW, terms=1 / (1 - self.beta2))
        m = self.beta1 * slots["m"] + (1 - self.beta1) * dW
        v = self.beta2 * slots["v"] + (1 - self.beta2) * dW * dW
        mu, following = self._momentum(t), self._momentum(t + 1)
        p = slots["p"] * cast_scalar(mu, W)
        root = cast_scalar(np.sqrt(1 - self.beta2**t), W)
        average = cast_scalar(lr * following, W) * m / (1 - p * cast_scalar(following, W))
        newest = cast_scalar(lr * (1 - mu), W) * dW / (1 - p)
        return W - (average + newest) / (np.sqrt(v) / root + self.eps), {"m": m, "v": v, "p": p}

    def _momentum(self, t: Scalar) -> Scalar:
        return self.beta1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay))
