"""The Gaussian error linear unit."""

import math

import numpy as np

from graphlang.operation import Array, Layer
from graphlang.trace.primitives import mills


class Gelu(Layer):
    """y = x * P(x), P(x) = (1 + erf(x / sqrt(2))) / 2, the normal distribution function

    Gradient: dx = dy * (P(x) + x * p(x)), p(x) = exp(-x**2 / 2) / sqrt(2 * pi), the density.
    Shapes: as x.
    Source: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.
    Convention: the exact form, PyTorch's default; GPT-2 used the approximation by tanh. What lies beyond |x|
    is p(x) * mills(|x|), so nothing cancels far to the left, where 1 + erf would leave 0.
    """

    spellings = ("gelu",)

    def forward(self, x: Array) -> tuple[Array, tuple[Array, Array, Array]]:
        above = (x > 0).astype(x.dtype)
        sign = 2 * above - 1
        density = np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))
        p = above - sign * (density * mills(sign * x))
        return x * p, (x, p, density)

    def backward(self, dy: Array, saved: tuple[Array, Array, Array]) -> Array:
        x, p, density = saved
        return dy * (p + x * density)
