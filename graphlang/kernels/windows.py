"""Sliding windows along an axis: their number, and the elements at each position within them."""

from __future__ import annotations

from typing import NamedTuple

from graphlang.trace.dims import Size, is_symbolic
from graphlang.trace.errors import ShapeError


class Tap(NamedTuple):
    """One position within the windows: the windows where it lies within the axis, and its elements there."""

    position: int
    windows: slice
    elements: slice


def span(size: int, dilation: int) -> int:
    """The number of elements from the first to the last one of a window."""
    return dilation * (size - 1) + 1


def window_count(n: Size, size: int, stride: int, pad: int, dilation: int) -> Size:
    """The number of windows along an axis of n elements with `pad` more at each end."""
    room = n + 2 * pad - span(size, dilation)
    if not is_symbolic(room) and room < 0:
        padded = f" and {pad} of padding at each end" if pad else ""
        raise ShapeError(f"a window over {span(size, dilation)} does not fit {n} elements{padded}")
    return room // stride + 1


def taps(n: int, count: int, size: int, stride: int, pad: int, dilation: int) -> list[Tap]:
    """Each position within the windows over an axis of n elements, without those that lie in the padding."""
    result = []
    start, stop = -((pad - (count - 1) * stride) // -dilation), (pad + n - 1) // dilation + 1
    for j in range(max(0, start), min(size, stop)):  # none of the others meets an element
        first = j * dilation - pad
        low = max(0, -(first // stride))
        high = min(count, (n - 1 - first) // stride + 1)
        if low < high:
            elements = slice(first + low * stride, first + (high - 1) * stride + 1, stride)
            result.append(Tap(j, slice(low, high), elements))
    return result
