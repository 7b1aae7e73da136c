"""Start values that keep the variance between forward and backward."""

from __future__ import annotations

from math import sqrt

import numpy as np

from graphlang.contracts.initializer import Drawn, Initializer, Shape


class glorot(Initializer):
    """W ~ U[-a, a), a = sqrt(6 / (fan_in + fan_out))

    Keras starts its layers so, as `glorot_uniform`; in PyTorch it is `xavier_uniform_`.
    Source: Glorot, Bengio 2010, Understanding the difficulty of training deep feedforward neural networks.
    """

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        return sqrt(6 / (fan_in + fan_out)) * (2 * rng.random(shape) - 1)
