"""The sigmoid linear unit."""

from graphlang.layers.sigmoid import logistic
from graphlang.operation import Array, Layer


class Silu(Layer):
    """y = x * s, s = 1 / (1 + exp(-x))

    Gradient: dx = dy * (s + y * (1 - s)).
    Shapes: as x.
    Source: Elfwing et al., Sigmoid-Weighted Linear Units, 2017; also called Swish.
    """

    spellings = ("silu",)

    def forward(self, x: Array) -> tuple[Array, tuple[Array, Array]]:
        s = logistic(x)
        y = x * s
        return y, (s, y)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> Array:
        s, y = saved
        return dy * (s + y * (1 - s))
