"""Cross entropy of two classes, from scores."""

import numpy as np

from graphlang.layers.sigmoid import logistic
from graphlang.losses._targets import gradient_of, like, need_same_shape
from graphlang.operation import Array, Loss


class BinaryCrossEntropy(Loss):
    """L = -mean(t * log(y) + (1 - t) * log(1 - y)), y = sigmoid(x)

    Gradient: dx = (y - t) / n, dt = -x / n, n the number of elements.
    Shapes: scores x [...], t as x or one number, from 0 to 1 -> L [].
    Source: Goodfellow, Bengio, Courville, Deep Learning, 2016, 6.2.2.2 (sigmoid units for Bernoulli outputs).
    Convention: -log(y) = log(1 + exp(-x)) and -log(1 - y) = log(1 + exp(x)), exact at any score; the mean
    over every element, as PyTorch's BCEWithLogitsLoss.
    """

    def forward(self, x: Array, t: Array) -> tuple[Array, tuple[Array, Array]]:
        need_same_shape("BinaryCrossEntropy", x, t)
        u = like(x, t)
        loss = u * np.logaddexp(0, -x) + (1 - u) * np.logaddexp(0, x)
        return np.sum(loss) / x.size, (x, t)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> tuple[Array, Array | None]:
        x, t = saved
        share = dy / x.size
        return (logistic(x) - like(x, t)) * share, gradient_of(t, -x * share)
