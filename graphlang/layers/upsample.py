"""Larger images, by repeating places or by straight lines between them."""

from math import floor
from typing import Literal

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer
from graphlang.layers._windows import Sizes, need_images, per_axis


class Upsample(Layer):
    """y[n, c, i, ...] = x[n, c, i // scale, ...]; with `mode=linear` between the two nearest places

    With `linear`, place i lies at p = (i + 1/2) / scale - 1/2 of x, and y is x[k] + (p - k) * (x[k+1] - x[k])
    with k = floor(p), along one spatial axis after the other; beyond an edge, x goes on as it is there.
    Gradient: derived; each dy goes to the places that it was read from, by the same shares.
    Shapes: [N, C, H, W] -> [N, C, H*scale, W*scale]; one and three spatial axes too.
    Source: Long et al., Fully convolutional networks for semantic segmentation, 2015, 3.3.
    Convention: as PyTorch's with `align_corners=False`. A number holds for all spatial axes, a list has one
    per axis.
    Example: input x: float[N, 4, 3, 2]; y = Upsample(x, [2, 3])
    Example: input x: float[N, 4, 3, 2]; y = Upsample(x, 3, mode=linear)
    """

    scale: Sizes = Field(description="how many times as many places each axis has")
    mode: Literal["nearest", "linear"] = Field("nearest", description="what lies between the places")

    def forward(self, x: Array) -> tuple[Array, None]:
        axes = need_images("Upsample", x)
        if self.mode == "linear" and x.dtype.kind != "f":
            raise ValueError("`Upsample` with `mode=linear` averages, but `x` is not float")
        for axis, scale in enumerate(per_axis("Upsample", "scale", self.scale, axes), 2):
            if scale > 1:
                x = np.repeat(x, scale, axis=axis) if self.mode == "nearest" else _between(x, scale, axis)
        return x, None


def _between(x: Array, scale: int, axis: int) -> Array:
    """`scale` places for each along an axis, on straight lines between the old ones."""
    whole = (slice(None),) * axis
    before = np.concatenate([x[(*whole, slice(0, 1))], x[(*whole, slice(0, -1))]], axis=axis)
    after = np.concatenate([x[(*whole, slice(1, None))], x[(*whole, slice(-1, None))]], axis=axis)
    places = []
    for phase in range(scale):
        position = (phase + 0.5) / scale - 0.5
        share = position - floor(position)
        low, high = (before, x) if position < 0 else (x, after)
        places.append((1 - share) * low + share * high)
    y = np.stack(places, axis=axis + 1)
    return np.reshape(y, (*x.shape[:axis], x.shape[axis] * scale, *x.shape[axis + 1 :]))
