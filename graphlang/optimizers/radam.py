"""Adam whose rate per element waits until its variance is known."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from graphlang.contracts.moments import Moments
from graphlang.contracts.optimizer import Array, Scalar, Slots, cast_scalar, squarable


class RAdam(Moments):
    """m <- beta1 * m + (1 - beta1) * dW,  v <- beta2 * v + (1 - beta2) * dW^2,  mh = m / (1 - beta1^t),
    W <- W - lr * mh * r * sqrt(1 - beta2^t) / (sqrt(v) + eps)  where  rho > 5,  else  W <- W - lr * mh
    with  rho = R - 2 * t * beta2^t / (1 - beta2^t),  R = 2 / (1 - beta2) - 1,
    r^2 = (rho - 4) * (rho - 2) * R / ((R - 4) * (R - 2) * rho)

    t counts the steps: 1, 2, ...
    With weight_decay, dW stands for dW + weight_decay * W.
    Source: Liu et al. 2020, On the variance of the adaptive learning rate and beyond (arXiv:1908.03265),
    algorithm 2; as torch.optim.RAdam.
    """

    lr: float = Field(default=0.001, gt=0, description="the learning rate, before the schedule's factor")

    def formula(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        bounded = squarable(dW, terms=1 / (1 - self.beta2))
        m = self.beta1 * slots["m"] + (1 - self.beta1) * bounded
        v = self.beta2 * slots["v"] + (1 - self.beta2) * bounded * bounded
        R = 2 / (1 - self.beta2) - 1
        rest = 1 - self.beta2**t
        rho = R - 2 * t * self.beta2**t / rest
        squared = (rho - 4) * (rho - 2) * R / ((R - 4) * (R - 2) * rho)
        adapts = rho > 5
        scale = np.sqrt(np.where(adapts, squared, 0.0) * rest)
        plain = cast_scalar(np.where(adapts, 0.0, 1.0), W)
        rate = cast_scalar(lr / (1 - self.beta1**t), W)
        return W - rate * m * (cast_scalar(scale, W) / (np.sqrt(v) + self.eps) + plain), {"m": m, "v": v}
