"""Primitives that move elements without computing, and NumPy functions made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from graphlang.trace.broadcasting import axis_index, axis_indices, broadcast
from graphlang.trace.core import (
    Array,
    Creation,
    Primitive,
    Signature,
    StepOperand,
    SymbolicArray,
    into,
    signature,
)
from graphlang.trace.dims import Shape, ShapeLike, Size, count, divides, is_symbolic, shape_text
from graphlang.trace.errors import ShapeError
from graphlang.trace.numpy_protocols import operand
from graphlang.trace.types import Axis, NumPyArray, Out

PadWidths: TypeAlias = tuple[tuple[Size, Size], ...]
"""How much a pad adds before and after, for each axis."""


def _help_of_joining(shapes: Sequence[Shape]) -> str:
    """What to say of shapes that do not join along an axis: along which they do, if there is one."""
    if len(set(map(len, shapes))) > 1:
        return "give all of them equally many axes, as `reshape` or `expand_dims` do"
    axes = [k for k in range(len(shapes[0])) if len({(*s[:k], *s[k + 1 :]) for s in shapes}) == 1]
    if axes:
        return f"along axis {axes[0]} they join: `axis={axes[0]}`"
    return "all sizes but that of the axis have to be the same"


class Reshape(Primitive):
    """The same elements in another shape; `shape` is complete, without -1."""

    name = "reshape"
    kind = "view"

    def shape(self, x: StepOperand, *, shape: Shape) -> Signature:
        old, kind = signature(x)
        if count(old) != count(shape):
            numbers = f"{count(old)} elements, {shape_text(shape)} has {count(shape)}"
            message = f"shape {shape_text(old)} has {numbers}"
            help = f"write sizes whose product is {count(old)}, or -1 for one that follows from the others"
            raise ShapeError(message, help=help)
        return shape, np.dtype(kind)

    def compute(self, x: NumPyArray, *, shape: tuple[int, ...], out: Out = None) -> Any:
        return into(out, np.reshape(x, shape))

    def derivative(self, position: int, dy: Array, y: Array, x: Array, *, shape: Shape) -> Any:
        return np.reshape(dy, x.shape)


class Transpose(Primitive):
    """The axes in the order of `axes`."""

    name = "transpose"
    kind = "view"

    def shape(self, x: StepOperand, *, axes: tuple[int, ...]) -> Signature:
        old, kind = signature(x)
        if sorted(axes) != list(range(len(old))):
            raise ShapeError(f"axes {axes} are not those of an array of {len(old)} axes")
        return tuple([old[i] for i in axes]), np.dtype(kind)

    def compute(self, x: NumPyArray, *, axes: tuple[int, ...], out: Out = None) -> Any:
        return into(out, np.transpose(x, axes))

    def derivative(self, position: int, dy: Array, y: Array, x: Array, *, axes: tuple[int, ...]) -> Any:
        return np.transpose(dy, sorted(range(len(axes)), key=axes.__getitem__))


class BroadcastTo(Creation):
    """The elements repeated along axes of size 1 and new ones in front, without a copy; dx is the sum."""

    name = "broadcast_to"
    kind = "view"

    def shape(self, x: StepOperand, *, shape: Shape) -> Signature:
        old, kind = signature(x)
        if len(old) > len(shape) or broadcast(old, shape) != shape:
            raise ShapeError(f"shape {shape_text(old)} does not broadcast to {shape_text(shape)}")
        return shape, np.dtype(kind)

    def compute(self, x: NumPyArray, *, shape: tuple[int, ...], out: Out = None) -> Any:
        return into(out, np.broadcast_to(x, shape))

    def derivative(self, position: int, dy: Array, y: Array, x: Array, *, shape: Shape) -> Any:
        return dy


class Concatenate(Primitive):
    """The operands one after the other along an axis; each gets its own piece of dy."""

    name = "concatenate"
    kind = "copy"

    def shape(self, *arrays: Any, axis: int) -> Signature:
        shapes, kinds = zip(*map(signature, arrays), strict=True)
        first = shapes[0]
        for position, shape in enumerate(shapes[1:], 1):
            apart = len(first) != len(shape)
            if apart or (*first[:axis], *first[axis + 1 :]) != (*shape[:axis], *shape[axis + 1 :]):
                message = f"shapes {shape_text(first)} and {shape_text(shape)} do not join along axis {axis}"
                raise ShapeError(message, (0, position), _help_of_joining(shapes))
        total: Any = sum(shape[axis] for shape in shapes)
        return (*first[:axis], total, *first[axis + 1 :]), np.result_type(*kinds)

    def compute(self, *arrays: Any, axis: int, out: Out = None) -> Any:
        return np.concatenate(arrays, axis=axis, out=out)

    def derivative(self, position: int, dy: Array, y: Array, *arrays: Any, axis: int) -> Any:
        # Thousands of sizes that are equal are added at once: adding a symbolic one is slow.
        sizes = Counter([x.shape[axis] for x in arrays[:position]])
        start: Any = sum(size * times for size, times in sizes.items())
        return dy[(*_WHOLE * axis, slice(start, start + arrays[position].shape[axis]))]


class Pad(Primitive):
    """One value around the array, `widths` (before, after) per axis; dx is the middle of dy."""

    name = "pad"
    kind = "copy"

    def shape(self, x: StepOperand, *, widths: PadWidths, value: float = 0) -> Signature:
        old, kind = signature(x)
        return tuple([n + before + after for n, (before, after) in zip(old, widths, strict=True)]), np.dtype(
            kind
        )

    def compute(self, x: NumPyArray, *, widths: PadWidths, value: float = 0, out: Out = None) -> Any:
        x = np.asarray(x)
        out = np.empty(self.shape(x, widths=widths)[0], x.dtype) if out is None else out
        out.fill(value)
        out[self.middle(x.shape, widths)] = x
        return out

    def derivative(
        self, position: int, dy: Array, y: Array, x: Array, *, widths: PadWidths, value: float = 0
    ) -> Any:
        return dy[self.middle(x.shape, widths)]

    def middle(self, shape: Shape, widths: PadWidths) -> tuple[slice, ...]:
        """Where the array lies in the padded one."""
        return tuple([slice(before, before + n) for n, (before, _) in zip(shape, widths, strict=True)])


class Roll(Primitive):
    """The elements moved on along an axis, the last ones to the front."""

    name = "roll"
    kind = "copy"

    def shape(self, x: StepOperand, *, shift: int, axis: int) -> Signature:
        shape, kind = signature(x)
        return shape, np.dtype(kind)

    def compute(self, x: NumPyArray, *, shift: int, axis: int, out: Out = None) -> Any:
        return into(out, np.roll(x, shift, axis))

    def derivative(self, position: int, dy: Array, y: Array, x: Array, *, shift: int, axis: int) -> Any:
        return np.roll(dy, -shift, axis)


_WHOLE = (slice(None),)
reshape_to = Reshape()
permute = Transpose()
broadcast_array = BroadcastTo()
concatenate_arrays = Concatenate()
pad_with = Pad()
roll_axis = Roll()


def reshape(x: Array, shape: ShapeLike) -> Any:
    """`x` in another shape; one size may be -1: it follows from the others."""
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    unknown = [i for i, n in enumerate(sizes) if isinstance(n, int) and n == -1]
    if len(unknown) > 1:
        raise ShapeError("only one size can be -1")
    if unknown:
        (i,) = unknown
        others, total = count(sizes[:i] + sizes[i + 1 :]), count(x.shape)
        if not divides(others, total):
            message = f"{total} elements of shape {shape_text(x.shape)} do not divide by {others}"
            raise ShapeError(message, help=f"write sizes that divide {total}")
        sizes = (*sizes[:i], total // others, *sizes[i + 1 :])
    return x if sizes == x.shape else reshape_to(x, shape=sizes)


def transpose(x: Array, axes: Sequence[int] | None = None) -> Any:
    """The axes of `x` in another order, by default reversed."""
    order = range(x.ndim)[::-1] if axes is None else [axis_index(i, x.ndim) for i in axes]
    return x if list(order) == list(range(x.ndim)) else permute(x, axes=tuple(order))


def swapaxes(x: Array, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    order, i, j = list(range(x.ndim)), axis_index(axis1, x.ndim), axis_index(axis2, x.ndim)
    order[i], order[j] = order[j], order[i]
    return transpose(x, order)


def _each(axes: int | Sequence[int]) -> Sequence[int]:
    return (axes,) if isinstance(axes, int | np.integer) else axes


def moveaxis(x: Array, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Axes moved to other places."""
    sources = [axis_index(i, x.ndim) for i in _each(source)]
    places = [axis_index(i, x.ndim) for i in _each(destination)]
    if len(sources) != len(places) or len(set(sources)) < len(sources) or len(set(places)) < len(places):
        raise ShapeError(f"axes {source} cannot move to {destination}")
    order = [i for i in range(x.ndim) if i not in sources]
    for place, i in sorted(zip(places, sources, strict=True)):
        order.insert(place, i)
    return transpose(x, order)


