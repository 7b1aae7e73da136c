"""Convolution of each channel by itself."""

from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.contracts.initializer import Initializer
from graphlang.initializers.he import he
from graphlang.layers._windows import Padding, Positive, Sizes, need_images
from graphlang.layers.conv import Conv


class DepthwiseConv(Layer):
    """y[n, f, i, j] = sum over k, l of W[f, 0, k, l] * x[n, f//multiplier, i*stride - pad + k*dilation, ...]

    And b[f] is added.
    Gradient: as `Conv`'s, channel by channel.
    Shapes: x [N, C, H, W], W [C*multiplier, 1, kernel...], b [C*multiplier] -> y [N, C*multiplier, ...], the
    spatial sizes as of `Conv`; one and three spatial axes too.
    Source: Sifre, Rigid-motion scattering for image classification, 2014; Howard et al., MobileNets, 2017.
    Convention: `Conv` with as many groups as channels come in; `stride`, `pad` and `dilation` as there.
    """

    kernel: Sizes = Field(description="size of the kernel")
    stride: Sizes = Field(1, description="how far the window moves on")
    pad: Padding = Field(
        0, description="zeros around the image: a number, one or `[before, after]` per axis, `same`"
    )
    dilation: Sizes = Field(1, description="distance of the elements that the kernel sees")
    multiplier: Positive = Field(1, description="channels that come out for each that comes in")
    init: Initializer = Field(he(), description="how W starts; b starts at 0")
    bias: bool = Field(True, description="whether b is added")

    def parameters(self, x: Array) -> dict[str, Parameter]:
        need_images("DepthwiseConv", x)
        return self._conv(x).parameters(x)

    def forward(self, x: Array, *, W: Array, b: Array = None) -> tuple[Array, tuple[Array, Array]]:
        return self._conv(x).forward(x, W=W, b=b)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> tuple[Array, ...]:
        return self._conv(saved[0]).backward(dy, saved)

    def _conv(self, x: Array) -> Conv:
        return Conv(
            channels=x.shape[1] * self.multiplier,
            kernel=self.kernel,
            stride=self.stride,
            pad=self.pad,
            dilation=self.dilation,
            groups=x.shape[1],
            init=self.init,
            bias=self.bias,
        )
