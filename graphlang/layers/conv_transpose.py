"""Transposed convolution, which makes images larger."""

from typing import Any

from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.contracts.initializer import Initializer
from graphlang.initializers.he import he
from graphlang.initializers.zeros import zeros
from graphlang.kernels.convolution import conv, conv_transpose, conv_weight_gradient
from graphlang.kernels.windows import pad_text, sides
from graphlang.layers._axes import per_channel
from graphlang.layers._windows import (
    Padding,
    Positive,
    Sizes,
    Widths,
    need_divisible,
    need_images,
    pads_of,
    per_axis,
)
from graphlang.trace import Size, is_symbolic, total


class ConvTranspose(Layer):
    """y: each x[n, c, i, j] times W[c], added up at i*stride - pad + k*dilation, ...; + b[f]

    Gradient: dx = the convolution of dy with W; dW: each x times the window of dy it was spread over,
    summed over the batch and all places; db = the sum of dy over the same.
    Shapes: x [N, C, H, W], W [C, channels/groups, kernel...], b [channels] -> y [N, channels, ...], each
    spatial size (n - 1)*stride - 2*pad + dilation*(kernel - 1) + 1 + output_pad; one and three axes too.
    Source: Zeiler et al., Deconvolutional Networks, 2010; Dumoulin and Visin, A guide to convolution
    arithmetic for deep learning, 2016.
    Convention: it is the gradient of `Conv` with the same numbers, so `pad` takes elements away. With a
    stride, `Conv` maps several image sizes to one: `output_pad` adds the difference at the end. With
    `pad=same` the result has n*stride places, as the image that `Conv` with `pad=same` maps back to n. The
    fan-in for `init` is channels/groups * kernel, as in PyTorch.
    Example: input x: float[N, 4, 3, 3]; y = ConvTranspose(x, 2, 3, pad=[[1, 0], [0, 2]])
    Example: input x: float[N, 4, 3, 2]; y = ConvTranspose(x, 2, [4, 3], stride=2, pad=same)
    """

    channels: int = Field(gt=0, description="channels that come out")
    kernel: Sizes = Field(description="size of the kernel")
    stride: Sizes = Field(1, description="how far apart the elements of x are spread")
    pad: Padding = Field(
        0,
        description="elements left out around it: a number, one or `[before, after]` per axis, `same`",
    )
    dilation: Sizes = Field(1, description="distance of the elements that the kernel reaches")
    groups: Positive = Field(1, description="groups that channels in and out are divided into")
    output_pad: Widths = Field(0, description="more elements at the end of each axis")
    init: Initializer = Field(he(), description="how W starts; b starts at 0")
    bias: bool = Field(True, description="whether b is added")

    def parameters(self, x: Array) -> dict[str, Parameter]:
        axes = need_images("ConvTranspose", x)
        need_divisible("ConvTranspose", "channels that come in", x.shape[1], self.groups)
        need_divisible("ConvTranspose", "channels that come out", self.channels, self.groups)
        kernel = per_axis("ConvTranspose", "kernel", self.kernel, axes)
        W = Parameter((x.shape[1], self.channels // self.groups, *kernel), self.init)
        return {"W": W, "b": Parameter((self.channels,), zeros())} if self.bias else {"W": W}

    def forward(self, x: Array, *, W: Array, b: Array = None) -> tuple[Array, tuple[Array, Array]]:
        y = conv_transpose(x, W, size=self._size(x), **self._windows(x))
        return y if b is None else y + per_channel(b, y), (x, W)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> tuple[Array, ...]:
        x, W = saved
        dx = conv(dy, W, **self._windows(x))
        dW = conv_weight_gradient(x, dy, kernel=W.shape[2:], **self._windows(x))
        return (dx, dW, total(dy, axis=(0, *range(2, dy.ndim)))) if self.bias else (dx, dW)

    def _size(self, x: Array) -> tuple[Size, ...]:
        """The spatial sizes of the result."""
        axes = x.ndim - 2
        numbers = self._windows(x)
        if self.pad == "same":
            return tuple([n * s for n, s in zip(x.shape[2:], numbers["stride"], strict=True)])
        kernel = per_axis("ConvTranspose", "kernel", self.kernel, axes)
        more = per_axis("ConvTranspose", "output_pad", self.output_pad, axes)
        sizes = []
        moves = zip(numbers["stride"], numbers["pad"], numbers["dilation"], strict=True)
        for n, k, o, (s, p, d) in zip(x.shape[2:], kernel, more, moves, strict=True):
            if o >= s:
                raise ValueError(f"`ConvTranspose` needs output_pad below stride: {o} is not below {s}")
            size = (n - 1) * s - sum(sides(p)) + d * (k - 1) + 1 + o
            if not is_symbolic(size) and size < 1:
                width = pad_text(p)
                raise ValueError(
                    f"`ConvTranspose` would leave {size} of {n} elements: pad {width} is too large"
                )
            sizes.append(size)
        return tuple(sizes)

    def _windows(self, x: Array) -> dict[str, Any]:
        axes = need_images("ConvTranspose", x)
        kernel = per_axis("ConvTranspose", "kernel", self.kernel, axes)
        stride = per_axis("ConvTranspose", "stride", self.stride, axes)
        dilation = per_axis("ConvTranspose", "dilation", self.dilation, axes)
        if self.pad == "same" and self.output_pad != 0:
            raise ValueError("`ConvTranspose` has `pad=same` and `output_pad`: `same` decides the size alone")
        pad = pads_of("ConvTranspose", self.pad, stride, kernel, stride, dilation)
        return {"stride": stride, "pad": pad, "dilation": dilation, "groups": self.groups}
