"""Start values that keep a unit's output at unit variance."""

from __future__ import annotations

from math import sqrt

import numpy as np

from graphlang.contracts.initializer import Drawn, Initializer, Shape


class lecun(Initializer):
    """W ~ N(0, 1 / fan_in)

    The distribution that the book calls `xavier`, under the name that self-normalising networks use;
    normal, not truncated.
    Source: LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp, section 4.6.
    """

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        return sqrt(1 / fan_in) * rng.standard_normal(shape)
