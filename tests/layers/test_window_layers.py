"""Convolution and pooling: hand sums, shapes of any batch, what is refused, and threads."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from helpers import parameter_shapes
from pydantic import ValidationError

from graphlang.catalog.operation import Array, Layer
from graphlang.kernels.convolution import conv, conv_transpose, conv_weight_gradient
from graphlang.kernels.parallel import blocks, parallel, worker_threads
from graphlang.kernels.pooling import max_pool, max_pool_gradient
from graphlang.layers.avg_pool import AvgPool
from graphlang.layers.conv import Conv
from graphlang.layers.conv_transpose import ConvTranspose
from graphlang.layers.max_pool import MaxPool
from graphlang.trace import Dim, ShapeError, Trace, gradient, replay

RNG = np.random.default_rng(17)
PLAIN: dict[str, Any] = {"stride": (1, 1), "pad": (0, 0), "dilation": (1, 1), "groups": 1}


def images(*shape: int) -> Array:
    return RNG.standard_normal(shape)


def at_once(jobs: Sequence[Callable[[], None]]) -> None:
    """Runs jobs on threads of their own."""
    running = [threading.Thread(target=job) for job in jobs]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


# ---- values


def test_a_convolution_of_the_book() -> None:
    # Deep Learning from Scratch, figures 7-4 and 7-5.
    x = np.array([[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1.0]])[None, None]
    W = np.array([[2, 0, 1], [0, 1, 2], [1, 0, 2.0]])[None, None]
    y, _ = Conv(channels=1, kernel=3).forward(x, W=W, b=np.array([3.0]))
    assert y.tolist() == [[[[18, 19], [9, 18]]]]


def test_a_stride_skips_windows() -> None:
    x = np.arange(9.0).reshape(1, 1, 9)
    W = np.array([[[1.0, 10.0]]])
    y, _ = Conv(channels=1, kernel=2, stride=3, bias=False).forward(x, W=W)
    assert y.tolist() == [[[10, 43, 76]]]


def test_a_stride_may_be_larger_than_the_kernel_and_a_kernel_as_large_as_the_image() -> None:
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    y, _ = Conv(channels=1, kernel=1, stride=3, bias=False).forward(x, W=np.ones((1, 1, 1, 1)))
    assert y.tolist() == [[[[0, 3], [12, 15]]]]
    y, _ = Conv(channels=1, kernel=4, bias=False).forward(x, W=np.ones((1, 1, 4, 4)))
    assert y.tolist() == [[[[120]]]]


def test_groups_do_not_see_each_other() -> None:
    x = np.array([[[1.0, 2.0], [10.0, 20.0]]])
    W = np.array([[[1.0, 1.0]], [[2.0, 0.0]]])
    y, _ = Conv(channels=2, kernel=2, groups=2, bias=False).forward(x, W=W)
    assert y.tolist() == [[[3], [20]]]


def test_a_transposed_convolution_spreads_each_element() -> None:
    x = np.array([[[1.0, 2.0]]])
    W = np.array([[[1.0, 10.0, 100.0]]])
    y, _ = ConvTranspose(channels=1, kernel=3, stride=2).forward(x, W=W, b=np.array([0.5]))
    assert y.tolist() == [[[1.5, 10.5, 102.5, 20.5, 200.5]]]


def test_a_transposed_convolution_is_the_gradient_of_the_convolution() -> None:
    x, W = images(2, 3, 7, 6), images(4, 3, 3, 2)
    layer = Conv(channels=4, kernel=(3, 2), stride=(2, 1), pad=1, bias=False)
    y, saved = layer.forward(x, W=W)
    dy = images(*y.shape)
    back = ConvTranspose(channels=3, kernel=(3, 2), stride=(2, 1), pad=1, bias=False)
    np.testing.assert_allclose(back.forward(dy, W=W)[0], layer.backward(dy, saved)[0], rtol=1e-12)


def test_the_gradient_of_a_max_pool_goes_to_the_first_of_equal_elements() -> None:
    x = np.array([[5.0, 7, 7, 0], [7, 7, 0, 7], [1, 1, 2, 3], [1, 1, 3, 3]])[None, None]
    layer = MaxPool(size=2)
    y, saved = layer.forward(x)
    assert y.tolist() == [[[[7, 7], [1, 3]]]]
    dx = layer.backward(np.array([[[[1.0, 2], [3, 4]]]]), saved)
    assert dx.tolist() == [[[[0, 1, 2, 0], [0, 0, 0, 0], [3, 0, 0, 4], [0, 0, 0, 0]]]]


def test_padding_never_wins_a_maximum() -> None:
    y, _ = MaxPool(size=2, pad=1).forward(np.full((1, 1, 2, 2), -3.0))
    assert y.tolist() == [[[[-3, -3], [-3, -3]]]]
    y, _ = MaxPool(size=2, pad=1).forward(np.full((1, 1, 2), -3))
    assert y.tolist() == [[[-3, -3]]]


def test_gradients_of_windows_that_overlap_add_up() -> None:
    layer = MaxPool(size=2, stride=1)
    _, saved = layer.forward(np.array([[[1.0, 3.0, 2.0]]]))
    assert layer.backward(np.array([[[10.0, 20.0]]]), saved).tolist() == [[[0, 30, 0]]]


def test_padding_counts_in_an_average_or_not() -> None:
    x = np.array([[[2.0, 4.0]]])
    assert AvgPool(size=2, pad=1).forward(x)[0].tolist() == [[[1, 2]]]
    assert AvgPool(size=2, pad=1, count_pad=False).forward(x)[0].tolist() == [[[2, 4]]]


# ---- gradients


def test_the_second_derivative_of_a_convolution() -> None:
    # y = sum(conv(x, W)**2) of one element: (x W)**2, so the gradient's gradient by x is 2 W**2.
    trace = Trace()
    x, W = trace.input((1, 1, 1, 1)), trace.input((1, 1, 1, 1))
    y = np.sum(conv(x, W, **PLAIN) ** 2)
    (dx,) = gradient(y, [x])
    ddx = gradient(dx, [x, W])
    feeds = {x: np.full((1, 1, 1, 1), 3.0), W: np.full((1, 1, 1, 1), 5.0)}
    assert [v.item() for v in replay(trace, ddx, feeds)] == [50, 60]


def test_float32_stays_float32() -> None:
    x, W, b = (v.astype(np.float32) for v in (images(2, 2, 4, 4), images(3, 2, 2, 2), images(3)))
    for layer, own in ((Conv(channels=3, kernel=2), {"W": W, "b": b}), (MaxPool(size=2), {})):
        y, saved = layer.forward(x, **own)
        gradients = layer.backward(np.ones_like(y), saved)
        found = {v.dtype for v in (y, *(gradients if isinstance(gradients, tuple) else (gradients,)))}
        assert found == {np.dtype(np.float32)}
    for count_pad in (True, False):
        assert AvgPool(size=2, pad=1, count_pad=count_pad).forward(x)[0].dtype == np.float32


def test_an_image_may_be_a_view_in_any_order() -> None:
    x, W = images(4, 5, 3, 2).transpose(3, 2, 0, 1), images(2, 3, 2, 2)
    dy = np.broadcast_to(images(2, 1, 1), (2, 2, 3, 4))
    for primitive, operands, more in (
        (conv, (x, W), {}),
        (conv, (x, W[..., :1, :1]), {}),
        (conv_transpose, (dy, W), {"size": (4, 5)}),
        (conv_weight_gradient, (dy, x), {"kernel": (2, 2)}),
    ):
        copies = [np.ascontiguousarray(v) for v in operands]
        expected = primitive.compute(*copies, **PLAIN, **more)
        # A product of BLAS may differ in its last bit with where its operands lie in memory.
        found = primitive.compute(*operands, **PLAIN, **more)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
        out = np.empty((*expected.shape, 2))[..., 0]
        primitive.compute(*operands, **PLAIN, **more, out=out)
        np.testing.assert_array_equal(out, found)


# ---- shapes


def test_the_weights_of_convolutions() -> None:
    x = np.zeros((2, 4, 8, 9))
    assert parameter_shapes(Conv(channels=6, kernel=(3, 5), groups=2), x) == {"W": (6, 2, 3, 5), "b": (6,)}
    assert parameter_shapes(Conv(channels=6, kernel=3, bias=False), x[0]) == {"W": (6, 8, 3)}
    assert parameter_shapes(ConvTranspose(channels=6, kernel=3, groups=2), x) == {
        "W": (4, 3, 3, 3),
        "b": (6,),
    }
    assert parameter_shapes(MaxPool(size=2), x) == {}


def test_shapes_hold_for_any_batch_and_any_image() -> None:
    N, H = Dim.symbol("N"), Dim.symbol("H")
    trace = Trace()
    x = trace.input((N, 3, 2 * H, 32))
    with trace:
        y, _ = Conv(channels=8, kernel=3, pad=1).forward(x, W=trace.input((8, 3, 3, 3)), b=trace.input((8,)))
        assert y.shape == (N, 8, 2 * H, 32)
        assert MaxPool(size=2).forward(y)[0].shape == (N, 8, H, 16)
        assert AvgPool(size=3, stride=2, pad=1, count_pad=False).forward(y)[0].shape[2] == H
        y, _ = ConvTranspose(channels=2, kernel=2, stride=2, bias=False).forward(
            x, W=trace.input((3, 2, 2, 2))
        )
        assert y.shape == (N, 2, 4 * H, 64)


def test_gradients_hold_for_any_batch_and_any_image() -> None:
    N, H = Dim.symbol("N"), Dim.symbol("H")
    x, W = images(3, 2, 6, 4), images(2, 2, 3, 3)
    found = []
    for shape in ((N, 2, H, 4), x.shape):
        trace = Trace()
        with trace:
            a, w = trace.input(shape), trace.input(W.shape)
            y, _ = Conv(channels=2, kernel=3, stride=2, pad=1, bias=False).forward(a, W=w)
            y, _ = MaxPool(size=2, stride=1, pad=1).forward(y)
            y, _ = AvgPool(size=2, pad=1, count_pad=False).forward(y)
            found.append(replay(trace, [y, *gradient(np.sum(y * y), [a, w])], {a: x, w: W}))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


# ---- what is refused


def test_a_kernel_larger_than_the_image_names_both_sizes() -> None:
    x = np.zeros((1, 1, 3, 4))
    with pytest.raises(ValueError, match=r"`Conv`: the kernel of 5 x 2 is larger than the image of 3 x 4$"):
        Conv(channels=1, kernel=(5, 2), bias=False).forward(x, W=np.zeros((1, 1, 5, 2)))
    with pytest.raises(ValueError, match="image of 3 x 4 with 1 x 1 of padding at a dilation of 3 x 3"):
        Conv(channels=1, kernel=3, dilation=3, pad=1, bias=False).forward(x, W=np.zeros((1, 1, 3, 3)))
    with pytest.raises(ShapeError, match=r"kernel of 4 x 1 is larger than the image of 3 x 4$"):
        conv(x, np.zeros((1, 1, 4, 1)), **PLAIN)
    with pytest.raises(ValueError, match="`MaxPool`: the window of 4 x 4 is larger than the image of 3 x 4"):
        MaxPool(size=4).forward(x)


def test_windows_of_padding_alone_are_refused() -> None:
    x = np.zeros((1, 1, 3))
    with pytest.raises(ValueError, match="pad of at most half the window: 2 is too much for 3"):
        AvgPool(size=3, pad=2).forward(x)
    with pytest.raises(ValueError, match="nothing but padding"):
        MaxPool(size=2, dilation=2, pad=1).forward(x[..., :1])


@pytest.mark.parametrize("layer", [Conv(channels=2, kernel=3), ConvTranspose(channels=2, kernel=3)])
def test_images_have_channels_and_places(layer: Layer) -> None:
    with pytest.raises(ValueError, match=r"needs \[N, C, H, W\] .*, but `x` is \(2, 3\)"):
        layer.parameters(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"needs \[N, C, H, W\]"):
        MaxPool(size=2).forward(np.zeros((2, 3)))


def test_groups_divide_the_channels() -> None:
    with pytest.raises(ValueError, match="cannot divide 3 channels that come in into 2 equal groups"):
        Conv(channels=2, kernel=1, groups=2).parameters(np.zeros((1, 3, 2, 2)))
    with pytest.raises(ValueError, match="cannot divide 3 channels that come out into 2 equal groups"):
        Conv(channels=3, kernel=1, groups=2).parameters(np.zeros((1, 2, 2, 2)))
    with pytest.raises(ShapeError, match="5 channels do not fit weights"):
        Conv(channels=3, kernel=1).forward(np.zeros((1, 5, 2)), W=np.zeros((3, 4, 1)))


def test_a_list_has_a_number_for_each_spatial_axis() -> None:
    with pytest.raises(ValueError, match="`Conv` has 3 numbers in `kernel` for 2 spatial axes"):
        Conv(channels=1, kernel=(1, 2, 3)).parameters(np.zeros((1, 1, 4, 4)))
    for wrong in ({"kernel": 0}, {"kernel": (2, 0)}, {"kernel": 2, "stride": 0}, {"kernel": 2, "pad": -1}):
        with pytest.raises(ValidationError):
            Conv(channels=1, **wrong)


def test_a_transposed_convolution_leaves_something() -> None:
    x, W = np.zeros((1, 1, 2)), np.zeros((1, 1, 2))
    with pytest.raises(ValueError, match="would leave -1 of 2 elements: pad 2 is too large"):
        ConvTranspose(channels=1, kernel=2, pad=2, bias=False).forward(x, W=W)
    with pytest.raises(ValueError, match="output_pad below stride: 2 is not below 2"):
        ConvTranspose(channels=1, kernel=2, stride=2, output_pad=2, bias=False).forward(x, W=W)


# ---- threads


def test_ranges_cover_the_work_in_order() -> None:
    with worker_threads(3, at_once):
        assert parallel(lambda start, stop: (start, stop), 8) == [(0, 2), (2, 5), (5, 8)]
        assert parallel(lambda start, stop: (start, stop), 2) == [(0, 1), (1, 2)]
        assert parallel(lambda start, stop: (start, stop), 0) == [(0, 0)]
    assert parallel(lambda start, stop: (start, stop), 8) == [(0, 8)]
    assert list(blocks(1, 8, 2**17)) == [slice(1, 3), slice(3, 5), slice(5, 7), slice(7, 8)]


def test_work_inside_of_a_job_is_not_divided_again() -> None:
    with worker_threads(2, at_once):
        inner = parallel(lambda start, stop: parallel(lambda a, b: (a, b), 10), 2)
    assert inner == [[(0, 10)]] * 2


def test_threads_change_no_value_and_repeat_bit_by_bit() -> None:
    x, W = images(5, 3, 9, 8), images(4, 3, 3, 3)
    y = conv.compute(x, W, **PLAIN)
    dy = images(*y.shape)
    along = {"axis": 2, "size": 2, "stride": 1, "pad": 0, "dilation": 1}
    largest = max_pool.compute(x, **along)

    def all_kernels() -> list[Array]:
        return [
            conv.compute(x, W, **PLAIN),
            conv_transpose.compute(dy, W, size=(9, 8), **PLAIN),
            conv_weight_gradient.compute(dy, x, kernel=(3, 3), **PLAIN),
            max_pool_gradient.compute(largest, x, largest, **along),
        ]

    with worker_threads(3, at_once):
        once, again = all_kernels(), all_kernels()
    for a, b, c in zip(once, again, all_kernels(), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, c, rtol=1e-12, atol=1e-12)


def test_an_empty_batch_has_shapes_too() -> None:
    x, W = np.zeros((0, 3, 4, 4)), np.zeros((2, 3, 3, 3))
    layer = Conv(channels=2, kernel=3)
    y, saved = layer.forward(x, W=W, b=np.zeros(2))
    assert y.shape == (0, 2, 2, 2)
    assert [g.shape for g in layer.backward(y, saved)] == [x.shape, W.shape, (2,)]
    assert MaxPool(size=2).forward(x)[0].shape == (0, 3, 2, 2)


@pytest.mark.parametrize(
    ("size", "stride", "pad", "groups"),
    [
        (32, 1, 1, 1),
        (33, 1, 1, 1),
        (64, 2, 1, 1),
        (31, 1, (1, 0), 1),
        (32, 1, 1, 2),
        (16, 1, 1, 1),
        (34, 1, 0, 1),
    ],
)
def test_a_large_convolution_cut_into_small_products_is_the_sum_over_its_windows(
    size: int, stride: int, pad: int | tuple[int, int], groups: int
) -> None:
    pads = (pad, pad) if isinstance(pad, int) else pad
    x, w = RNG.standard_normal((3, 32, size, size)), RNG.standard_normal((64, 32 // groups, 3, 3))
    found = conv(x, w, stride=(stride, stride), pad=pads, dilation=(1, 1), groups=groups)
    padded = np.pad(x, [(0, 0), (0, 0), *[(p, p) for p in pads]])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::stride, ::stride]
    windows = windows.reshape(3, groups, 32 // groups, *windows.shape[2:])
    parts = w.reshape(groups, 64 // groups, *w.shape[1:])
    expected = np.einsum("ngchwij,gfcij->ngfhw", windows, parts, optimize=True).reshape(found.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
