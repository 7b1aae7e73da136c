"""Cross entropy of probabilities."""

import numpy as np

from graphlang.catalog.operation import DERIVED, Array, Loss
from graphlang.losses._classes import weighted_cross_entropy
from graphlang.losses._reduction import REDUCTION, Reduction, is_plain
from graphlang.losses._targets import hint_of_one_class, is_float, kind_of_targets, like, over
from graphlang.trace import Size, total
from graphlang.trace.primitives import chain, chain_quotient, one_hot


class CrossEntropyError(Loss):
    """L = -sum(t * log(x)) / N, x the probabilities of the classes along the last axis

    Gradient: dx = -t / x / N; dt = -log(x) / N for float targets.
    Shapes: x [..., C], t [...] int labels or [..., C] one-hot, weight [C], sample_weight [N] -> L []; N
    counts every axis but the last; with `reduction=none` L is [...].
    Domain: x from 0 to 1.
    Source: Deep Learning from Scratch, 4.2.
    Convention: the book takes log(x + 1e-7), which is off by 1e-7 / x for every x in order to have an
    answer at 0. Here a probability below the smallest normal number (2e-308, in float32 1e-38) counts as
    that number; so 0 costs 708 (87) and all others are exact. For scores take `SoftmaxWithLoss`. `weight` and
    `sample_weight` as there.
    Example: input x: float[N, 4], t: int[N]; L = CrossEntropyError(softmax(x), t)
    Example: input x: float[N, 4], t: float[N, 4]; L = CrossEntropyError(softmax(x), softmax(t))
    Example: input x: float[N, T, 4], t: int[N, T]; L = CrossEntropyError(softmax(x), t)
    Example: input x: float[4], t: int; L = CrossEntropyError(softmax(x), t)
    Example: input x: float[N, 4], t: int[N], s: float[N]; \
L = CrossEntropyError(softmax(x), t, sample_weight=exp(s))
    """

    reduction: Reduction = REDUCTION

    def hint(self, x: Array, t: Array, *weights: Array) -> str | None:
        return hint_of_one_class(x)

    def index_bounds(self, x: Array, t: Array, *weights: Array) -> dict[str, Size]:
        return {"t": x.shape[-1]} if t.ndim < x.ndim else {}

    def unfolding(self, x: Array, t: Array, *weights: Array) -> str:
        if not is_plain(self.reduction, *weights):
            return ""
        rows = f"one_hot(t, {x.shape[-1]})" if t.ndim < x.ndim else "t"
        return f"y = -1 * sum({rows} * log(x))" + over(_count(x))

    def forward(
        self, x: Array, t: Array, weight: Array = None, sample_weight: Array = None
    ) -> tuple[Array, object]:
        labels = kind_of_targets("CrossEntropyError", x, t) == "labels"
        if x.dtype.kind != "f":
            raise ValueError(
                "`CrossEntropyError` takes probabilities, but `x` is not float: declare it `float[N, C]`"
            )
        p = np.maximum(x, float(np.finfo(x.dtype).tiny))
        if not is_plain(self.reduction, weight, sample_weight):
            both = weight, sample_weight
            return weighted_cross_entropy("CrossEntropyError", np.log(p), t, self.reduction, *both), DERIVED
        if labels:
            loss = total(np.log(np.take_along_axis(p, np.expand_dims(t, -1), axis=-1)))
        else:
            loss = total(like(x, t) * np.log(p))
        return -loss / _count(x), (p, t, labels)

    def backward(self, dy: Array, saved: tuple[Array, Array, bool]) -> tuple[Array, Array | None]:
        p, t, labels = saved
        share = dy / _count(p)
        rows = one_hot(t, p.shape[-1], p.dtype) if labels else like(p, t)
        return chain(-share, chain_quotient(rows, p)), chain(-share, np.log(p)) if is_float(t) else None


def _count(x: Array) -> Array:
    return x.size // x.shape[-1]
