"""Binds the steps of a plan to arrays: each becomes a call without arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.divided_products import product_calls
from graphlang.engine.fusion import (
    FusionGroup,
    element_count,
    is_accumulation,
    per_row_shape,
    temporary_slots,
)
from graphlang.engine.program import is_broadcast_scalar
from graphlang.engine.views import rows_of
from graphlang.engine.workers import run_jobs
from graphlang.kernels.parallel import ranges
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.bound_step import bind_step, checked, one_call, reduce_rows
from graphlang.trace.primitives.norms import squares
from graphlang.trace.sums import calls as sum_calls
from graphlang.trace.sums import is_exact
from graphlang.trace.types import Thunk

ArrayOf = Callable[[Any], Any]
"""The array of a symbolic value; constants as they are."""
BlockOf = Callable[[slice, slice], Any]
"""The part of an operand that a block reads or writes, by the rows and columns of the block."""


def bind_single(step: Step, operands: Sequence[Any], out: Any, threads: int = 1) -> Thunk:
    """A step as a call that writes its result into `out`, divided over up to `threads` threads if it is
    large."""
    if step.primitive.kind == "matmul":
        return checked(step, operands, concurrent_call(product_calls(operands[0], operands[1], out, threads)))
    prepared = step.primitive.prepared(operands, out, threads, **step.params)
    return prepared or bind_step(step, operands, out)


# ---- fused groups -------------------------------------------------------------------------------------


class BoundGroup(NamedTuple):
    """A fused group as calls: those of each thread, and those that follow when all threads are done."""

    threads: list[list[Thunk]]
    after: list[Thunk]


def bind_fused(
    group: FusionGroup,
    array_of: ArrayOf,
    temporaries: set[int],
    threads: int,
    memory: dict[Any, Any] | None = None,
) -> BoundGroup:
    """The calls of a fused group, block after block; each thread has its own memory for temporaries.

    That is taken from `memory`, where several bindings share it.
    """
    memory = {} if memory is None else memory
    blocks = list(_blocks(group))
    parts = [blocks[start:stop] for start, stop in group.parts()]
    accumulations = [s for s in group.steps if is_accumulation(s)]
    totals = [
        {
            s.output.number: _memory(
                memory, (part, s.output.number), s.output.shape, _accumulation_dtype(s.output.dtype)
            )
            for s in accumulations
        }
        for part in range(len(parts))
    ]
    shares = [slice(*share) for share in ranges(len(parts), group.threads(threads))]
    return BoundGroup(
        [
            _thread_calls(
                group,
                array_of,
                temporaries,
                parts[own],
                totals[own],
                lambda slot, *signature, i=i: _memory(memory, (i, slot), *signature),
            )
            for i, own in enumerate(shares)
        ],
        [_add_totals(array_of(s.output), [own[s.output.number] for own in totals]) for s in accumulations],
    )


def _memory(memory: dict[Any, Any], key: Any, *signature: Any) -> Any:
    """The array for a key; new where there is none yet."""
    if (key, *signature) not in memory:
        memory[key, *signature] = np.empty(*signature)
    return memory[key, *signature]


def _add_totals(out: Any, totals: Sequence[Any]) -> Thunk:
    """Adds up the totals of all parts, always in the same order, so that the bits are the same every run and
    on any number of threads."""

    def add() -> None:
        for total in totals[1:]:
            np.add(totals[0], total, totals[0])
        np.copyto(out, totals[0], "same_kind")

    return add


def _blocks(group: FusionGroup) -> Iterator[tuple[slice, slice]]:
    """The blocks of a fused group, as rows and columns."""
    rows, columns, height, width = group.tiling()
    for top in range(0, rows, height):
        for left in range(0, columns, width):
            yield slice(top, min(top + height, rows)), slice(left, min(left + width, columns))


def _thread_calls(
    group: FusionGroup,
    array_of: ArrayOf,
    temporaries: set[int],
    parts: Sequence[Sequence[tuple[slice, slice]]],
    totals: Sequence[dict[int, Any]],
    memory: Callable[..., Any],
) -> list[Thunk]:
    """The calls of one thread, for some parts of the group."""
    slicing = _Slicing(group, array_of, temporaries, memory)
    operands = [
        [slicing.of(x) if s.primitive.kind == "elementwise" else slicing.matrix(x) for x in s.operands]
        for s in group.steps
    ]
    results = [None if is_accumulation(s) else slicing.of(s.output) for s in group.steps]
    calls: list[Thunk] = []
    for blocks, own in zip(parts, totals, strict=True):
        outs = [
            result or _total_slicer(own[s.output.number])
            for s, result in zip(group.steps, results, strict=True)
        ]
        calls += [partial(total.fill, 0) for total in own.values()]
        calls += [
            _block_call(step, [x(rows, columns) for x in values], out(rows, columns))
            for rows, columns in blocks
            for step, values, out in zip(group.steps, operands, outs, strict=True)
        ]
    return calls


def _total_slicer(total: Any) -> BlockOf:
    """The part of a total over rows that a block adds to."""
    return (lambda rows, columns: total[columns]) if total.ndim else _whole(total)


def _block_call(step: Step, operands: list[Any], out: Any) -> Thunk:
    if step.primitive.name == "square_sum":
        return partial(_add_number, squares(operands[0]), out)
    if is_accumulation(step):
        return _add_sum(operands[0], out, step.params.get("dtype"))
    if step.primitive.kind == "reduction":
        return reduce_rows(step, operands[0], out[:, 0])
    return bind_step(step, operands, out)


def _accumulation_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type in which the sums of many blocks are added up."""
    return np.dtype(np.float64) if dtype.kind == "f" else dtype


