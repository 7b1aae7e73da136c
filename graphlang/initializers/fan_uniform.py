"""Start values of PyTorch's layers."""

from __future__ import annotations

from math import sqrt

import numpy as np

from graphlang.contracts.initializer import Drawn, Initializer, Shape


class fan_uniform(Initializer):
    """W ~ U[-a, a), a = 1 / sqrt(fan_in)

    PyTorch starts the weights of `Linear` and of convolutions so; its biases, which start at 0 here, too.
    Source: torch.nn.Linear, `kaiming_uniform_(a=sqrt(5))`.
    """

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        return (2 * rng.random(shape) - 1) / sqrt(fan_in)
