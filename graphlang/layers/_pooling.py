"""The base class of the pooling layers, and their windows along each spatial axis."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from graphlang.catalog.operation import Array, Layer
from graphlang.kernels.windows import span, taps
from graphlang.layers._windows import Sizes, Widths, need_images, need_room, per_axis
from graphlang.trace import is_symbolic


class _Pool(Layer):
    """The base class of the pooling layers: a window of `size` along each spatial axis."""

    size: Sizes = Field(description="size of the window")
    stride: Sizes | None = Field(None, description="how far the window moves on; its size where left out")
    pad: Widths = Field(0, description="places around the image")
    dilation: Sizes = Field(1, description="distance of the elements that the window sees")

    def windows(self, x: Array) -> list[dict[str, Any]]:
        """The arguments of the pooling primitive for each spatial axis, the last axis first."""
        layer, axes = type(self).__name__, need_images(type(self).__name__, x)
        if x.dtype.kind == "b":
            raise ValueError(f"`{layer}` works on numbers, but `x` is bool: declare it `float[N, C, H, W]`")
        size = per_axis(layer, "size", self.size, axes)
        stride = size if self.stride is None else per_axis(layer, "stride", self.stride, axes)
        pad = per_axis(layer, "pad", self.pad, axes)
        dilation = per_axis(layer, "dilation", self.dilation, axes)
        for k, p, d in zip(size, pad, dilation, strict=True):
            if 2 * p > span(k, d):
                text = f"a pad of at most half the window: {p} is too much for {span(k, d)}"
                raise ValueError(f"`{layer}` needs {text}")
        windows = [
            {"axis": i + 2, "size": size[i], "stride": stride[i], "pad": pad[i], "dilation": dilation[i]}
            for i in reversed(range(axes))
        ]
        need_room(layer, "window", x, size, pad, dilation)
        _need_elements(layer, x, windows)
        return windows


def _need_elements(layer: str, x: Array, windows: list[dict[str, Any]]) -> None:
    """Refuses windows that cover nothing but padding, as a dilated one may."""
    for window in windows:
        k, s, p, d = (window[name] for name in ("size", "stride", "pad", "dilation"))
        n = x.shape[window["axis"]]
        if d == 1 or p == 0 or is_symbolic(n):
            continue
        count = (n + 2 * p - span(k, d)) // s + 1
        seen = {i for tap in taps(n, count, k, s, p, d) for i in range(count)[tap.windows]}
        if len(seen) < count:
            raise ValueError(f"`{layer}`: a window would see nothing but padding; take a smaller pad")
