"""Checks for layers that move a window over images: their attributes against the shape of the image."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from graphlang.catalog.operation import Array
from graphlang.kernels.windows import span
from graphlang.trace import Size, is_symbolic, shape_text

Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[int, Field(ge=0)]
Sizes: TypeAlias = Positive | tuple[Positive, ...]
"""A number, or one per spatial axis; at least 1."""
Widths: TypeAlias = NotNegative | tuple[NotNegative, ...]
"""A number, or one per spatial axis; 0 or more."""
Numbers: TypeAlias = tuple[int, ...]


def need_images(layer: str, x: Array) -> int:
    """The number of spatial axes of x [N, C, ...]; refuses none, and more than three."""
    if not 3 <= x.ndim <= 5:
        shapes = "[N, C, H, W] (or [N, C, L], [N, C, D, H, W])"
        raise ValueError(f"`{layer}` needs {shapes}, but `x` is {shape_text(x.shape)}")
    return int(x.ndim) - 2


def per_axis(layer: str, name: str, value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """One number for each spatial axis."""
    if isinstance(value, int):
        return (value,) * axes
    if len(value) != axes:
        raise ValueError(f"`{layer}` has {len(value)} numbers in `{name}` for {axes} spatial axes")
    return value


def need_divisible(layer: str, what: str, number: int, groups: int) -> None:
    """Refuses a number of channels that is not a multiple of the groups."""
    if number % groups:
        raise ValueError(f"`{layer}` cannot divide {number} {what} into {groups} equal groups")


def need_room(layer: str, what: str, x: Array, size: Numbers, pad: Numbers, dilation: Numbers) -> None:
    """Refuses a window that is larger than the image, if the size of the image is known."""
    for n, k, p, d in zip(x.shape[2:], size, pad, dilation, strict=True):
        room = n + 2 * p - span(k, d)
        if not is_symbolic(room) and room < 0:
            text = f"the {what} of {by(size)} is larger than the image of {by(x.shape[2:])}"
            text += f" with {by(pad)} of padding" if any(pad) else ""
            text += f" at a dilation of {by(dilation)}" if max(dilation) > 1 else ""
            raise ValueError(f"`{layer}`: {text}")


def by(sizes: tuple[Size, ...]) -> str:
    """Sizes as `3 x 3`."""
    return " x ".join(map(str, sizes))
