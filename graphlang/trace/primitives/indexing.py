"""Primitives that pick elements, and their gradients, which put them back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from graphlang.trace.broadcasting import axis_index, broadcast
from graphlang.trace.core import Array, Primitive, Signature, StepOperand, SymbolicArray, into, signature
from graphlang.trace.dims import Dim, Shape, Size, is_size, is_symbolic, maximum, minimum, shape_text
from graphlang.trace.errors import DtypeError, ShapeError, UndecidedError, Unrecorded
from graphlang.trace.numpy_protocols import operand
from graphlang.trace.primitives.creation import range_length
from graphlang.trace.primitives.shapes import broadcast_to, reshape
from graphlang.trace.types import NumPyArray, Out, Thunk


class BasicSlice(Primitive):
    """x[key] with an integer or a slice per axis, a view."""

    name = "slice"
    kind = "view"

    def shape(self, x: StepOperand, *, key: tuple[Any, ...]) -> Signature:
        shape, kind = signature(x)
        return sliced_shape(shape, key), np.dtype(kind)

    def compute(self, x: NumPyArray, *, key: tuple[Any, ...], out: Out = None) -> Any:
        # With the dots one element is a view too, which shows what lies there later; without them, a copy.
        return into(out, x[(*key, ...)])

    def derivative(self, position: int, dy: Array, y: Array, x: Array, *, key: tuple[Any, ...]) -> Any:
        if all(part in (slice(None), slice(None, None, -1)) for part in key):
            return dy[key]  # all elements, some axes reversed
        return unslice(dy, keys=(key,), shape=x.shape)


class Unslice(Primitive):
    """Zeros of a shape plus each operand at its key: the gradient of slices, all of one array in one step."""

    name = "unslice"
    own_memory = False

    def shape(self, *parts: Any, keys: tuple[Any, ...], shape: Shape) -> Signature:
        for position, (part, key) in enumerate(zip(parts, keys, strict=True)):
            if signature(part)[0] != sliced_shape(shape, key):
                message = f"shape {shape_text(signature(part)[0])} is not that of the place it is put"
                raise ShapeError(message, (position,))
        return shape, np.result_type(*[signature(part)[1] for part in parts])

    def compute(self, *parts: Any, keys: tuple[Any, ...], shape: tuple[int, ...], out: Out = None) -> Any:
        if out is None:
            out = np.empty(shape, np.result_type(*parts))
        out.fill(0)
        for part, key in zip(parts, keys, strict=True):
            out[key] += part
        return out

    def prepared(self, operands: Sequence[Any], out: NumPyArray, threads: int, **params: Any) -> Thunk | None:
        places = [out[(*key, ...)] for key in params["keys"]]
        if any(type(x) is not np.ndarray or x.dtype != out.dtype for x in operands):
            return None
        if not _are_all_columns(params["keys"], out.shape):
            return None
        zero = np.zeros((), out.dtype)  # 0 - 0 is 0, as in a sum that begins with 0
        calls = [partial(np.add, x, zero, place) for x, place in zip(operands, places, strict=True)]
        return partial(_run_all, calls)

    def derivative(
        self, position: int, dy: Array, y: Array, *parts: Any, keys: tuple[Any, ...], shape: Shape
    ) -> Any:
        return dy[keys[position]]


def _are_all_columns(keys: Sequence[tuple[Any, ...]], shape: Shape) -> bool:
    """Whether the keys cut the last axis into pieces that cover it, each element once."""
    pieces = []
    for key in keys:
        *others, last = key
        if not isinstance(last, slice) or any(part != slice(None) for part in others):
            return False
        start, stop, step = last.indices(int(shape[-1]))
        if step != 1:
            return False
        pieces.append((start, stop))
    pieces.sort()
    ends = [0, *(stop for _, stop in pieces)]
    return ends == [*(start for start, _ in pieces), shape[-1]]


def _run_all(calls: Sequence[Thunk]) -> None:
    for call in calls:
        call()


class Take(Primitive):
    """x at the indices along one axis; dx adds up dy where an index is repeated."""

    name = "take"

    def shape(self, x: StepOperand, indices: StepOperand, *, axis: int) -> Signature:
        (shape, kind), (picked, _) = signature(x), signature(indices)
        _check_indices(indices, shape[axis], 1)
        return shape[:axis] + picked + shape[axis + 1 :], np.dtype(kind)

    def compute(self, x: NumPyArray, indices: NumPyArray, *, axis: int, out: Out = None) -> Any:
        return np.take(x, indices, axis=axis, out=out)

    def derivative(self, position: int, dy: Array, y: Array, x: Array, indices: Array, *, axis: int) -> Any:
        return None if position else scatter_add(dy, indices, axis=axis, size=x.shape[axis])

    def flops(self, x: StepOperand, indices: StepOperand, **params: Any) -> Size:
        return 0


class ScatterAdd(Primitive):
    """Zeros with `updates` added at `indices` of an axis of `size`; repeated indices add up."""

    name = "scatter_add"

    def __call__(self, updates: StepOperand, indices: StepOperand, axis: int = 0, size: Size = 0) -> Any:
        updates, indices = operand(updates), operand(indices)
        ndim = len(signature(updates)[0]) - len(signature(indices)[0]) + 1
        return super().__call__(updates, indices, axis=axis_index(axis, ndim), size=size)

    def shape(self, updates: StepOperand, indices: StepOperand, *, axis: int, size: Size) -> Signature:
        (shape, kind), (picked, _) = signature(updates), signature(indices)
        _check_indices(indices, size, 1)
        if shape[axis : axis + len(picked)] != picked:
            message = f"updates of shape {shape_text(shape)} do not fit indices of shape {shape_text(picked)}"
            raise ShapeError(message, (0, 1))
        return (*shape[:axis], size, *shape[axis + len(picked) :]), np.dtype(kind)

    def compute(
        self, updates: NumPyArray, indices: NumPyArray, *, axis: int, size: int, out: Out = None
    ) -> Any:
        updates, indices = np.asarray(updates), np.asarray(indices)
        lead, trail = updates.shape[:axis], updates.shape[axis + indices.ndim :]
        rows = np.moveaxis(updates.reshape(*lead, indices.size, *trail), axis, 0)
        if out is None:
            out = np.empty((*lead, size, *trail), updates.dtype)
        out.fill(0)
        _add_rows(np.moveaxis(out, axis, 0), rows, _wrapped(indices.reshape(-1), size))
        return out

    def derivative(
        self, position: int, dy: Array, y: Array, updates: Array, indices: Array, *, axis: int, size: Size
    ) -> Any:
        return None if position else np.take(dy, indices, axis=axis)


class TakeAlongAxis(Primitive):
    """x at an index of its own for each place, along one axis."""

    name = "take_along_axis"

    def shape(self, x: StepOperand, indices: StepOperand, *, axis: int) -> Signature:
        (shape, kind), (picked, _) = signature(x), signature(indices)
        _check_indices(indices, shape[axis], 1)
        _check_along(shape, picked, axis)
        return picked, np.dtype(kind)

    def compute(self, x: NumPyArray, indices: NumPyArray, *, axis: int, out: Out = None) -> Any:
        return into(out, np.take_along_axis(x, indices, axis))

    def derivative(self, position: int, dy: Array, y: Array, x: Array, indices: Array, *, axis: int) -> Any:
        return None if position else add_along_axis(dy, indices, axis=axis, size=x.shape[axis])

    def flops(self, x: StepOperand, indices: StepOperand, **params: Any) -> Size:
        return 0


class AddAlongAxis(Primitive):
    """Zeros with `updates` added at an index of its own for each place, along an axis of `size`."""

    name = "add_along_axis"

    def shape(self, updates: StepOperand, indices: StepOperand, *, axis: int, size: Size) -> Signature:
        (shape, kind), (picked, _) = signature(updates), signature(indices)
        _check_indices(indices, size, 1)
        if shape != picked:
            raise ShapeError(f"updates {shape_text(shape)} do not fit indices {shape_text(picked)}", (0, 1))
        return (*shape[:axis], size, *shape[axis + 1 :]), np.dtype(kind)

    def compute(
        self, updates: NumPyArray, indices: NumPyArray, *, axis: int, size: int, out: Out = None
    ) -> Any:
        updates, indices = np.asarray(updates), _wrapped(np.asarray(indices), size)
        if out is None:
            out = np.empty((*updates.shape[:axis], size, *updates.shape[axis + 1 :]), updates.dtype)
        out.fill(0)
        if updates.shape[axis] == 1:  # one per line, as a label is: no repeats
            np.put_along_axis(out, indices, updates, axis)
            return out
        lines, places = np.moveaxis(updates, axis, -1), np.moveaxis(indices, axis, -1)
        first = np.arange(lines.size // max(lines.shape[-1], 1)).reshape(*lines.shape[:-1], 1) * size
        total = np.bincount((places + first).reshape(-1), lines.reshape(-1), out.size)
        np.moveaxis(out, axis, -1)[...] = total.reshape(*lines.shape[:-1], size)
        return out

    def derivative(
        self, position: int, dy: Array, y: Array, updates: Array, indices: Array, *, axis: int, size: Size
    ) -> Any:
        return None if position else take_along_axis(dy, indices, axis)


slice_of = BasicSlice()
unslice = Unslice()
take_axis = Take()
scatter_add = ScatterAdd()
take_along = TakeAlongAxis()
add_along_axis = AddAlongAxis()


def _wrapped(indices: NumPyArray, size: int) -> Any:
    """Indices counted from the front, checked."""
    if indices.size and (indices.min() < -size or indices.max() >= size):
        wrong = indices.min() if indices.min() < -size else indices.max()
        raise IndexError(f"index {wrong} is out of bounds for an axis of size {size}")
    return np.where(indices < 0, indices + size, indices)


def _add_rows(out: NumPyArray, rows: NumPyArray, indices: NumPyArray) -> None:
    """out[indices] += rows, repeated indices adding up (`np.add.at` is many times slower)."""
    if not rows.size:
        return
    if rows.ndim == 1:
        out[...] = np.bincount(indices, rows, len(out))
        return
    order = np.argsort(indices, kind="stable")
    ordered = indices[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    if len(starts) == len(indices):
        out[indices] = rows
    else:
        out[ordered[starts]] = np.add.reduceat(rows[order], starts, axis=0, dtype=np.float64)


def _check_indices(indices: Any, size: Size, position: int) -> None:
    """Indices are whole numbers, and those that are not symbolic must exist."""
    _, kind = signature(indices)
    if kind is float or (kind is not int and kind.kind not in "iu"):
        name = getattr(kind, "name", "float")
        masks = "a mask chooses in `where(mask, x, 0)`" if name == "bool" else None
        raise DtypeError(f"an index is a whole number, not {name}", (position,), masks)
    if indices.__class__ is SymbolicArray or is_symbolic(indices) or not np.size(indices):
        return
    for index in (int(np.min(indices)), int(np.max(indices))):
        _check_index(index, size, 0, (position,))


def _check_along(shape: Shape, picked: Shape, axis: int) -> None:
    fits = len(shape) == len(picked) and all(
        m == n for i, (m, n) in enumerate(zip(shape, picked, strict=True)) if i != axis
    )
    if not fits:
        raise ShapeError(
            f"indices {shape_text(picked)} do not fit {shape_text(shape)} along axis {axis}", (0, 1)
        )


def _check_index(index: Size, size: Size, axis: int, operands: tuple[int, ...] = (0,)) -> None:
    try:
        inside = -size <= index < size
    except UndecidedError:
        inside = False
    if not inside:
        may = "may lie" if isinstance(size, Dim) or isinstance(index, Dim) else "lies"
        known = type(size) is int and size
        there = f"count from 0: what is there has the indices 0 to {size - 1}" if known else None
        raise ShapeError(f"index {index} {may} outside of axis {axis} of size {size}", operands, there)


def sliced_shape(shape: Shape, key: tuple[Any, ...]) -> Shape:
    """The shape of x[key], where `key` has an integer or a slice per axis."""
    result = []
    for axis, (size, part) in enumerate(zip(shape, key, strict=True)):
        if isinstance(part, slice):
            result.append(_slice_length(size, part))
        else:
            _check_index(part, size, axis)
    return tuple(result)


def _slice_length(size: Size, part: slice) -> Size:
    if part == slice(None):
        return size
    step = 1 if part.step is None else part.step
    if not isinstance(size, Dim) and not is_symbolic(part):
        return len(range(*part.indices(size)))
    if not isinstance(step, int) or step == 0:
        raise ShapeError(f"a slice's step is a number other than 0, not {step}")
    low, high = (0, size) if step > 0 else (-1, size - 1)
    start = (low if step > 0 else high) if part.start is None else _from_front(part.start, size, low, high)
    stop = (high if step > 0 else low) if part.stop is None else _from_front(part.stop, size, low, high)
    return range_length(start, stop, step)


def _from_front(place: Size, size: Size, low: Size, high: Size) -> Size:
    """Where a slice's start or stop lies, as `slice.indices` counts."""
    try:
        negative = place < 0
    except UndecidedError:
        message = f"whether the slice bound {place} is negative depends on the sizes"
        from_end = place - size
        if isinstance(from_end, int) and from_end < 0:
            message += f"; {from_end} counts from the end"
        raise ShapeError(message) from None
    return maximum(place + size, low) if negative else minimum(place, high)


