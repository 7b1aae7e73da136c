"""Start values for layers followed by sigmoid or tanh, by the book's formula."""

from __future__ import annotations

from math import sqrt

import numpy as np

from graphlang.contracts.initializer import Drawn, Initializer, Shape


class xavier(Initializer):
    """W ~ N(0, 1 / fan_in)

    Convention: the book's and Caffe's: only the inputs count, so a spec draws from the same distribution as
    the book's code (`np.random.randn(n, m) / np.sqrt(n)`, also in its recurrent layers). Glorot and Bengio
    average both directions: variance 2 / (fan_in + fan_out). For that, write `normal(sqrt(2 / (n + m)))`.
    The two agree where n = m.
    Source: Deep Learning from Scratch, section 6.2.2; Glorot, Bengio 2010, Understanding the difficulty of
    training deep feedforward neural networks.
    """

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        return sqrt(1 / fan_in) * rng.standard_normal(shape)
