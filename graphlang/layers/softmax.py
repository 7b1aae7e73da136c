"""Turns scores into probabilities."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer
from graphlang.trace import total
from graphlang.trace.primitives import chain, excess, stop_gradient

LEAST = 0.5
"""The smallest divisor: a sum of exp(x - max(x)) is at least 1, except over -inf alone, where it is 0."""


class Softmax(Layer):
    """y = exp(x) / sum(exp(x)), by way of exp(x - max(x)), which never overflows

    Gradient: dx = y * (dy - sum(dy * y)).
    Shapes: as x; the sums go along `axis`.
    Convention: a score of -inf has the share 0 and no gradient; where all are -inf, as in a row that a mask
    hides, all shares are 0. Scores of inf share the whole.
    Source: Deep Learning from Scratch, 3.5.2.
    """

    spellings = ("softmax",)
    axis: int = Field(-1, description="the axis that adds up to 1")

    def unfolding(self, x: Array) -> str:
        return f"e = exp(x); y = e * (1 / sum(e, axis={self.axis}, keepdims=true))"

    def forward(self, x: Array) -> tuple[Array, Array]:
        e = np.exp(excess(x, stop_gradient(np.max(x, axis=self.axis, keepdims=True))))
        y = e / np.maximum(total(e, axis=self.axis, keepdims=True), LEAST)
        return y, y

    def backward(self, dy: Array, y: Array) -> Array:
        return chain(dy - total(chain(dy, y), axis=self.axis, keepdims=True), y)
