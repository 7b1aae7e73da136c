"""Cross entropy of two classes, from scores."""

import numpy as np

from graphlang.catalog.operation import DERIVED, Array, Loss
from graphlang.losses._reduction import REDUCTION, Reduction, class_weight, is_plain, reduced
from graphlang.losses._targets import gradient_of, like, need_same_shape
from graphlang.trace import total
from graphlang.trace.primitives import chain, sigmoid, zero_times


class BinaryCrossEntropy(Loss):
    """L = -mean(t * log(y) + (1 - t) * log(1 - y)), y = sigmoid(x)

    Gradient: dx = (y - t) / n, as ((1 - t) * y - t * (1 - y)) / n; dt = -x / n, n the number of elements.
    Shapes: scores x [...], t as x or one number, from 0 to 1, weight [2], sample_weight [N] -> L [], or as x
    with `reduction=none`.
    Source: Goodfellow, Bengio, Courville, Deep Learning, 2016, 6.2.2.2 (sigmoid units for Bernoulli outputs).
    Convention: -log(y) = log(1 + exp(-x)) and -log(1 - y) = log(1 + exp(x)), exact at any score,
    infinite ones too; the mean over every element, as PyTorch's BCEWithLogitsLoss. `weight` has a number for
    the class 0 and one for the class 1, which multiply the two terms; with it or `sample_weight` L is the
    mean over the weights: the sum of all losses is divided by that of all
    sample_weight * (t * weight[1] + (1 - t) * weight[0]).
    Example: input x: float[N, 4], t: float[N, 4]; L = BinaryCrossEntropy(x, t)
    Example: input x: float[N], t: float[N]; L = BinaryCrossEntropy(x, t)
    Example: input x: float[N, 4], t: float; L = BinaryCrossEntropy(x, t)
    Example: input x: float[N], t: bool[N]; L = BinaryCrossEntropy(x, t, weight=[1, 3], reduction=sum)
    Example: input x: float[N, 4], t: float[N, 4], w: float[2], s: float[N]; \
L = BinaryCrossEntropy(9 * x, sigmoid(t), weight=exp(w), sample_weight=exp(s))
    """

    reduction: Reduction = REDUCTION

    def unfolding(self, x: Array, t: Array, weight: Array = None, sample_weight: Array = None) -> str:
        if not is_plain(self.reduction, weight, sample_weight):
            return ""
        return "p = 1 / (1 + exp(-1 * x)); y = -1 * mean(t * log(p) + (1 - t) * log(1 - p))"

    def forward(
        self, x: Array, t: Array, weight: Array = None, sample_weight: Array = None
    ) -> tuple[Array, object]:
        need_same_shape("BinaryCrossEntropy", x, t)
        u = like(x, t)
        if weight is None:
            loss = zero_times(u, np.logaddexp(0, -x)) + zero_times(1 - u, np.logaddexp(0, x))
            if not is_plain(self.reduction, sample_weight):
                return reduced("BinaryCrossEntropy", loss, self.reduction, sample_weight), DERIVED
            return total(loss) / x.size, (x, t)
        w = class_weight("BinaryCrossEntropy", weight, 2, x)
        zero, one = w[0] * (1 - u), w[1] * u
        loss = zero_times(one, np.logaddexp(0, -x)) + zero_times(zero, np.logaddexp(0, x))
        return reduced("BinaryCrossEntropy", loss, self.reduction, sample_weight, zero + one), DERIVED

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> tuple[Array, Array | None]:
        x, t = saved
        share, u = dy / x.size, like(x, t)
        return chain(share, (1 - u) * sigmoid(x) - u * sigmoid(-x)), gradient_of(t, chain(-share, x))
