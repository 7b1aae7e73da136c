"""Half the sum of the squared differences, the book's loss for regression."""

from graphlang.catalog.operation import Array, Loss
from graphlang.losses._targets import gradient_of, like, need_same_shape
from graphlang.trace import total
from graphlang.trace.primitives import chain


class SumSquaredError(Loss):
    """L = 0.5 * sum((x - t)**2)

    Gradient: dx = x - t, dt = t - x.
    Shapes: x [...], t as x or one number -> L [].
    Source: Deep Learning from Scratch, 4.2.1.
    Convention: the sum over the batch too, not its mean; the half makes the gradient x - t.
    """

    unfolds = "y = 0.5 * sum((x - t)**2)"

    def forward(self, x: Array, t: Array) -> tuple[Array, tuple[Array, Array]]:
        need_same_shape("SumSquaredError", x, t)
        d = x - like(x, t)
        return 0.5 * total(d * d), (d, t)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> tuple[Array, Array | None]:
        d, t = saved
        dx = chain(dy, d)
        return dx, gradient_of(t, -dx)
