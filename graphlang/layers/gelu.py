"""The Gaussian error linear unit."""

import math

import numpy as np

from graphlang.operation import Array, Layer
from graphlang.trace.primitives import erf


class Gelu(Layer):
    """y = x * P(x), P(x) = (1 + erf(x / sqrt(2))) / 2, the normal distribution function

    Gradient: dx = dy * (P(x) + x * exp(-x**2 / 2) / sqrt(2 * pi)).
    Shapes: as x.
    Source: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.
    Convention: the exact form, PyTorch's default; GPT-2 used the approximation by tanh.
    """

    spellings = ("gelu",)

    def forward(self, x: Array) -> tuple[Array, tuple[Array, Array]]:
        p = 0.5 * (1 + erf(x * math.sqrt(0.5)))
        return x * p, (x, p)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> Array:
        x, p = saved
        return dy * (p + x * np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi)))
