"""The mean of the absolute differences."""

import numpy as np

from graphlang.catalog.operation import Array, Loss
from graphlang.losses._reduction import REDUCTION, Reduction, reduced
from graphlang.losses._targets import like, need_same_shape


class L1Loss(Loss):
    """L = mean(|x - t|)

    Gradient: derived; dx = sign(x - t) / n, dt = -dx, n the number of elements; 0 where x = t.
    Shapes: x [...], t as x or one number, sample_weight [N] -> L [], or as x with `reduction=none`.
    Source: Bishop, Pattern Recognition and Machine Learning, 2006, 1.5.5 (the Minkowski loss with q = 1).
    Convention: the mean over every element, as in PyTorch; with `sample_weight` the mean over the weights,
    where each element has the weight of its row.
    Example: input x: float[N, 4], t: float[N, 4]; L = L1Loss(x, t)
    Example: input x: float[N, 4], t: float; L = L1Loss(x, t)
    Example: input x: float[N, T, 4], t: int[N, T, 4]; L = L1Loss(x, t)
    Example: input x: float[N, 4], t: float[N, 4]; L = L1Loss(x, t, reduction=none)
    Example: input x: float[N, 4], t: float[N, 4]; L = L1Loss(x, t, reduction=sum)
    Example: input x: float[N, 4], t: float[N, 4], s: float[N]; L = L1Loss(x, t, sample_weight=exp(s))
    """

    reduction: Reduction = REDUCTION

    def forward(self, x: Array, t: Array, sample_weight: Array = None) -> tuple[Array, None]:
        need_same_shape("L1Loss", x, t)
        return reduced("L1Loss", np.abs(x - like(x, t)), self.reduction, sample_weight), None
