"""Adam with decoupled weight decay."""

from __future__ import annotations

from pydantic import Field

from graphlang.contracts.optimizer import Array, Scalar, Slots, cast_scalar
from graphlang.optimizers.adam import Adam


class AdamW(Adam):
    """W <- (1 - lr * weight_decay) * W,  then Adam's step with the undecayed gradient

    m <- beta1 * m + (1 - beta1) * dW,  v <- beta2 * v + (1 - beta2) * dW^2,
    W <- W - lr * mh / (sqrt(vh) + eps)  with  mh = m / (1 - beta1^t),  vh = v / (1 - beta2^t)

    Convention: the decay is multiplied by the scheduled learning rate, and weight_decay = 0.01, as in
    torch.optim.AdamW (the paper multiplies both by a separate schedule factor).
    Source: Loshchilov, Hutter 2019, Decoupled weight decay regularization (arXiv:1711.05101), algorithm 2.
    """

    weight_decay: float = Field(default=0.01, ge=0, description="lr times this is taken off W in every step")

    def update(self, W: Array, dW: Array, slots: Slots, lr: Scalar, t: Scalar) -> tuple[Array, Slots]:
        return self.formula(W * cast_scalar(1 - lr * self.weight_decay, W), dW, slots, lr, t)
