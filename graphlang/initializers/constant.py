"""Start values of one given number."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from graphlang.initializers.initializer import Drawn, Initializer, Shape


class constant(Initializer):
    """W = c"""

    c: float = Field(description="the value of every element")

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        return np.full(shape, self.c, dtype=np.float64)
