"""The self-regularised activation of Misra."""

import numpy as np

from graphlang.catalog.operation import Array, Layer
from graphlang.trace.primitives import chain, sigmoid, tanh_slope, zero_times


class Mish(Layer):
    """y = x * tanh(log(1 + exp(x)))

    Gradient: dx = dy * (w + x * (1 - w**2) * sigmoid(x)), w = tanh(log(1 + exp(x))).
    Shapes: as x.
    Source: Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.
    """

    unfolds = "y = x * tanh(log(1 + exp(x)))"

    def forward(self, x: Array) -> tuple[Array, tuple[Array, Array, Array]]:
        u = np.logaddexp(x, 0)
        w = np.tanh(u)
        return zero_times(w, x), (x, u, w)

    def backward(self, dy: Array, saved: tuple[Array, Array, Array]) -> Array:
        x, u, w = saved
        return chain(dy, w + zero_times(tanh_slope(u) * sigmoid(x), x))
