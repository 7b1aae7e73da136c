"""The sigmoid, accurate in both tails."""

from graphlang.catalog.operation import Array, Layer
from graphlang.trace.primitives import chain, sigmoid, sigmoid_slope


class Sigmoid(Layer):
    """y = 1 / (1 + exp(-x))

    Gradient: dx = dy * y * (1 - y), the second factor as 1 / (1 + exp(x)), which keeps the tail to the right.
    Shapes: as x.
    Source: Deep Learning from Scratch, 5.5.2.
    """

    spellings = ("sigmoid",)
    unfolds = "y = 1 / (1 + exp(-1 * x))"

    def forward(self, x: Array) -> tuple[Array, Array]:
        return sigmoid(x), x

    def backward(self, dy: Array, x: Array) -> Array:
        return chain(dy, sigmoid_slope(x))
