"""The base class of the pooling layers, and their windows along each spatial axis."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from graphlang.catalog.operation import Array, Layer
from graphlang.kernels.windows import Pad, is_padded, sides, span, taps, window_count
from graphlang.layers._windows import Padding, Sizes, need_images, need_room, pads_of, per_axis
from graphlang.trace import Size, is_symbolic
from graphlang.trace.dims import maximum, positive_part


class _Pool(Layer):
    """The base class of the pooling layers: a window of `size` along each spatial axis."""

    size: Sizes = Field(description="size of the window")
    stride: Sizes | None = Field(None, description="how far the window moves on; its size where left out")
    pad: Padding = Field(
        0, description="places around the image: a number, one or `[before, after]` per axis, `same`"
    )
    dilation: Sizes = Field(1, description="distance of the elements that the window sees")
    ceil: bool = Field(False, description="whether a last window may reach beyond the image and its pad")

    def windows(self, x: Array) -> list[dict[str, Any]]:
        """The arguments of the pooling primitive for each spatial axis, the last axis first."""
        layer, axes = type(self).__name__, need_images(type(self).__name__, x)
        if x.dtype.kind == "b":
            raise ValueError(f"`{layer}` works on numbers, but `x` is bool: declare it `float[N, C, H, W]`")
        size = per_axis(layer, "size", self.size, axes)
        stride = size if self.stride is None else per_axis(layer, "stride", self.stride, axes)
        dilation = per_axis(layer, "dilation", self.dilation, axes)
        pad = pads_of(layer, self.pad, x.shape[2:], size, stride, dilation)
        for k, p, d in zip(size, pad, dilation, strict=True):
            most = max([side for side in sides(p) if not is_symbolic(side)], default=0)
            if 2 * most > span(k, d):
                text = f"a pad of at most half the window: {most} is too much for {span(k, d)}"
                raise ValueError(f"`{layer}` needs {text}")
        windows = [
            {"axis": i + 2, "size": size[i], "stride": stride[i], "pad": pad[i], "dilation": dilation[i]}
            for i in reversed(range(axes))
        ]
        need_room(layer, "window", x, size, pad, dilation)
        if self.ceil:
            windows = [
                {**window, "pad": _rounded_up(x.shape[window["axis"]], **window)} for window in windows
            ]
        _need_elements(layer, x, windows)
        return windows


def _rounded_up(n: Size, *, axis: int, size: int, stride: int, pad: Pad, dilation: int) -> Pad:
    """The pad with which the last window is whole; it must begin within the image or the pad before it."""
    before, after = sides(pad)
    room = n + before + after - span(size, dilation)
    more = (room + stride - 1) // stride * stride - room
    if is_symbolic(after) or stride + after > span(size, dilation):
        beyond = room + more - n - before  # where the last window begins, after the end of the image
        fewer = positive_part(beyond + 1) - positive_part(beyond)  # 1 from the end of the image on, else 0
        # Without that window, the pad after the image may still hold what is left over.
        more = maximum(more - fewer * stride, 0)
    return (before, after + more)


def _need_elements(layer: str, x: Array, windows: list[dict[str, Any]]) -> None:
    """Refuses windows that cover nothing but padding, as a dilated one may."""
    for window in windows:
        k, s, p, d = (window[name] for name in ("size", "stride", "pad", "dilation"))
        n = x.shape[window["axis"]]
        if is_symbolic(n) or not is_padded(p):
            continue
        count: Any = window_count(n, k, s, p, d)
        seen = {i for tap in taps(n, count, k, s, p, d) for i in range(count)[tap.windows]}
        if len(seen) < count:
            raise ValueError(f"`{layer}`: a window would see nothing but padding; take a smaller pad")
