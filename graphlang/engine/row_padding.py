"""One program for batches of fewer rows too: rows are added to these, and do not count.

A step is recorded twice, for many rows and for fewer. Where both recordings are the same list of steps, and
rows meet in sums alone (also those in a product or in the gradient of a weight), the program for many rows
computes what the one for fewer does: the rows that were added are 0 in every sum, and the numbers in which
the recordings differ, such as 1 / N, become inputs. Elsewhere, as where a maximum is taken over the rows,
each number of rows needs a program of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import inf, prod
from typing import Any

import numpy as np

from graphlang.engine.program import Program, concrete, rewritten
from graphlang.engine.row_axis import RowAxes, RowAxis, result_row_axis
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.core import active_trace, signature

COUNTED = "rows that count"
"""The label of the input that tells which rows count: a bool for each."""
_SHAPES = frozenset({"shape", "key", "keys"})
"""Parameters in which a step of rows may differ, since they follow from the number of rows."""
_PASSED_ON = frozenset({"alias", "checked_indices"})
"""Primitives whose result is their operand."""
_NEUTRAL: Mapping[str, Any] = {"sum": 0, "prod": 1, "any": False, "all": True}
"""Reductions over rows, and what a row that does not count has there."""


@dataclass(frozen=True)
class PaddedProgram:
    """A program for `rows` rows that computes what a program for `fewer` does."""

    program: Program
    rows: int
    fewer: int
    #: the numbers that depend on how many rows count, by label: for all of them, and for fewer
    numbers: Mapping[str, tuple[Any, Any]]
    #: the axis of the rows in each input that has them
    axes: Mapping[str, RowAxis] = field(default_factory=dict)

    def numbers_for(self, count: int) -> dict[str, Any]:
        """The inputs that depend on how many rows count."""
        return {label: both[count != self.rows] for label, both in self.numbers.items()}


class _Differs(Exception):
    """The two recordings differ in more than the number of rows, or rows meet in more than sums."""


def padded(
    many: Program, few: Program, columns: Collection[str], rows: int, fewer: int
) -> PaddedProgram | None:
    """The program for many rows, so that it serves fewer as well; None where it cannot."""
    try:
        return _Padding(many, few, columns, rows, fewer).padded()
    except _Differs:
        return None


class _Padding:
    def __init__(self, many: Program, few: Program, columns: Collection[str], rows: int, fewer: int) -> None:
        self.many, self.few, self.rows, self.fewer = many, few, rows, fewer
        self.axes = RowAxes(rows)
        self.numbers: dict[str, tuple[Any, Any]] = {}
        #: for a step the operands that become inputs, by their place
        self.replaced: dict[int, dict[int, SymbolicArray]] = {}
        #: for a step the operands whose rows must not count, by their place: the row axis, and what is there
        self.masked: dict[int, dict[int, tuple[RowAxis, Any]]] = {}
        self.input_axes = self._input_axes(columns)
        self._masks: dict[tuple[int, int], Any] = {}
        self._counting: dict[tuple[int, Any], Any] = {}

    def padded(self) -> PaddedProgram:
        many, few = self.many, self.few
        _same(many.outputs.keys() == few.outputs.keys() and many.updates.keys() == few.updates.keys())
        _same(len(many.steps) == len(few.steps))
        number_of = {a.output.number: b.output.number for a, b in zip(many.steps, few.steps, strict=True)}
        number_of |= {many.inputs[label].number: few.inputs[label].number for label in many.inputs}
        for step, other in zip(many.steps, few.steps, strict=True):
            self._compare(step, other, number_of)
        for results, others in ((many.outputs, few.outputs), (many.updates, few.updates)):
            for label, value in results.items():
                self._compare_result(value, others[label], number_of)
        counted = _anchor(many).trace.input((self.rows,), np.dtype(bool))
        inputs = {**many.inputs, COUNTED: counted, **self.new_inputs}
        program = Program(inputs, many.outputs, many.updates)
        return PaddedProgram(self._rewritten(program), self.rows, self.fewer, self.numbers, self.input_axes)

    @property
    def new_inputs(self) -> dict[str, SymbolicArray]:
        symbols = [x for replaced in self.replaced.values() for x in replaced.values()]
        return dict(zip(self.numbers, symbols, strict=True))

    # ---- the comparison ---------------------------------------------------------------------------------

    def _input_axes(self, columns: Collection[str]) -> dict[str, RowAxis]:
        """The row axis of each input: axis 0 of the data, and where the shape of a draw differs."""
        found: dict[str, RowAxis] = {}
        _same(self.many.inputs.keys() == self.few.inputs.keys())
        for label, x in self.many.inputs.items():
            axis = self._axis_by_shape(x.shape, self.few.inputs[label].shape)
            _same((axis is not None) or label not in columns)
            if axis is not None:
                found[label] = self.axes.by_number[x.number] = axis
        return found

    def _axis_by_shape(self, many: Any, few: Any) -> RowAxis | None:
        """Where the rows lie in a value, if its shape depends on their number."""
        _same(len(many) == len(few))
        axes = [i for i, (a, b) in enumerate(zip(many, few, strict=True)) if a != b]
        if not axes:
            return None
        _same(len(axes) == 1)
        axis = RowAxis(axes[0], many[axes[0]] // self.rows)
        _same(many[axis.axis] == axis.per_row * self.rows and few[axis.axis] == axis.per_row * self.fewer)
        return axis

    def _compare(self, step: Step, other: Step, number_of: Mapping[int, int]) -> None:
        _same(step.primitive is other.primitive and len(step.operands) == len(other.operands))
        _same(step.output.dtype == other.output.dtype)
        by_shape = self._axis_by_shape(concrete(step.output.shape), concrete(other.output.shape))
        for place, (x, y) in enumerate(zip(step.operands, other.operands, strict=True)):
            self._compare_operand(step, place, x, y, number_of)
        self._compare_params(step, other, by_shape is not None)
        if by_shape is not None:
            passed_on = step.primitive.name in _PASSED_ON
            found = self.axes.of(step.operands[0]) if passed_on else result_row_axis(step, self.axes)
            _same(found == by_shape)
            self.axes.by_number[step.output.number] = by_shape
        elif any(self.axes.of(x) is not None for x in step.operands):
            self.masked[step.output.number] = _summed_operands(step, self.axes)

    def _compare_operand(self, step: Step, place: int, x: Any, y: Any, number_of: Mapping[int, int]) -> None:
        if x.__class__ is SymbolicArray or y.__class__ is SymbolicArray:
            _same(x.__class__ is y.__class__ and number_of[x.number] == y.number)
            return
        if np.shape(x) != np.shape(y):  # a constant with a slice for each row, as `arange(N)`
            axis = self._axis_by_shape(np.shape(x), np.shape(y))
            assert axis is not None
            part = (slice(None),) * axis.axis + (slice(0, axis.per_row * self.fewer),)
            _same(_equal(np.asarray(x)[part], y))
            return
        if _equal(x, y):
            return
        _same(np.ndim(x) == 0 and type(x) is type(y))
        strong = [signature(z)[1] for z in step.operands if isinstance(signature(z)[1], np.dtype)]
        dtype = np.result_type(*strong, x) if strong else np.asarray(x).dtype
        symbol = step.output.trace.input((), dtype)
        label = f"number of rows {len(self.numbers)}"
        self.numbers[label] = (np.asarray(x, dtype), np.asarray(y, dtype))
        self.replaced.setdefault(step.output.number, {})[place] = symbol

    def _compare_params(self, step: Step, other: Step, of_rows: bool) -> None:
        _same(step.params.keys() == other.params.keys())
        for name, value in step.params.items():
            if not (of_rows and name in _SHAPES):
                _same(_equal_params(value, other.params[name]))

    def _compare_result(self, x: Any, y: Any, number_of: Mapping[int, int]) -> None:
        if x.__class__ is SymbolicArray:
            _same(y.__class__ is SymbolicArray and number_of[x.number] == y.number)
            _same(self.axes.of(x) is None)
        else:
            _same(_equal(x, y))

    # ---- the program ------------------------------------------------------------------------------------

    def _rewritten(self, program: Program) -> Program:
        def rule(step: Step, operands: tuple[Any, ...]) -> Any:
            number = step.output.number
            if number not in self.replaced and number not in self.masked:
                return None
            new = list(operands)
            trace = active_trace()
            assert trace is not None
            labels = {x.number: label for label, x in program.inputs.items()}
            inputs = dict(zip(program.inputs, trace.inputs, strict=True))
            for place, symbol in self.replaced.get(number, {}).items():
                new[place] = inputs[labels[symbol.number]]
            for place, (axis, neutral) in self.masked.get(number, {}).items():
                new[place] = self._counted(new[place], axis, neutral, inputs[COUNTED])
            return trace.record(step.primitive, tuple(new), step.params)

        return rewritten(program, rule)

    def _counted(self, x: Any, rows: RowAxis, neutral: Any, counted: SymbolicArray) -> Any:
        """A value with rows, in which those that do not count are neutral."""
        key = (x.number, neutral)
        if key not in self._counting:
            after = len(x.shape) - rows.axis - 1
            mask = (rows.per_row, after)
            if mask not in self._masks:
                each = np.broadcast_to(counted[:, None], (self.rows, rows.per_row))
                self._masks[mask] = np.reshape(each, (self.rows * rows.per_row, *(1,) * after))
            self._counting[key] = np.where(self._masks[mask], x, np.asarray(neutral, x.dtype))
        return self._counting[key]


def _summed_operands(step: Step, axes: RowAxes) -> dict[int, tuple[RowAxis, Any]]:
    """The operands of a step that sums over the rows, which must be neutral where a row does not count."""
    name, operands = step.primitive.name, step.operands
    rows = axes.of(operands[0])
    if name in _NEUTRAL:
        assert rows is not None
        _same(rows.axis in step.params["axis"])
        return {0: (rows, _NEUTRAL[name])}
    if name == "matmul":
        return _summed_in_product(step, axes)
    if name == "conv_weight_gradient":
        _same(all(axes.of(x) == RowAxis(0) for x in operands))
        return {0: (RowAxis(0), 0)}
    if name == "scatter_add":
        of_indices, axis = axes.of(operands[1]), step.params["axis"]
        _same(rows is not None and of_indices is not None)
        assert rows is not None
        assert of_indices is not None
        _same(rows == RowAxis(axis + of_indices.axis, of_indices.per_row))
        return {0: (rows, 0)}
    raise _Differs


def _summed_in_product(step: Step, axes: RowAxes) -> dict[int, tuple[RowAxis, Any]]:
    """A product whose sum runs over the rows: those of both operands have to lie along it."""
    (a, b), (x, w) = (len(signature(x)[0]) for x in step.operands), step.operands
    of_x, of_w = axes.of(x), axes.of(w)
    along_x = of_x is not None and of_x.axis == a - 1
    along_w = of_w is not None and of_w.axis == max(0, b - 2)
    _same((of_x is None or along_x) and (of_w is None or along_w))
    masked: dict[int, tuple[RowAxis, Any]] = {}
    # One of both is enough, since a row that is added is a copy of one that counts: the smaller one.
    sizes = [prod(concrete(signature(z)[0])) if axes.of(z) is not None else inf for z in (x, w)]
    place = sizes.index(min(sizes))
    chosen = (of_x, of_w)[place]
    assert chosen is not None
    masked[place] = (chosen, 0)
    return masked


def _same(holds: bool) -> None:
    if not holds:
        raise _Differs


def _anchor(program: Program) -> SymbolicArray:
    return next(iter(program.inputs.values()))


def _equal(x: Any, y: Any) -> bool:
    x, y = np.asarray(x), np.asarray(y)
    return bool(x.dtype == y.dtype and np.array_equal(x, y, equal_nan=x.dtype.kind == "f"))


def _equal_params(x: Any, y: Any) -> bool:
    if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
        return _equal(x, y)
    return bool(x is y or repr(x) == repr(y))
