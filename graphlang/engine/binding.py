"""Binds the units of a plan to arrays: a flat list of calls without arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.divided_products import product_calls
from graphlang.engine.regions import Unit, column, is_accumulation, is_filled, scratch, size
from graphlang.engine.views import rows_of
from graphlang.engine.workers import run_jobs
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.bound_step import bind_step, checked, in_order, reduce_rows
from graphlang.trace.primitive import Call
from graphlang.trace.primitives.norms import squares
from graphlang.trace.sums import calls as sum_calls
from graphlang.trace.sums import is_exact

Find = Callable[[Any], Any]
"""The array of a symbolic value; constants as they are."""
Cut = Callable[[slice, slice], Any]
"""The part of an operand that belongs to a block: its rows, its columns."""


def bind(step: Step, operands: Sequence[Any], out: Any, threads: int = 1) -> Call:
    """One step on arrays, its result into `out`; what is large enough over so many threads."""
    if step.primitive.kind == "matmul":
        return checked(step, operands, at_once(product_calls(operands[0], operands[1], out, threads)))
    prepared = step.primitive.prepared(operands, out, threads, **step.params)
    return prepared or bind_step(step, operands, out)


# ---- fused regions ------------------------------------------------------------------------------------


class Region(NamedTuple):
    """A region bound to arrays: the calls of each thread, and those that follow when all have ended."""

    parts: list[list[Call]]
    after: list[Call]


def bind_region(unit: Unit, find: Find, local: set[int], threads: int) -> Region:
    """For each thread the calls of a region, block after block; inner values live in a thread's scratch."""
    found = list(_blocks(unit))
    count = unit.threads(threads)
    bounds = [len(found) * i // count for i in range(count + 1)]
    sums = [
        {
            s.output.number: np.empty(s.output.shape, _wide(s.output.dtype))
            for s in unit.steps
            if is_accumulation(s)
        }
        for _ in range(count)
    ]
    parts = [_calls(unit, find, local, found[bounds[i] : bounds[i + 1]], sums[i]) for i in range(count)]
    return Region(
        parts,
        [
            _together(find(s.output), [own[s.output.number] for own in sums])
            for s in unit.steps
            if is_accumulation(s)
        ],
    )


def _together(out: Any, parts: Sequence[Any]) -> Call:
    """The sum of what the threads have summed, always in the same order."""

    def add() -> None:
        for part in parts[1:]:
            np.add(parts[0], part, parts[0])
        np.copyto(out, parts[0], "same_kind")

    return add


def _blocks(unit: Unit) -> Iterator[tuple[slice, slice]]:
    """The blocks of a frame, as rows and columns."""
    rows, columns, high, wide = unit.blocks()
    for top in range(0, rows, high):
        for left in range(0, columns, wide):
            yield slice(top, min(top + high, rows)), slice(left, min(left + wide, columns))


def _calls(
    unit: Unit, find: Find, local: set[int], blocks: Sequence[tuple[slice, slice]], sums: dict[int, Any]
) -> list[Call]:
    """The calls of one thread."""
    cuts = _Cuts(unit, find, local)
    steps = [
        (
            s,
            [cuts.of(x) if s.primitive.kind == "elementwise" else cuts.matrix(x) for x in s.operands],
            _sum_cut(sums[s.output.number]) if is_accumulation(s) else cuts.of(s.output),
        )
        for s in unit.steps
    ]
    starts = [partial(own.fill, 0) for own in sums.values()]
    return starts + [
        _bound(step, [cut(rows, columns) for cut in operands], out(rows, columns))
        for rows, columns in blocks
        for step, operands, out in steps
    ]


def _sum_cut(array: Any) -> Cut:
    """The part of a sum over rows that a block adds to."""
    return (lambda rows, columns: array[columns]) if array.ndim else _whole(array)


def _bound(step: Step, operands: list[Any], out: Any) -> Call:
    if step.primitive.name == "square_sum":
        return partial(_add_number, squares(operands[0]), out)
    if is_accumulation(step):
        return _adding(operands[0], out, step.params.get("dtype"))
    if step.primitive.kind == "reduction":
        return reduce_rows(step, operands[0], out[:, 0])
    return bind_step(step, operands, out)


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type in which the sums of many blocks are added up."""
    return np.dtype(np.float64) if dtype.kind == "f" else dtype


def _adding(x: Any, total: Any, dtype: Any) -> Call:
    """Adds the sum of a block's rows, or of all of it, to what the blocks before have given."""
    axis = (0,) if total.ndim else tuple(range(x.ndim))
    part = np.empty(total.shape, x.dtype if x.dtype.kind == "f" and dtype is None else total.dtype)
    exact = is_exact(x, axis, dtype)
    found = [partial(np.add.reduce, x, axis, dtype, part)] if exact else sum_calls(x, axis, part)
    return in_order([*found, partial(np.add, total, part, total)])


def _add_number(number: Callable[[], float], total: Any) -> None:
    total += number()


class _Cuts:
    """How the operands of a region are cut into blocks, for one thread."""

    def __init__(self, unit: Unit, find: Find, local: set[int]) -> None:
        assert unit.frame is not None
        self.frame = unit.frame
        self.flat = unit.flat
        self.find = find
        *_, rows, columns = unit.blocks()
        layout = scratch(unit, local)
        slots = {
            kind: np.empty((rows, 1 if kind[1] else columns), kind[2])
            for kind in dict.fromkeys(layout.values())
        }
        self.scratch = {number: slots[kind] for number, kind in layout.items()}

    def matrix(self, x: Any) -> Cut:
        """How to cut what has every element of the frame, as the operand of a reduction has."""
        if x.__class__ is SymbolicArray and x.number in self.scratch:
            return _from_start(self.scratch[x.number])
        array = self.find(x)
        return _matrix(array.reshape(1, -1) if self.flat else _rows(array))

    def of(self, x: Any) -> Cut:
        """How to cut what is stretched to the frame: a value, an array or a number. One number seen in every
        place stands as that number."""
        if x.__class__ is SymbolicArray and x.number in self.scratch:
            return _from_start(self.scratch[x.number])
        array = self.find(x)
        shape = getattr(array, "shape", ())
        if not shape:
            return _whole(array)
        if is_filled(array):
            return _whole(_element(array))
        if shape == self.frame:
            return self.matrix(x)
        if shape == column(self.frame):
            return _rows_only(_rows(array))
        return _whole(_element(array)) if size(shape) == 1 else _columns_only(array.reshape(1, shape[-1]))


def _element(array: Any) -> Any:
    """The first element, as a view: what lies there may be another number when the region runs."""
    return array[(slice(0, 1),) * array.ndim].reshape(())


def _rows(array: Any) -> Any:
    rows = rows_of(array)
    assert rows is not None, f"a region over {array.shape} with strides {array.strides}"
    return rows


def _whole(array: Any) -> Cut:
    return lambda rows, columns: array


def _matrix(array: Any) -> Cut:
    return lambda rows, columns: array[rows, columns]


def _rows_only(array: Any) -> Cut:
    return lambda rows, columns: array[rows]


def _columns_only(array: Any) -> Cut:
    return lambda rows, columns: array[:, columns]


def _from_start(array: Any) -> Cut:
    """Memory of one block, used from its start."""
    return lambda rows, columns: array[: rows.stop - rows.start, : columns.stop - columns.start]


def at_once(calls: Sequence[Call]) -> Call:
    """The calls as one, each on a thread of its own."""
    return calls[0] if len(calls) == 1 else partial(run_jobs, calls)
