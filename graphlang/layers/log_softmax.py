"""The logarithm of softmax, accurate even where softmax underflows to 0."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer
from graphlang.layers.softmax import LEAST
from graphlang.trace import total
from graphlang.trace.primitives import chain, excess, stop_gradient


class LogSoftmax(Layer):
    """y = x - log(sum(exp(x)))

    Gradient: dx = dy - exp(y) * sum(dy).
    Shapes: as x; the sums go along `axis`.
    Convention: a score of -inf stays -inf, also where all are.
    Source: Blanchard, Higham and Higham, Accurately computing the log-sum-exp and softmax functions, 2021.
    """

    spellings = ("log_softmax",)
    axis: int = Field(-1, description="the axis whose exponentials add up to 1")

    def unfolding(self, x: Array) -> str:
        return f"y = x - log(sum(exp(x), axis={self.axis}, keepdims=true))"

    def forward(self, x: Array) -> tuple[Array, Array]:
        z = excess(x, stop_gradient(np.max(x, axis=self.axis, keepdims=True)))
        y = z - np.log(np.maximum(total(np.exp(z), axis=self.axis, keepdims=True), LEAST))
        return y, y

    def backward(self, dy: Array, y: Array) -> Array:
        return dy - chain(total(dy, axis=self.axis, keepdims=True), np.exp(y))
