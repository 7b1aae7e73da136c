"""Convolution."""

from typing import Any

from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.contracts.initializer import Initializer
from graphlang.initializers.he import he
from graphlang.initializers.zeros import zeros
from graphlang.kernels.convolution import conv, conv_transpose, conv_weight_gradient
from graphlang.layers._windows import (
    Padding,
    Positive,
    Sizes,
    need_divisible,
    need_images,
    need_room,
    pads_of,
    per_axis,
)
from graphlang.trace import total


class Conv(Layer):
    """y[n, f, i, j] = sum over c, k, l of W[f, c, k, l] * x[n, c, i*stride - pad + k*dilation, ...] + b[f]

    Gradient: dx: each dy times W, added up where its window lies; dW: each dy times its window, summed
    over the batch and all places; db = the sum of dy over the same.
    Shapes: x [N, C, H, W], W [channels, C/groups, kernel...], b [channels] -> y [N, channels, ...], each
    spatial size (n + 2*pad - dilation*(kernel - 1) - 1) // stride + 1; one and three spatial axes too.
    Source: Deep Learning from Scratch, 7.2 and 7.4.
    Convention: the kernel is not flipped (a cross-correlation), as everywhere in deep learning. A
    number holds for all spatial axes, a list has one per axis; a pad of `[[1, 0], [2, 2]]` has another
    number before and after. With `pad=same` there are ceil(n / stride) places, and of an odd number of zeros
    one more comes after, as in TensorFlow and SAME_UPPER of ONNX. With `groups`, each group of the results
    sees only the same group of the channels.
    Example: input x: float[N, 4, 5, 5]; y = Conv(x, 2, 3, pad=[[2, 0], [0, 1]])
    Example: input x: float[N, 4, 5, 6]; y = Conv(x, 2, [2, 3], stride=2, pad=same)
    """

    channels: int = Field(gt=0, description="channels that come out")
    kernel: Sizes = Field(description="size of the kernel")
    stride: Sizes = Field(1, description="how far the window moves on")
    pad: Padding = Field(
        0, description="zeros around the image: a number, one or `[before, after]` per axis, `same`"
    )
    dilation: Sizes = Field(1, description="distance of the elements that the kernel sees")
    groups: Positive = Field(1, description="groups that channels in and out are divided into")
    init: Initializer = Field(he(), description="how W starts; b starts at 0")
    bias: bool = Field(True, description="whether b is added")

    def parameters(self, x: Array) -> dict[str, Parameter]:
        axes = need_images("Conv", x)
        need_divisible("Conv", "channels that come in", x.shape[1], self.groups)
        need_divisible("Conv", "channels that come out", self.channels, self.groups)
        kernel = per_axis("Conv", "kernel", self.kernel, axes)
        W = Parameter((self.channels, x.shape[1] // self.groups, *kernel), self.init)
        return {"W": W, "b": Parameter((self.channels,), zeros())} if self.bias else {"W": W}

    def forward(self, x: Array, *, W: Array, b: Array = None) -> tuple[Array, tuple[Array, Array]]:
        y = conv(x, W, **self._windows(x)) if b is None else conv(x, W, b, **self._windows(x))
        return y, (x, W)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> tuple[Array, ...]:
        x, W = saved
        dx = conv_transpose(dy, W, size=x.shape[2:], **self._windows(x))
        dW = conv_weight_gradient(dy, x, kernel=W.shape[2:], **self._windows(x))
        return (dx, dW, total(dy, axis=(0, *range(2, dy.ndim)))) if self.bias else (dx, dW)

    def _windows(self, x: Array) -> dict[str, Any]:
        axes = need_images("Conv", x)
        kernel = per_axis("Conv", "kernel", self.kernel, axes)
        stride = per_axis("Conv", "stride", self.stride, axes)
        dilation = per_axis("Conv", "dilation", self.dilation, axes)
        pad = pads_of("Conv", self.pad, x.shape[2:], kernel, stride, dilation)
        need_room("Conv", "kernel", x, kernel, pad, dilation)
        return {"stride": stride, "pad": pad, "dilation": dilation, "groups": self.groups}
