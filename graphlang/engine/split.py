"""A recorded program in two parts: what is computed row by row, which may go block by block, and the rest.

The rest begins where rows are first mixed. It gets the values of all rows there; of a sum, a product, an
extremum or a truth over the rows it gets one result for each block, and takes the same over those.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from graphlang.engine.program import Program, concrete
from graphlang.engine.rows import Known, Rows, fewer, place_in, rows_after
from graphlang.trace import Step, SymbolicArray, Trace
from graphlang.trace.primitives.reductions import Reduction

_ACROSS = frozenset({"matmul", "slice", "take", "reshape", "transpose", "one_hot", "pad", "broadcast_to"})
"""Primitives whose operands do not stand beside one another: no constant among them is cut."""


class Gathered(NamedTuple):
    """A value of all rows, put together from blocks."""

    label: str
    value: SymbolicArray
    rows: Rows


class Partial(NamedTuple):
    """A reduction over the rows: one result for each block."""

    label: str
    step: Step


class Cut(NamedTuple):
    """A known array that has something for each row."""

    label: str
    array: Any
    rows: Rows


class Split:
    """The two parts of a program for `total` rows, whose inputs `columns` have the rows along axis 0."""

    def __init__(self, program: Program, columns: Collection[str], total: int) -> None:
        self.program = program
        self.columns = frozenset(columns)
        self.total = total
        self.partials: list[Partial] = []
        self.cuts: dict[int, Cut] = {}
        self._known = Known(total)
        self._mixed: set[int] = set()
        for label in columns:
            self._known.rows[program.inputs[label].number] = Rows(0)
        for step in program.steps:
            self._place(step)
        self.gathered = self._gather()

    def _place(self, step: Step) -> None:
        known, number = self._known, step.output.number
        values = _values(step.operands)
        if any(x.number in self._mixed for x in values):
            self._mixed.add(number)
            return
        rows = rows_after(step, known)
        if rows is not None:
            known.rows[number] = rows
            self._cut(step, rows)
        elif any(known.of(x) is not None for x in values):
            self._mixed.add(number)
            if isinstance(step.primitive, Reduction):
                self.partials.append(Partial(f"part {len(self.partials)}", step))

    def _cut(self, step: Step, rows: Rows) -> None:
        if step.primitive.name in _ACROSS:
            return
        for x in step.operands:
            place = -1 if x.__class__ is SymbolicArray else place_in(x, step, rows)
            if self._known.is_cut(x, place, rows):
                self.cuts.setdefault(id(x), Cut(f"known {len(self.cuts)}", x, Rows(place, rows.per)))

    def _gather(self) -> list[Gathered]:
        """What the rest, or who asked for the program, takes of the values by rows."""
        begun = {p.step.output.number for p in self.partials}
        taken = {x.number: x for x in self.program.results}
        for step in self.program.steps:
            if step.output.number in self._mixed - begun:
                taken.update({x.number: x for x in _values(step.operands)})
        found = [x for number, x in taken.items() if number >= 0 and number in self._known.rows]
        return [Gathered(f"rows {i}", x, self._known.rows[x.number]) for i, x in enumerate(found)]

    def rows_of(self, x: SymbolicArray) -> Rows | None:
        """Where the rows lie in a value; None where it is not computed row by row."""
        return self._known.of(x)

    def blocks(self, count: int) -> Program:
        """The part by rows, for a block of `count` of them: what is gathered, and reductions begun."""
        begun = [step.operands[0] for _, step in self.partials]
        copy = _Copy(self, count, [*(g.value for g in self.gathered), *begun])
        outputs: dict[str, Any] = {g.label: copy.of(g.value) for g in self.gathered}
        for label, step in self.partials:
            outputs[label] = copy.again(step, step.params)
        return Program(copy.inputs, outputs, {})

    def by_rows(self, x: SymbolicArray, count: int) -> tuple[Any, dict[str, SymbolicArray], Rows]:
        """A value that is computed row by row, for so many rows; its inputs; and where its rows lie."""
        copy = _Copy(self, count, [x])
        return copy.of(x), copy.inputs, self._known.rows[x.number]

    def rest(self, blocks: int) -> Program:
        """The part over all rows; the results of so many blocks come stacked."""
        copy = _Copy(self, self.total, ())
        for label, value, _ in self.gathered:
            copy.values[value.number] = copy.input(label, concrete(value.shape), value.dtype)
        for label, step in self.partials:
            value = step.output
            stacked = copy.input(label, (blocks, *concrete(value.shape)), value.dtype)
            params = {**step.params, "axis": (0,), "keepdims": False}
            copy.values[value.number] = copy.trace.record(step.primitive, (stacked,), params)
        copy.record(self.program.results)
        return Program(copy.inputs, {k: copy.of(v) for k, v in self.program.outputs.items()}, {})


class _Copy:
    """Values of a program recorded anew, for `count` rows."""

    def __init__(self, split: Split, count: int, wanted: Iterable[Any]) -> None:
        self.split = split
        self.count = count
        self.trace = Trace()
        self.inputs: dict[str, SymbolicArray] = {}
        self.values: dict[int, Any] = {}
        self._labels = {value.number: label for label, value in split.program.inputs.items()}
        self.record(wanted)

    def record(self, wanted: Iterable[Any]) -> None:
        """Records the values and all that they depend on and that is not here yet."""
        needed = self._missing(_values(wanted))
        for label, value in self.split.program.inputs.items():
            if value.number in needed:
                rest = concrete(value.shape)
                shape = (self.count, *rest[1:]) if label in self.split.columns else rest
                self.values[value.number] = self.input(label, shape, value.dtype)
        for step in self.split.program.steps:
            if step.output.number in needed:
                rows = self.split.rows_of(step.output)
                whole = rows is None or self.count == self.split.total
                params = step.params if rows is None or whole else fewer(step, rows, self.count)
                self.values[step.output.number] = self.again(step, params)

    def _missing(self, wanted: Iterable[SymbolicArray]) -> set[int]:
        steps = {s.output.number: s for s in self.split.program.steps}
        waiting = [x.number for x in wanted]
        needed: set[int] = set()
        while waiting:
            number = waiting.pop()
            if number in needed or number in self.values:
                continue
            needed.add(number)
            if number in steps:
                waiting += [x.number for x in _values(steps[number].operands)]
        return needed

    def again(self, step: Step, params: dict[str, Any]) -> SymbolicArray:
        """A step on the operands that are here."""
        self.trace.origin = step.origin
        by_rows = self.split.rows_of(step.output) is not None and self.count < self.split.total
        operands = tuple([self._constant(x) if by_rows else self.of(x) for x in step.operands])
        return self.trace.record(step.primitive, operands, params)

    def _constant(self, x: Any) -> Any:
        cut = self.split.cuts.get(id(x))
        if cut is None:
            return self.of(x)
        if cut.label not in self.inputs:
            shape = list(x.shape)
            shape[cut.rows.axis] = cut.rows.per * self.count
            self.input(cut.label, tuple(shape), x.dtype)
        return self.inputs[cut.label]

    def of(self, x: Any) -> Any:
        """The value here; a constant is itself."""
        return self.values[x.number] if x.__class__ is SymbolicArray else x

    def input(self, label: str, shape: tuple[int, ...], dtype: Any) -> SymbolicArray:
        value = self.inputs[label] = self.trace.input(shape, dtype)
        return value


def _values(operands: Iterable[Any]) -> list[SymbolicArray]:
    return [x for x in operands if x.__class__ is SymbolicArray]
