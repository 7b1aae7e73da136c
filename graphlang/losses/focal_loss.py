"""Cross entropy in which what is already right counts little."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Loss
from graphlang.layers.log_softmax import LogSoftmax
from graphlang.losses._classes import weighted_cross_entropy
from graphlang.losses._reduction import REDUCTION, Reduction, class_weight, reduced
from graphlang.losses._targets import hint_of_one_class, kind_of_targets, like, need_same_shape
from graphlang.trace import Size, total
from graphlang.trace.primitives import one_hot, sigmoid, zero_times


class FocalLoss(Loss):
    """L = -sum((1 - p)**gamma * log(p)) / N, p the probability that softmax(x) gives the target

    Gradient: derived.
    Shapes: x [..., C], t [...] int labels or [..., C] one-hot, weight [C], sample_weight [N] -> L []; N
    counts every axis but the last. With `binary=true` x [...], t as x from 0 to 1, weight [2], and N counts
    all elements. With `reduction=none` L has an element for each that N counts.
    Source: Lin et al., Focal loss for dense object detection, 2017.
    Convention: x holds scores. Without `binary`, p = sum(t * softmax(x)); with it,
    p = t * y + (1 - t) * (1 - y) for y = sigmoid(x), and the cross entropy is that of `BinaryCrossEntropy`,
    as in torchvision, whose `alpha` is `weight=[1 - alpha, alpha]` but for the mean: with `weight` or
    `sample_weight` L is the mean over the weights, as of `SoftmaxWithLoss`.
    Example: input x: float[N, 4], t: int[N]; L = FocalLoss(x, t)
    Example: input x: float[N, T, 4], t: int[N, T]; L = FocalLoss(x, t, gamma=3)
    Example: input x: float[N, 4], t: float[N, 4]; L = FocalLoss(x, softmax(t))
    Example: input x: float[N, 4], t: float[N, 4]; L = FocalLoss(x, sigmoid(t), binary=true)
    Example: input x: float[N], t: int[N]; L = FocalLoss(x, t, binary=true, weight=[0.75, 0.25])
    Example: input x: float[N, 4], t: int[N], w: float[4], s: float[N]; \
L = FocalLoss(x, t, weight=exp(w), sample_weight=exp(s))
    Example: input x: float[N, 4], t: int[N]; L = FocalLoss(x, t, reduction=none)
    """

    gamma: float = Field(2.0, ge=0, description="how little what is already right counts; 0 is cross entropy")
    binary: bool = Field(False, description="whether each element of x is the score of a question of its own")
    reduction: Reduction = REDUCTION

    def hint(self, x: Array, t: Array, *weights: Array) -> str | None:
        return None if self.binary else hint_of_one_class(x, "binary=true")

    def index_bounds(self, x: Array, t: Array, *weights: Array) -> dict[str, Size]:
        return {"t": x.shape[-1]} if not self.binary and t.ndim < x.ndim else {}

    def forward(
        self, x: Array, t: Array, weight: Array = None, sample_weight: Array = None
    ) -> tuple[Array, None]:
        if self.binary:
            return self._binary(x, t, weight, sample_weight), None
        labels = kind_of_targets("FocalLoss", x, t) == "labels"
        if x.ndim == 1 and not labels:
            raise ValueError(
                "`FocalLoss` takes a score per class along the last axis; for one score per row write "
                "`binary=true`"
            )
        log_y, _ = LogSoftmax().forward(x)
        rows = one_hot(t, x.shape[-1], x.dtype) if labels else like(x, t)
        rest = 1 - total(zero_times(rows, np.exp(log_y)), axis=-1)
        both = weight, sample_weight
        factor = self._power(np.maximum(rest, 0))
        return weighted_cross_entropy("FocalLoss", log_y, t, self.reduction, *both, factor=factor), None

    def _binary(self, x: Array, t: Array, weight: Array | None, sample_weight: Array | None) -> Array:
        need_same_shape("FocalLoss", x, t)
        u = like(x, t)
        ones, zeros, counts = u, 1 - u, None
        if weight is not None:
            w = class_weight("FocalLoss", weight, 2, x)
            ones, zeros = w[1] * u, w[0] * (1 - u)
            counts = ones + zeros
        loss = zero_times(ones, np.logaddexp(0, -x)) + zero_times(zeros, np.logaddexp(0, x))
        factor = self._power(u * sigmoid(-x) + (1 - u) * sigmoid(x))
        return reduced("FocalLoss", zero_times(factor, loss), self.reduction, sample_weight, counts)

    def _power(self, rest: Array) -> Array:
        return rest**self.gamma if self.gamma else np.ones_like(rest)
