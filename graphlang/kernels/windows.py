"""How windows lie along an axis: how many there are, and which elements their places take."""

from __future__ import annotations

from typing import NamedTuple

from graphlang.trace.dims import Size, is_symbolic
from graphlang.trace.errors import ShapeError


class Tap(NamedTuple):
    """One place of the windows along an axis: the windows in which it lies inside, and the elements there."""

    place: int
    windows: slice
    elements: slice


def span(size: int, dilation: int) -> int:
    """How many elements a window reaches over."""
    return dilation * (size - 1) + 1


def window_count(n: Size, size: int, stride: int, pad: int, dilation: int) -> Size:
    """How many windows fit along an axis of n elements with `pad` more at each end."""
    room = n + 2 * pad - span(size, dilation)
    if not is_symbolic(room) and room < 0:
        padded = f" and {pad} of padding at each end" if pad else ""
        raise ShapeError(f"a window over {span(size, dilation)} does not fit {n} elements{padded}")
    return room // stride + 1


def taps(n: int, count: int, size: int, stride: int, pad: int, dilation: int) -> list[Tap]:
    """Each place of the windows over an axis of n elements, without what lies in the padding."""
    found = []
    for j in range(size):
        first = j * dilation - pad
        low = max(0, -(first // stride))
        high = min(count, (n - 1 - first) // stride + 1)
        if low < high:
            elements = slice(first + low * stride, first + (high - 1) * stride + 1, stride)
            found.append(Tap(j, slice(low, high), elements))
    return found