def take(x: StepOperand, indices: StepOperand, axis: int | None = None) -> Any:
    """Elements by index along an axis; None takes from all elements as one line."""
    array, picked = operand(x), operand(indices)
    if axis is None:
        array, axis = reshape(array, -1), 0
    return take_axis(array, picked, axis=axis_index(axis, np.ndim(array)))


def take_along_axis(x: StepOperand, indices: StepOperand, axis: int | None = -1) -> Any:
    """Elements by an index of its own for each place; other axes of size 1 broadcast."""
    array, picked = operand(x), operand(indices)
    if axis is None:
        array, axis = reshape(array, -1), 0
    axis = axis_index(axis, array.ndim)
    shape, places = array.shape, signature(picked)[0]
    if len(places) != array.ndim:
        raise ShapeError(f"indices {shape_text(places)} do not have the axes of {shape_text(shape)}", (0, 1))
    others = [slice(0, axis), slice(axis + 1, None)]
    before, after = [broadcast(shape[part], places[part]) for part in others]
    array = broadcast_to(array, (*before, shape[axis], *after))
    picked = broadcast_to(picked, (*before, places[axis], *after))
    return take_along(array, picked, axis=axis)


def getitem(x: Array, key: Any) -> Any:
    """x[key]: integers, slices, None and `...`; an array of integers on one axis."""
    parts = _full_key(x, key if isinstance(key, tuple) else (key,))
    basic = tuple([p for p in parts if p is not None])
    arrays = [i for i, p in enumerate(basic) if not _is_basic(p)]
    if len(arrays) > 1:
        raise Unrecorded("x[indices, indices]", "pick along one axis at a time, or with `np.take_along_axis`")
    if arrays:
        return _gather(x, parts, basic, arrays[0])
    y = x if all(p == slice(None) for p in basic) else slice_of(x, key=basic)
    return y if not any(p is None for p in parts) else reshape(y, _with_new_axes(parts, y.shape))


