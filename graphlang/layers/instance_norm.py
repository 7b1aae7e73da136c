"""Normalisation of each channel of each sample."""

from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.initializers.ones import ones
from graphlang.initializers.zeros import zeros
from graphlang.layers._axes import need_channels, per_channel
from graphlang.layers._squares import inverse_root
from graphlang.trace import mean


class InstanceNorm(Layer):
    """y = gamma * z + beta, z = (x - mean(x)) / sqrt(var(x) + eps), over all axes after the channels

    Gradient: as LayerNorm's, with means over those axes.
    Shapes: x [N, C, ...], gamma [C], beta [C] -> y as x.
    Source: Ulyanov et al., Instance Normalization, 2016. The variance divides by the number of elements.
    Convention: gamma and beta are learnt (PyTorch's `affine=True`); no running statistics.
    """

    eps: float = Field(1e-5, gt=0, description="added to the variance, against division by 0")

    def parameters(self, x: Array) -> dict[str, Parameter]:
        need_channels("InstanceNorm", x, least=3)
        shape = (x.shape[1],)
        return {"gamma": Parameter(shape, ones()), "beta": Parameter(shape, zeros())}

    def unfolding(self, x: Array) -> str:
        rows, ones = f"axis={[*range(2, x.ndim)]}, keepdims=true", ", 1" * (x.ndim - 2)
        z = f"d = x - mean(x, {rows}); z = d / sqrt(mean(d**2, {rows}) + {self.eps})"
        return f"{z}; y = reshape(gamma, -1{ones}) * z + reshape(beta, -1{ones})"

    def forward(self, x: Array, *, gamma: Array, beta: Array) -> tuple[Array, None]:
        axes = tuple(range(2, x.ndim))
        d = x - mean(x, axis=axes, keepdims=True)
        z = d * inverse_root(d, axes, self.eps)
        return per_channel(gamma, x) * z + per_channel(beta, x), None
