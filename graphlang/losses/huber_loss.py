"""Squared differences near the target, absolute differences far from it."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import DERIVED, Array, Loss
from graphlang.losses._reduction import REDUCTION, Reduction, is_plain, reduced
from graphlang.losses._targets import gradient_of, like, need_same_shape
from graphlang.trace import total
from graphlang.trace.primitives import chain


class HuberLoss(Loss):
    """L = mean(c * (d - c / 2)), d = x - t, c = clip(d, -delta, delta)

    That is d**2 / 2 where |d| <= delta, else delta * (|d| - delta / 2).
    Gradient: dx = c / n, dt = -c / n, n the number of elements; of weights derived.
    Shapes: x [...], t as x or one number, sample_weight [N] -> L [], or as x with `reduction=none`.
    Source: Huber, Robust Estimation of a Location Parameter, 1964. The mean, as in PyTorch.
    Convention: with `sample_weight` the mean over the weights, where each element has that of its row.
    Example: input x: float[N, 4], t: float[N, 4]; L = HuberLoss(x, t)
    Example: input x: float[N, 4], t: float; L = HuberLoss(x, t)
    Example: input x: float[N, T, 4], t: int[N, T, 4]; L = HuberLoss(x, t)
    Example: input x: float[N, 4], t: float[N, 4]; L = HuberLoss(x, t, reduction=none)
    Example: input x: float[N, 4], t: float[N, 4]; L = HuberLoss(x, t, reduction=sum)
    Example: input x: float[N, 4], t: float[N, 4], s: float[N]; L = HuberLoss(x, t, sample_weight=exp(s))
    """

    delta: float = Field(1.0, gt=0, description="where the parabola becomes a line")
    reduction: Reduction = REDUCTION

    def unfolding(self, x: Array, t: Array, sample_weight: Array = None) -> str:
        if not is_plain(self.reduction, sample_weight):
            return ""
        return f"d = x - t; c = clip(d, {-self.delta}, {self.delta}); y = mean(c * (d - 0.5 * c))"

    def forward(self, x: Array, t: Array, sample_weight: Array = None) -> tuple[Array, object]:
        need_same_shape("HuberLoss", x, t)
        d = x - like(x, t)
        c = np.clip(d, -self.delta, self.delta)
        if not is_plain(self.reduction, sample_weight):
            return reduced("HuberLoss", c * (d - 0.5 * c), self.reduction, sample_weight), DERIVED
        return total(c * (d - 0.5 * c)) / d.size, (c, t)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> tuple[Array, Array | None]:
        c, t = saved
        dx = chain(dy / c.size, c)
        return dx, gradient_of(t, -dx)
