"""Convolution with the images along the last axis, for images of few places along their own last axis.

Copying the windows of one such image moves a few numbers at a time. In [C, ..., N] instead of [N, C, ...] the
numbers of all images at a place lie together, and move at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphlang.kernels.aligned import scratch
from graphlang.kernels.windows import Pad, sides, span

_SHORT = 16
"""Places along the last axis of the windows below which the images go last."""
_FEW = 16
"""The fewest images for which that pays."""
_TILE_BYTES = 2**20
"""Bytes of the columns of one matrix product, which should stay in cache."""


class Geometry(NamedTuple):
    """How kernels slide over images: a number per spatial axis, and the number of groups."""

    sizes: tuple[int, ...]
    kernel: tuple[int, ...]
    counts: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[Pad, ...]
    dilation: tuple[int, ...]
    groups: int

    @property
    def padded(self) -> tuple[int, ...]:
        """The sizes of an image with all that its windows cover."""
        lines = zip(self.sizes, self.kernel, self.counts, self.stride, self.pad, self.dilation, strict=True)
        return tuple([max(n + sides(p)[0], (m - 1) * s + span(k, d)) for n, k, m, s, p, d in lines])

    @property
    def interior(self) -> tuple[slice, ...]:
        """Where the image lies in the padded one."""
        starts = [sides(p)[0] for p in self.pad]
        return tuple([slice(start, start + n) for start, n in zip(starts, self.sizes, strict=True)])


def images_last_pay(images: int, channels: int, filters: int, geometry: Geometry) -> bool:
    """Whether moving the images to the last axis and back costs less than it saves."""
    places = prod(geometry.counts)
    moved = channels * prod(geometry.sizes) + filters * places
    few = geometry.counts[-1] < _SHORT and images >= _FEW
    return few and channels * prod(geometry.kernel) * places >= moved


def convolve(x: Any, weights: Any, bias: Any, y: Any, geometry: Geometry) -> None:
    """The convolution of images x [N, C, ...] with weights [groups, F/groups, K], into y
    [N, groups, F/groups, P]; the bias is [groups, F/groups, 1] or None."""
    for images, columns in _columns(x, geometry, y.dtype):
        part = y[images]
        result = scratch("results", (*weights.shape[:2], columns.shape[2]), y.dtype)
        np.matmul(weights, columns, out=result)
        if bias is not None:
            result += bias
        np.copyto(part, np.moveaxis(result.reshape(*part.shape[1:], -1), -1, 0))


def weight_gradient(dy: Any, x: Any, geometry: Geometry, dtype: Any) -> Any:
    """The gradient of the weights, transposed [groups, K, F/groups], from dy [N, groups, F/groups, P]."""
    groups, filters = dy.shape[1:3]
    inner = x.shape[1] // groups * prod(geometry.kernel)
    total = np.zeros((groups, inner, filters), dtype)
    for images, columns in _columns(x, geometry, dtype):
        part = np.moveaxis(dy[images], (0, 2), (2, 3))  # [groups, P, images, F/groups]
        moved = scratch("moved", part.shape, dy.dtype)
        np.copyto(moved, part)
        total += columns @ moved.reshape(groups, -1, filters)
    return total


def transposed(dy: Any, weights: Any, dx: Any, geometry: Geometry) -> None:
    """The gradient of the images, into dx [N, C, ...], from dy [N, groups, F/groups, P] and the weights,
    transposed [groups, K, F/groups]."""
    channels, groups = dx.shape[1], geometry.groups
    step = _together(len(dx), channels, geometry, dx.itemsize)
    for first in range(0, len(dx), step):
        images = slice(first, min(first + step, len(dx)))
        part = _moved_last(dy[images])
        padded = scratch("padded", (channels, *geometry.padded, part.shape[-1]), dx.dtype)
        padded.fill(0)
        shape = (channels, *geometry.kernel, *geometry.counts, part.shape[-1])
        columns = scratch("columns", shape, dx.dtype)
        inner, places = weights.shape[1], prod(part.shape[2:])
        np.matmul(weights, part.reshape(groups, -1, places), out=columns.reshape(groups, inner, places))
        for position in product(*map(range, geometry.kernel)):
            padded[_elements(position, geometry)] += columns[(slice(None), *position)]
        np.copyto(dx[images], np.moveaxis(padded[(slice(None), *geometry.interior)], -1, 0))


def _columns(x: Any, geometry: Geometry, dtype: Any) -> Iterator[tuple[slice, Any]]:
    """The windows of some images at a time as the columns of matrices [groups, K, P * images], which share
    memory."""
    count, channels = x.shape[:2]
    step = _together(count, channels, geometry, np.dtype(dtype).itemsize)
    shape = (channels, *geometry.kernel, *geometry.counts)
    for first in range(0, count, step):
        images = slice(first, min(first + step, count))
        number = images.stop - first
        padded = scratch("padded", (channels, *geometry.padded, number), dtype)
        padded.fill(0)
        np.copyto(padded[(slice(None), *geometry.interior)], np.moveaxis(x[images], 0, -1))
        columns = scratch("columns", (*shape, number), dtype)
        np.copyto(columns, _windows(padded, geometry))
        yield images, columns.reshape(geometry.groups, -1, prod(geometry.counts) * number)


def _moved_last(x: Any) -> Any:
    """A copy of [N, ...] as [..., N]."""
    moved = scratch("moved", (*x.shape[1:], len(x)), x.dtype)
    np.copyto(moved, np.moveaxis(x, 0, -1))
    return moved


def _together(images: int, channels: int, geometry: Geometry, itemsize: int) -> int:
    """The number of images whose columns fit into a tile; all tiles have about the same size."""
    image_bytes = channels * prod(geometry.kernel) * prod(geometry.counts) * itemsize
    tiles = -(-images * image_bytes // _TILE_BYTES)
    return -(-images // max(1, min(tiles, images))) if images else 1


def _windows(padded: Any, geometry: Geometry) -> Any:
    """The windows of padded images [C, ..., N] as a view [C, k..., windows..., N]."""
    steps = padded.strides[1:-1]
    within = [s * d for s, d in zip(steps, geometry.dilation, strict=True)]
    between = [s * m for s, m in zip(steps, geometry.stride, strict=True)]
    shape = (len(padded), *geometry.kernel, *geometry.counts, padded.shape[-1])
    strides = (padded.strides[0], *within, *between, padded.strides[-1])
    return as_strided(padded, shape, strides, writeable=False)


def _elements(position: tuple[int, ...], geometry: Geometry) -> tuple[slice, ...]:
    """The elements of padded images at a position within all windows."""
    lines = zip(position, geometry.dilation, geometry.stride, geometry.counts, strict=True)
    return (slice(None), *[slice(k * d, k * d + (n - 1) * s + 1, s) for k, d, s, n in lines])
