"""Normalisation of each sample by groups of channels."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.initializers.ones import ones
from graphlang.initializers.zeros import zeros
from graphlang.layers._axes import need_channels, per_channel
from graphlang.layers._squares import inverse_root
from graphlang.trace import mean


class GroupNorm(Layer):
    """y = gamma * z + beta, z = (x - mean(x)) / sqrt(var(x) + eps), over each group of channels

    Gradient: as LayerNorm's, with means over the group.
    Shapes: x [N, C, ...], gamma [C], beta [C] -> y as x; the groups divide C.
    Source: Wu and He, Group Normalization, 2018. The variance divides by the number of elements.
    """

    groups: int = Field(gt=0, description="groups that the channels are divided into")
    eps: float = Field(1e-5, gt=0, description="added to the variance, against division by 0")

    def parameters(self, x: Array) -> dict[str, Parameter]:
        need_channels("GroupNorm", x)
        channels = x.shape[1]
        if channels % self.groups != 0:
            raise ValueError(f"`GroupNorm` cannot divide {channels} channels into {self.groups} equal groups")
        return {"gamma": Parameter((channels,), ones()), "beta": Parameter((channels,), zeros())}

    def unfolding(self, x: Array) -> str:
        rows, sizes = "axis=-1, keepdims=true", ", ".join(map(str, x.shape))
        d = f"g = reshape(x, {x.shape[0]}, {self.groups}, -1); d = g - mean(g, {rows})"
        z = f"z = reshape(d / sqrt(mean(d**2, {rows}) + {self.eps}), {sizes})"
        ones = ", 1" * (x.ndim - 2)
        return f"{d}; {z}; y = reshape(gamma, -1{ones}) * z + reshape(beta, -1{ones})"

    def forward(self, x: Array, *, gamma: Array, beta: Array) -> tuple[Array, None]:
        grouped = np.reshape(x, (x.shape[0], self.groups, -1))
        d = grouped - mean(grouped, axis=-1, keepdims=True)
        z = d * inverse_root(d, -1, self.eps)
        return per_channel(gamma, x) * np.reshape(z, x.shape) + per_channel(beta, x), None
