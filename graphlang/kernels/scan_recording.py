"""Records a call of `scan`: from the steps of one repetition to a body without what is the same in all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from graphlang.kernels.scan import Result, ScanBody, ScanCall
from graphlang.trace.core import Step, SymbolicArray, Trace
from graphlang.trace.dims import Shape, Size
from graphlang.trace.primitives.creation import constant_of


class Repeated(NamedTuple):
    """One repetition, as it was recorded: steps on inputs, and what each input stands for outside."""

    steps: Sequence[Step]
    #: the element of each sequence, and the sequence
    elements: Sequence[tuple[SymbolicArray, Any]]
    #: each carried value, its start, and its next value
    carried: Sequence[tuple[SymbolicArray, Any, Any]]
    #: what is the same in all repetitions, within and outside
    captured: Sequence[tuple[SymbolicArray, Any]]
    #: what is stacked
    results: Sequence[Any]


class RecordedScan:
    """A call in an outer trace; its results are recorded when they are asked for."""

    def __init__(self, outer: Trace, repeated: Repeated, length: Size, *, reverse: bool = False) -> None:
        self.outer = outer
        self.trace = Trace()
        self._new: dict[int, SymbolicArray] = {}
        #: values that are the same in all repetitions, by number: as they are outside
        self._same = {x.number: value for x, value in repeated.captured}
        self._captured: list[tuple[SymbolicArray, Any]] = []
        elements = [self._input(x) for x, _ in repeated.elements]
        carried = [self._input(x) for x, _, _ in repeated.carried]
        for step in repeated.steps:
            self._copy(step)
        following = [self._symbolic(value) for _, _, value in repeated.carried]
        self._results = [self._symbolic(value).number for value in repeated.results]
        body = ScanBody(self.trace, elements, carried, [x for x, _ in self._captured], following)
        self.call = ScanCall.of(body, length, reverse=reverse)
        self.operands = (
            *(sequence for _, sequence in repeated.elements),
            *(start for _, start, _ in repeated.carried),
            *(value for _, value in self._captured),
        )

    def last(self, position: int) -> SymbolicArray:
        """The last value of a carried one."""
        return self.call.record(self.outer, self.operands, ("last", position))

    def stacked(self, position: int) -> SymbolicArray:
        """All values of the result at a position."""
        return self.call.record(self.outer, self.operands, ("stacked", self._results[position]))

    def _input(self, x: SymbolicArray) -> SymbolicArray:
        new = self._new[x.number] = self.trace.input(x.shape, x.dtype)
        return new

    def _copy(self, step: Step) -> None:
        """Records a step in the body, or outside where its result is the same in all repetitions."""
        symbolic = [x for x in step.operands if x.__class__ is SymbolicArray]
        number = step.output.number
        if symbolic and all(x.number in self._same for x in symbolic):
            operands = [self._same[x.number] if x.__class__ is SymbolicArray else x for x in step.operands]
            self._same[number] = step_copy(self.outer, step, operands, step.params)
        else:
            operands = [self._inner(x) if x.__class__ is SymbolicArray else x for x in step.operands]
            self._new[number] = step_copy(self.trace, step, operands, step.params)

    def _inner(self, x: SymbolicArray) -> SymbolicArray:
        """A value within the body; one that is the same in all repetitions becomes an input."""
        if x.number not in self._new:
            self._captured.append((self._input(x), self._same[x.number]))
        return self._new[x.number]

    def _symbolic(self, value: Any) -> SymbolicArray:
        if value.__class__ is SymbolicArray:
            return self._inner(value)
        symbolic: SymbolicArray = self.trace.record(constant_of, (value,), {})
        return symbolic


def step_copy(trace: Trace, step: Step, operands: Sequence[Any], params: Mapping[str, Any]) -> SymbolicArray:
    """A step on other operands of the same shapes and types."""
    old = step.output
    output = SymbolicArray(trace, old.shape, old.dtype, len(trace.steps))
    trace.steps.append(Step(step.primitive, tuple(operands), dict(params), output, step.origin))
    return output


def rebuilt(
    body: ScanBody,
    shape_of: Callable[[SymbolicArray], Shape],
    record: Callable[[Trace, Step, tuple[Any, ...]], SymbolicArray],
) -> tuple[ScanBody, dict[int, SymbolicArray]]:
    """A body recorded anew, from shapes for its inputs and a function that records a step on new operands;
    and its values by their numbers in the old one."""
    trace = Trace()
    new = {x.number: trace.input(shape_of(x), x.dtype) for x in body.inputs}
    with trace:
        for step in body.trace.steps:
            trace.origin = step.origin
            operands = tuple([new[x.number] if x.__class__ is SymbolicArray else x for x in step.operands])
            new[step.output.number] = record(trace, step, operands)
    parts = (body.elements, body.carried, body.captured, body.following)
    elements, carried, captured, following = [[new[x.number] for x in part] for part in parts]
    return ScanBody(trace, elements, carried, captured, following), new


def result_of(step: Step, new: Mapping[int, SymbolicArray]) -> Result:
    """The result of a step that is recorded with a body rebuilt."""
    kind, number = step.params["result"]
    return kind, number if kind == "last" else new[number].number
