"""Divides a program into a part that is computed row by row, which may run in blocks of rows, and the rest.

The rest begins where rows are first mixed. Its inputs there are the values of all rows, put together from the
blocks. A reduction over the rows (a sum, a product, an extremum, a truth value) is computed for each block,
and the rest reduces the results of the blocks once more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from graphlang.engine.program import Program, concrete
from graphlang.engine.row_axis import RowAxes, RowAxis, axis_in_operand
from graphlang.engine.scan_rows import BodiesForRows, row_axis, sliced_constants
from graphlang.trace import Step, SymbolicArray, Trace
from graphlang.trace.primitives.reductions import Reduction

_NOT_BROADCASTING = frozenset(
    {"matmul", "slice", "take", "reshape", "transpose", "one_hot", "pad", "broadcast_to"}
)
"""Primitives whose operands do not broadcast with one another, so that no constant among them is sliced."""


class GatheredValue(NamedTuple):
    """A value of all rows, put together from the blocks."""

    label: str
    value: SymbolicArray
    rows: RowAxis


class PartialReduction(NamedTuple):
    """A reduction over the rows: one result for each block."""

    label: str
    step: Step


class SlicedConstant(NamedTuple):
    """A constant array of which each block uses the slice for its rows."""

    label: str
    array: Any
    rows: RowAxis


class RowSplit:
    """The two parts of a program for `total` rows; the inputs `columns` have the rows along axis 0."""

    def __init__(self, program: Program, columns: Collection[str], total: int) -> None:
        self.program = program
        self.columns = frozenset(columns)
        self.total = total
        self.partials: list[PartialReduction] = []
        self.constants: dict[int, SlicedConstant] = {}
        self.axes = RowAxes(total)
        #: values of the rest: they mix rows, or depend on one that does
        self._mixed: set[int] = set()
        for label in columns:
            self.axes.by_number[program.inputs[label].number] = RowAxis(0)
        for step in program.steps:
            self._classify(step)
        self.gathered = self._gathered()

    def _classify(self, step: Step) -> None:
        axes, number = self.axes, step.output.number
        values = _values(step.operands)
        if any(x.number in self._mixed for x in values):
            self._mixed.add(number)
            return
        rows = row_axis(step, axes)
        if rows is not None:
            axes.by_number[number] = rows
            self._slice_constants(step, rows)
        elif any(axes.of(x) is not None for x in values):
            self._mixed.add(number)
            if isinstance(step.primitive, Reduction):
                self.partials.append(PartialReduction(f"part {len(self.partials)}", step))

    def _slice_constants(self, step: Step, rows: RowAxis) -> None:
        if step.primitive.joint:
            for x, own in sliced_constants(step, self.axes):
                self.constants.setdefault(id(x), SlicedConstant(f"constant {len(self.constants)}", x, own))
            return
        if step.primitive.name in _NOT_BROADCASTING:
            return
        for x in step.operands:
            axis = -1 if x.__class__ is SymbolicArray else axis_in_operand(x, step, rows)
            if self.axes.has_slice_per_row(x, axis, rows):
                label = f"constant {len(self.constants)}"
                self.constants.setdefault(id(x), SlicedConstant(label, x, RowAxis(axis, rows.per_row)))

    def _gathered(self) -> list[GatheredValue]:
        """The values with rows that the rest reads, or that are results of the program."""
        reduced = {p.step.output.number for p in self.partials}
        read = {x.number: x for x in self.program.results}
        for step in self.program.steps:
            if step.output.number in self._mixed - reduced:
                read.update({x.number: x for x in _values(step.operands)})
        by_rows = [x for number, x in read.items() if number >= 0 and number in self.axes.by_number]
        return [GatheredValue(f"rows {i}", x, self.axes.by_number[x.number]) for i, x in enumerate(by_rows)]

    def rows_of(self, x: SymbolicArray) -> RowAxis | None:
        """The row axis of a value; None where it is not computed row by row."""
        return self.axes.of(x)

    def blocks(self, count: int) -> Program:
        """The first part for a block of `count` rows. Its outputs are the gathered values and partial
        reductions."""
        reduced = [step.operands[0] for _, step in self.partials]
        copy = _Copy(self, count, [*(g.value for g in self.gathered), *reduced])
        outputs: dict[str, Any] = {g.label: copy.of(g.value) for g in self.gathered}
        for label, step in self.partials:
            outputs[label] = copy.record_step(step, step.params)
        return Program(copy.inputs, outputs, {})

    def by_rows(self, x: SymbolicArray, count: int) -> tuple[Any, dict[str, SymbolicArray], RowAxis]:
        """A value that is computed row by row, recorded for `count` rows; its inputs; its row axis."""
        copy = _Copy(self, count, [x])
        return copy.of(x), copy.inputs, self.axes.by_number[x.number]

    def rest(self, blocks: int) -> Program:
        """The second part, over all rows. Its inputs are the gathered values, and the partial reductions of
        all `blocks` blocks, stacked along a new first axis."""
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
    """Records values of a program anew, for `count` rows."""

    def __init__(self, split: RowSplit, count: int, values: Iterable[Any]) -> None:
        self.split = split
        self.count = count
        self.trace = Trace()
        self.inputs: dict[str, SymbolicArray] = {}
        self.values: dict[int, Any] = {}
        self._labels = {value.number: label for label, value in split.program.inputs.items()}
        self._bodies = BodiesForRows(count)
        self.record(values)

    def record(self, values: Iterable[Any]) -> None:
        """Records values, and what they depend on, except what is recorded already."""
        needed = self._missing(_values(values))
        for label, value in self.split.program.inputs.items():
            if value.number in needed:
                rest = concrete(value.shape)
                shape = (self.count, *rest[1:]) if label in self.split.columns else rest
                self.values[value.number] = self.input(label, shape, value.dtype)
        for step in self.split.program.steps:
            if step.output.number in needed:
                rows = self.split.rows_of(step.output)
                whole = rows is None or self.count == self.split.total
                params = step.params if rows is None or whole else self._bodies.params(step, self.split.axes)
                self.values[step.output.number] = self.record_step(step, params)

    def _missing(self, values: Iterable[SymbolicArray]) -> set[int]:
        steps = {s.output.number: s for s in self.split.program.steps}
        pending = [x.number for x in values]
        needed: set[int] = set()
        while pending:
            number = pending.pop()
            if number in needed or number in self.values:
                continue
            needed.add(number)
            if number in steps:
                pending += [x.number for x in _values(steps[number].operands)]
        return needed

    def record_step(self, step: Step, params: dict[str, Any]) -> SymbolicArray:
        """Records a step on the copies of its operands."""
        self.trace.origin = step.origin
        by_rows = self.split.rows_of(step.output) is not None and self.count < self.split.total
        operands = tuple([self._constant(x) if by_rows else self.of(x) for x in step.operands])
        return self.trace.record(step.primitive, operands, params)

    def _constant(self, x: Any) -> Any:
        constant = self.split.constants.get(id(x))
        if constant is None:
            return self.of(x)
        if constant.label not in self.inputs:
            shape = list(x.shape)
            shape[constant.rows.axis] = constant.rows.per_row * self.count
            self.input(constant.label, tuple(shape), x.dtype)
        return self.inputs[constant.label]

    def of(self, x: Any) -> Any:
        """The copy of a value; a constant is its own copy."""
        return self.values[x.number] if x.__class__ is SymbolicArray else x

    def input(self, label: str, shape: tuple[int, ...], dtype: Any) -> SymbolicArray:
        value = self.inputs[label] = self.trace.input(shape, dtype)
        return value


def _values(operands: Iterable[Any]) -> list[SymbolicArray]:
    return [x for x in operands if x.__class__ is SymbolicArray]
