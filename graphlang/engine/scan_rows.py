"""Rows in a `scan`: whether its body computes row by row, and the same body for fewer rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.engine.row_axis import RowAxes, RowAxis, params_for_rows, result_row_axis
from graphlang.kernels.scan import Result, ScanBody, ScanCall
from graphlang.kernels.scan_recording import rebuilt, result_of
from graphlang.trace import Shape, Step, SymbolicArray, Trace


def row_axis(step: Step, axes: RowAxes) -> RowAxis | None:
    """The row axis of a step's result; None where the step mixes rows, or where no operand has rows."""
    if not step.primitive.joint:
        return result_row_axis(step, axes)
    if all(axes.of(x) is None for x in step.operands):
        return None
    inner = _Inner(step, axes)
    return inner.of(step.params["result"]) if inner.by_rows else None


def sliced_constants(step: Step, axes: RowAxes) -> Iterator[tuple[Any, RowAxis]]:
    """The constant operands of a scan of which a block of rows uses a slice, with their row axes."""
    inner = _Inner(step, axes)
    for place, (x, start) in enumerate(zip(inner.body.carried, inner.starts, strict=True)):
        rows = inner.axes.of(x)
        if rows is not None and isinstance(start, np.ndarray):
            yield step.operands[len(inner.body.elements) + place], rows


class BodiesForRows:
    """The bodies of scans for so many rows, one for all results of a call."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._bodies: dict[Any, tuple[ScanBody, dict[int, SymbolicArray]]] = {}

    def params(self, step: Step, axes: RowAxes) -> dict[str, Any]:
        """The parameters of a step for fewer rows."""
        if not step.primitive.joint:
            rows = row_axis(step, axes)
            return step.params if rows is None else params_for_rows(step, rows, self.count)
        key = step.primitive.call_of(step)
        if key not in self._bodies:
            self._bodies[key] = self._body(_Inner(step, axes))
        body, new = self._bodies[key]
        return {**step.params, "body": body, "result": result_of(step, new)}

    def _body(self, inner: _Inner) -> tuple[ScanBody, dict[int, SymbolicArray]]:
        bodies = BodiesForRows(self.count)

        def shape_of(x: SymbolicArray) -> Shape:
            shape, rows = list(x.shape), inner.axes.of(x)
            if rows is not None:
                shape[rows.axis] = rows.per_row * self.count
            return tuple(shape)

        def record(trace: Trace, step: Step, operands: tuple[Any, ...]) -> SymbolicArray:
            return trace.record(step.primitive, operands, bodies.params(step, inner.axes))

        return rebuilt(inner.body, shape_of, record)


class _Inner:
    """The row axes of the values in the body of a scan."""

    def __init__(self, step: Step, axes: RowAxes) -> None:
        call = ScanCall.from_params(step.params)
        self.body = call.body
        self.total = axes.total
        first = len(self.body.elements)
        sequences, rest = step.operands[:first], step.operands[first:]
        self.starts: Sequence[Any] = rest[: len(self.body.carried)]
        #: whether no rows lie along time
        self._in_rows = True
        given: dict[int, RowAxis] = {}
        for x, sequence in zip(self.body.elements, sequences, strict=True):
            rows = axes.of(sequence)
            if rows is not None:
                self._in_rows = self._in_rows and rows.axis > 0
                given[x.number] = RowAxis(rows.axis - 1, rows.per_row)
        for x, value in zip(self.body.inputs[first:], rest, strict=True):
            rows = axes.of(value)
            if rows is not None:
                given[x.number] = rows
        self._find(given)

    def of(self, result: Result) -> RowAxis | None:
        """The row axis of a result."""
        rows = self.axes.of(self.body.value_of(result))
        if rows is None or result[0] == "last":
            return rows
        return RowAxis(rows.axis + 1, rows.per_row)

    def _find(self, given: Mapping[int, RowAxis]) -> None:
        """Finds the row axes of all values. A constant start has rows where its carried value has."""
        possible: dict[int, RowAxis] = {}
        for x, start in zip(self.body.carried, self.starts, strict=True):
            if x.number not in given and isinstance(start, np.ndarray) and x.shape:
                rows = RowAxis(0, start.shape[0] // self.total)
                if start.size and start.shape[0] == rows.per_row * self.total:
                    possible[x.number] = rows
        if not self._agrees({**possible, **given}) and possible:
            self._agrees(given)

    def _agrees(self, given: Mapping[int, RowAxis]) -> bool:
        """Whether the body computes row by row, with these row axes of its inputs."""
        self._walk(given)
        pairs = zip(self.body.following, self.body.carried, strict=True)
        same = all(self.axes.of(following) == given.get(x.number) for following, x in pairs)
        self.by_rows = same and self._in_rows and not self.mixed
        return self.by_rows

    def _walk(self, given: Mapping[int, RowAxis]) -> None:
        self.axes = RowAxes(self.total)
        self.axes.by_number.update(given)
        self.mixed: set[int] = set()
        for step in self.body.trace.steps:
            values = [x for x in step.operands if x.__class__ is SymbolicArray]
            rows = None
            if not any(x.number in self.mixed for x in values):
                rows = row_axis(step, self.axes)
            if rows is not None and not self._cuts_constants(step, rows):
                self.axes.by_number[step.output.number] = rows
            elif any(x.number in self.mixed or self.axes.of(x) is not None for x in values):
                self.mixed.add(step.output.number)

    def _cuts_constants(self, step: Step, rows: RowAxis) -> bool:
        """Whether a step reads a constant of the body with an element for each row."""
        return any(
            isinstance(x, np.ndarray)
            and any(n == rows.per_row * self.total for n in x.shape)
            and self.total > 1
            for x in step.operands
        )
