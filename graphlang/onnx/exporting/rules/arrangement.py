"""Rules of primitives that arrange elements, create arrays, or pick elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.onnx.exporting.call import RuleCall, Rules, is_truth
from graphlang.onnx.exporting.strided import added_at, sliced
from graphlang.trace import Shape, Size


def reshape(c: RuleCall, *, shape: Shape) -> str:
    return c.w.reshape(c.x, shape)


def transpose(c: RuleCall, *, axes: tuple[int, ...]) -> str:
    return c.w.transpose(c.x, axes)


def broadcast_to(c: RuleCall, *, shape: Shape) -> str:
    return c.node("Expand", c.x, c.w.ints(shape))


def concatenate(c: RuleCall, *, axis: int) -> str:
    return c.node("Concat", *c.operands, axis=axis)


def pad(c: RuleCall, *, widths: Any, value: Any = 0) -> str:
    ends = [before for before, _ in widths] + [after for _, after in widths]
    fill = c.w.constant(value, c.dtype)
    if is_truth(c.dtype):
        whole = c.node("Pad", c.w.cast(c.x, np.int32), c.w.ints(ends), c.w.constant(int(value), np.int32))
        return c.w.cast(whole, bool)
    return c.node("Pad", c.x, c.w.ints(ends), fill)


def roll(c: RuleCall, *, shift: int, axis: int) -> str:
    n = c.shapes[0][axis]
    places = c.node("Range", *_scalars(c, (0, n, 1)))
    size = c.w.ints([n])
    before = c.node("Mod", c.node("Sub", places, c.w.constant(shift, np.int64)), size)
    return c.node("Gather", c.x, before, axis=axis)


def _scalars(c: RuleCall, values: tuple[Any, ...]) -> list[str]:
    return [
        c.w.node("Squeeze", c.w.ints([v])) if not isinstance(v, int) else c.w.constant(v, np.int64)
        for v in values
    ]


def slice_(c: RuleCall, *, key: tuple[Any, ...]) -> str:
    return sliced(c.w, c.x, c.shapes[0], key)


def unslice(c: RuleCall, *, keys: Any, shape: Shape) -> str:
    """The sum of the parts, each among zeros at its place."""
    parts = [added_at(c.w, x, key, shape, c.output.dtype) for x, key in zip(c.operands, keys, strict=True)]
    return parts[0] if len(parts) == 1 else c.node("Sum", *parts) if c.is_float else _sum(c, parts)


def _sum(c: RuleCall, parts: list[str]) -> str:
    total = parts[0]
    for part in parts[1:]:
        total = c.node("Add", total, part)
    return total


def take(c: RuleCall, *, axis: int) -> str:
    return c.node("Gather", *c.operands, axis=axis)


def take_along_axis(c: RuleCall, *, axis: int) -> str:
    if len(c.shapes[0]) == 1:  # the reference of ONNX picks elements of no more than 64 in the other way
        return c.node("Gather", *c.operands, axis=0)
    return c.node("GatherElements", *c.operands, axis=axis)


def scatter_add(c: RuleCall, *, axis: int, size: Size) -> str:
    """The rows that the indices name come first, then they are added at these."""
    updates, indices = c.operands
    shape, picked = c.shapes
    count = len(picked)
    lead, trail = shape[:axis], shape[axis + count :]
    order = [*range(axis, axis + count), *range(axis), *range(axis + count, len(shape))]
    rows = c.w.transpose(updates, order)
    places = c.node("Unsqueeze", indices, c.w.constant([-1], np.int64))
    start = c.w.zeros((size, *lead, *trail), c.dtype)
    total = c.node("ScatterND", start, places, rows, reduction="add")
    return c.w.move(total, 1 + len(lead) + len(trail), 0, axis)


def add_along_axis(c: RuleCall, *, axis: int, size: Size) -> str:
    updates, indices = c.operands
    shape = c.shapes[0]
    start = c.w.zeros((*shape[:axis], size, *shape[axis + 1 :]), c.dtype)
    return c.node("ScatterElements", start, indices, updates, axis=axis, reduction="add")


def full(c: RuleCall, *, shape: Shape, dtype: Any) -> str:
    value = c.x if c.dtype == dtype else c.w.cast(c.x, dtype)
    return value if shape == () else c.node("Expand", value, c.w.ints(shape))


def arange(c: RuleCall, *, start: Size, stop: Size, step: int, dtype: Any) -> str:
    places = c.node("Range", *_scalars(c, (start, stop, step)))
    return places if dtype == np.int64 else c.w.cast(places, dtype)


def one_hot(c: RuleCall, *, n: Size, dtype: Any) -> str:
    ids = c.node("Unsqueeze", c.w.cast(c.x, np.int64), c.w.constant([-1], np.int64))
    classes = c.node("Range", *_scalars(c, (0, n, 1)))
    hit = c.node("Equal", ids, classes)
    return hit if is_truth(dtype) else c.w.cast(hit, dtype)


def same(c: RuleCall, **params: Any) -> str:
    """The value itself: its other name, or its checked indices, which a runtime checks by itself."""
    return c.x


def random_numbers(c: RuleCall, **params: Any) -> str:
    """Numbers of the same distribution; a runtime draws its own."""
    return c.w.draw(c.step)


RULES: Rules = {
    rule.__name__.rstrip("_"): rule
    for rule in (
        reshape, transpose, broadcast_to, concatenate, pad, roll, slice_, unslice, take, take_along_axis,
        scatter_add, add_along_axis, full, arange, one_hot, random_numbers,
    )
}  # fmt: skip
RULES |= dict.fromkeys(("alias", "constant", "stop_gradient", "checked_indices"), same)
