"""The largest element of each channel."""

import numpy as np

from graphlang.catalog.operation import Array, Layer
from graphlang.layers._axes import need_channels


class GlobalMaxPool(Layer):
    """y[n, c] = the largest of x[n, c, ...]

    Gradient: dy goes to the largest element, in equal shares where there are several.
    Shapes: [N, C, ...] -> [N, C].
    Source: Oquab et al., Is object localization for free?, 2015.
    """

    def forward(self, x: Array) -> tuple[Array, None]:
        need_channels("GlobalMaxPool", x, least=3)
        return np.max(x, axis=tuple(range(2, x.ndim))), None
