"""Convolution over 1, 2 or 3 axes, and the two primitives of its gradients.

The derivatives of each of the three are expressed by the other two.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain, product
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphlang.kernels.aligned import aligned_empty, scratch
from graphlang.kernels.images_last import (
    Geometry,
    convolve,
    images_last_pay,
    transposed,
    weight_gradient,
)
from graphlang.kernels.parallel import parallel, ranges
from graphlang.kernels.windows import SMALLER, Pad, is_padded, pad_text, sides, span, taps, window_count
from graphlang.trace.core import Primitive, Signature, into, signature
from graphlang.trace.dims import Shape, Size, count, shape_text
from graphlang.trace.errors import ShapeError
from graphlang.trace.primitives.reductions import reduce_sum
from graphlang.trace.work import Work

PerAxis: TypeAlias = tuple[int, ...]
"""One number per spatial axis."""
Pads: TypeAlias = tuple[Pad, ...]
"""What is added around each spatial axis: a number, or a pair of one before and one after."""

_TILE_BYTES = 2**21
"""Bytes of the columns of one matrix product: few enough to stay in cache, enough that a call takes much
longer than handing the interpreter's lock to another thread."""
_CALLS_OF_A_TILE = 8
_MOST_TOTALS = 8
_SMALL = 10**6
"""Multiplications up to which BLAS uses the operands in place instead of packing them first."""
_BLOCK = 64
"""Columns at which such a product is fastest, if they are stored apart from other columns and the weights
have 16 rows."""


class _Windows(NamedTuple):
    """How the kernel slides over the image."""

    stride: PerAxis
    pad: Pads
    dilation: PerAxis
    groups: int


class _OfWindows(Primitive):
    """A primitive that copies windows as the columns of products; its work is divided by images."""

    def parts(self, x: Any, *operands: Any, **windows: Any) -> int:
        return int(x.shape[0])

    def work(self, y: Any, *operands: Any, **windows: Any) -> Work:
        positions, weights = self._sizes(y, *operands)
        columns = prod(positions) // positions[1] * prod(weights[1:]) * windows["groups"]
        work, weight = super().work(y, *operands, **windows), max(1.0, y.dtype.itemsize / 4)
        tiles = 1 + columns * y.dtype.itemsize // _TILE_BYTES
        return work._replace(
            operations=work.operations + 2 * columns * weight, calls=self._calls(tiles, positions, weights)
        )

    def _sizes(self, y: Any, *operands: Any) -> tuple[Any, Any]:
        """The shapes of the array with a place for each window, and of the weights."""
        raise NotImplementedError

    def _calls(self, tiles: int, positions: Any, weights: Any) -> int:
        """The calls of NumPy for all tiles."""
        return _CALLS_OF_A_TILE * tiles


