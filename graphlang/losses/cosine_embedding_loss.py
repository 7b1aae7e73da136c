"""Vectors that belong together point the same way, others do not."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Loss
from graphlang.losses._reduction import REDUCTION, Reduction, reduced
from graphlang.losses._targets import like, need_same_shape
from graphlang.trace import shape_text, total

EPS = 1e-12
"""Added to the squared length of a vector, as PyTorch does."""


class CosineEmbeddingLoss(Loss):
    """L = mean(1 - c where t > 0, else max(c - margin, 0)), c = sum(x * u) / (|x| * |u|)

    Gradient: derived; none for t, and none of a pair whose loss is 0.
    Shapes: x and u [..., D], t [...] of 1 and -1, sample_weight [N] -> L [], or [...] with `reduction=none`.
    Source: Hadsell et al., Dimensionality reduction by learning an invariant mapping, 2006, by angles.
    Convention: as PyTorch's: t = 1 for vectors that belong together, -1 (or 0) for others, and 1e-12 is added
    to each squared length. With `sample_weight` the mean over the weights.
    Example: input x: float[N, C], u: float[N, C], t: int[N]; L = CosineEmbeddingLoss(x, u, 2 * t - 1)
    Example: input x: float[N, C], u: float[N, C], t: bool[N]; L = CosineEmbeddingLoss(x, u, t, margin=0.2)
    Example: input x: float[C], u: float[C], t: int; L = CosineEmbeddingLoss(x, u, t)
    Example: input x: float[N, C], u: float[N, C], t: int[N], s: float[N]; \
L = CosineEmbeddingLoss(x, u, t, sample_weight=exp(s))
    Example: input x: float[N, C], u: float[N, C], t: int[N]; L = CosineEmbeddingLoss(x, u, t, reduction=none)
    """

    margin: float = Field(0.0, ge=-1, le=1, description="a cosine below which others cost nothing")
    reduction: Reduction = REDUCTION

    def forward(self, x: Array, u: Array, t: Array, sample_weight: Array = None) -> tuple[Array, None]:
        if x.ndim == 0:
            raise ValueError(f"`CosineEmbeddingLoss` needs vectors [N, D], but `x` is {shape_text(x.shape)}")
        need_same_shape("CosineEmbeddingLoss", x, u, ("x", "u"))
        if t.shape != x.shape[:-1]:
            shapes = f"{shape_text(t.shape)}, and `x` {shape_text(x.shape)}"
            raise ValueError(
                f"`CosineEmbeddingLoss` takes 1 or -1 for each pair, but `t` has the shape {shapes}"
            )
        lengths = (total(x * x, axis=-1) + EPS) * (total(u * u, axis=-1) + EPS)
        cosine = total(x * u, axis=-1) / np.sqrt(lengths)
        losses = np.where(np.greater(like(x, t), 0), 1 - cosine, np.maximum(cosine - self.margin, 0))
        return reduced("CosineEmbeddingLoss", losses, self.reduction, sample_weight), None
