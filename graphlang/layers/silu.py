"""The sigmoid linear unit."""

from graphlang.catalog.operation import Array, Layer
from graphlang.trace.primitives import chain, sigmoid, sigmoid_slope, zero_times


class Silu(Layer):
    """y = x * s, s = 1 / (1 + exp(-x))

    Gradient: dx = dy * (s + x * s * (1 - s)).
    Shapes: as x.
    Source: Elfwing et al., Sigmoid-Weighted Linear Units, 2017; also called Swish.
    """

    spellings = ("silu",)
    unfolds = "y = x * (1 / (1 + exp(-1 * x)))"

    def forward(self, x: Array) -> tuple[Array, tuple[Array, Array]]:
        s = sigmoid(x)
        return zero_times(s, x), (x, s)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> Array:
        x, s = saved
        return chain(dy, s + zero_times(sigmoid_slope(x), x))