class Convolution(_OfWindows):
    """y[n, f, o...] = b[f] + sum over c, k... of w[f, c, k...] * x[n, c, o * stride - pad + k * dilation]

    x [N, C, ...], w [F, C/groups, k...], b [F] or left out. Group g of the results sees group g of the
    channels alone. As in all of deep learning it is a cross-correlation: the kernel is not flipped.
    """

    name = "conv"

    def shape(self, x: Any, w: Any, b: Any = None, **windows: Any) -> Signature:
        moves = _Windows(**windows)
        (image, left), (weights, right) = signature(x), signature(w)
        _check_ranks(image, weights)
        channels = weights[1] * moves.groups
        if image[1] != channels or weights[0] % moves.groups:
            message = f"{image[1]} channels do not fit weights of shape {shape_text(weights)}"
            groups = f" in {moves.groups} groups" if moves.groups > 1 else ""
            raise ShapeError(message + groups, (0, 1))
        if b is not None and signature(b)[0] != weights[:1]:
            raise ShapeError(f"a bias of shape {shape_text(signature(b)[0])} for {weights[0]} channels", (2,))
        return (image[0], weights[0], *_window_counts(image[2:], weights[2:], moves)), np.result_type(
            left, right
        )

    def workspace(self, x: Any, w: Any, b: Any = None, **windows: Any) -> Any:
        (image, dtype), pad = signature(x), windows["pad"]
        return (image[1], *_padded(image[2:], pad)), dtype

    def compute(self, x: Any, w: Any, b: Any = None, *, out: Any = None, **windows: Any) -> Any:
        moves = _Windows(**windows)
        shape, dtype = self.shape(x, w, b, **windows)
        y = out if out is not None and out.flags.c_contiguous else np.empty(shape, dtype)
        results = _grouped(y, moves.groups)
        weights = w.reshape(moves.groups, shape[1] // moves.groups, -1)
        bias = None if b is None else b.reshape(moves.groups, -1, 1)
        block = _rows_of_a_block(weights, y.shape[2:])
        geometry = _geometry(x.shape[2:], w.shape[2:], y.shape[2:], moves)
        images_last = images_last_pay(len(x), x.shape[1], len(w), geometry)

        def work(start: int, stop: int) -> None:
            if images_last:
                convolve(x[start:stop], weights, bias, results[start:stop], geometry)
                return
            for tile in _tiles(x, w.shape[2:], y.shape[2:], moves, start, stop, block):
                part = results[tile.images, :, :, tile.windows]
                _multiply(weights, tile.columns, part)
                if bias is not None:
                    part += bias

        parallel(work, len(x), partial(self.work, y, x, w, b, **windows))
        return y if out is None or out is y else into(out, y)

    def _sizes(self, y: Any, x: Any, w: Any, *b: Any) -> tuple[Any, Any]:
        return y.shape, w.shape

    def derivative(
        self, position: int, dy: Any, y: Any, x: Any, w: Any, b: Any = None, **windows: Any
    ) -> Any:
        if position == 0:
            return conv_transpose(dy, w, size=x.shape[2:], **windows)
        if position == 1:
            return conv_weight_gradient(dy, x, kernel=w.shape[2:], **windows)
        return reduce_sum(dy, axis=(0, *range(2, dy.ndim)))

    def flops(self, x: Any, w: Any, b: Any = None, **windows: Any) -> Size:
        return count(self.shape(x, w, b, **windows)[0]) * (2 * count(signature(w)[0][1:]) + (b is not None))


class TransposedConvolution(_OfWindows):
    """The gradient of a convolution with respect to its image of spatial size `size`: each element of dy
    times the kernel, added up over the windows."""

    name = "conv_transpose"

    def shape(self, dy: Any, w: Any, *, size: Shape, **windows: Any) -> Signature:
        moves = _Windows(**windows)
        (gradient, left), (weights, right) = signature(dy), signature(w)
        _check_ranks(gradient, weights)
        if gradient[1] != weights[0]:
            message = f"{gradient[1]} channels do not fit weights of shape {shape_text(weights)}"
            raise ShapeError(message, (0, 1))
        expected = _window_counts(size, weights[2:], moves)
        if gradient[2:] != expected:
            counts = f"{shape_text(expected)}, not {shape_text(gradient[2:])}"
            message = f"the windows over {shape_text(size)} are {counts}"
            raise ShapeError(message, (0,))
        return (gradient[0], weights[1] * moves.groups, *size), np.result_type(left, right)

    def compute(self, dy: Any, w: Any, *, size: PerAxis, out: Any = None, **windows: Any) -> Any:
        moves = _Windows(**windows)
        axes = zip(w.shape[2:], moves.dilation, moves.pad, strict=True)
        ends: Any = tuple([tuple([span(k, d) - 1 - side for side in sides(p)]) for k, d, p in axes])
        if max(moves.stride) == 1 and min(map(min, ends)) >= 0:
            flipped = _transposed_weights(w, moves.groups)
            return conv.compute(dy, flipped, out=out, **moves._replace(pad=ends)._asdict())
        shape, dtype = self.shape(dy, w, size=size, **windows)
        dx = np.empty(shape, dtype) if out is None else out
        weights = w.reshape(moves.groups, len(w) // moves.groups, -1).swapaxes(-1, -2)
        geometry = _geometry(size, w.shape[2:], dy.shape[2:], moves)
        images_last = images_last_pay(len(dy), dx.shape[1], len(w), geometry)

        def work(start: int, stop: int) -> None:
            if images_last:
                transposed(_grouped(dy[start:stop], moves.groups), weights, dx[start:stop], geometry)
                return
            for n in range(start, stop):
                flat = dy[n].reshape(moves.groups, -1, prod(dy.shape[2:]))
                columns = np.matmul(weights, flat).reshape(shape[1], *w.shape[2:], *dy.shape[2:])
                _add_columns(dx[n], columns, moves)

        parallel(work, len(dy), partial(self.work, dx, dy, w, size=size, **windows))
        return dx

    def _sizes(self, y: Any, dy: Any, w: Any) -> tuple[Any, Any]:
        return dy.shape, w.shape

    def _calls(self, tiles: int, positions: Any, weights: Any) -> int:
        return int(positions[0] * (2 + prod(weights[2:])))

    def derivative(
        self, position: int, dy: Any, y: Any, a: Any, w: Any, *, size: Shape, **windows: Any
    ) -> Any:
        if position == 0:
            return conv(dy, w, **windows)
        return conv_weight_gradient(a, dy, kernel=w.shape[2:], **windows)

    def flops(self, dy: Any, w: Any, **params: Any) -> Size:
        return 2 * count(signature(dy)[0]) * count(signature(w)[0][1:])


class ConvolutionWeightGradient(_OfWindows):
    """The gradient of a convolution with respect to its weights; `kernel` is the spatial shape of the
    kernel."""

    name = "conv_weight_gradient"

    def shape(self, dy: Any, x: Any, *, kernel: PerAxis, **windows: Any) -> Signature:
        moves = _Windows(**windows)
        (gradient, left), (image, right) = signature(dy), signature(x)
        expected = (image[0], *_window_counts(image[2:], kernel, moves))
        if (gradient[0], *gradient[2:]) != expected:
            both = f"{shape_text(gradient)} and {shape_text(image)}"
            raise ShapeError(f"shapes {both} do not fit a kernel of {_by(kernel)}", (0, 1))
        return (gradient[1], image[1] // moves.groups, *kernel), np.result_type(left, right)

    def compute(self, dy: Any, x: Any, *, kernel: PerAxis, out: Any = None, **windows: Any) -> Any:
        moves = _Windows(**windows)
        shape, dtype = self.shape(dy, x, kernel=kernel, **windows)
        gradients = _grouped(dy, moves.groups)
        geometry = _geometry(x.shape[2:], kernel, dy.shape[2:], moves)
        images_last = images_last_pay(len(x), x.shape[1], dy.shape[1], geometry)

        column_bytes = prod(shape[1:]) * moves.groups * prod(dy.shape[2:]) * x.itemsize
        parts = ranges(len(x), _totals(len(x) * column_bytes))

        def work(first: int, stop: int) -> list[Any]:
            if images_last:
                own = [slice(*part) for part in parts[first:stop]]
                return [weight_gradient(gradients[part], x[part], geometry, dtype) for part in own]
            # The total is transposed: BLAS is a fifth faster with the columns as the left operand.
            totals = np.zeros((stop - first, moves.groups, prod(shape[1:]), shape[0] // moves.groups), dtype)
            memory: dict[Any, Any] = {}
            for total, images in zip(totals, parts[first:stop], strict=True):
                for tile in _tiles(x, kernel, dy.shape[2:], moves, *images, memory=memory):
                    columns, right = tile.columns, gradients[tile.images, :, :, tile.windows]
                    part = scratch("products", (*columns.shape[:3], right.shape[2]), dtype)
                    np.matmul(columns, right.swapaxes(-1, -2), out=part)
                    total += part[0] if len(part) == 1 else part.sum(axis=0)
            return list(totals)

        cost = partial(self.work, np.empty(shape, dtype), dy, x, kernel=kernel, **windows)
        total, *others = chain.from_iterable(parallel(work, len(parts), cost))
        for other in others:
            total += other
        return into(out, total.swapaxes(1, 2).reshape(shape))

    def _sizes(self, y: Any, dy: Any, x: Any) -> tuple[Any, Any]:
        return dy.shape, y.shape

    def derivative(
        self, position: int, dy: Any, y: Any, a: Any, x: Any, *, kernel: Any, **windows: Any
    ) -> Any:
        return conv(x, dy, **windows) if position == 0 else conv_transpose(a, dy, size=x.shape[2:], **windows)

    def flops(self, dy: Any, x: Any, *, kernel: PerAxis, groups: int, **windows: Any) -> Size:
        return 2 * count(signature(dy)[0]) * (signature(x)[0][1] // groups) * prod(kernel)


conv = Convolution()
conv_transpose = TransposedConvolution()
conv_weight_gradient = ConvolutionWeightGradient()


# ---- shapes


def _check_ranks(image: Shape, weights: Shape) -> None:
    if len(image) != len(weights) or len(image) not in (3, 4, 5):
        both = f"{shape_text(image)} and {shape_text(weights)}"
        help = "the image is [N, C, ...], the weights are [F, C, k...], with 1, 2 or 3 axes for the places"
        raise ShapeError(f"shapes {both} do not convolve", (0, 1), help)


def _window_counts(sizes: Shape, kernel: Shape, moves: _Windows) -> Shape:
    """The number of windows along each spatial axis."""
    try:
        axes = zip(sizes, kernel, *moves[:3], strict=True)
        return tuple([window_count(*line) for line in axes])  # type: ignore[arg-type]
    except ShapeError:
        message = f"the kernel of {_by(kernel)} is larger than the image of {_by(sizes)}"
        more = (
            f" with {_by(tuple(map(pad_text, moves.pad)))} of padding"
            if any(map(is_padded, moves.pad))
            else ""
        )
        more += f" and a dilation of {_by(moves.dilation)}" if max(moves.dilation) > 1 else ""
        raise ShapeError(message + more, (0, 1), SMALLER) from None


def _geometry(sizes: PerAxis, kernel: PerAxis, counts: PerAxis, moves: _Windows) -> Geometry:
    return Geometry(tuple(sizes), tuple(kernel), tuple(counts), *moves)


def _padded(sizes: Shape, pad: Pads) -> list[Size]:
    """The sizes of an image with what is added around it."""
    return [n + sum(sides(p)) for n, p in zip(sizes, pad, strict=True)]


def _by(sizes: tuple[Any, ...]) -> str:
    return " x ".join(map(str, sizes))


# ---- windows as matrices


class _Tile(NamedTuple):
    """The windows of some images, or of some rows of one image, as the columns of one matrix per group
    [N, groups, K, P], or of a matrix per block of columns and group [N, blocks, groups, K, P/blocks]."""

    images: slice
    windows: slice
    columns: Any


def _tiles(
    x: Any,
    kernel: PerAxis,
    counts: PerAxis,
    moves: _Windows,
    start: int,
    stop: int,
    block: int = 0,
    memory: dict[Any, Any] | None = None,
) -> Iterator[_Tile]:
    """All windows of the images from `start` to `stop`, copied tile by tile into one small buffer. With
    `block`, the columns are divided into blocks of that many rows of windows. The buffer is kept in
    `memory`."""
    memory = {} if memory is None else memory
    channels, inner = x.shape[1], prod(counts[1:])
    height = channels * prod(kernel)
    if prod(kernel) == max(moves.stride) == 1 and not any(map(is_padded, moves.pad)):
        yield _Tile(slice(start, stop), slice(None), _grouped(x[start:stop], moves.groups))
        return
    images, rows = _tile_size(stop - start, counts[0], height * inner * x.itemsize, max(1, block))
    size = images * rows * inner * height
    if size not in memory:
        memory[size] = aligned_empty((size,), x.dtype), *_padded_buffer(x, images, moves.pad)
    buffer, padded, interior = memory[size]
    for first in range(start, stop, images):
        last = min(first + images, stop)
        image = x[first:last]
        if padded is not None:
            interior[: last - first] = image
            image = padded[: last - first]
        windows = _windows(image, kernel, counts, moves)
        for top in range(0, counts[0], rows):
            end = min(top + rows, counts[0])
            part = windows[(..., slice(top, end), *_WHOLE * (len(counts) - 1))]
            if block and (end - top) % block == 0:
                part = _in_blocks(part, len(counts), block)
            columns = buffer[: part.size].reshape(part.shape)
            np.copyto(columns, part)
            lead = part.shape[: 2 if part.ndim > windows.ndim else 1]
            matrix = columns.reshape(*lead, moves.groups, height // moves.groups, -1)
            yield _Tile(slice(first, last), slice(top * inner, end * inner), matrix)


_WHOLE = (slice(None),)


def _totals(column_bytes: int) -> int:
    """Into how many parts the images are divided that have a total each. It depends on sizes alone, so that
    the bits of their sum are the same on any number of threads."""
    halves = -(-2 * column_bytes // _TILE_BYTES)
    return halves if halves < 3 else min(_MOST_TOTALS, -(-halves // 4) * 4)


def _rows_of_a_block(weights: Any, counts: PerAxis) -> int:
    """The rows of windows in a block of columns, so that its products are small enough for BLAS not to pack
    them; 0 where this does not pay or does not fit."""
    _, filters, inner = weights.shape
    width = prod(counts[1:])
    fits = _BLOCK % width == 0 and filters % 16 == 0 and 16 * inner * _BLOCK <= _SMALL
    return _BLOCK // width if fits and filters * inner * prod(counts) > _SMALL else 0


def _in_blocks(windows: Any, axes: int, block: int) -> Any:
    """Windows [N, C, k..., rows, ...] as a view [N, blocks, C, k..., rows of a block, ...]."""
    axis = windows.ndim - axes
    shape, strides = windows.shape, windows.strides
    blocks = as_strided(
        windows,
        (*shape[:axis], shape[axis] // block, block, *shape[axis + 1 :]),
        (*strides[:axis], strides[axis] * block, *strides[axis:]),
        writeable=False,
    )
    return np.moveaxis(blocks, axis, 1)


def _multiply(weights: Any, columns: Any, out: Any) -> None:
    """The weights [groups, F, K] times the columns of a tile, into `out` [N, groups, F, P]."""
    if columns.ndim == out.ndim:
        np.matmul(weights, columns, out=out)
        return
    groups, filters, inner = weights.shape
    w = weights.reshape(groups, filters // 16, 16, inner)
    y = out.reshape(*out.shape[:2], filters // 16, 16, -1, _BLOCK).transpose(0, 4, 1, 2, 3, 5)
    np.matmul(w, columns[:, :, :, None], out=y)


def _tile_size(images: int, rows: int, row_bytes: int, step: int) -> tuple[int, int]:
    """The number of images, or else the number of rows of one image, in a tile; all tiles have about the same
    size."""
    fitting = max(1, _TILE_BYTES // max(1, row_bytes))
    if fitting < rows:
        cut = -(-rows // -(-rows // fitting))
        return 1, max(cut // step, 1) * step
    together = max(1, min(images, fitting // rows))
    return -(-images // -(-images // together)) if images else 1, rows


def _padded_buffer(x: Any, images: int, pad: Pads) -> tuple[Any, Any]:
    """A buffer of zeros for some padded images, and the view of it without the padding; None without
    padding."""
    if not any(map(is_padded, pad)):
        return None, None
    sizes, starts = x.shape[2:], [sides(p)[0] for p in pad]
    padded = np.zeros((images, x.shape[1], *_padded(sizes, pad)), x.dtype)
    interior: Any = (..., *[slice(start, start + n) for n, start in zip(sizes, starts, strict=True)])
    return padded, padded[interior]


def _windows(x: Any, kernel: PerAxis, counts: PerAxis, moves: _Windows) -> Any:
    """The windows of images [N, C, ...] as a view [N, C, k..., windows...]."""
    steps = x.strides[2:]
    between = [s * m for s, m in zip(steps, moves.stride, strict=True)]
    within = [s * d for s, d in zip(steps, moves.dilation, strict=True)]
    strides = (*x.strides[:2], *within, *between)
    return as_strided(x, (*x.shape[:2], *kernel, *counts), strides, writeable=False)


def _grouped(x: Any, groups: int) -> Any:
    """[N, C, ...] as matrices [N, groups, C/groups, positions]; a view where x is contiguous."""
    return x.reshape(len(x), groups, x.shape[1] // groups, prod(x.shape[2:]))


def _transposed_weights(w: Any, groups: int) -> Any:
    """The weights whose convolution is the transposed one: kernel flipped, input and output channels
    exchanged."""
    flipped = np.flip(w, tuple(range(2, w.ndim))).reshape(groups, len(w) // groups, *w.shape[1:])
    return flipped.swapaxes(1, 2).reshape(groups * w.shape[1], len(w) // groups, *w.shape[2:])


def _add_columns(dx: Any, columns: Any, moves: _Windows) -> None:
    """Adds up columns [C, k..., windows...] over the windows of one image, and drops what lies in the
    padding."""
    dx.fill(0)
    axes = len(moves.stride)
    kernel, counts = columns.shape[1 : 1 + axes], columns.shape[1 + axes :]
    lines = zip(dx.shape[1:], counts, kernel, moves.stride, moves.pad, moves.dilation, strict=True)
    for position_taps in product(*[taps(*line) for line in lines]):
        position, windows, elements = zip(*position_taps, strict=True)
        dx[(slice(None), *elements)] += columns[(slice(None), *position, *windows)]
