"""The hyperbolic tangent."""

import numpy as np

from graphlang.catalog.operation import Array, Layer
from graphlang.trace.primitives import chain, tanh_slope


class Tanh(Layer):
    """y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))

    Gradient: dx = dy * (1 - y**2), as 4 * e / (1 + e)**2 with e = exp(-2 * |x|), which keeps both tails.
    Shapes: as x.
    Source: Deep Learning from Scratch 2, 5.3.1.
    """

    spellings = ("tanh",)

    def forward(self, x: Array) -> tuple[Array, Array]:
        return np.tanh(x), x

    def backward(self, dy: Array, x: Array) -> Array:
        return chain(dy, tanh_slope(x))
