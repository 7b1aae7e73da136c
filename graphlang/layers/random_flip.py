"""Rows turned over at random during training."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Random
from graphlang.trace import shape_text


class RandomFlip(Layer):
    """y[n] = x[n], or in training for one row in two x[n] reversed along `axis`

    Gradient: dx[n] = dy[n], reversed where x[n] was.
    Shapes: as x.
    Source: Krizhevsky et al., ImageNet classification with deep convolutional neural networks, 2012, 4.1.
    Convention: each row is turned with probability 1/2. The default axis is the last, which exchanges left
    and right of images [N, C, H, W]; `axis=2` exchanges top and bottom there.
    """

    axis: int = Field(-1, description="the axis that is reversed")

    def forward(
        self, x: Array, *, training: bool = False, random: Random | None = None
    ) -> tuple[Array, None]:
        if not -x.ndim <= self.axis < x.ndim or self.axis % x.ndim == 0:
            shape = shape_text(x.shape)
            raise ValueError(
                f"`RandomFlip` reverses an axis of each row, and {shape} has no axis {self.axis}"
            )
        if not training:
            return x, None
        assert random is not None, "training needs a stream of random numbers"
        turned = random.uniform((x.shape[0], *(1,) * (x.ndim - 1))) < 0.5
        return np.where(turned, np.flip(x, self.axis), x), None
