"""Half the sum of the squared differences, the book's loss for regression."""

from pydantic import Field

from graphlang.catalog.operation import DERIVED, Array, Loss
from graphlang.losses._reduction import Reduction, reduced
from graphlang.losses._targets import gradient_of, like, need_same_shape
from graphlang.trace import total
from graphlang.trace.primitives import chain


class SumSquaredError(Loss):
    """L = 0.5 * sum((x - t)**2)

    Gradient: dx = x - t, dt = t - x; of weights derived.
    Shapes: x [...], t as x or one number, sample_weight [N] -> L [], or as x with `reduction=none`.
    Source: Deep Learning from Scratch, 4.2.1.
    Convention: the sum over the batch too, not its mean; the half makes the gradient x - t. With
    `sample_weight` each element has the weight of its row; with `reduction=mean` the sum of losses is divided
    by the sum of the weights, else by the number of elements.
    Example: input x: float[N, 4], t: float[N, 4]; L = SumSquaredError(x, t)
    Example: input x: float[N, 4], t: float; L = SumSquaredError(x, t)
    Example: input x: float[N, T, 4], t: int[N, T, 4]; L = SumSquaredError(x, t)
    Example: input x: float[N, 4], t: float[N, 4]; L = SumSquaredError(x, t, reduction=none)
    Example: input x: float[N, 4], t: float[N, 4]; L = SumSquaredError(x, t, reduction=mean)
    Example: input x: float[N, 4], t: float[N, 4], s: float[N]; \
L = SumSquaredError(x, t, sample_weight=exp(s))
    """

    reduction: Reduction = Field(
        "sum", description="what is returned: the sum, the `mean`, or `none`: each loss"
    )

    def unfolding(self, x: Array, t: Array, sample_weight: Array = None) -> str:
        plain = self.reduction == "sum" and sample_weight is None
        return "y = 0.5 * sum((x - t)**2)" if plain else ""

    def forward(self, x: Array, t: Array, sample_weight: Array = None) -> tuple[Array, object]:
        need_same_shape("SumSquaredError", x, t)
        d = x - like(x, t)
        if self.reduction != "sum" or sample_weight is not None:
            return reduced("SumSquaredError", 0.5 * (d * d), self.reduction, sample_weight), DERIVED
        return 0.5 * total(d * d), (d, t)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> tuple[Array, Array | None]:
        d, t = saved
        dx = chain(dy, d)
        return dx, gradient_of(t, -dx)
