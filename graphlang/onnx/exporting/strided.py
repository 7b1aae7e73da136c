"""Slices with a step, and elements put back at the places of a slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlang.onnx.exporting.writer import LAST, NodeWriter
from graphlang.trace import Shape, Size
from graphlang.trace.dims import Dim
from graphlang.trace.primitives.indexing import sliced_shape


def sliced(w: NodeWriter, x: str, shape: Shape, key: tuple[Any, ...]) -> str:
    """x[key] with an integer or a slice for each axis."""
    parts = [(axis, part) for axis, part in enumerate(key) if part != slice(None)]
    if not parts:
        return x
    bounds = [_bounds(part) for _, part in parts]
    starts, stops, steps = zip(*bounds, strict=True)
    y = w.slice(x, starts, stops, [axis for axis, _ in parts], steps)
    dropped = [axis for axis, part in parts if not isinstance(part, slice)]
    return w.node("Squeeze", y, w.ints(dropped)) if dropped else y


def _bounds(part: Any) -> tuple[Any, Any, int]:
    """Where a slice begins and ends in ONNX, and its step."""
    if not isinstance(part, slice):
        last = isinstance(part, int) and part == -1
        return part, LAST if last else part + 1, 1
    step = 1 if part.step is None else int(part.step)
    first, end = (0, LAST) if step > 0 else (LAST, -LAST)
    return first if part.start is None else part.start, end if part.stop is None else part.stop, step


def added_at(w: NodeWriter, x: str, key: tuple[Any, ...], shape: Shape, dtype: Any) -> str:
    """Zeros of a shape with x at the places of a key."""
    picked = sliced_shape(shape, key)
    whole = [axis for axis, part in enumerate(key) if not isinstance(part, slice)]
    if whole:
        x = w.node("Unsqueeze", x, w.ints(whole))
    sizes = iter(picked)
    lengths = [1 if axis in whole else next(sizes) for axis in range(len(shape))]
    befores: list[Size] = [0] * len(shape)
    afters: list[Size] = [0] * len(shape)
    for axis, part in enumerate(key):
        if part == slice(None):
            continue
        start, step = _first(part, shape[axis], lengths[axis])
        if step < 0:
            x = w.flip(x, axis)
            start, step = start + (lengths[axis] - 1) * step, -step
        if step > 1:
            x = spread(w, x, lengths, axis, step, dtype)
            lengths[axis] = (lengths[axis] - 1) * step + 1
        befores[axis], afters[axis] = start, shape[axis] - start - lengths[axis]
    return padded_with(w, x, befores, afters, dtype)


def _first(part: Any, n: Size, count: Size) -> tuple[Size, int]:
    """The place of the first element of a slice, and its step."""
    if not isinstance(part, slice):
        return (part + n if _negative(part) else part), 1
    step = 1 if part.step is None else int(part.step)
    if not isinstance(n, Dim) and not isinstance(part.start, Dim) and not isinstance(part.stop, Dim):
        return part.indices(n)[0], step
    if part.start is None:
        return (0 if step > 0 else n - 1), step
    return (part.start + n if _negative(part.start) else part.start), step


def _negative(place: Size) -> bool:
    return not isinstance(place, Dim) and place < 0


def padded_with(
    w: NodeWriter, x: str, befores: Sequence[Size], afters: Sequence[Size], dtype: Any, value: Any = 0
) -> str:
    """x with a number around it."""
    if all(isinstance(n, int) and n == 0 for n in (*befores, *afters)):
        return x
    return w.node("Pad", x, w.ints([*befores, *afters]), w.constant(value, dtype))


def spread(w: NodeWriter, x: str, shape: Sequence[Size], axis: int, step: int, dtype: Any) -> str:
    """x along an axis with step - 1 zeros between its elements; nothing for no elements."""
    before, n, after = list(shape[:axis]), shape[axis], list(shape[axis + 1 :])
    apart = w.node("Unsqueeze", x, w.constant([axis + 1], np.int64))
    ends = [0] * (len(shape) + 1)
    ends[axis + 1] = step - 1
    apart = padded_with(w, apart, [0] * len(ends), ends, dtype)
    joined = w.reshape(apart, (*before, n * step, *after))
    return w.piece(joined, axis, 0, (n - 1) * step + 1)
