"""The mean of each window."""

from math import prod
from typing import Any

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array
from graphlang.kernels.pooling import sum_pool
from graphlang.kernels.windows import is_padded, sides
from graphlang.layers._pooling import _Pool
from graphlang.layers._windows import pads_of


class AvgPool(_Pool):
    """y[n, c, i, j] = mean of x[n, c, i*stride - pad + k*dilation, ...] over the window k < size, ...

    Gradient: derived; each element of a window gets its dy divided by the number of elements counted.
    Shapes: [N, C, H, W] -> [N, C, ...], each spatial size (n + 2*pad - dilation*(size - 1) - 1) // stride
    + 1; one and three spatial axes too.
    Source: LeCun et al., Gradient-based learning applied to document recognition, 1998 (subsampling).
    Convention: with `count_pad` (PyTorch's `count_include_pad`, the default except for `pad=same`) padding
    counts as zeros; without it a window at the edge is divided by its elements inside the image. With
    `pad=same` there are ceil(n / stride) windows and padding does not count, as in TensorFlow and SAME_UPPER
    of ONNX. With `ceil` a last window may reach beyond the image and its pad, as in PyTorch; what it sees
    there does not count. `stride` is the size where it is left out.
    Example: input x: float[N, 4, 5, 5]; y = AvgPool(x, 2, pad=[[1, 0], [0, 1]])
    Example: input x: float[N, 4, 5, 6]; y = AvgPool(x, 3, stride=2, pad=same)
    Example: input x: float[N, 4, 5, 6]; y = AvgPool(x, 2, stride=3, pad=1, ceil=true)
    """

    count_pad: bool | None = Field(None, description="whether padding counts as zeros; not with `pad=same`")

    def forward(self, x: Array) -> tuple[Array, None]:
        windows = self.windows(x)
        counts_pad = self.pad != "same" if self.count_pad is None else self.count_pad
        if not any(is_padded(window["pad"]) for window in windows) or (counts_pad and not self.ceil):
            return _sum(x, windows) * (1 / prod(window["size"] for window in windows)), None
        ones = np.ones_like(x[:1, :1])
        if counts_pad:
            ones, windows_of_ones = self._padded(ones, windows)
            return _sum(x, windows) / _sum(ones, windows_of_ones), None
        return _sum(x, windows) / _sum(ones, windows), None

    def _padded(self, ones: Array, windows: list[dict[str, Any]]) -> tuple[Array, list[dict[str, Any]]]:
        """Ones for the image and its pad, and the windows over them: only what `ceil` adds lies outside."""
        own: Any = pads_of("AvgPool", self.pad, ones.shape[2:], *_of_all_axes(windows))
        widths: Any = [(0, 0), (0, 0), *map(sides, own)]
        ones = np.pad(ones, widths, constant_values=1)
        beyond = [sides(window["pad"])[1] - sides(own[window["axis"] - 2])[1] for window in windows]
        return ones, [{**window, "pad": (0, more)} for window, more in zip(windows, beyond, strict=True)]


def _of_all_axes(windows: list[dict[str, Any]]) -> list[tuple[int, ...]]:
    """The sizes, strides and dilations of windows, the first axis first."""
    return [tuple(w[name] for w in reversed(windows)) for name in ("size", "stride", "dilation")]


def _sum(x: Array, windows: list[dict[str, Any]]) -> Array:
    for window in windows:
        x = sum_pool(x, **window)
    return x
