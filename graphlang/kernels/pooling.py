"""Pooling along one axis and its gradients; layers over several axes apply it to one axis after the other.

For max pooling that is right: the largest element of a rectangle is the largest among the maxima of its rows,
and the first of several equal ones lies in the first row that has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from typing import Any

import numpy as np

from graphlang.kernels.aligned import scratch
from graphlang.kernels.parallel import blocks, parallel
from graphlang.kernels.windows import Tap, span, taps, window_count
from graphlang.trace.core import Primitive, Signature, signature
from graphlang.trace.dims import Size, shape_text
from graphlang.trace.errors import ShapeError
from graphlang.trace.nan import has_nan
from graphlang.trace.work import Work

_CALLS = 4
"""The calls of NumPy for a position within the windows of a block."""


class _ByImages(Primitive):
    """A primitive whose work is divided by images."""

    def parts(self, x: Any, *operands: Any, **window: Any) -> int:
        return int(x.shape[0])

    def work(self, y: Any, *operands: Any, **window: Any) -> Work:
        return _cost(window["size"], y, *operands)


class MaxPooling(_ByImages):
    """The largest element of each window along `axis`, or nan where there is one; padding does not count. The
    gradient goes to the first of several equal ones."""

    name = "max_pool"

    def shape(self, x: Any, *, axis: int, **window: Any) -> Signature:
        old, kind = signature(x)
        return (*old[:axis], window_count(old[axis], **window), *old[axis + 1 :]), np.dtype(kind)

    def compute(self, x: Any, *, axis: int, out: Any = None, **window: Any) -> Any:
        y = np.empty(*self.shape(x, axis=axis, **window)) if out is None else out
        positions = taps(x.shape[axis], y.shape[axis], **window)
        _by_images(_largest, axis, positions, x, y)
        return y

    def derivative(self, position: int, dy: Any, y: Any, x: Any, **window: Any) -> Any:
        return max_pool_gradient(dy, x, y, **window)


class MaxPoolingGradient(_ByImages):
    """Adds each element of dy to the first of the largest elements of its window of x; y is max_pool(x)."""

    name = "max_pool_gradient"

    def shape(self, dy: Any, x: Any, y: Any, *, axis: int, **window: Any) -> Signature:
        _check_shapes(max_pool.shape(x, axis=axis, **window)[0], dy, y)
        return signature(x)[0], np.dtype(signature(dy)[1])

    def compute(self, dy: Any, x: Any, y: Any, *, axis: int, out: Any = None, **window: Any) -> Any:
        dx = np.empty(x.shape, dy.dtype) if out is None else out
        positions = taps(x.shape[axis], y.shape[axis], **window)
        disjoint = window["stride"] >= span(window["size"], window["dilation"])
        work = _to_first_disjoint if disjoint else _to_first
        _by_images(work, axis, positions, dy, x, y, dx)
        return dx

    def derivative(self, position: int, dy: Any, y: Any, ds: Any, x: Any, largest: Any, **window: Any) -> Any:
        return max_pool_pick(dy, x, largest, **window) if position == 0 else None


class MaxPoolingPick(_ByImages):
    """The element of z at the first of the largest elements of each window of x; y is max_pool(x)."""

    name = "max_pool_pick"

    def shape(self, z: Any, x: Any, y: Any, *, axis: int, **window: Any) -> Signature:
        _check_shapes(signature(x)[0], z)
        return max_pool.shape(x, axis=axis, **window)[0], np.dtype(signature(z)[1])

    def compute(self, z: Any, x: Any, y: Any, *, axis: int, out: Any = None, **window: Any) -> Any:
        picked = np.empty(y.shape, z.dtype) if out is None else out
        positions = taps(x.shape[axis], y.shape[axis], **window)
        _by_images(_from_first, axis, positions, z, x, y, picked)
        return picked

    def derivative(self, position: int, dy: Any, y: Any, z: Any, x: Any, largest: Any, **window: Any) -> Any:
        return max_pool_gradient(dy, x, largest, **window) if position == 0 else None


class SumPooling(_ByImages):
    """The sum of each window along `axis`; padding counts as zeros."""

    name = "sum_pool"

    def shape(self, x: Any, *, axis: int, **window: Any) -> Signature:
        return max_pool.shape(x, axis=axis, **window)

    def compute(self, x: Any, *, axis: int, out: Any = None, **window: Any) -> Any:
        y = np.empty(*self.shape(x, axis=axis, **window)) if out is None else out
        _by_images(_sums, axis, taps(x.shape[axis], y.shape[axis], **window), x, y)
        return y

    def derivative(self, position: int, dy: Any, y: Any, x: Any, *, axis: int, **window: Any) -> Any:
        return sum_pool_gradient(dy, axis=axis, n=x.shape[axis], **window)


class SumPoolingGradient(_ByImages):
    """Adds each element of dy to all of the n elements along `axis` that its window covers."""

    name = "sum_pool_gradient"

    def shape(self, dy: Any, *, axis: int, n: Size, **window: Any) -> Signature:
        old, kind = signature(dy)
        expected = window_count(n, **window)
        if old[axis] != expected:
            raise ShapeError(f"{expected} windows along axis {axis}, but the shape is {shape_text(old)}")
        return (*old[:axis], n, *old[axis + 1 :]), np.dtype(kind)

    def compute(self, dy: Any, *, axis: int, n: int, out: Any = None, **window: Any) -> Any:
        dx = np.empty(*self.shape(dy, axis=axis, n=n, **window)) if out is None else out
        _by_images(_spread, axis, taps(n, dy.shape[axis], **window), dy, dx)
        return dx

    def derivative(
        self, position: int, dy: Any, y: Any, ds: Any, *, axis: int, n: Size, **window: Any
    ) -> Any:
        return sum_pool(dy, axis=axis, **window)


max_pool = MaxPooling()
max_pool_gradient = MaxPoolingGradient()
max_pool_pick = MaxPoolingPick()
sum_pool = SumPooling()
sum_pool_gradient = SumPoolingGradient()


def _check_shapes(expected: Any, *arrays: Any) -> None:
    for x in arrays:
        if signature(x)[0] != expected:
            shape = shape_text(signature(x)[0])
            raise ShapeError(f"shape {shape} is not that of the windows, {shape_text(expected)}")


# ---- loops over the positions within the windows; x and y are some images, the last argument is written


_BLOCK_BYTES = 2**20
"""Bytes of the images of one block. Smaller blocks stay in a faster cache, but then the calls themselves take
longer than what they compute."""


def _by_images(work: Callable[..., None], axis: int, positions: list[Tap], *arrays: Any) -> None:
    """Calls `work(keys, *arrays)` on a few images at a time, so that they stay in cache."""
    before = (slice(None),) * axis
    keys = [((*before, tap.windows), (*before, tap.elements)) for tap in positions]
    image_bytes = sum(x[:1].nbytes for x in arrays)

    def work_on(start: int, stop: int) -> None:
        for images in blocks(start, stop, image_bytes, _BLOCK_BYTES):
            work(keys, *[x[images] for x in arrays])

    parallel(work_on, len(arrays[0]), partial(_cost, len(positions), *arrays))


def _cost(positions: int, *arrays: Any) -> Work:
    """Each position within the windows takes a few calls on the windows of a block, and reads or writes their
    elements a few times."""
    moved = sum([prod(x.shape) * x.dtype.itemsize for x in arrays])
    smallest = min([prod(x.shape) for x in arrays])
    calls = _CALLS * positions * -(-moved // _BLOCK_BYTES)
    return Work(operations=2 * _CALLS * positions * smallest, moved=moved, calls=calls)


def _largest(keys: Any, x: Any, y: Any) -> None:
    (first, here), *rest = keys
    if rest and y[first].shape == y[rest[0][0]].shape == y.shape:
        (_, there), *rest = rest
        np.maximum(x[here], x[there], out=y)
    else:
        y.fill(-np.inf if y.dtype.kind == "f" else np.iinfo(y.dtype).min)
        rest = keys
    for windows, elements in rest:
        np.maximum(y[windows], x[elements], out=y[windows])


def _sums(keys: Any, x: Any, y: Any) -> None:
    y.fill(0)
    for windows, elements in keys:
        y[windows] += x[elements]


def _spread(keys: Any, dy: Any, dx: Any) -> None:
    dx.fill(0)
    for windows, elements in keys:
        dx[elements] += dy[windows]


def _to_first(keys: Any, dy: Any, x: Any, y: Any, dx: Any) -> None:
    dx.fill(0)
    for _, elements, taken in _first_of_largest(keys, x, y, _copied_bits(dy)):
        dx[elements] += taken.view(dx.dtype)


def _to_first_disjoint(keys: Any, dy: Any, x: Any, y: Any, dx: Any) -> None:
    if sum(dx[elements].size for _, elements in keys) < dx.size:
        dx.fill(0)
    for _, elements, taken in _first_of_largest(keys, x, y, _copied_bits(dy)):
        np.copyto(dx[elements], taken.view(dx.dtype))


def _from_first(keys: Any, z: Any, x: Any, y: Any, picked: Any) -> None:
    picked.fill(0)
    z, picked = _bits(z), _bits(picked)
    for windows, elements, taken in _first_of_largest(keys, x, y, np.full(y.shape, -1, z.dtype)):
        picked[windows] |= z[elements] & taken


def _first_of_largest(keys: Any, x: Any, y: Any, bits: Any) -> Iterator[tuple[Any, Any, Any]]:
    """For each position within the windows: the windows that have it, its elements, and the `bits` of the
    windows whose largest element is there for the first time; all other windows have zeros.

    What a window has given away it has no longer, so that later positions find nothing. `bits` are changed,
    and what is yielded is overwritten by the next.
    """
    copies, given = scratch("copies", (y.size,), x.dtype), scratch("given", (y.size,), bits.dtype)
    # If every window has all positions, the last one gets what the others leave.
    inside = all(y[windows].shape == y.shape for windows, _ in keys)
    nan = y.dtype.kind == "f" and has_nan(y)
    for windows, elements in keys[:-1] if inside else keys:
        seen = x[elements]
        if seen.strides[-1] != seen.itemsize:  # comparing elements that lie apart takes longer than a copy
            seen = copies[: seen.size].reshape(seen.shape)
            np.copyto(seen, x[elements])
        largest = seen == y[windows]
        if nan:
            largest |= np.isnan(seen)
        taken, left = given[: seen.size].reshape(seen.shape), bits[windows]
        np.copyto(taken, np.negative(largest.view(np.int8)))
        np.bitwise_and(taken, left, out=taken)
        np.bitwise_xor(left, taken, out=left)
        yield windows, elements, taken
    if inside:
        yield *keys[-1], bits


def _copied_bits(x: Any) -> Any:
    copy = scratch("bits", x.shape, f"i{x.itemsize}")
    np.copyto(copy, _bits(x))
    return copy


def _bits(x: Any) -> Any:
    """The numbers as whole numbers of the same bits."""
    return x.view(f"i{x.itemsize}")
