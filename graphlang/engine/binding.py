"""Binds the units of a plan to arrays: a flat list of calls without arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from graphlang.engine.regions import BLOCK, Unit, column, size
from graphlang.trace import Step, SymbolicArray

Call = Callable[[], Any]
Find = Callable[[Any], Any]
"""The array of a symbolic value; constants as they are."""


def bind_step(step: Step, operands: Sequence[Any], out: Any) -> Call:
    """One step on arrays, its result into `out`."""
    primitive = step.primitive
    kind = primitive.kind
    if kind == "elementwise":
        return _elementwise(step, operands, out)
    if kind == "reduction" and hasattr(primitive, "reduce"):
        p = step.params
        return partial(primitive.reduce, operands[0], p["axis"], p.get("dtype"), out, p.get("keepdims", False))
    if kind == "matmul":
        return _matmul(operands[0], operands[1], out)
    return partial(primitive.compute, *operands, out=out, **step.params)


def _elementwise(step: Step, operands: Sequence[Any], out: Any) -> Call:
    primitive = step.primitive
    if primitive.name == "astype":
        return partial(np.copyto, out, operands[0], "unsafe")
    if primitive.ufunc is not None:
        arrays = _as_arrays(operands)
        if primitive.ufunc in _OUT_BY_NAME:
            return partial(primitive.ufunc, *arrays, out=out)
        return partial(primitive.ufunc, *arrays, out)
    return partial(primitive.compute, *operands, out=out, **step.params)


_OUT_BY_NAME = (np.maximum, np.minimum)
"""NumPy warns where these get their `out` by position, as if three numbers were to be compared."""


def _as_arrays(operands: Sequence[Any]) -> list[Any]:
    """Python numbers as arrays of the precision that NumPy would give them, made once and not in every call."""
    dtypes = [x.dtype for x in operands if isinstance(x, np.ndarray | np.generic)]
    if len(dtypes) != 1 or dtypes[0].kind != "f":
        return list(operands)
    return [x if isinstance(x, np.ndarray | np.generic) else np.asarray(x, dtypes[0]) for x in operands]


def _matmul(x: Any, w: Any, out: Any) -> Call:
    if x.ndim > 2 and w.ndim == 2 and x.flags.c_contiguous and out.flags.c_contiguous:
        # One product of tall matrices instead of a loop of small ones.
        return partial(np.matmul, x.reshape(-1, x.shape[-1]), w, out.reshape(-1, out.shape[-1]))
    return partial(np.matmul, x, w, out)


# ---- fused regions ------------------------------------------------------------------------------------


def bind_region(unit: Unit, find: Find, local: set[int], threads: int) -> list[list[Call]]:
    """For each thread the calls of a region, block after block; inner values live in a thread's scratch."""
    assert unit.frame is not None
    frame = unit.frame
    rows, columns = _rows(unit, frame, find, local)
    widest = max(s.output.dtype.itemsize for s in unit.steps)
    per_block = max(1, BLOCK // (columns * widest))
    parts = max(1, min(threads, rows // per_block))
    bounds = [rows * i // parts for i in range(parts + 1)]
    flat = columns == 1 and frame[-1] != 1
    return [
        _Thread(unit, frame, find, local, per_block, rows, flat).calls(bounds[i], bounds[i + 1])
        for i in range(parts)
    ]


def _rows(unit: Unit, frame: tuple[int, ...], find: Find, local: set[int]) -> tuple[int, int]:
    """How a frame is cut: into single elements where nothing in the region knows of rows, else into rows."""
    for step in unit.steps:
        if step.output.shape != frame:
            return size(frame[:-1]), frame[-1]
        for x in step.operands:
            shape = getattr(x, "shape", ())
            if shape and shape != frame:
                return size(frame[:-1]), frame[-1]
            if shape == frame and not (x.__class__ is SymbolicArray and x.number in local):
                if not is_filled(find(x)) and not find(x).flags.c_contiguous:
                    return size(frame[:-1]), frame[-1]
    return size(frame), 1


class _Thread:
    """The calls of one thread over its rows."""

    def __init__(
        self,
        unit: Unit,
        frame: tuple[int, ...],
        find: Find,
        local: set[int],
        per_block: int,
        rows: int,
        flat: bool,
    ) -> None:
        self.unit = unit
        self.frame = frame
        self.find = find
        self.local = local
        self.per_block = per_block
        self.rows = rows
        self.flat = flat
        self.scratch = self._scratch()

    def _scratch(self) -> dict[int, Any]:
        """Memory for inner values, shared by liveness within the block."""
        last = {x.number: i for i, s in enumerate(self.unit.steps) for x in s.operands if x.__class__ is SymbolicArray}
        free: list[Any] = []
        found: dict[int, Any] = {}
        for i, step in enumerate(self.unit.steps):
            number = step.output.number
            if number in self.local:
                found[number] = self._reused(step, free)
            for x in {x.number: x for x in step.operands if x.__class__ is SymbolicArray}.values():
                if x.number in found and last.get(x.number) == i:
                    free.append(found[x.number])
        return found

    def _reused(self, step: Step, free: list[Any]) -> Any:
        shape = (self.per_block,) if self.flat else (self.per_block, step.output.shape[-1])
        for array in free:
            if array.shape == shape and array.dtype == step.output.dtype:
                free.remove(array)
                return array
        return np.empty(shape, step.output.dtype)

    def calls(self, low: int, high: int) -> list[Call]:
        views = self._views()
        found: list[Call] = []
        for start in range(low, high, self.per_block):
            stop = min(start + self.per_block, high)
            for step, operands, out in views:
                cut = [self._cut(x, start, stop) for x in operands]
                found.append(self._bound(step, cut, self._cut(out, start, stop)))
        return found

    def _bound(self, step: Step, operands: list[Any], out: Any) -> Call:
        if step.primitive.kind == "reduction":
            return partial(step.primitive.reduce, operands[0], 1, step.params.get("dtype"), out, True)  # type: ignore[attr-defined]
        return _elementwise(step, operands, out)

    def _views(self) -> list[tuple[Step, list[Any], Any]]:
        """Each step with its whole operands, as lists of rows; scratch and scalars stand for themselves."""
        return [
            (step, [self._whole(x) for x in step.operands], self._whole(step.output)) for step in self.unit.steps
        ]

    def _whole(self, x: Any) -> Any:
        if x.__class__ is SymbolicArray and x.number in self.scratch:
            return _Scratch(self.scratch[x.number])
        array = self.find(x)
        shape = getattr(array, "shape", ())
        if shape and is_filled(array):
            return array.flat[0]
        if shape == self.frame and shape:
            return _Sliced(array.reshape(-1) if self.flat else _as_rows(array, self.frame))
        if shape and shape == column(self.frame):
            return _Sliced(_as_rows(array, shape))
        return array.reshape(shape[-1]) if shape else array

    def _cut(self, x: Any, start: int, stop: int) -> Any:
        if isinstance(x, _Sliced):
            return x.array[start:stop]
        return x.array[: stop - start] if isinstance(x, _Scratch) else x


def _as_rows(array: Any, shape: tuple[int, ...]) -> Any:
    """The array as a list of rows, as a view."""
    rows = array.reshape(size(shape[:-1]), shape[-1])
    if not np.may_share_memory(rows, array):
        raise CannotCut
    return rows


class CannotCut(Exception):
    """An operand lies in memory such that rows cannot be viewed: the steps run one by one instead."""


class _Sliced:
    """A whole array, of which a block takes its rows."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array


class _Scratch:
    """Memory of one block, used from its start."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array


def is_filled(array: Any) -> bool:
    """Whether an array is one number seen in every place."""
    return isinstance(array, np.ndarray) and array.size > 0 and not any(array.strides)


def in_order(calls: Sequence[Call]) -> Call:
    """The calls as one."""

    def run() -> None:
        for call in calls:
            call()

    return run
