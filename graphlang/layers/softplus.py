"""The smooth form of the rectified linear unit."""

import numpy as np

from graphlang.catalog.operation import Array, Layer


class Softplus(Layer):
    """y = log(1 + exp(x))

    Gradient: dx = dy * sigmoid(x).
    Shapes: as x.
    Source: Dugas et al., Incorporating Second-Order Functional Knowledge, 2001.
    """

    spellings = ("softplus",)
    unfolds = "y = log(1 + exp(x))"

    def forward(self, x: Array) -> tuple[Array, None]:
        return np.logaddexp(x, 0), None
