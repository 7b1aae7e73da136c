"""The hyperbolic tangent."""

import numpy as np

from graphlang.operation import Array, Layer


class Tanh(Layer):
    """y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))

    Gradient: dx = dy * (1 - y**2).
    Shapes: as x.
    Source: Deep Learning from Scratch 2, 5.3.1.
    """

    spellings = ("tanh",)

    def forward(self, x: Array) -> tuple[Array, Array]:
        y = np.tanh(x)
        return y, y

    def backward(self, dy: Array, y: Array) -> Array:
        return dy * (1 - y * y)
