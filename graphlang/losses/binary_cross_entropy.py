"""Cross entropy of two classes, from scores."""

import numpy as np

from graphlang.catalog.operation import Array, Loss
from graphlang.losses._targets import gradient_of, like, need_same_shape
from graphlang.trace import total
from graphlang.trace.primitives import chain, sigmoid, zero_times


class BinaryCrossEntropy(Loss):
    """L = -mean(t * log(y) + (1 - t) * log(1 - y)), y = sigmoid(x)

    Gradient: dx = (y - t) / n, as ((1 - t) * y - t * (1 - y)) / n; dt = -x / n, n the number of elements.
    Shapes: scores x [...], t as x or one number, from 0 to 1 -> L [].
    Source: Goodfellow, Bengio, Courville, Deep Learning, 2016, 6.2.2.2 (sigmoid units for Bernoulli outputs).
    Convention: -log(y) = log(1 + exp(-x)) and -log(1 - y) = log(1 + exp(x)), exact at any score,
    infinite ones too; the mean over every element, as PyTorch's BCEWithLogitsLoss.
    """

    unfolds = "p = 1 / (1 + exp(-1 * x)); y = -1 * mean(t * log(p) + (1 - t) * log(1 - p))"

    def forward(self, x: Array, t: Array) -> tuple[Array, tuple[Array, Array]]:
        need_same_shape("BinaryCrossEntropy", x, t)
        u = like(x, t)
        loss = zero_times(u, np.logaddexp(0, -x)) + zero_times(1 - u, np.logaddexp(0, x))
        return total(loss) / x.size, (x, t)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> tuple[Array, Array | None]:
        x, t = saved
        share, u = dy / x.size, like(x, t)
        return chain(share, (1 - u) * sigmoid(x) - u * sigmoid(-x)), gradient_of(t, chain(-share, x))
