"""What is like an anchor comes nearer to it than what is not."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Loss
from graphlang.losses._reduction import REDUCTION, Reduction, reduced
from graphlang.losses._targets import need_same_shape
from graphlang.trace import shape_text, total


class TripletLoss(Loss):
    """L = mean(max(d(anchor, positive) - d(anchor, negative) + margin, 0))

    Here d(a, b) = sqrt(sum((a - b + eps)**2)).
    Gradient: derived; none of a triplet whose loss is 0.
    Shapes: anchor, positive and negative [..., D], sample_weight [N] -> L [], or [...] with `reduction=none`;
    the sums go along the last axis.
    Source: Schroff et al., FaceNet, 2015, whose distances are squared.
    Convention: as PyTorch's TripletMarginLoss with p = 2, `eps` included, so that a distance of 0 has a
    gradient. With `sample_weight` the mean over the weights.
    Example: input a: float[N, 4], p: float[N, 4], n: float[N, 4]; L = TripletLoss(a, p, n)
    Example: input a: float[N, T, 4], p: float[N, T, 4], n: float[N, T, 4]; L = TripletLoss(a, p, n, margin=2)
    Example: input a: float[4], p: float[4], n: float[4]; L = TripletLoss(a, p, n)
    Example: input a: float[N, 4], p: float[N, 4], n: float[N, 4], s: float[N]; \
L = TripletLoss(a, p, n, sample_weight=exp(s))
    Example: input a: float[N, 4], p: float[N, 4], n: float[N, 4]; L = TripletLoss(a, p, n, reduction=none)
    """

    margin: float = Field(1.0, ge=0, description="how much farther the negative one should be")
    eps: float = Field(1e-6, gt=0, description="added to each difference")
    reduction: Reduction = REDUCTION

    def forward(
        self, anchor: Array, positive: Array, negative: Array, sample_weight: Array = None
    ) -> tuple[Array, None]:
        if anchor.ndim == 0:
            raise ValueError(
                f"`TripletLoss` needs vectors [N, D], but `anchor` is {shape_text(anchor.shape)}"
            )
        for name, other in (("positive", positive), ("negative", negative)):
            need_same_shape("TripletLoss", anchor, other, ("anchor", name))
        near, far = self._distance(anchor, positive), self._distance(anchor, negative)
        losses = np.maximum(near - far + self.margin, 0)
        return reduced("TripletLoss", losses, self.reduction, sample_weight), None

    def _distance(self, a: Array, b: Array) -> Array:
        d = a - b + self.eps
        return np.sqrt(total(d * d, axis=-1))
