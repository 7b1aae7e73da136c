"""The exponential linear unit."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer


class Elu(Layer):
    """y = x where x > 0, else alpha * (exp(x) - 1)

    Gradient: dx = dy where x > 0, else dy * alpha * exp(x); so alpha * dy at 0.
    Shapes: as x.
    Source: Clevert et al., Fast and Accurate Deep Network Learning by Exponential Linear Units, 2016.
    """

    spellings = ("elu",)
    alpha: float = Field(1.0, gt=0, description="how far below zero it goes")

    def unfolding(self, x: Array) -> str:
        return f"y = where(x > 0, x, {self.alpha} * (exp(x) - 1))"

    def forward(self, x: Array) -> tuple[Array, None]:
        below = np.where(x > 0, 0, x)  # `where` computes both branches, and exp of a large x would overflow
        return np.where(x > 0, x, self.alpha * np.expm1(below)), None
