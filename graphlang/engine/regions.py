"""Groups steps into units: single calls, and fused regions that run block by block in cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.engine.program import concrete
from graphlang.engine.views import Views
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.sums import ROWS
from graphlang.trace.whole_numbers import is_counted

FUSE_FROM = 2**16
"""Elements from which on a region pays: smaller arrays stay in cache anyway."""
WIDEST_ROW = FUSE_FROM // 4
"""Elements of the longest row that is reduced within a region: a row is never cut."""
WORK_OF_A_THREAD = 2**21
"""Operations, and numbers moved, that are worth waking a thread, which takes tens of microseconds itself."""
FEW = 64
"""Elements of what is small enough to be computed at any time."""
BLOCK = 2**19
"""Bytes of one operand in a block: few enough that the handful that a region touches stays in cache, enough
that the work of a call outweighs handing the interpreter's lock from thread to thread. Over 10^7 numbers on
two cores, 2**16 took two to three times as long; beyond 2**19 nothing is gained."""

Frame = tuple[int, ...]


class Unit:
    """One step, or the steps of a fused region over one frame: a shape that blocks are cut from."""

    __slots__ = ("flat", "frame", "steps")

    def __init__(self, steps: list[Step], frame: Frame | None) -> None:
        self.steps = steps
        self.frame = frame
        #: whether the frame can be cut anywhere: nothing in it knows of rows, all lies one after the other
        self.flat = False

    @property
    def fused(self) -> bool:
        return self.frame is not None

    @property
    def whole_rows(self) -> bool:
        """Whether rows must not be cut: a step reduces them, or computes a number for each."""
        return any(
            is_row_reduction(s) or (s.output.shape != self.frame and not is_accumulation(s))
            for s in self.steps
        )

    def threads(self, available: int) -> int:
        """Over how many threads it is worth dividing."""
        rows, columns, high, wide = self.blocks()
        work = sum(int(s.primitive.flops(*s.operands, **s.params)) for s in self.steps) + self._moved()
        return max(1, min(available, -(-rows // high) * -(-columns // wide), work // WORK_OF_A_THREAD))

    def _moved(self) -> int:
        """Numbers that come from memory or go there, at least: each takes as long as an operation."""
        made = {s.output.number for s in self.steps}
        given = {x.number: x for s in self.steps for x in s.operands if x.__class__ is SymbolicArray}
        arrays = [x for number, x in given.items() if number not in made]
        return sum(size(x.shape) for x in (*arrays, self.steps[-1].output))

    def blocks(self) -> tuple[int, int, int, int]:
        """(rows, columns) of the matrix that blocks are cut from, and (rows, columns) of a block."""
        assert self.frame is not None
        itemsize = max(
            x.dtype.itemsize for s in self.steps for x in (s.output, *s.operands) if hasattr(x, "dtype")
        )
        rows, columns = (1, size(self.frame)) if self.flat else (size(self.frame[:-1]), self.frame[-1])
        if self.whole_rows or columns * itemsize <= BLOCK:
            high = max(1, min(rows, BLOCK // max(1, columns * itemsize)))
            return rows, columns, high - high % ROWS if high > ROWS else high, columns
        return rows, columns, 1, BLOCK // itemsize


def size(shape: Sequence[Any]) -> int:
    """The number of elements."""
    found = 1
    for n in shape:
        found *= n
    return found


def column(frame: Frame) -> Frame:
    """The shape of one number per row of a frame."""
    return (*frame[:-1], 1)


def is_row_reduction(step: Step) -> bool:
    """Whether a step reduces the last axis and keeps it, so that the result is a column."""
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
    """Whether a step sums all rows of a matrix, or everything: each block adds its part, and the region ends
    with the whole."""
    if step.primitive.name not in ("sum", "square_sum") or step.params.get("keepdims"):
        return False
    x = step.operands[0]
    if x.__class__ is not SymbolicArray or x.ndim == 0 or x.dtype.kind == "i":
        return False  # that the sum of whole numbers fits is checked on all of them at once
    axes = step.params["axis"]
    return bool(len(axes) == x.ndim or (x.ndim > 1 and tuple(axes) == tuple(range(x.ndim - 1))))


def own_frame(step: Step) -> Frame | None:
    """The frame that a step can found a region with; None where it cannot, or where it does not pay."""
    if step.primitive.kind == "elementwise":
        shape = concrete(step.output.shape)
        return shape if size(shape) >= FUSE_FROM else None
    if is_row_reduction(step):
        shape = step.operands[0].shape
        return shape if size(shape) >= FUSE_FROM and 1 < shape[-1] <= WIDEST_ROW else None
    if is_accumulation(step):
        shape = step.operands[0].shape
        return shape if size(shape) >= FUSE_FROM and shape[-1] > 1 else None
    return None


def fits_frame(step: Step, frame: Frame, views: Views) -> bool:
    """Whether a step can run block by block within a frame."""
    if is_row_reduction(step) or is_accumulation(step):
        return bool(step.operands[0].shape == frame) and _cuttable(step.operands[0], frame, views)
    if step.primitive.kind != "elementwise" or step.output.shape not in (frame, column(frame)):
        return False
    return all(_cuttable(x, frame, views) for x in step.operands)


def _cuttable(x: Any, frame: Frame, views: Views) -> bool:
    """Whether blocks can be cut from an operand: it has every row, one row, one number per row, or is one."""
    shape: Frame = getattr(x, "shape", ())
    if size(shape) == 1:
        return True
    if shape in (frame, column(frame)):
        return views.in_rows(x)
    return len(shape) > 0 and size(shape) == shape[-1] == frame[-1]


def units(steps: Sequence[Step], views: Views, first: int, *, fuse: bool = True) -> list[Unit]:
    """The steps as units, in an order that keeps every dependence; views are no part of it.

    A fusable step joins the latest region of its frame, if everything that it needs is there by then, and
    it continues that region: it uses what is made there, or nothing has come between. None of those after
    the `first` steps joins theirs: they may change what those read.
    """
    grouping = _Grouping(views, fuse)
    grouping.add(steps[:first])
    grouping.add(steps[first:])
    return grouping.ended()


def _numbers_first(steps: Sequence[Step], made: Mapping[int, int]) -> list[Step]:
    """The steps with those few numbers in front that depend on nothing large, as the rate of an update does:
    in the midst of a region's steps they would part it in two."""
    early: dict[int, Step] = {}
    for step in steps:
        values = (step.output, *[x for x in step.operands if x.__class__ is SymbolicArray])
        if all(size(x.shape) <= FEW for x in values) and all(
            x.number < 0 or x.number in made or x.number in early for x in values[1:]
        ):
            early[step.output.number] = step
    return [*early.values(), *(s for s in steps if s.output.number not in early)]


