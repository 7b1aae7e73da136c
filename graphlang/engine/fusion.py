"""Groups steps for execution: a step that is called alone, or a fused group that runs block by block in
cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.cache_size import second_level_bytes
from graphlang.engine.program import concrete, is_broadcast_scalar
from graphlang.engine.step_work import operations
from graphlang.engine.views import Views
from graphlang.kernels.parallel import ranges
from graphlang.kernels.thread_cost import Work, threads_that_pay
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.sums import ROWS
from graphlang.trace.whole_numbers import is_counted

FUSE_FROM = 2**16
"""Elements from which on fusion pays: smaller arrays stay in cache anyway."""
LONGEST_ROW = FUSE_FROM // 4
"""Elements of the longest row that is reduced within a fused group: a row is never cut."""
SMALL_SIZE = 64
"""Elements up to which a value is cheap enough to be computed early, outside of any fused group."""
_OPERANDS_IN_CACHE = 8
"""The operands of a fused group that should be in the second-level cache at once."""


def block_bytes(second_level: int | None) -> int:
    """Bytes of one operand in a block, for a processor with so large a second-level cache.

    A call of NumPy on a smaller block than 2**18 bytes is so short that threads mostly wait for the
    interpreter's lock: 2**16 took two to three times as long, over 10^7 numbers on two cores. Where eight
    blocks of that size do not fit into the second-level cache they are in the third, as larger ones are, and
    larger ones hand over the lock less often.
    """
    smallest, largest = 2**18, 2**19
    if second_level is None or second_level < _OPERANDS_IN_CACHE * smallest:
        return largest
    return min(largest, second_level // _OPERANDS_IN_CACHE // smallest * smallest)


BLOCK_BYTES = block_bytes(second_level_bytes())
"""Bytes of one operand in a block, on this processor."""
BALANCE = 4
"""Where there are more than two blocks, their number is about a multiple of this, so that 2 or 4 threads have
as many each."""
MOST_TOTALS = 16
"""The parts of a fused group that have a running total of their own for each of its sums. Each is some blocks
in a row; threads share out the parts, so that the bits of a sum do not depend on the number of threads."""

IterationShape = tuple[int, ...]
"""The shape that all steps of a fused group run over, and that its blocks are cut from."""


class Tiling(NamedTuple):
    """How an iteration shape, seen as a matrix, is cut into blocks."""

    rows: int
    columns: int
    block_rows: int
    block_columns: int

    @property
    def block_count(self) -> int:
        """The number of blocks."""
        return -(-self.rows // self.block_rows) * -(-self.columns // self.block_columns)


class FusionGroup:
    """Steps that run together: a single step or the results of one call (without an iteration shape), or a
    fused group."""

    __slots__ = ("contiguous", "iteration_shape", "loop", "steps")

    def __init__(self, steps: list[Step], iteration_shape: IterationShape | None) -> None:
        self.steps = steps
        self.iteration_shape = iteration_shape
        #: whether every operand is contiguous and no step depends on rows, so that blocks may end anywhere
        self.contiguous = False
        #: the plan of one repetition, where the steps are the results of a `scan`
        self.loop: Any = None

    @property
    def fused(self) -> bool:
        return self.iteration_shape is not None

    @property
    def needs_whole_rows(self) -> bool:
        """Whether a step reduces rows, or computes one number per row, so that blocks must not cut rows."""
        return any(
            is_row_reduction(s) or (s.output.shape != self.iteration_shape and not is_accumulation(s))
            for s in self.steps
        )

    def threads(self, available: int) -> int:
        """How many threads to divide the group over: as many as pay."""
        return threads_that_pay(self.work(), available, len(self.parts()))

    def work(self) -> Work:
        """What the group costs: arithmetic on blocks that are in cache, and what is read from memory or
        written to it."""
        return Work(
            operations=sum(map(operations, self.steps)),
            moved=self._moved(),
            calls=len(self.steps) * self.tiling().block_count,
        )

    def parts(self) -> list[tuple[int, int]]:
        """The ranges of blocks that threads share out; one block each where nothing is summed over blocks."""
        blocks = self.tiling().block_count
        return ranges(blocks, MOST_TOTALS if any(map(is_accumulation, self.steps)) else blocks)

    def _moved(self) -> int:
        """A lower bound on the bytes that are read from memory or written to it."""
        computed = {s.output.number for s in self.steps}
        operands = {x.number: x for s in self.steps for x in s.operands if x.__class__ is SymbolicArray}
        read = [x for number, x in operands.items() if number not in computed]
        return sum(element_count(x.shape) * x.dtype.itemsize for x in (*read, self.steps[-1].output))

    def tiling(self) -> Tiling:
        """The blocks of a fused group."""
        shape = self.iteration_shape
        assert shape is not None
        itemsize = max(
            x.dtype.itemsize for s in self.steps for x in (s.output, *s.operands) if hasattr(x, "dtype")
        )
        rows, columns = (
            (1, element_count(shape)) if self.contiguous else (element_count(shape[:-1]), shape[-1])
        )
        if self.needs_whole_rows or columns * itemsize <= BLOCK_BYTES:
            height = _block_size(rows, max(1, BLOCK_BYTES // max(1, columns * itemsize)))
            return Tiling(rows, columns, height, columns)
        return Tiling(rows, columns, 1, _block_size(columns, BLOCK_BYTES // itemsize))


def _block_size(n: int, most: int) -> int:
    """How many of n rows or elements make a block: at most `most`, with about as many in every block."""
    if n <= most:
        return max(1, n)
    most -= most % ROWS if most > ROWS else 0
    count = -(-n // most)
    size = -(-n // (count if count == 2 else -(-count // BALANCE) * BALANCE))
    return -(-size // ROWS) * ROWS if size > ROWS else size


def element_count(shape: Sequence[Any]) -> int:
    """The number of elements of an array of this shape."""
    count = 1
    for n in shape:
        count *= n
    return count


def per_row_shape(shape: IterationShape) -> IterationShape:
    """The shape of an array that holds one number per row of `shape`."""
    return (*shape[:-1], 1)


def is_row_reduction(step: Step) -> bool:
    """Whether a step reduces the last axis with keepdims, so that its result is one number per row."""
    if step.primitive.kind != "reduction" or not hasattr(step.primitive, "reduce"):
        return False
    x = step.operands[0]
    return bool(
        x.__class__ is SymbolicArray
        and x.ndim >= 1
        and not is_counted(step.primitive.name, step.output.dtype, step.operands)
        and step.params.get("keepdims")
        and step.params["axis"] == (x.ndim - 1,)
    )


def is_accumulation(step: Step) -> bool:
    """Whether a step sums all rows of a matrix, or all elements: each block adds its part to a running total,
    which is complete when the fused group has ended."""
    if step.primitive.name not in ("sum", "square_sum") or step.params.get("keepdims"):
        return False
    x = step.operands[0]
    if x.__class__ is not SymbolicArray or x.ndim == 0 or x.dtype.kind == "i":
        return False  # a sum of integers is checked for overflow over all elements at once
    axes = step.params["axis"]
    return bool(len(axes) == x.ndim or (x.ndim > 1 and tuple(axes) == tuple(range(x.ndim - 1))))


def iteration_shape_of(step: Step) -> IterationShape | None:
    """The iteration shape of a fused group that starts with this step; None where fusion is impossible or
    does not pay."""
    if step.primitive.kind == "elementwise":
        shape = concrete(step.output.shape)
        return shape if element_count(shape) >= FUSE_FROM else None
    if is_row_reduction(step):
        shape = step.operands[0].shape
        return shape if element_count(shape) >= FUSE_FROM and 1 < shape[-1] <= LONGEST_ROW else None
    if is_accumulation(step):
        shape = step.operands[0].shape
        return shape if element_count(shape) >= FUSE_FROM and shape[-1] > 1 else None
    return None


def can_iterate_over(step: Step, shape: IterationShape, views: Views) -> bool:
    """Whether a step can run block by block over an iteration shape."""
    if is_row_reduction(step) or is_accumulation(step):
        return bool(step.operands[0].shape == shape) and _can_be_sliced(step.operands[0], shape, views)
    if step.primitive.kind != "elementwise" or step.output.shape not in (shape, per_row_shape(shape)):
        return False
    return all(_can_be_sliced(x, shape, views) for x in step.operands)


def _can_be_sliced(x: Any, shape: IterationShape, views: Views) -> bool:
    """Whether an operand can be cut into blocks: it has the iteration shape, one number per row, a single row
    for all of them, or a single element."""
    own: IterationShape = getattr(x, "shape", ())
    if element_count(own) == 1:
        return True
    if own in (shape, per_row_shape(shape)):
        return views.in_rows(x)
    return len(own) > 0 and element_count(own) == own[-1] == shape[-1]


def fusion_groups(
    steps: Sequence[Step], views: Views, output_steps: int, *, fuse: bool = True
) -> list[FusionGroup]:
    """Groups the steps, in an order that respects every dependence; view steps are in no group.

    A fusable step joins the latest group of its iteration shape if all its operands are computed by then, and
    either it reads a result of that group or no other group has followed. The first `output_steps` steps and
    the rest, the updates, are never fused with each other: an update may overwrite what an output reads.
    """
    grouping = _Grouping(views, fuse)
    grouping.add(steps[:output_steps])
    grouping.add(steps[output_steps:])
    return grouping.finished()


def _hoist_small_steps(steps: Sequence[Step], group_of: Mapping[int, int]) -> list[Step]:
    """Moves small steps that depend on nothing large, such as an optimizer's bias correction, to the front,
    so that they do not split a fused group."""
    hoisted: dict[int, Step] = {}
    for step in steps:
        values = (step.output, *[x for x in step.operands if x.__class__ is SymbolicArray])
        if all(element_count(x.shape) <= SMALL_SIZE for x in values) and all(
            x.number < 0 or x.number in group_of or x.number in hoisted for x in values[1:]
        ):
            hoisted[step.output.number] = step
    return [*hoisted.values(), *(s for s in steps if s.output.number not in hoisted)]


class _Grouping:
    def __init__(self, views: Views, fuse: bool) -> None:
        self.views = views
        self.fuse = fuse
        self.groups: list[FusionGroup] = []
        #: value -> the index of the group after which it can be read by other groups
        self.group_of: dict[int, int] = {}
        #: iteration shape -> the index of the latest group over it
        self.latest: dict[IterationShape, int] = {}
        #: shape of one number per row -> iteration shape
        self.per_row: dict[IterationShape, IterationShape] = {}
        #: call of a joint primitive -> the index of the group of its results
        self.calls: dict[Any, int] = {}

    def add(self, steps: Sequence[Step]) -> None:
        """Adds steps that run after all those added before."""
        self.latest.clear()
        self.per_row.clear()
        for step in _hoist_small_steps(steps, self.group_of) if self.fuse else steps:
            if self.views.is_view(step):
                # A reader through a view sees another shape, so it has to wait until the group has ended.
                self.group_of[step.output.number] = self._ready(step) + 1
            else:
                self._add(step)

    def finished(self) -> list[FusionGroup]:
        """All groups."""
        for group in self.groups:
            group.contiguous = group.fused and not group.needs_whole_rows and self._is_contiguous(group)
        return self.groups

    def _is_contiguous(self, group: FusionGroup) -> bool:
        if any(is_accumulation(s) and s.output.shape for s in group.steps):
            return False
        operands = (x for s in group.steps for x in s.operands)
        return all(
            element_count(getattr(x, "shape", ())) == 1
            or (x.shape == group.iteration_shape and (is_broadcast_scalar(x) or self.views.is_contiguous(x)))
            for x in operands
        )

    def _ready(self, step: Step) -> int:
        """The index of the last group that computes an operand; -1 where all are inputs."""
        group_of = self.group_of
        ready = -1
        for x in step.operands:
            if x.__class__ is SymbolicArray:
                ready = max(ready, group_of.get(x.number, -1))
        return ready

    def _add(self, step: Step) -> None:
        if step.primitive.joint:
            self._add_to_call(step)
            return
        shape = self._iteration_shape(step) if self.fuse else None
        index = len(self.groups)
        if shape is not None:
            latest, ready = self.latest.get(shape, -1), self._ready(step)
            if latest >= 0 and (ready == latest or (ready < latest and latest == index - 1)):
                self.groups[latest].steps.append(step)
                self.group_of[step.output.number] = latest + is_accumulation(step)
                return
            self.latest[shape] = index
            self.per_row[per_row_shape(shape)] = shape
        self.groups.append(FusionGroup([step], shape))
        # A total over blocks is complete only when the group has ended.
        self.group_of[step.output.number] = index + (shape is not None and is_accumulation(step))

    def _add_to_call(self, step: Step) -> None:
        """Adds a result to the group of its call, whose operands it shares."""
        call = step.primitive.call_of(step)
        index = self.calls.setdefault(call, len(self.groups))
        if index == len(self.groups):
            self.groups.append(FusionGroup([], None))
        self.groups[index].steps.append(step)
        self.group_of[step.output.number] = index

    def _iteration_shape(self, step: Step) -> IterationShape | None:
        shape = self._shape_of_operands_group(step) or iteration_shape_of(step)
        return shape if shape is not None and can_iterate_over(step, shape, self.views) else None

    def _shape_of_operands_group(self, step: Step) -> IterationShape | None:
        """For a step that computes one number per row: the iteration shape of the group that computed its
        operands."""
        if step.primitive.kind != "elementwise":
            return None
        shape = self.per_row.get(concrete(step.output.shape))
        if shape is None or shape[-1] > LONGEST_ROW or self._ready(step) != self.latest[shape]:
            return None
        return shape


class TemporarySlot(NamedTuple):
    """Memory of one block that temporaries of a fused group share one after the other."""

    number: int
    per_row: bool
    dtype: np.dtype[Any]


def temporary_slots(group: FusionGroup, temporaries: set[int]) -> dict[int, TemporarySlot]:
    """The slot of each temporary of a fused group, assigned by liveness."""
    last = {
        x.number: i for i, s in enumerate(group.steps) for x in s.operands if x.__class__ is SymbolicArray
    }
    free: dict[tuple[bool, np.dtype[Any]], list[int]] = {}
    slots: dict[int, TemporarySlot] = {}
    count = 0
    for i, step in enumerate(group.steps):
        value = step.output
        if value.number in temporaries:
            kind = (value.shape != group.iteration_shape, value.dtype)
            unused = free.setdefault(kind, [])
            index = unused.pop() if unused else count
            count += index == count
            slots[value.number] = TemporarySlot(index, *kind)
        for number in {x.number for x in step.operands if x.__class__ is SymbolicArray}:
            if number in slots and last[number] == i:
                slot, per_row, dtype = slots[number]
                free[per_row, dtype].append(slot)
    return slots
