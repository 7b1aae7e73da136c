"""The gradient of `scan`: a scan in the other direction, so that it has gradients itself.

What the rule of a step reads of the forward pass comes as a sequence: an operand of the call, or another
result of it. Gradients of what is captured are summed in carried values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphlang.kernels.scan import Result, ScanBody, ScanCall, ScanPrimitive
from graphlang.kernels.scan_recording import RecordedScan, Repeated, step_copy
from graphlang.trace.core import Step, SymbolicArray, Trace
from graphlang.trace.dims import count
from graphlang.trace.gradient import needed_steps, reached_jointly
from graphlang.trace.primitives.creation import full

_COPIED = frozenset({"astype", "broadcast_to", "constant", "full", "positive"})
"""Primitives that move numbers: their results are computed again rather than kept, as those of views are."""


def scan_gradients(
    trace: Trace,
    call: ScanCall,
    operands: Sequence[Any],
    arriving: Sequence[tuple[Result, Any]],
    positions: Sequence[int],
) -> list[Any]:
    """The gradients of the operands at `positions`, recorded into `trace`; None where there is none."""
    backward = _Backward(trace, call, operands, arriving, positions)
    return [backward.gradient(position) for position in positions]


ScanPrimitive.gradients = staticmethod(scan_gradients)


class _Backward:
    """The backward pass of one call."""

    def __init__(
        self,
        outer: Trace,
        call: ScanCall,
        operands: Sequence[Any],
        arriving: Sequence[tuple[Result, Any]],
        positions: Sequence[int],
    ) -> None:
        self.outer = outer
        self._like = next(x for x in (*(dy for _, dy in arriving), *operands) if x.__class__ is SymbolicArray)
        self.call = call
        self.operands = operands
        body = self.body = call.body
        self.first_carried = len(body.elements)
        self.first_captured = self.first_carried + len(body.carried)
        self.last = {result[1]: dy for result, dy in arriving if result[0] == "last"}
        self.stacked = [(result[1], dy) for result, dy in arriving if result[0] == "stacked"]
        #: the positions of the inputs of the body that have a gradient
        self.active = _active_inputs(body, positions)
        #: the carried values whose gradient is handed on
        self.handed_on = [i for i in self._reached_carried() if self.first_carried + i in self.active]
        self._record()

    def gradient(self, position: int) -> Any:
        """The gradient of an operand; None where there is none."""
        make = self._gradients.get(position)
        return None if make is None else make()

    def _reached_carried(self) -> list[int]:
        """The carried values that a gradient reaches from the results."""
        body = self.body
        positions = {x.number: i for i, x in enumerate(body.carried)}
        kept = set(self.last)
        while True:
            ends = [body.value(number) for number, _ in self.stacked]
            ends += [body.following[i] for i in sorted(kept)]
            more = {positions[n] for n in _reaching(ends) if n in positions} - kept
            if not more:
                return sorted(kept)
            kept |= more

    # ---- one repetition, forward and backward, in a trace of its own ------------------------------------

    def _record(self) -> None:
        body = self.body
        own = Trace()
        inputs = [own.input(x.shape, x.dtype) for x in body.inputs]
        new: dict[int, SymbolicArray] = {x.number: y for x, y in zip(body.inputs, inputs, strict=True)}
        ends = [body.value(number) for number, _ in self.stacked]
        ends += [body.following[i] for i in self.handed_on]
        self.old_number: dict[int, int] = {y.number: number for number, y in new.items()}
        for step in needed_steps(ends):
            values = [new[x.number] if x.__class__ is SymbolicArray else x for x in step.operands]
            y = new[step.output.number] = step_copy(own, step, values, step.params)
            self.old_number[y.number] = step.output.number
        forward = len(own.steps)
        upstream = [own.input(y.shape, y.dtype) for y in ends]
        own.origin = self.outer.origin
        with own:
            seeds = [(new[y.number], dy) for y, dy in zip(ends, upstream, strict=True)]
            wrt = {i: inputs[i] for i in sorted(self.active)}
            parts = dict(zip(wrt, reached_jointly(seeds, list(wrt.values())), strict=True))
            self._close(own, forward, inputs, upstream, parts)

    def _close(
        self,
        own: Trace,
        forward: int,
        inputs: Sequence[SymbolicArray],
        upstream: Sequence[SymbolicArray],
        parts: dict[int, Any],
    ) -> None:
        """Makes a scan of the backward steps of the repetition."""
        first, captured = self.first_carried, self.first_captured
        arriving, handed_on = upstream[: len(self.stacked)], upstream[len(self.stacked) :]
        carried: list[tuple[Any, Any, Any]] = []
        self._gradients: dict[int, Any] = {}
        for k, i in enumerate(self.handed_on):
            before = parts.get(first + i)
            dx = handed_on[k]
            start = self.last.get(i)
            following = full(dx.shape, 0, dx.dtype, like=dx) if before is None else before
            carried.append(
                (dx, full(dx.shape, 0, dx.dtype, like=self._like) if start is None else start, following)
            )
            self._gradients[first + i] = self._last_of(k)
        sums = {i: part for i, part in parts.items() if i >= captured and part is not None}
        for i, part in sums.items():
            total = own.input(part.shape, part.dtype)
            self._gradients[i] = self._last_of(len(carried))
            carried.append((total, full(total.shape, 0, total.dtype, like=self._like), total + part))
        results = {i: part for i, part in parts.items() if i < first and part is not None}
        for place, i in enumerate(results):
            self._gradients[i] = self._stacked_of(place)
        ends = [y for y in (*(c[2] for c in carried), *results.values()) if y.__class__ is SymbolicArray]
        steps, read = _backward_steps(ends, forward, inputs)
        elements = [(x, dy) for x, (_, dy) in zip(arriving, self.stacked, strict=True)]
        same = []
        places = {x.number: i for i, x in enumerate(inputs)}
        for x in read:
            at = places.get(x.number, -1)
            if at >= captured:
                same.append((x, self.operands[at]))
            else:
                elements.append((x, self.operands[at] if 0 <= at < first else self._kept(x)))
        repeated = Repeated(steps, elements, carried, same, list(results.values()))
        self.scan = RecordedScan(self.outer, repeated, self.call.length, reverse=not self.call.reverse)

    def _kept(self, x: SymbolicArray) -> SymbolicArray:
        """All values of one that the forward pass computes."""
        return self.call.record(self.outer, self.operands, ("stacked", self.old_number[x.number]))

    def _last_of(self, position: int) -> Any:
        return lambda: self.scan.last(position)

    def _stacked_of(self, position: int) -> Any:
        return lambda: self.scan.stacked(position)


def _active_inputs(body: ScanBody, positions: Sequence[int]) -> set[int]:
    """The positions of the inputs of the body that have a gradient: those of operands that do, and carried
    values that depend on them."""
    inputs, first = body.inputs, len(body.elements)
    active = {i for i in positions if inputs[i].dtype.kind == "f"}
    while True:
        numbers = {inputs[i].number for i in active}
        for step in body.trace.steps:
            if _passes(step) and any(
                x.__class__ is SymbolicArray and x.number in numbers for x in step.operands
            ):
                numbers.add(step.output.number)
        more = {
            first + i
            for i, x in enumerate(body.following)
            if x.number in numbers and body.carried[i].dtype.kind == "f"
        }
        if more <= active:
            return active
        active |= more


def _reaching(ends: Sequence[SymbolicArray]) -> set[int]:
    """The numbers of the values that a gradient reaches from the ends."""
    reached = {y.number for y in ends if y.dtype.kind == "f"}
    for step in reversed(needed_steps(ends)):
        if step.output.number in reached and _passes(step):
            reached |= {
                x.number for x in step.operands if x.__class__ is SymbolicArray and x.dtype.kind == "f"
            }
    return reached


def _passes(step: Step) -> bool:
    """Whether a gradient can pass through a step."""
    return step.primitive.differentiable and step.output.dtype.kind == "f"


def _backward_steps(
    ends: Sequence[SymbolicArray], forward: int, inputs: Sequence[SymbolicArray]
) -> tuple[list[Step], list[SymbolicArray]]:
    """The steps of a backward repetition, and the values of the forward pass that they read.

    A value that is cheap to compute, or a view, is computed again from others.
    """
    needed = {step.output.number: step for step in needed_steps(ends)}
    places = {x.number for x in inputs}
    steps = [step for number, step in needed.items() if number >= forward]
    waiting = [*ends, *(x for step in steps for x in step.operands if x.__class__ is SymbolicArray)]
    read: dict[int, SymbolicArray] = {}
    copied: dict[int, Step] = {}
    while waiting:
        x = waiting.pop()
        if (
            x.number >= forward
            or x.number in read
            or x.number in copied
            or (x.number < 0 and x.number not in places)
        ):
            continue
        step = needed.get(x.number)
        if step is not None and _is_cheap(step):
            copied[x.number] = step
            waiting += [v for v in step.operands if v.__class__ is SymbolicArray]
        else:
            read[x.number] = x
    for source, parts in _cut_up(read, needed).items():
        read[source.number] = source
        for part in parts:
            del read[part.number]
            copied[part.number] = needed[part.number]
    return [*(copied[number] for number in sorted(copied)), *steps], [read[n] for n in sorted(read)]


def _cut_up(
    read: Mapping[int, SymbolicArray], needed: Mapping[int, Step]
) -> dict[SymbolicArray, list[SymbolicArray]]:
    """Values of which all parts are read, and these parts: then the whole is kept, which takes no copy."""
    by_source: dict[SymbolicArray, list[SymbolicArray]] = {}
    for number, x in read.items():
        step = needed.get(number)
        if step is not None and step.primitive.name == "slice":
            by_source.setdefault(step.operands[0], []).append(x)
    return {
        source: parts
        for source, parts in by_source.items()
        if source.number in read or count(source.shape) == sum(count(part.shape) for part in parts)
    }


def _is_cheap(step: Step) -> bool:
    """Whether a result is computed again rather than kept. Part of what is computed is kept alone."""
    symbolic = [x for x in step.operands if x.__class__ is SymbolicArray]
    if not symbolic or step.primitive.name in _COPIED:
        return True
    return step.primitive.kind == "view" and (step.primitive.name != "slice" or symbolic[0].number < 0)
