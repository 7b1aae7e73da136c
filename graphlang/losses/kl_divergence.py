"""How much a distribution differs from another."""

import numpy as np

from graphlang.catalog.operation import Array, Loss
from graphlang.losses._reduction import REDUCTION, Reduction, reduced
from graphlang.losses._targets import need_same_shape
from graphlang.trace import shape_text, total
from graphlang.trace.primitives import zero_times


class KLDivergence(Loss):
    """L = sum(t * (log(t) - x)) / N, x the logarithms of probabilities, t probabilities

    Gradient: derived; dx = -t / N, dt = (log(t) + 1 - x) / N.
    Shapes: x [..., C], t as x, sample_weight [N] -> L [], or [...] with `reduction=none`; N counts every axis
    but the last.
    Domain: t from 0 to 1.
    Source: Kullback and Leibler, On information and sufficiency, 1951.
    Convention: x comes from `log_softmax`. As PyTorch's kl_div with `reduction="batchmean"`; 0 * log(0) is 0.
    With `sample_weight` the mean over the weights.
    Example: input x: float[N, 4], t: float[N, 4]; L = KLDivergence(log_softmax(9 * x), softmax(t / 4))
    Example: input x: float[N, T, 4], t: float[N, T, 4]; L = KLDivergence(log_softmax(9 * x), softmax(t / 4))
    Example: input x: float[4], t: float[4]; L = KLDivergence(log_softmax(9 * x), softmax(t / 4))
    Example: input x: float[N, 4], t: float[N, 4], s: float[N]; \
L = KLDivergence(log_softmax(9 * x), softmax(t / 4), sample_weight=exp(s))
    Example: input x: float[N, 4], t: float[N, 4]; \
L = KLDivergence(log_softmax(9 * x), softmax(t / 4), reduction=none)
    """

    reduction: Reduction = REDUCTION

    def forward(self, x: Array, t: Array, sample_weight: Array = None) -> tuple[Array, None]:
        if x.ndim == 0 or x.dtype.kind != "f" or t.dtype.kind != "f":
            text = "takes logarithms of probabilities and probabilities, one per class along the last axis"
            raise ValueError(f"`KLDivergence` {text}, but `x` is {shape_text(x.shape)} {x.dtype}")
        need_same_shape("KLDivergence", x, t)
        least = float(np.finfo(t.dtype).tiny)
        losses = total(zero_times(t, np.log(np.maximum(t, least)) - x), axis=-1)
        return reduced("KLDivergence", losses, self.reduction, sample_weight), None
