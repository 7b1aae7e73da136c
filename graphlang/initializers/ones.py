"""Start values of one."""

from __future__ import annotations

import numpy as np

from graphlang.contracts.initializer import Drawn, Initializer, Shape


class ones(Initializer):
    """W = 1

    For the scale of a normalisation.
    """

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        return np.ones(shape)
