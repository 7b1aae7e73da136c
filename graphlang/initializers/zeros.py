"""Start values of zero."""

from __future__ import annotations

import numpy as np

from graphlang.contracts.initializer import Drawn, Initializer, Shape


class zeros(Initializer):
    """W = 0

    For biases. Weights that all start at the same value stay equal to each other (Deep Learning from
    Scratch, section 6.2.1).
    """

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        return np.zeros(shape)
