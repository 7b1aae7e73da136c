"""The attributes of layers that move a window over images, checked against the image."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from graphlang.operation import Array
from graphlang.trace import shape_text

Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[int, Field(ge=0)]
Sizes: TypeAlias = Positive | tuple[Positive, ...]
"""A number, or one per spatial axis; at least 1."""
Widths: TypeAlias = NotNegative | tuple[NotNegative, ...]
"""A number, or one per spatial axis; 0 or more."""


def need_images(layer: str, x: Array) -> int:
    """How many spatial axes x [N, C, ...] has; refuses what has none, or more than three."""
    if not 3 <= x.ndim <= 5:
        wanted = "[N, C, H, W] (or [N, C, L], [N, C, D, H, W])"
        raise ValueError(f"`{layer}` needs {wanted}, but `x` is {shape_text(x.shape)}")
    return int(x.ndim) - 2


def per_axis(layer: str, name: str, value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """One number for each spatial axis."""
    if isinstance(value, int):
        return (value,) * axes
    if len(value) != axes:
        raise ValueError(f"`{layer}` has {len(value)} numbers in `{name}`, but the image has {axes} spatial axes")
    return value


def divides(layer: str, what: str, number: int, groups: int) -> None:
    """Refuses channels that do not divide into groups."""
    if number % groups:
        raise ValueError(f"`{layer}` cannot divide {number} {what} into {groups} equal groups")