def expand_dims(x: Array, axis: int | tuple[int, ...] | list[int]) -> Any:
    """New axes of size 1 at the places of `axis`."""
    axes = _each(axis)
    places = axis_indices(tuple(axes), x.ndim + len(axes))
    sizes = iter(x.shape)
    return reshape(x, tuple([1 if i in places else next(sizes) for i in range(x.ndim + len(axes))]))


def squeeze(x: Array, axis: Axis = None) -> Any:
    """`x` without axes of size 1."""
    if axis is None:
        if any(is_symbolic(n) for n in x.shape):
            raise ShapeError(f"which sizes of {shape_text(x.shape)} are 1 is not known", help="name the axis")
        return reshape(x, tuple([n for n in x.shape if n != 1]))
    axes = axis_indices(axis, x.ndim)
    for i in axes:
        if x.shape[i] != 1:
            raise ShapeError(f"axis {i} of shape {shape_text(x.shape)} is not of size 1")
    return reshape(x, tuple([n for i, n in enumerate(x.shape) if i not in axes]))


def broadcast_to(x: StepOperand, shape: ShapeLike) -> Any:
    """`x` broadcast to a shape."""
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    x = operand(x)
    same = isinstance(x, (SymbolicArray, np.ndarray)) and x.shape == sizes
    return x if same else broadcast_array(x, shape=sizes)


