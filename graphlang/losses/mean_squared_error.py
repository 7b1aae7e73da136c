"""The mean of the squared differences."""

from graphlang.catalog.operation import DERIVED, Array, Loss
from graphlang.losses._reduction import REDUCTION, Reduction, is_plain, reduced
from graphlang.losses._targets import gradient_of, like, need_same_shape
from graphlang.trace import total
from graphlang.trace.primitives import chain


class MeanSquaredError(Loss):
    """L = mean((x - t)**2)

    Gradient: dx = 2 * (x - t) / n, dt = -dx, n the number of elements; of weights derived.
    Shapes: x [...], t as x or one number, sample_weight [N] -> L [], or as x with `reduction=none`.
    Source: Goodfellow, Bengio, Courville, Deep Learning, 2016, 5.1.2 and 5.1.4.
    Convention: the mean over every element, as in PyTorch; with `sample_weight` the mean over the weights,
    sum(w * (x - t)**2) / sum(w), where each element has the weight of its row.
    Example: input x: float[N, 4], t: float[N, 4]; L = MeanSquaredError(x, t)
    Example: input x: float[N, 4], t: float; L = MeanSquaredError(x, t)
    Example: input x: float[N, T, 4], t: int[N, T, 4]; L = MeanSquaredError(x, t)
    Example: input x: float[N, 4], t: float[N, 4]; L = MeanSquaredError(x, t, reduction=none)
    Example: input x: float[N, 4], t: float[N, 4]; L = MeanSquaredError(x, t, reduction=sum)
    Example: input x: float[N, 4], t: float[N, 4], s: float[N]; \
L = MeanSquaredError(x, t, sample_weight=exp(s))
    """

    reduction: Reduction = REDUCTION

    def unfolding(self, x: Array, t: Array, sample_weight: Array = None) -> str:
        return "y = mean((x - t)**2)" if is_plain(self.reduction, sample_weight) else ""

    def forward(self, x: Array, t: Array, sample_weight: Array = None) -> tuple[Array, object]:
        need_same_shape("MeanSquaredError", x, t)
        d = x - like(x, t)
        if not is_plain(self.reduction, sample_weight):
            return reduced("MeanSquaredError", d * d, self.reduction, sample_weight), DERIVED
        return total(d * d) / d.size, (d, t)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> tuple[Array, Array | None]:
        d, t = saved
        dx = chain(2 * dy / d.size, d)
        return dx, gradient_of(t, -dx)
