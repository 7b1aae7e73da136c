"""Scores made probabilities."""

import numpy as np
from pydantic import Field

from graphlang.operation import Array, Layer
from graphlang.trace.primitives import stop_gradient


class Softmax(Layer):
    """y = exp(x) / sum(exp(x)), by way of exp(x - max(x)), which never overflows

    Gradient: dx = y * (dy - sum(dy * y)).
    Shapes: as x; the sums go along `axis`.
    Source: Deep Learning from Scratch, 3.5.2.
    """

    spellings = ("softmax",)
    axis: int = Field(-1, description="the axis that adds up to 1")

    def forward(self, x: Array) -> tuple[Array, Array]:
        e = np.exp(x - stop_gradient(np.max(x, axis=self.axis, keepdims=True)))
        y = e / np.sum(e, axis=self.axis, keepdims=True)
        return y, y

    def backward(self, dy: Array, y: Array) -> Array:
        return y * (dy - np.sum(dy * y, axis=self.axis, keepdims=True))
