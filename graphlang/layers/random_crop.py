"""Images moved by a few places at random during training."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Random
from graphlang.layers._windows import Widths, need_images, per_axis
from graphlang.trace.primitives import arange


class RandomCrop(Layer):
    """y[n, c, i, j] = x[n, c, i + r[n], j + s[n]] in training, 0 outside of the image; y = x otherwise

    That is a piece of the size of the image, cut out of the image with `pad` zeros around it.
    Gradient: each dy goes to the element that it was read from.
    Shapes: as x; one and three spatial axes too.
    Source: He et al., Deep residual learning for image recognition, 2015, 4.2.
    Convention: r and s are whole numbers from -pad to pad, each equally likely, drawn for each row by itself.
    """

    pad: Widths = Field(description="how many places an image moves at most: a number, or one per axis")

    def forward(
        self, x: Array, *, training: bool = False, random: Random | None = None
    ) -> tuple[Array, None]:
        axes = need_images("RandomCrop", x)
        pads = per_axis("RandomCrop", "pad", self.pad, axes)
        if not training:
            return x, None
        assert random is not None, "training needs a stream of random numbers"
        drawn = random.uniform((x.shape[0], axes))
        for number, pad in enumerate(pads):
            # The product with a number just below 1 may be rounded up.
            step = np.minimum(np.floor(drawn[:, number] * (2 * pad + 1)), 2 * pad).astype(np.int64) - pad
            x = _moved(x, step, number + 2)
        return x, None


def _moved(x: Array, step: Array, axis: int) -> Array:
    """Each row of x moved along an axis by a step of its own; zeros come in."""
    size = x.shape[axis]
    place = arange(size) + np.reshape(step, (-1, 1))
    place = np.reshape(place, (x.shape[0], *(1,) * (axis - 1), size, *(1,) * (x.ndim - axis - 1)))
    inside = np.logical_and(np.greater_equal(place, 0), np.less(place, size))
    read = np.broadcast_to(np.where(inside, place, 0), x.shape)
    return np.where(inside, np.take_along_axis(x, read, axis=axis), 0)
