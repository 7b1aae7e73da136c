"""Sliding windows along an axis: their number, and the elements at each position within them."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from graphlang.trace.dims import Size, is_symbolic
from graphlang.trace.errors import ShapeError

Pad: TypeAlias = "Size | tuple[Size, Size]"
"""The places that are added before and after the elements of an axis: a number for both, or a pair."""


class Tap(NamedTuple):
    """One position within the windows: the windows where it lies within the axis, and its elements there."""

    position: int
    windows: slice
    elements: slice


def span(size: int, dilation: int) -> int:
    """The number of elements from the first to the last one of a window."""
    return dilation * (size - 1) + 1


def sides(pad: Pad) -> tuple[Size, Size]:
    """The places added before and after an axis."""
    return pad if isinstance(pad, tuple) else (pad, pad)


def is_padded(pad: Pad) -> bool:
    """Whether anything is added; a symbolic number may be 0."""
    return any(side != 0 for side in sides(pad))


def pad_text(pad: Pad) -> str:
    """A width as a spec writes it: `1`, or `[0, 1]` where both ends differ."""
    before, after = sides(pad)
    return str(before) if before == after else f"[{before}, {after}]"


SMALLER = "take a smaller window, `pad=same`, or less that shrinks the image before"


def window_count(n: Size, size: int, stride: int, pad: Pad, dilation: int) -> Size:
    """The number of windows along an axis of n elements with the places of `pad` around them."""
    before, after = sides(pad)
    room = n + before + after - span(size, dilation)
    if not is_symbolic(room) and room < 0:
        padded = f" and {pad_text(pad)} of padding at each end" if is_padded(pad) else ""
        message = f"a window over {span(size, dilation)} does not fit {n} elements{padded}"
        raise ShapeError(message, help=SMALLER)
    return room // stride + 1


def taps(n: int, count: int, size: int, stride: int, pad: Pad, dilation: int) -> list[Tap]:
    """Each position within the windows over an axis of n elements, without those that lie in the padding."""
    result, before = [], sides(pad)[0]
    start, stop = -((before - (count - 1) * stride) // -dilation), (before + n - 1) // dilation + 1
    for j in range(max(0, start), min(size, stop)):  # none of the others meets an element
        first = j * dilation - before
        low = max(0, -(first // stride))
        high = min(count, (n - 1 - first) // stride + 1)
        if low < high:
            elements = slice(first + low * stride, first + (high - 1) * stride + 1, stride)
            result.append(Tap(j, slice(low, high), elements))
    return result
