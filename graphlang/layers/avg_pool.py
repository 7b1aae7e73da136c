"""The mean of each window."""

from math import prod

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array
from graphlang.kernels.pooling import sum_pool
from graphlang.layers._pooling import _Pool


class AvgPool(_Pool):
    """y[n, c, i, j] = mean of x[n, c, i*stride - pad + k*dilation, ...] over the window k < size, ...

    Gradient: derived; each element of a window gets its dy divided by the number of elements counted.
    Shapes: [N, C, H, W] -> [N, C, ...], each spatial size (n + 2*pad - dilation*(size - 1) - 1) // stride
    + 1; one and three spatial axes too.
    Source: LeCun et al., Gradient-based learning applied to document recognition, 1998 (subsampling).
    Convention: with `count_pad` (the default, PyTorch's `count_include_pad`) padding counts as zeros;
    without it a window at the edge is divided by its elements inside the image. `stride` is the size
    where it is left out.
    """

    count_pad: bool = Field(True, description="whether padding counts as zeros")

    def forward(self, x: Array) -> tuple[Array, None]:
        windows = self.windows(x)
        if self.count_pad or not any(window["pad"] for window in windows):
            return self._sum(x) * (1 / prod(window["size"] for window in windows)), None
        return self._sum(x) / self._sum(np.ones_like(x[:1, :1])), None

    def _sum(self, x: Array) -> Array:
        for window in self.windows(x):
            x = sum_pool(x, **window)
        return x
