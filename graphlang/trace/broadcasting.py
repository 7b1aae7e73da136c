"""NumPy's rules for shapes that broadcast and for the numbers of axes."""

from __future__ import annotations

from graphlang.trace.dims import Shape, Size, shape_text
from graphlang.trace.errors import ShapeError
from graphlang.trace.types import Axis


def broadcast(*shapes: Shape) -> Shape:
    """NumPy's rule: aligned at the right, sizes agree or one of them is 1."""
    result = shapes[0]
    for position, shape in enumerate(shapes[1:], 1):
        result = _broadcast_two(result, shape, (position - 1, position))
    return result


def _broadcast_two(a: Shape, b: Shape, positions: tuple[int, int]) -> Shape:
    if a == b or not b or a[-len(b) :] == b:
        return a
    if not a:
        return b
    if len(a) < len(b):
        return b[: len(b) - len(a)] + _fit(a, b[len(b) - len(a) :], a, b, positions)
    return a[: len(a) - len(b)] + _fit(a[len(a) - len(b) :], b, a, b, positions)


def _fit(left: Shape, right: Shape, a: Shape, b: Shape, positions: tuple[int, int]) -> Shape:
    sizes: list[Size] = []
    for m, n in zip(left, right, strict=True):
        if n != 1 and m not in (1, n):
            message = f"shapes {shape_text(a)} and {shape_text(b)} do not broadcast: {m} against {n}"
            raise ShapeError(message, positions, _of_slices(m, n))
        sizes.append(n if m == 1 else m)
    return tuple(sizes)


def _of_slices(m: Size, n: Size) -> str | None:
    """A hint for slices of symbolic sizes: `x[:3]` has fewer than 3 elements where x has fewer."""
    if not any("max(" in str(size) for size in (m, n)):
        return None
    return "a slice has less where the data is shorter; `x[[0, 1, 2]]` has 3 elements, or refuses the data"


def axis_index(axis: int, ndim: int, what: str = "axis") -> int:
    """A non-negative axis."""
    axis = int(axis)
    if not -ndim <= axis < ndim:
        there = f"axes count from 0 to {ndim - 1}, or from the end from -1 to -{ndim}" if ndim else None
        raise ShapeError(f"{what} {axis} does not exist in an array of {ndim} axes", help=there)
    return axis % ndim


def axis_indices(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Non-negative axes, sorted; None is all of them."""
    if axis is None:
        return tuple(range(ndim))
    axes = [axis_index(a, ndim) for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    if len(set(axes)) != len(axes):
        raise ShapeError(f"axes {tuple(axes)} repeat")
    return tuple(sorted(axes))
