"""Padding that differs before and after, `same`, and windows that are rounded up, next to PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_kernels_agree_with_torch import compare, normal, own

import graphlang as gl
from graphlang.layers.avg_pool import AvgPool
from graphlang.layers.conv import Conv
from graphlang.layers.conv_transpose import ConvTranspose
from graphlang.layers.max_pool import MaxPool

torch = pytest.importorskip("torch")
F = torch.nn.functional

SIZES = [(5, 3, 1), (6, 3, 2), (7, 3, 2), (8, 2, 2), (7, 2, 3), (7, 1, 3), (5, 4, 2)]
"""Places along both axes, the size of the window, the stride."""


def same(n: int, k: int, s: int, d: int = 1) -> tuple[int, int]:
    """The padding of TensorFlow's documentation for padding="SAME"."""
    total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
    return total // 2, total - total // 2


def around(pads: list[tuple[int, int]]) -> list[int]:
    """As `F.pad` takes it: the last axis first."""
    return [side for pad in reversed(pads) for side in pad]


def padded(pads: list[tuple[int, int]], function: Callable[..., Any], value: float = 0) -> Callable[..., Any]:
    return lambda x, *more: function(F.pad(x, around(pads), value=value), *more)


@pytest.mark.parametrize("images", [2, 20])
@pytest.mark.parametrize(("n", "k", "s"), SIZES)
def test_a_convolution_with_same_has_the_size_divided_by_the_stride(
    n: int, k: int, s: int, images: int
) -> None:
    layer, x = Conv(channels=4, kernel=k, stride=s, pad="same"), normal(images, 3, n, n + 1)
    assert layer.forward(x, **own(layer, x))[0].shape[2:] == (-(-n // s), -(-(n + 1) // s))
    pads = [same(n, k, s), same(n + 1, k, s)]
    compare(layer, x, own(layer, x), padded(pads, lambda x, *ws: F.conv2d(x, *ws, stride=s)))


def test_same_counts_the_places_that_a_dilated_kernel_spans() -> None:
    layer, x = Conv(channels=4, kernel=3, dilation=2, groups=3, pad="same", bias=False), normal(2, 3, 9)
    layer = layer.model_copy(update={"channels": 6})
    compare(layer, x, own(layer, x), lambda x, W: F.conv1d(x, W, dilation=2, groups=3, padding="same"))


@pytest.mark.parametrize("images", [2, 20])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_has_a_pad_before_and_after(images: int, stride: int) -> None:
    layer = Conv(channels=4, kernel=3, stride=stride, pad=((2, 0), (0, 3)))
    x = normal(images, 3, 7, 6)
    compare(layer, x, own(layer, x),
            padded([(2, 0), (0, 3)], lambda x, *ws: F.conv2d(x, *ws, stride=stride)))  # fmt: skip


def test_a_causal_convolution_sees_nothing_that_comes_later() -> None:
    graph = gl.loads("input x: float[N, 2, T]\ny = Conv(x, 3, 3, pad=[[2, 0]])\noutput y")
    x = normal(2, 2, 6)
    later = x.copy()
    later[..., 4:] = 9
    np.testing.assert_array_equal(graph.run(x=x)["y"][..., :4], graph.run(x=later)["y"][..., :4])
    assert graph.run(x=x)["y"].shape == (2, 3, 6)


@pytest.mark.parametrize(("n", "k", "s"), [(3, 3, 1), (3, 3, 2), (4, 2, 2), (3, 2, 3), (3, 1, 3), (4, 4, 2)])
def test_a_transposed_convolution_with_same_multiplies_the_size_by_the_stride(n: int, k: int, s: int) -> None:
    layer, x = ConvTranspose(channels=4, kernel=k, stride=s, pad="same"), normal(2, 3, n, n)
    (before, after), size = same(n * s, k, s), n * s

    def theirs(x: Any, W: Any, b: Any) -> Any:
        y = F.conv_transpose2d(x, W, stride=s, output_padding=max(s - k, 0))
        cut = slice(before, before + size)
        return y[:, :, cut, cut] + b.reshape(-1, 1, 1)

    assert layer.forward(x, **own(layer, x))[0].shape == (2, 4, size, size)
    compare(layer, x, own(layer, x), theirs)
    assert before + after == max(k - s, 0)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_transposed_convolution_leaves_out_other_numbers_before_and_after(stride: int) -> None:
    layer = ConvTranspose(channels=4, kernel=3, stride=stride, pad=((2, 0), (0, 1)))
    compare(layer, x := normal(2, 3, 5, 6), own(layer, x),
            lambda x, W, b: F.conv_transpose2d(x, W, b, stride=stride)[:, :, 2:, :-1])  # fmt: skip


@pytest.mark.parametrize(("n", "k", "s"), SIZES)
def test_pools_with_same_have_the_size_divided_by_the_stride(n: int, k: int, s: int) -> None:
    x, pads = normal(2, 3, n, n + 1), [same(n, k, s), same(n + 1, k, s)]
    largest = padded(pads, lambda x: F.max_pool2d(x, k, s), value=-np.inf)
    compare(MaxPool(size=k, stride=s, pad="same"), x, {}, largest)

    def mean(x: Any) -> Any:
        total, count = (padded(pads, lambda x: F.avg_pool2d(x, k, s))(v) for v in (x, torch.ones_like(x)))
        return total / count

    compare(AvgPool(size=k, stride=s, pad="same"), x, {}, mean)
    compare(AvgPool(size=k, stride=s, pad="same", count_pad=True), x, {},
            padded(pads, lambda x: F.avg_pool2d(x, k, s)))  # fmt: skip


@pytest.mark.parametrize(("n", "k", "s"), SIZES)
@pytest.mark.parametrize("pad", [0, 1])
def test_pools_with_ceil_have_windows_that_reach_beyond_the_image(n: int, k: int, s: int, pad: int) -> None:
    if 2 * pad > k:
        return
    x = normal(2, 3, n, n + 1)
    compare(MaxPool(size=k, stride=s, pad=pad, ceil=True), x, {},
            lambda x: F.max_pool2d(x, k, s, pad, ceil_mode=True))  # fmt: skip
    for counts in (True, False):
        compare(AvgPool(size=k, stride=s, pad=pad, ceil=True, count_pad=counts), x, {},
                lambda x, c=counts: F.avg_pool2d(x, k, s, pad, ceil_mode=True, count_include_pad=c))  # fmt: skip


def test_sizes_with_same_and_ceil_are_known_for_every_size_of_image() -> None:
    graph = gl.loads(
        "input x: float[N, 3, H, W]\n"
        "a = Conv(x, 3, 3, stride=2, pad=same)\nb = MaxPool(x, 3, stride=2, pad=same)\n"
        "c = AvgPool(x, 2, ceil=true)\ny = a + b + c\noutput y"
    )
    for height, width in ((7, 8), (8, 5)):
        y = graph.run(x=normal(2, 3, height, width))["y"]
        assert y.shape == (2, 3, (height + 1) // 2, (width + 1) // 2)
