"""The mean of each channel."""

from graphlang.catalog.operation import Array, Layer
from graphlang.layers._axes import need_channels
from graphlang.trace import mean


class GlobalAvgPool(Layer):
    """y[n, c] = the mean of x[n, c, ...]

    Gradient: dx = dy / (number of places), at each place.
    Shapes: [N, C, ...] -> [N, C].
    Source: Lin et al., Network In Network, 2013.
    """

    def forward(self, x: Array) -> tuple[Array, None]:
        need_channels("GlobalAvgPool", x, least=3)
        return mean(x, axis=tuple(range(2, x.ndim))), None
