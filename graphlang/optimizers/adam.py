"""Momentum and a learning rate per element, with bias correction."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from graphlang.contracts.moments import Moments
from graphlang.contracts.optimizer import Array, Scalar, Slots, cast_scalar, squarable


class Adam(Moments):
    """m <- beta1 * m + (1 - beta1) * dW,  v <- beta2 * v + (1 - beta2) * dW^2,
    W <- W - lr * mh / (sqrt(vh) + eps)  with  mh = m / (1 - beta1^t),  vh = v / (1 - beta2^t)

    t counts the steps: 1, 2, ...
    With weight_decay, dW stands for dW + weight_decay * W (AdamW decouples the decay from the gradient).
    With amsgrad, the largest v so far stands for v in the step.
    Convention: eps = 1e-8 is added to the corrected root, as in the paper's algorithm 1 and in
    torch.optim.Adam. The book folds both corrections into the rate and adds 1e-7 to the uncorrected root,
    which in the first step acts like an eps of 3e-6.
    Source: Kingma, Ba 2015, Adam (arXiv:1412.6980), algorithm 1; Reddi, Kale, Kumar 2018, On the convergence
    of Adam and beyond (arXiv:1904.09237), AMSGrad, as torch.optim.Adam(amsgrad=True); Deep Learning from
    Scratch, section 6.1.6.
    """

    lr: float = Field(default=0.001, gt=0, description="the learning rate, before the schedule's factor")
    amsgrad: bool = Field(default=False, description="whether the rate of an element never grows again")

    def slots(self, W: Array) -> Slots:
        slots = super().slots(W)
        return {**slots, "top": np.zeros_like(W)} if self.amsgrad else slots

    def formula(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        dW = squarable(dW, terms=1 / (1 - self.beta2))
        # m and v are stored without the factor 1 - beta, which moves into the scalars: each product less
        # saves a pass over the parameters. The scalars are computed in float64 and cast afterwards, because
        # 1 - 0.999 in float32 is off by 5e-5.
        m = self.beta1 * slots["m"] + dW
        v = self.beta2 * slots["v"] + dW * dW
        root = np.sqrt((1 - self.beta2**t) / (1 - self.beta2))
        rate = lr * root * (1 - self.beta1) / (1 - self.beta1**t)
        slots = {"m": m, "v": v, "top": np.maximum(slots["top"], v)} if self.amsgrad else {"m": m, "v": v}
        size = np.sqrt(slots["top"] if self.amsgrad else v)
        return W - cast_scalar(rate, W) * m / (size + cast_scalar(self.eps * root, W)), slots
