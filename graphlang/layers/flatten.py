"""Merges all axes but the batch into one."""

import numpy as np

from graphlang.catalog.operation import Array, Layer


class Flatten(Layer):
    """y[n] = the numbers of x[n] in a row

    Gradient: dx = dy in the shape of x.
    Shapes: [N, ...] -> [N, D].
    Source: Deep Learning from Scratch, 7.4.3 (the reshape before an Affine).
    """

    def forward(self, x: Array) -> tuple[Array, None]:
        if x.ndim == 0:
            raise ValueError("`Flatten` keeps the first axis and joins the others, but `x` is a scalar")
        return np.reshape(x, (x.shape[0], -1)), None
