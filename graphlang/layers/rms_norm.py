"""Normalisation of each sample by its root mean square."""

from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.initializers.ones import ones
from graphlang.layers._axes import last_size
from graphlang.layers._squares import inverse_root
from graphlang.trace import mean, total
from graphlang.trace.primitives import chain


class RMSNorm(Layer):
    """y = gamma * z, z = x / sqrt(mean(x**2) + eps), over the last axis

    Gradient: dz = gamma * dy, dx = (dz - z * mean(dz * z)) / sqrt(mean(x**2) + eps);
    dgamma = sum(dy * z) over all other axes.
    Shapes: x [..., D], gamma [D] -> y [..., D].
    Source: Zhang and Sennrich, Root Mean Square Layer Normalization, 2019.
    """

    eps: float = Field(1e-5, gt=0, description="added to the mean square, against division by 0")

    def parameters(self, x: Array) -> dict[str, Parameter]:
        return {"gamma": Parameter((last_size("RMSNorm", x),), ones())}

    def unfolding(self, x: Array) -> str:
        return f"z = x / sqrt(mean(x**2, axis=-1, keepdims=true) + {self.eps}); y = gamma * z"

    def forward(self, x: Array, *, gamma: Array) -> tuple[Array, tuple[Array, Array, Array]]:
        scale = inverse_root(x, -1, self.eps)
        z = x * scale
        return gamma * z, (z, scale, gamma)

    def backward(self, dy: Array, saved: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        z, scale, gamma = saved
        dz = dy * gamma
        dx = chain(dz - chain(mean(chain(dz, z), axis=-1, keepdims=True), z), scale)
        return dx, total(chain(dy, z), axis=tuple(range(z.ndim - 1)))
