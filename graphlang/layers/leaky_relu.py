"""The rectified linear unit with a small slope below zero."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer


class LeakyRelu(Layer):
    """y = x where x > 0, else slope * x

    Gradient: dx = dy where x > 0, else slope * dy; so slope * dy at 0.
    Shapes: as x.
    Source: Maas et al., Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013.
    """

    spellings = ("leaky_relu",)
    slope: float = Field(0.01, description="what a negative x is multiplied by: any number")

    def forward(self, x: Array) -> tuple[Array, None]:
        return np.where(x > 0, x, self.slope * x), None
