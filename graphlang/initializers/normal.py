"""Normally distributed start values with a chosen standard deviation."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from graphlang.contracts.initializer import Drawn, Initializer, Shape


class normal(Initializer):
    """W ~ N(0, std^2)

    Source: Deep Learning from Scratch, section 6.2 (`weight_init_std`).
    """

    std: float = Field(ge=0, description="the standard deviation")

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        return self.std * rng.standard_normal(shape)
