"""Normalisation over the last axis of each sample."""

from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.initializers.ones import ones
from graphlang.initializers.zeros import zeros
from graphlang.layers._axes import last_size
from graphlang.layers._squares import inverse_root
from graphlang.trace import mean, total
from graphlang.trace.primitives import chain


class LayerNorm(Layer):
    """y = gamma * z + beta, z = (x - mean(x)) / sqrt(var(x) + eps), over the last axis

    Gradient: dz = gamma * dy, dx = (dz - mean(dz) - z * mean(dz * z)) / sqrt(var(x) + eps);
    dgamma = sum(dy * z), dbeta = sum(dy) over all other axes.
    Shapes: x [..., D], gamma [D], beta [D] -> y [..., D].
    Source: Ba et al., Layer Normalization, 2016. The variance divides by D.
    """

    eps: float = Field(1e-5, gt=0, description="added to the variance, against division by 0")

    def parameters(self, x: Array) -> dict[str, Parameter]:
        shape = (last_size("LayerNorm", x),)
        return {"gamma": Parameter(shape, ones()), "beta": Parameter(shape, zeros())}

    def unfolding(self, x: Array) -> str:
        d, var = "d = x - mean(x, axis=-1, keepdims=true)", "mean(d**2, axis=-1, keepdims=true)"
        return f"{d}; z = d / sqrt({var} + {self.eps}); y = gamma * z + beta"

    def forward(self, x: Array, *, gamma: Array, beta: Array) -> tuple[Array, tuple[Array, Array, Array]]:
        d = x - mean(x, axis=-1, keepdims=True)
        scale = inverse_root(d, -1, self.eps)
        z = d * scale
        return gamma * z + beta, (z, scale, gamma)

    def backward(self, dy: Array, saved: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        z, scale, gamma = saved
        dz = dy * gamma
        mean_dz = mean(dz, axis=-1, keepdims=True)
        dx = chain(dz - mean_dz - chain(mean(chain(dz, z), axis=-1, keepdims=True), z), scale)
        others = tuple(range(z.ndim - 1))
        return dx, total(chain(dy, z), axis=others), total(dy, axis=others)
