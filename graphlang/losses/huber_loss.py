"""Squared differences near the target, absolute differences far from it."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Loss
from graphlang.losses._targets import gradient_of, like, need_same_shape
from graphlang.trace import total
from graphlang.trace.primitives import chain


class HuberLoss(Loss):
    """L = mean(c * (d - c / 2)), d = x - t, c = clip(d, -delta, delta)

    That is d**2 / 2 where |d| <= delta, else delta * (|d| - delta / 2).
    Gradient: dx = c / n, dt = -c / n, n the number of elements.
    Shapes: x [...], t as x or one number -> L [].
    Source: Huber, Robust Estimation of a Location Parameter, 1964. The mean, as in PyTorch.
    """

    delta: float = Field(1.0, gt=0, description="where the parabola becomes a line")

    def unfolding(self, x: Array, t: Array) -> str:
        return f"d = x - t; c = clip(d, {-self.delta}, {self.delta}); y = mean(c * (d - 0.5 * c))"

    def forward(self, x: Array, t: Array) -> tuple[Array, tuple[Array, Array]]:
        need_same_shape("HuberLoss", x, t)
        d = x - like(x, t)
        c = np.clip(d, -self.delta, self.delta)
        return total(c * (d - 0.5 * c)) / d.size, (c, t)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> tuple[Array, Array | None]:
        c, t = saved
        dx = chain(dy / c.size, c)
        return dx, gradient_of(t, -dx)
