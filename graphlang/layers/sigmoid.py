"""The sigmoid, exact in both tails."""

import numpy as np

from graphlang.operation import Array, Layer


class Sigmoid(Layer):
    """y = 1 / (1 + exp(-x))

    Gradient: dx = dy * y * (1 - y).
    Shapes: as x.
    Source: Deep Learning from Scratch, 5.5.2.
    """

    spellings = ("sigmoid",)

    def forward(self, x: Array) -> tuple[Array, Array]:
        y = logistic(x)
        return y, y

    def backward(self, dy: Array, y: Array) -> Array:
        return dy * y * (1 - y)


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)), by way of exp(-|x|), which never overflows."""
    above = x >= 0
    # Not abs(x): its gradient at 0 is 0, and the gradient of this one at 0 must come out as 1/4.
    e = np.exp(np.where(above, -x, x))
    return np.where(above, 1, e) / (1 + e)