def is_filled(x: Any) -> bool:
    """Whether an operand is an array of one number, seen in every place."""
    return isinstance(x, np.ndarray) and x.size > 0 and not any(x.strides)


class _Grouping:
    def __init__(self, views: Views, fuse: bool) -> None:
        self.views = views
        self.fuse = fuse
        self.found: list[Unit] = []
        self.made_in: dict[int, int] = {}
        self.latest: dict[Frame, int] = {}
        self.columns: dict[Frame, Frame] = {}

    def add(self, steps: Sequence[Step]) -> None:
        """Steps that come after all that have been added."""
        self.latest.clear()
        self.columns.clear()
        for step in _numbers_first(steps, self.made_in) if self.fuse else steps:
            if self.views.is_view(step):
                # What looks at a region's value in another shape has to wait until the region has ended.
                self.made_in[step.output.number] = self._ready(step) + 1
            else:
                self._add(step)

    def ended(self) -> list[Unit]:
        """All units."""
        for unit in self.found:
            unit.flat = unit.fused and not unit.whole_rows and self._flat(unit)
        return self.found

    def _flat(self, unit: Unit) -> bool:
        if any(is_accumulation(s) and s.output.shape for s in unit.steps):
            return False
        operands = (x for s in unit.steps for x in s.operands)
        return all(
            size(getattr(x, "shape", ())) == 1 or (x.shape == unit.frame and self._in_line(x))
            for x in operands
        )

    def _in_line(self, x: Any) -> bool:
        return is_filled(x) or self.views.is_contiguous(x)

    def _ready(self, step: Step) -> int:
        """The last unit that makes an operand; -1 where all come from outside."""
        made_in = self.made_in
        ready = -1
        for x in step.operands:
            if x.__class__ is SymbolicArray:
                ready = max(ready, made_in.get(x.number, -1))
        return ready

    def _add(self, step: Step) -> None:
        frame = self._frame(step) if self.fuse else None
        place = len(self.found)
        if frame is not None:
            region, ready = self.latest.get(frame, -1), self._ready(step)
            if region >= 0 and (ready == region or (ready < region and region == place - 1)):
                self.found[region].steps.append(step)
                self.made_in[step.output.number] = region + is_accumulation(step)
                return
            self.latest[frame] = place
            self.columns[column(frame)] = frame
        self.found.append(Unit([step], frame))
        # A sum over blocks is there when the region has ended.
        self.made_in[step.output.number] = place + (frame is not None and is_accumulation(step))

    def _frame(self, step: Step) -> Frame | None:
        frame = self._frame_of_column(step) or own_frame(step)
        return frame if frame is not None and fits_frame(step, frame, self.views) else None

    def _frame_of_column(self, step: Step) -> Frame | None:
        """The frame of the region that made an operand, for one number per row in the midst of it."""
        frame = (
            self.columns.get(concrete(step.output.shape)) if step.primitive.kind == "elementwise" else None
        )
        if frame is None or frame[-1] > WIDEST_ROW or self._ready(step) != self.latest[frame]:
            return None
        return frame


def scratch(unit: Unit, local: set[int]) -> dict[int, tuple[int, bool, np.dtype[Any]]]:
    """For each inner value of a region (slot, whether it is one number per row, dtype): memory of a block,
    shared by liveness."""
    last = {x.number: i for i, s in enumerate(unit.steps) for x in s.operands if x.__class__ is SymbolicArray}
    free: dict[tuple[bool, np.dtype[Any]], list[int]] = {}
    found: dict[int, tuple[int, bool, np.dtype[Any]]] = {}
    count = 0
    for i, step in enumerate(unit.steps):
        value = step.output
        if value.number in local:
            kind = (value.shape != unit.frame, value.dtype)
            known = free.setdefault(kind, [])
            slot = known.pop() if known else count
            count += slot == count
            found[value.number] = (slot, *kind)
        for number in {x.number for x in step.operands if x.__class__ is SymbolicArray}:
            if number in found and last[number] == i:
                slot, per_row, dtype = found[number]
                free[per_row, dtype].append(slot)
    return found
