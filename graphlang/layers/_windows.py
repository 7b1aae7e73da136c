"""Checks for layers that move a window over images: their attributes against the shape of the image."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from graphlang.catalog.operation import Array
from graphlang.kernels.windows import SMALLER, Pad, is_padded, pad_text, sides, span
from graphlang.trace import Size, is_symbolic, shape_text
from graphlang.trace.dims import maximum

Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[int, Field(ge=0)]
Sizes: TypeAlias = Positive | tuple[Positive, ...]
"""A number, or one per spatial axis; at least 1."""
Widths: TypeAlias = NotNegative | tuple[NotNegative, ...]
"""A number, or one per spatial axis; 0 or more."""
Padding: TypeAlias = Literal["same"] | NotNegative | tuple[NotNegative | tuple[NotNegative, NotNegative], ...]
"""What is added around an image: a number for all ends; for each spatial axis a number or `[before, after]`;
or `same`."""
Numbers: TypeAlias = tuple[int, ...]
Extents: TypeAlias = tuple[Size, ...]


class WindowTooLarge(ValueError):
    """A window that has no place in the image."""

    help = SMALLER


def need_images(layer: str, x: Array) -> int:
    """The number of spatial axes of x [N, C, ...]; refuses none, and more than three."""
    if not 3 <= x.ndim <= 5:
        shapes = "[N, C, H, W] (or [N, C, L], [N, C, D, H, W])"
        raise ValueError(f"`{layer}` needs {shapes}, but `x` is {shape_text(x.shape)}")
    return int(x.ndim) - 2


def per_axis(layer: str, name: str, value: Any, axes: int) -> Any:
    """A tuple with one number for each spatial axis."""
    if isinstance(value, int):
        return (value,) * axes
    if len(value) != axes:
        raise ValueError(f"`{layer}` has {len(value)} numbers in `{name}` for {axes} spatial axes")
    return value


def need_divisible(layer: str, what: str, number: int, groups: int) -> None:
    """Refuses a number of channels that is not a multiple of the groups."""
    if number % groups:
        raise ValueError(f"`{layer}` cannot divide {number} {what} into {groups} equal groups")


def same_pads(sizes: Extents, window: Numbers, stride: Numbers, dilation: Numbers) -> tuple[Pad, ...]:
    """The padding with which n elements have ceil(n / stride) windows; an odd place comes after."""
    pads: list[Pad] = []
    for n, k, s, d in zip(sizes, window, stride, dilation, strict=True):
        total: Size = (n + s - 1) // s * s - s + span(k, d) - n
        if span(k, d) < s:
            total = maximum(total, 0)
        pads.append(_pad(total // 2, total - total // 2))
    return tuple(pads)


def pads_of(
    layer: str, pad: Any, sizes: Extents, window: Numbers, stride: Numbers, dilation: Numbers
) -> tuple[Pad, ...]:
    """The padding around each spatial axis."""
    if pad == "same":
        return same_pads(sizes, window, stride, dilation)
    return tuple([_pad(*sides(p)) for p in per_axis(layer, "pad", pad, len(sizes))])


def _pad(before: Size, after: Size) -> Pad:
    return before if before == after else (before, after)


def need_room(
    layer: str, what: str, x: Array, size: Numbers, pad: tuple[Pad, ...], dilation: Numbers
) -> None:
    """Refuses a window that is larger than the image, if the size of the image is known."""
    for n, k, p, d in zip(x.shape[2:], size, pad, dilation, strict=True):
        room = n + sum(sides(p)) - span(k, d)
        if not is_symbolic(room) and room < 0:
            text = f"the {what} of {by(size)} is larger than the image of {by(x.shape[2:])}"
            text += f" with {by(tuple(map(pad_text, pad)))} of padding" if any(map(is_padded, pad)) else ""
            text += f" at a dilation of {by(dilation)}" if max(dilation) > 1 else ""
            raise WindowTooLarge(f"`{layer}`: {text}")


def by(sizes: tuple[Any, ...]) -> str:
    """Sizes as `3 x 3`."""
    return " x ".join(map(str, sizes))
