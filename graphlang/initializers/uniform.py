"""Start values uniform over an interval."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from graphlang.contracts.initializer import Drawn, Initializer, Shape


class uniform(Initializer):
    """W ~ U[a, b)"""

    a: float = Field(description="the lower end")
    b: float = Field(description="the upper end")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.a > self.b:
            raise ValueError(f"the lower end {self.a} is above the upper end {self.b}")
        return self

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        return self.a + (self.b - self.a) * rng.random(shape)
