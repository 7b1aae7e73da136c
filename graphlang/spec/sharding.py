"""How a training is divided over devices: a mesh with named axes, and patterns that divide parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from math import prod
from typing import NamedTuple

ROWS = "data"
"""The axis of a mesh over which the rows of a batch are divided."""
WHOLE = "_"
"""In a pattern: an axis that is not divided."""


class NoSuchAxis(ValueError):
    """A pattern divides over an axis that the mesh does not have."""

    def __init__(self, pattern: str, axis: str, mesh: Mapping[str, int]) -> None:
        known = ", ".join(f"`{name}`" for name in mesh)
        super().__init__(f"`{pattern}` divides over `{axis}`, but the mesh has {known}")
        self.pattern, self.axis = pattern, axis


class Pattern(NamedTuple):
    """Parameters by name, and the axes of the mesh over which theirs are divided."""

    names: str
    axes: tuple[str, ...]


def mesh_of(text: Sequence[str]) -> dict[str, int]:
    """A mesh from lines such as `data: 4`; raises ValueError for what is none."""
    mesh: dict[str, int] = {}
    for line in text:
        name, colon, size = (part.strip() for part in line.partition(":"))
        if not (colon and name.isidentifier() and size.isdecimal() and int(size) > 0) or name in mesh:
            raise ValueError(f'a mesh is given as ["data: 4", "model: 2"], and `{line}` is no axis of one')
        mesh[name] = int(size)
    return mesh


def patterns_of(text: Sequence[str], mesh: Mapping[str, int]) -> tuple[Pattern, ...]:
    """Patterns from lines such as `*.W: model`; raises ValueError for what is none, and NoSuchAxis for an
    axis that the mesh does not have.

    Devices that are given by their number alone are a mesh with the axis `data`.
    """
    return tuple(_on_mesh(pattern_of(line), line, mesh or {ROWS: 1}) for line in text)


def _on_mesh(pattern: Pattern, line: str, mesh: Mapping[str, int]) -> Pattern:
    unknown = [axis for axis in pattern.axes if axis != WHOLE and axis not in mesh]
    if unknown:
        raise NoSuchAxis(line, unknown[0], mesh)
    return pattern


def pattern_of(line: str) -> Pattern:
    """A pattern on any mesh; raises ValueError for what is none."""
    names, colon, rest = line.rpartition(":")
    axes = tuple(part.strip() for part in rest.split(","))
    if not colon or not names.strip() or not all(axes):
        raise ValueError(f'parameters are divided by patterns such as "*.W: model", and `{line}` is none')
    return Pattern(names.strip(), axes)


def axes_of(
    label: str, shape: Sequence[int], patterns: Sequence[Pattern], mesh: Mapping[str, int]
) -> tuple[str | None, ...]:
    """For each axis of an array of the state the axis of the mesh over which it is divided.

    The first pattern that fits decides, for a parameter and for what the optimizer remembers of it. One axis
    alone divides the last axis of the array whose size it divides; several are for the axes in order. What
    cannot be divided evenly stays whole.
    """
    name = label.partition(": ")[0]
    pattern = next((p for p in patterns if fnmatchcase(name, p.names)), None)
    if pattern is None:
        return ()
    if len(pattern.axes) == 1:
        size = mesh.get(pattern.axes[0], 1)
        fits = [i for i, n in enumerate(shape) if n and n % size == 0]
        return (*[None] * fits[-1], pattern.axes[0]) if fits else ()
    pairs = zip(pattern.axes, shape, strict=False)
    return tuple(a if a != WHOLE and n % mesh.get(a, 1) == 0 else None for a, n in pairs)


def device_count(mesh: Mapping[str, int]) -> int:
    """How many devices a mesh has."""
    return prod(mesh.values())
