"""Start values for layers followed by Relu."""

from __future__ import annotations

from math import sqrt

import numpy as np

from graphlang.contracts.initializer import Drawn, Initializer, Shape


class he(Initializer):
    """W ~ N(0, 2 / fan_in)

    Keeps the variance of the activations constant through layers with Relu, which halves it.
    Source: He et al. 2015, Delving deep into rectifiers (arXiv:1502.01852), eq. 10; Deep Learning from
    Scratch, section 6.2.3.
    """

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        return sqrt(2 / fan_in) * rng.standard_normal(shape)
