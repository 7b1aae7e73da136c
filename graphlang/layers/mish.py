"""The self-regularised activation of Misra."""

import numpy as np

from graphlang.operation import Array, Layer


class Mish(Layer):
    """y = x * tanh(log(1 + exp(x)))

    Gradient: dx = dy * (w + x * (1 - w**2) * sigmoid(x)), w = tanh(log(1 + exp(x))).
    Shapes: as x.
    Source: Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.
    """

    def forward(self, x: Array) -> tuple[Array, None]:
        return x * np.tanh(np.logaddexp(x, 0)), None