def _gather(x: Array, parts: list[Any], basic: tuple[Any, ...], place: int) -> Any:
    others = basic[:place] + basic[place + 1 :]
    if len(parts) > len(basic) or not all(isinstance(p, slice) for p in others):
        raise Unrecorded("x[indices, ...]", "next to an array of indices only slices are recorded")
    rest = (*basic[:place], slice(None), *basic[place + 1 :])
    y = x if all(p == slice(None) for p in rest) else slice_of(x, key=rest)
    return take(y, basic[place], place)


def _full_key(x: Array, key: tuple[Any, ...]) -> list[Any]:
    """One entry per axis, None for a new one; `...` written out."""
    for part in key:
        dtype = getattr(part, "dtype", None)
        if isinstance(part, (bool, np.bool_)) or (dtype is not None and dtype.kind == "b"):
            raise Unrecorded("x[mask]", "how many elements it picks is not known: choose with `np.where`")
    parts = [
        int(p) if isinstance(p, np.integer) else np.asarray(p) if isinstance(p, list) else p for p in key
    ]
    used = sum(1 for p in parts if p is not None and p is not Ellipsis)
    if used > x.ndim:
        raise ShapeError(f"{used} indices for an array of {x.ndim} axes")
    filler = [slice(None)] * (x.ndim - used)
    for i, part in enumerate(parts):
        if part is Ellipsis:
            return parts[:i] + filler + parts[i + 1 :]
    return parts + filler


def _is_basic(part: Any) -> bool:
    return isinstance(part, slice) or is_size(part)


def _with_new_axes(parts: list[Any], shape: Shape) -> Shape:
    sizes = iter(shape)
    axes = [p for p in parts if p is None or isinstance(p, slice)]
    return tuple(1 if p is None else next(sizes) for p in axes)
