"""Start values that are written out: one number, or every element."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from graphlang.contracts.initializer import Drawn, Initializer, Shape


class constant(Initializer):
    """W = c, or the elements of W written out"""

    c: float | list[Any] = Field(description="the value of every element, or a list of the shape of W")

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        return np.full(shape, np.asarray(self.c), dtype=np.float64)
