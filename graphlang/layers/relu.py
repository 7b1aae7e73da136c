"""The rectified linear unit."""

import numpy as np

from graphlang.catalog.operation import Array, Layer
from graphlang.trace.primitives import zero_times


class Relu(Layer):
    """y = max(x, 0)

    Gradient: dx = dy where x > 0, else 0; so 0 at 0. What is nan keeps its dy.
    Shapes: as x.
    Source: Deep Learning from Scratch, 5.5.1.
    """

    spellings = ("relu",)

    def forward(self, x: Array) -> tuple[Array, Array]:
        y = np.maximum(x, 0)
        return y, y

    def backward(self, dy: Array, y: Array) -> Array:
        return zero_times(dy, ~(y <= 0))
