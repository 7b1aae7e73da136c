"""The mean of the squared differences."""

from graphlang.catalog.operation import Array, Loss
from graphlang.losses._targets import gradient_of, like, need_same_shape
from graphlang.trace import total
from graphlang.trace.primitives import chain


class MeanSquaredError(Loss):
    """L = mean((x - t)**2)

    Gradient: dx = 2 * (x - t) / n, dt = -dx, n the number of elements.
    Shapes: x [...], t as x or one number -> L [].
    Source: Goodfellow, Bengio, Courville, Deep Learning, 2016, 5.1.2 and 5.1.4.
    Convention: the mean over every element, as in PyTorch.
    """

    unfolds = "y = mean((x - t)**2)"

    def forward(self, x: Array, t: Array) -> tuple[Array, tuple[Array, Array]]:
        need_same_shape("MeanSquaredError", x, t)
        d = x - like(x, t)
        return total(d * d) / d.size, (d, t)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> tuple[Array, Array | None]:
        d, t = saved
        dx = chain(2 * dy / d.size, d)
        return dx, gradient_of(t, -dx)