def concatenate(arrays: Sequence[StepOperand], axis: int | None = 0) -> Any:
    """Arrays one after the other along an axis; None joins their elements."""
    parts = [operand(x) for x in arrays]
    if axis is None:
        parts, axis = [np.reshape(x, -1) for x in parts], 0
    if not parts or any(np.ndim(x) == 0 for x in parts):
        raise ShapeError("`concatenate` takes one array at least, and no scalars", help="use `stack`")
    if len(parts) == 1:
        return parts[0]
    return concatenate_arrays(*parts, axis=axis_index(axis, parts[0].ndim))


def stack(arrays: Sequence[StepOperand], axis: int = 0) -> Any:
    """Arrays of one shape along a new axis."""
    parts = [operand(x) for x in arrays]
    if not parts:
        raise ShapeError("`stack` takes one array at least")
    shapes = [signature(x)[0] for x in parts]
    for position, shape in enumerate(shapes):
        if shape != shapes[0]:
            message = f"shapes {shape_text(shapes[0])} and {shape_text(shape)} do not stack: they differ"
            raise ShapeError(message, (0, position))
    place = axis_index(axis, len(shapes[0]) + 1)
    parts = [x if x.__class__ is SymbolicArray else np.asarray(x) for x in parts]
    return concatenate([expand_dims(x, place) for x in parts], axis=place)


def pad(x: Array, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    """A constant around the array: widths as NumPy takes them."""
    if mode != "constant" or not isinstance(constant_values, (bool, int, float, np.generic)):
        raise ShapeError(f"`pad` in mode `{mode}` is not recorded", help="only one constant value is")
    widths = _pad_widths(pad_width, x.ndim)
    if any(not is_symbolic(n) and n < 0 for pair in widths for n in pair):
        raise ShapeError("a pad width is negative")
    if all(n == 0 for pair in widths for n in pair):
        return x
    return pad_with(x, widths=widths, value=constant_values)


def _pad_widths(width: Any, ndim: int) -> PadWidths:
    if not isinstance(width, (tuple, list, np.ndarray)):
        return ((width, width),) * ndim
    if not any(isinstance(w, (tuple, list, np.ndarray)) for w in width):
        before, after = (width[0], width[-1])
        return ((before, after),) * ndim
    pairs = tuple([(w[0], w[-1]) for w in width])
    if len(pairs) not in (1, ndim):
        raise ShapeError(f"{len(pairs)} pad widths for an array of {ndim} axes")
    return pairs * ndim if len(pairs) == 1 else pairs


def roll(x: Array, shift: int | Sequence[int], axis: Axis = None) -> Any:
    """The elements moved on along axes; None rolls them as one line."""
    if axis is None:
        return reshape(roll(reshape(x, -1), shift, 0), x.shape)
    axes = _each(axis)
    shifts = shift if isinstance(shift, (tuple, list)) else (shift,) * len(axes)
    for s, i in zip(shifts, axes, strict=True):
        x = roll_axis(x, shift=int(s), axis=axis_index(i, x.ndim))
    return x


def repeat(x: Array, repeats: int, axis: int | None = None) -> Any:
    """Each element several times, one after the other."""
    if not isinstance(repeats, (int, np.integer)):
        raise ShapeError("`repeat` takes one number of repeats")
    x, axis = (reshape(x, -1), 0) if axis is None else (x, axis_index(axis, x.ndim))
    before, n, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    spread = broadcast_to(reshape(x, (*before, n, 1, *after)), (*before, n, int(repeats), *after))
    return reshape(spread, (*before, n * int(repeats), *after))


def tile(x: Array, reps: int | Sequence[int]) -> Any:
    """The whole array several times along each axis."""
    reps = tuple(_each(reps))
    ndim = max(x.ndim, len(reps))
    shape, reps = (1,) * (ndim - x.ndim) + x.shape, (1,) * (ndim - len(reps)) + reps
    spread = broadcast_to(
        reshape(x, tuple(m for n in shape for m in (1, n))),
        tuple(m for r, n in zip(reps, shape, strict=True) for m in (r, n)),
    )
    return reshape(spread, tuple(r * n for r, n in zip(reps, shape, strict=True)))
