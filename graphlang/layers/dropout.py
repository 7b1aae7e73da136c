"""Random elements set to zero during training."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Random


class Dropout(Layer):
    """y = x * mask / (1 - ratio) in training, y = x otherwise; the mask is 0 with probability `ratio`, else 1

    Gradient: dx = dy * mask / (1 - ratio).
    Shapes: as x.
    Source: Srivastava et al., Dropout, 2014; Deep Learning from Scratch, 6.4.3.
    Convention: inverted dropout: training scales up, so that evaluation needs no change; the book scales
    down in evaluation instead. The default ratio is 0.5, as in the book.
    """

    ratio: float = Field(0.5, ge=0, lt=1, description="the share that is left out")

    def forward(
        self, x: Array, *, training: bool = False, random: Random | None = None
    ) -> tuple[Array, Array | None]:
        if x.dtype.kind != "f":
            raise ValueError("`Dropout` scales what it keeps, but `x` is not float: declare it `float[N, D]`")
        if not training or self.ratio == 0:
            return x, None
        assert random is not None, "training needs a stream of random numbers"
        kept = random.uniform(x.shape) >= self.ratio
        return self._scaled(x, kept), kept

    def backward(self, dy: Array, kept: Array | None) -> Array:
        return dy if kept is None else self._scaled(dy, kept)

    def _scaled(self, x: Array, kept: Array) -> Array:
        return np.where(kept, x * (1 / (1 - self.ratio)), 0)
