"""Random numbers added during training."""

import math

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Random


class GaussianNoise(Layer):
    """y = x + std * z in training, y = x otherwise; z is normal, with mean 0 and variance 1

    Gradient: dx = dy.
    Shapes: as x.
    Source: Bishop, Training with noise is equivalent to Tikhonov regularization, 1995.
    Convention: z = sqrt(-2 * log(1 - u)) * cos(2 * pi * v) from two uniform numbers u and v, after Box and
    Muller, 1958.
    """

    std: float = Field(ge=0, description="the standard deviation of the noise")

    def forward(
        self, x: Array, *, training: bool = False, random: Random | None = None
    ) -> tuple[Array, None]:
        if x.dtype.kind != "f":
            raise ValueError("`GaussianNoise` adds fractions, but `x` is not float: declare it `float[N, D]`")
        if not training or self.std == 0:
            return x, None
        assert random is not None, "training needs a stream of random numbers"
        radius, angle = np.sqrt(-2 * np.log(1 - random.uniform(x.shape))), random.uniform(x.shape)
        return x + self.std * (radius * np.cos(2 * math.pi * angle)), None
