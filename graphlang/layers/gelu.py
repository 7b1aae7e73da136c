"""The Gaussian error linear unit."""

import math
from typing import Literal

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer
from graphlang.kernels.mills import mills
from graphlang.trace.primitives import chain, sigmoid, sigmoid_slope, zero_times

FAR = 32
"""Beyond this, (1 + tanh(u)) / 2 is 0 or 1 in float64 too; its cube is still far from overflow."""
_CUBE = 0.044715
_ROOT = math.sqrt(2 / math.pi)


class Gelu(Layer):
    """y = x * P(x), P(x) = (1 + erf(x / sqrt(2))) / 2, the normal distribution function

    With `approximate=tanh`, P(x) = (1 + tanh(u)) / 2, u = sqrt(2 / pi) * (x + 0.044715 * x**3).

    Gradient: dx = dy * (P(x) + x * p(x)), p(x) = exp(-x**2 / 2) / sqrt(2 * pi), the density; with
    `approximate=tanh`, p(x) = (1 - tanh(u)**2) / 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 * x**2).
    Shapes: as x.
    Source: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.
    Convention: the exact form, PyTorch's default; GPT-2 has the approximation by tanh, PyTorch's
    `approximate="tanh"`. What lies beyond |x| is p(x) * mills(|x|), and (1 + tanh(u)) / 2 is sigmoid(2 * u),
    so nothing cancels far to the left, where 1 + erf and 1 + tanh would leave 0.
    Example: input x: float[N, 4]; y = gelu(x, approximate=tanh)
    """

    spellings = ("gelu",)
    approximate: Literal["none", "tanh"] = Field("none", description="the exact form, or GPT-2's by tanh")

    def unfolding(self, x: Array) -> str:
        if self.approximate == "tanh":
            return f"y = x * (1 + tanh({_ROOT} * (x + {_CUBE} * x**3))) / 2"
        return f"y = x * (1 + erf(x / {math.sqrt(2)})) / 2"

    def forward(self, x: Array) -> tuple[Array, tuple[Array, Array, Array]]:
        p, density = self._by_tanh(x) if self.approximate == "tanh" else self._exactly(x)
        return zero_times(p, x), (x, p, density)

    def backward(self, dy: Array, saved: tuple[Array, Array, Array]) -> Array:
        x, p, density = saved
        return chain(dy, p + zero_times(density, x))

    def _exactly(self, x: Array) -> tuple[Array, Array]:
        above = (x > 0).astype(x.dtype)
        sign = 2 * above - 1
        density = np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))
        return above - sign * (density * mills(sign * x)), density

    def _by_tanh(self, x: Array) -> tuple[Array, Array]:
        near = np.clip(x, -FAR, FAR)
        square = near * near
        twice = near * (2 * _ROOT + 2 * _ROOT * _CUBE * square)
        slope = 2 * _ROOT + 6 * _ROOT * _CUBE * square
        return sigmoid(twice), zero_times(sigmoid_slope(twice), slope)
