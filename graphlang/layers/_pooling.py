"""What pooling layers have in common: the windows along each spatial axis."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from graphlang.layers._windows import Sizes, Widths, need_images, per_axis
from graphlang.operation import Array, Layer
from graphlang.trace import is_symbolic
from graphlang.trace.primitives.windows import span, taps


class _Pool(Layer):
    """The base of the pooling layers: a window of `size` along each spatial axis."""

    size: Sizes = Field(description="size of the window")
    stride: Sizes | None = Field(None, description="how far the window moves on; its size where left out")
    pad: Widths = Field(0, description="places around the image")
    dilation: Sizes = Field(1, description="distance of the elements that the window sees")

    def windows(self, x: Array) -> list[dict[str, Any]]:
        """What a primitive needs to know for each spatial axis, the last one first."""
        layer, axes = type(self).__name__, need_images(type(self).__name__, x)
        size = per_axis(layer, "size", self.size, axes)
        stride = size if self.stride is None else per_axis(layer, "stride", self.stride, axes)
        pad = per_axis(layer, "pad", self.pad, axes)
        dilation = per_axis(layer, "dilation", self.dilation, axes)
        for k, p, d in zip(size, pad, dilation, strict=True):
            if 2 * p > span(k, d):
                raise ValueError(f"`{layer}` needs a pad of at most half the window: {p} is too much for {span(k, d)}")
        found = [
            {"axis": i + 2, "size": size[i], "stride": stride[i], "pad": pad[i], "dilation": dilation[i]}
            for i in reversed(range(axes))
        ]
        _check_fit(layer, x, size, found)
        return found


def _check_fit(layer: str, x: Array, size: tuple[int, ...], windows: list[dict[str, Any]]) -> None:
    for window in windows:
        k, s, p, d = (window[name] for name in ("size", "stride", "pad", "dilation"))
        n = x.shape[window["axis"]]
        if is_symbolic(n):
            continue
        count = (n + 2 * p - span(k, d)) // s + 1
        if count < 1:
            sizes = f"{_by(size)} is larger than the image of {_by(x.shape[2:])}"
            around = f" with a dilation of {d}" if d > 1 else ""
            raise ValueError(f"`{layer}`: the window of {sizes}{around}" + (f" with pad {p}" if p else ""))
        covered = {i for tap in taps(n, count, k, s, p, d) for i in range(count)[tap.windows]}
        if len(covered) < count:
            raise ValueError(f"`{layer}`: a window would see nothing but padding; take a smaller pad or dilation")


def _by(sizes: tuple[Any, ...]) -> str:
    return " x ".join(map(str, sizes))