def _add_sum(x: Any, total: Any, dtype: Any) -> Thunk:
    """Adds the sum over a block's rows, or over all its elements, to the total of the blocks before."""
    axis = (0,) if total.ndim else tuple(range(x.ndim))
    block_sum = np.empty(total.shape, x.dtype if x.dtype.kind == "f" and dtype is None else total.dtype)
    exact = is_exact(x, axis, dtype)
    sums = [partial(np.add.reduce, x, axis, dtype, block_sum)] if exact else sum_calls(x, axis, block_sum)
    return one_call([*sums, partial(np.add, total, block_sum, total)])


def _add_number(number: Callable[[], float], total: Any) -> None:
    total += number()


class _Slicing:
    """How the operands of a fused group are cut into blocks, for one thread."""

    def __init__(
        self, group: FusionGroup, array_of: ArrayOf, temporaries: set[int], own_memory: Callable[..., Any]
    ) -> None:
        assert group.iteration_shape is not None
        self.shape = group.iteration_shape
        self.contiguous = group.contiguous
        self.array_of = array_of
        tiling = group.tiling()
        slots = temporary_slots(group, temporaries)
        memory = {
            slot: own_memory(
                slot, (tiling.block_rows, 1 if slot.per_row else tiling.block_columns), slot.dtype
            )
            for slot in dict.fromkeys(slots.values())
        }
        self.temporaries = {number: memory[slot] for number, slot in slots.items()}

    def matrix(self, x: Any) -> BlockOf:
        """How to cut a value that has the iteration shape, such as the operand of a reduction."""
        if x.__class__ is SymbolicArray and x.number in self.temporaries:
            return _from_start(self.temporaries[x.number])
        array = self.array_of(x)
        return _matrix(array.reshape(1, -1) if self.contiguous else _as_rows(array))

    def of(self, x: Any) -> BlockOf:
        """How to cut a value that broadcasts to the iteration shape: an array or a number. A broadcast scalar
        is used as a number."""
        if x.__class__ is SymbolicArray and x.number in self.temporaries:
            return _from_start(self.temporaries[x.number])
        array = self.array_of(x)
        shape = getattr(array, "shape", ())
        if not shape:
            return _whole(array)
        if is_broadcast_scalar(array):
            return _whole(_first_element(array))
        if shape == self.shape:
            return self.matrix(x)
        if shape == per_row_shape(self.shape):
            return _rows_only(_as_rows(array))
        if element_count(shape) == 1:
            return _whole(_first_element(array))
        return _columns_only(array.reshape(1, shape[-1]))


def _first_element(array: Any) -> Any:
    """The first element, as a view: its value may change until the group runs."""
    return array[(slice(0, 1),) * array.ndim].reshape(())


def _as_rows(array: Any) -> Any:
    rows = rows_of(array)
    assert rows is not None, f"a fused group over {array.shape} with strides {array.strides}"
    return rows


def _whole(array: Any) -> BlockOf:
    return lambda rows, columns: array


def _matrix(array: Any) -> BlockOf:
    return lambda rows, columns: array[rows, columns]


def _rows_only(array: Any) -> BlockOf:
    return lambda rows, columns: array[rows]


def _columns_only(array: Any) -> BlockOf:
    return lambda rows, columns: array[:, columns]


def _from_start(array: Any) -> BlockOf:
    """Memory of the size of one block, of which every block uses the beginning."""
    return lambda rows, columns: array[: rows.stop - rows.start, : columns.stop - columns.start]


def concurrent_call(calls: Sequence[Thunk]) -> Thunk:
    """A call that runs `calls` at the same time, each on its own thread."""
    return calls[0] if len(calls) == 1 else partial(run_jobs, calls)
