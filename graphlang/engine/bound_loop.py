"""Binds the results of a `scan` to arrays: the calls of all repetitions.

The body is planned once and has one set of buffers. What a repetition reads of a sequence, and what it
stacks, lies in the arrays of all repetitions; a carried value stays where the repetition before wrote it. So
nothing is copied that the body does not compute, and a group of steps on the same memory is bound once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.binding import ArrayOf, bind_fused, bind_single, concurrent_call
from graphlang.engine.fusion import FusionGroup
from graphlang.engine.loop_program import CAPTURED, CARRIED, ELEMENT, NEXT, STACKED, label
from graphlang.engine.plan import Plan, allocated, nbytes
from graphlang.kernels.scan import ScanCall
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.bound_step import one_call
from graphlang.trace.core import Primitive
from graphlang.trace.types import Thunk

MOST_CALLS = 2**16
"""The most calls that are prepared: of a longer loop as many repetitions as have them, again and again."""


def bind_loop(group: FusionGroup, array_of: ArrayOf, threads: int) -> list[Thunk]:
    """The calls of all repetitions; those of a very long loop run several times, on copies of its parts."""
    step = group.steps[0]
    call, plan = ScanCall.from_params(step.params), group.loop
    body, length = call.body, int(call.length)
    operands = [np.asarray(array_of(x), v.dtype) for x, v in zip(step.operands, body.inputs, strict=True)]
    first, second = len(body.elements), len(body.elements) + len(body.carried)
    results = [(s.params["result"], array_of(s.output)) for s in group.steps]
    forward = slice(None, None, -1 if call.reverse else 1)
    used = _used_inputs(plan)
    loop = _Operands(
        {i: x[forward] for i, x in enumerate(operands[:first]) if label(ELEMENT, i) in used},
        dict(enumerate(operands[first:second])),
        {i: x for i, x in enumerate(operands[second:]) if label(CAPTURED, i) in used},
        {number: out[forward] for (kind, number), out in results if kind == STACKED},
        {number: out for (kind, number), out in results if kind != STACKED},
    )
    if not length:
        return [partial(np.copyto, out, loop.starts[i]) for i, out in loop.last.items()]
    most = max(1, MOST_CALLS // max(1, len(plan.groups)))
    if length <= most:
        return _Repetitions(plan, loop, length, threads).calls()
    return _in_parts(plan, loop, length, most, threads)


class _Operands(NamedTuple):
    """The arrays of a loop by position in the body, sequences in the order of the repetitions."""

    sequences: dict[int, Any]
    starts: dict[int, Any]
    captured: dict[int, Any]
    #: by number in the body
    stacked: dict[int, Any]
    last: dict[int, Any]


def _used_inputs(plan: Plan) -> set[str]:
    """The labels of the inputs of a body that its plan reads."""
    program = plan.program
    read = {x.number for s in program.steps for x in s.operands if x.__class__ is SymbolicArray}
    read |= {v.number for v in program.results}
    return {name for name, x in program.inputs.items() if x.number in read}


def _in_parts(plan: Plan, loop: _Operands, length: int, most: int, threads: int) -> list[Thunk]:
    """A loop as a few calls, each of which runs the same repetitions on another part of the sequences."""
    sequences = {i: np.empty((most, *x.shape[1:]), x.dtype) for i, x in loop.sequences.items()}
    stacked = {n: np.empty((most, *x.shape[1:]), x.dtype) for n, x in loop.stacked.items()}
    starts = {i: np.array(x) for i, x in loop.starts.items()}
    last = {i: np.empty_like(x) for i, x in starts.items() if _is_carried(plan, i)}
    bound: dict[int, Thunk] = {}
    calls: list[Thunk] = [partial(np.copyto, starts[i], x) for i, x in loop.starts.items()]
    for begin in range(0, length, most):
        count = min(most, length - begin)
        if count not in bound:
            part = _Operands(
                {i: x[:count] for i, x in sequences.items()},
                starts,
                loop.captured,
                {n: x[:count] for n, x in stacked.items()},
                last,
            )
            bound[count] = one_call(_Repetitions(plan, part, count, threads).calls())
        end = begin + count
        calls += [partial(np.copyto, x[:count], loop.sequences[i][begin:end]) for i, x in sequences.items()]
        calls.append(bound[count])
        calls += [partial(np.copyto, loop.stacked[n][begin:end], x[:count]) for n, x in stacked.items()]
        calls += [partial(np.copyto, starts[i], x) for i, x in last.items()]
    return [*calls, *(partial(np.copyto, out, starts[i]) for i, out in loop.last.items())]


def _is_carried(plan: Plan, position: int) -> bool:
    program = plan.program
    return label(CARRIED, position) in program.updates or label(NEXT, position) in program.outputs


class _Repetitions:
    """The calls of so many repetitions of a body."""

    def __init__(self, plan: Plan, loop: _Operands, count: int, threads: int) -> None:
        self.plan = plan
        self.loop = loop
        self.count = count
        self.threads = threads
        self.before: list[Thunk] = []
        self.after: list[Thunk] = []
        self._memory = {b.number: allocated(b) for b in plan.buffers if not b.output}
        self._blocks: dict[int, dict[Any, Any]] = {}
        self._sequences = {
            i: x if x[0].flags.c_contiguous else self._contiguous(x) for i, x in loop.sequences.items()
        }
        #: arrays that are the same in all repetitions, by number
        self._same: dict[int, Any] = {}
        #: those of the repetition at hand
        self._now: dict[int, Any] = {}
        #: group -> addresses of what differs between repetitions -> calls
        self._bound: dict[tuple[int, tuple[int, ...]], list[Thunk]] = {}
        self._staged: dict[int, tuple[dict[int, Any], list[Thunk]]] = {}
        self._place_inputs()
        self._place_outputs()
        self._differing = self._differing_values()

    def calls(self) -> list[Thunk]:
        """The calls of all repetitions, and what comes before and after them."""
        calls = []
        for place in range(self.count):
            self._now = {number: arrays(place) for number, arrays in self._arrays.items()}
            for index, group in enumerate(self.plan.groups):
                calls += self._group(index, group)
            calls += [partial(np.copyto, target(place), self._array(value)) for target, value in self._copies]
        return [*self.before, *calls, *self.after]

    # ---- where values lie -------------------------------------------------------------------------------

    def _contiguous(self, array: Any) -> Any:
        """An array as the plan expects it; a copy is filled before the first repetition."""
        if array.flags.c_contiguous:
            return array
        copy = np.empty(array.shape, array.dtype)
        self.before.append(partial(np.copyto, copy, array))
        return copy

    def _place_inputs(self) -> None:
        inputs = self.plan.program.inputs
        #: number -> the array in a repetition
        self._arrays: dict[int, Callable[[int], Any]] = {}
        for i, x in self._sequences.items():
            self._arrays[inputs[label(ELEMENT, i)].number] = partial(_element, x)
        for i, x in self.loop.captured.items():
            self._same[inputs[label(CAPTURED, i)].number] = self._contiguous(x)
        for i, start in self.loop.starts.items():
            if not _is_carried(self.plan, i):
                # A value that no repetition changes, or that none of the results needs.
                self._same[inputs[label(CARRIED, i)].number] = self._contiguous(start)

    def _place_outputs(self) -> None:
        """Finds for every output the memory that its step writes to, or the copy that fills it."""
        program = self.plan.program
        #: what to copy at the end of a repetition
        self._copies: list[tuple[Callable[[int], Any], Any]] = []
        owned: dict[int, Callable[[int], Any]] = {}
        before = {x.number: i for i, x in self._carried().items()}
        history: dict[int, Any] = {}
        for number, out in self.loop.stacked.items():
            value, target = program.outputs[label(STACKED, number)], partial(_element, out)
            if value.__class__ is SymbolicArray and value.number in before and value.number not in history:
                history[before[value.number]] = out
            elif self._owns(value) and value.number not in owned:
                owned[value.number] = target
            else:
                self._copies.append((target, value))
        for i, x in self._carried().items():
            name = label(CARRIED, i)
            if name in program.updates:
                self._place_sum(i, x)
            else:
                self._place_next(i, x, program.outputs[label(NEXT, i)], owned, history.get(i))
        self._arrays.update(owned)
        self._find_update_copies()

    def _carried(self) -> dict[int, SymbolicArray]:
        """The carried values that change, by position."""
        inputs = self.plan.program.inputs
        return {i: inputs[label(CARRIED, i)] for i in self.loop.starts if _is_carried(self.plan, i)}

    def _owns(self, value: Any) -> bool:
        """Whether a step writes the value into memory of its own."""
        return value.__class__ is SymbolicArray and value.number in self.plan.buffer_of

    def _place_sum(self, position: int, x: SymbolicArray) -> None:
        """A carried sum lies in one array, which the steps update."""
        total = self._last(position)
        self.before.append(partial(np.copyto, total, self.loop.starts[position]))
        self._same[x.number] = total

    def _last(self, position: int) -> Any:
        """The array of the last value of a carried one."""
        out = self.loop.last.get(position)
        start = self.loop.starts[position]
        return np.empty(start.shape, start.dtype) if out is None else out

    def _place_next(
        self,
        position: int,
        x: SymbolicArray,
        value: Any,
        owned: dict[int, Callable[[int], Any]],
        history: Any,
    ) -> None:
        """The next value of a carried one: in the stack of what it was or becomes, or else in two arrays by
        turns; in the end, in the array of the last value."""
        start, end = self.loop.starts[position], self.count - 1
        stack = owned.get(value.number) if self._owns(value) else None
        if stack is not None and history is None and not self._is_taken(value, owned):
            last = self.loop.last.get(position)
            if last is not None:
                self.after.append(partial(np.copyto, last, stack(end)))
            self._arrays[x.number] = partial(_after, self._contiguous(start), stack)
            return
        last = self._last(position)
        if history is not None:
            self.before.append(partial(np.copyto, history[0, ...], start))
            target: Callable[[int], Any] = partial(_shifted, history, last)
            self._arrays[x.number] = partial(_element, history)
        else:
            turns = [np.empty(start.shape, start.dtype) for _ in range(min(2, end))]
            target = partial(_by_turns, turns, last, end)
            self._arrays[x.number] = partial(_after, self._contiguous(start), target)
        if self._owns(value) and value.number not in owned:
            owned[value.number] = target
        else:
            self._copies.append((target, value))

    def _is_taken(self, value: SymbolicArray, owned: dict[int, Callable[[int], Any]]) -> bool:
        """Whether the memory of a value is that of another carried one: then it is overwritten too early."""
        target = owned[value.number]
        return not (isinstance(target, partial) and target.func is _element)

    def _find_update_copies(self) -> None:
        for name, value in self.plan.copies.items():
            total = self._same[self.plan.program.inputs[name].number]
            self._copies.append((partial(_whole, total), value))

    # ---- binding ----------------------------------------------------------------------------------------

    def _differing_values(self) -> list[list[int]]:
        """For each group the values that lie elsewhere in every repetition."""
        roots = self.plan.view_roots
        result = []
        for group in self.plan.groups:
            values = [x for s in group.steps for x in (s.output, *s.operands) if x.__class__ is SymbolicArray]
            numbers = dict.fromkeys([roots.get(x.number, x.number) for x in values])
            result.append([n for n in numbers if n in self._arrays])
        return result

    def _group(self, index: int, group: FusionGroup) -> list[Thunk]:
        key = index, tuple([self._now[n].ctypes.data for n in self._differing[index]])
        if key not in self._bound:
            self._bound[key] = self._calls_of(index, group)
        return self._bound[key]

    def _calls_of(self, index: int, group: FusionGroup) -> list[Thunk]:
        if not group.fused:
            staged = bool(self._differing[index]) and _prepares(group)
            return self._on_copies(index, group) if staged else self._single(group, self._array)
        memory = self._blocks.setdefault(index, {})
        threads, after = bind_fused(group, self._array, self.plan.temporaries, self.threads, memory)
        return [concurrent_call([one_call(calls) for calls in threads]), *after]

    def _single(self, group: FusionGroup, array_of: ArrayOf) -> list[Thunk]:
        if group.loop is not None:
            return bind_loop(group, array_of, self.threads)
        (step,) = group.steps
        operands, out = [array_of(x) for x in step.operands], array_of(step.output)
        if step.primitive.kind == "view":  # a reshape of what is not contiguous, which copies
            return [partial(_copy_view, step, operands, out)]
        return [bind_single(step, operands, out, self.threads)]

    def _on_copies(self, index: int, group: FusionGroup) -> list[Thunk]:
        """A kernel with memory of its own is bound once, to copies of what it reads and writes."""
        values = {x.number: x for s in group.steps for x in s.operands if x.__class__ is SymbolicArray}
        outputs = {s.output.number: s.output for s in group.steps}
        if index not in self._staged:
            copies = {n: np.empty(x.shape, x.dtype) for n, x in (values | outputs).items()}
            calls = self._single(group, lambda x: copies[x.number] if x.__class__ is SymbolicArray else x)
            self._staged[index] = copies, calls
        copies, calls = self._staged[index]
        return [
            *(partial(np.copyto, copies[n], self._array(x)) for n, x in values.items()),
            *calls,
            *(partial(np.copyto, self._array(x), copies[n]) for n, x in outputs.items()),
        ]

    def _array(self, x: Any) -> Any:
        """The array of a value in the repetition at hand."""
        if x.__class__ is not SymbolicArray:
            return x
        number = x.number
        array = self._now.get(number)
        if array is None:
            array = self._same.get(number)
        return self._located(x) if array is None else array

    def _located(self, x: SymbolicArray) -> Any:
        number, plan = x.number, self.plan
        if number in plan.in_place:
            array = self._same[plan.program.inputs[plan.in_place[number]].number]
        elif number in plan.buffer_of:
            raw = self._memory[plan.buffer_of[number].number]
            array = raw[: nbytes(x)].view(x.dtype).reshape(x.shape)
        else:
            return self._view(x)
        self._same[number] = array
        return array

    def _view(self, x: SymbolicArray) -> Any:
        """The array of a view, after those of the views that it is a view of."""
        steps, root = self.plan.view_steps, self.plan.view_roots[x.number]
        arrays = self._now if root in self._arrays else self._same
        pending: list[Step] = [steps[x.number]]
        while (source := pending[-1].operands[0].number) in steps and source not in arrays:
            pending.append(steps[source])
        for step in reversed(pending):
            array = step.primitive.compute(self._array(step.operands[0]), *step.operands[1:], **step.params)
            arrays[step.output.number] = array
        return arrays[x.number]


def _prepares(group: FusionGroup) -> bool:
    """Whether the call of a group has memory of its own, which no other should have again."""
    primitive = group.steps[0].primitive
    if group.loop is not None:
        return True
    prepares = type(primitive).prepared is not Primitive.prepared
    return prepares and primitive.kind == "kernel" and primitive.own_memory


def _copy_view(step: Step, operands: Sequence[Any], out: Any) -> None:
    np.copyto(out, step.primitive.compute(*operands, **step.params))


def _element(array: Any, place: int) -> Any:
    return array[place, ...]


def _whole(array: Any, place: int) -> Any:
    return array


def _after(start: Any, before: Callable[[int], Any], place: int) -> Any:
    """What the repetition before has written."""
    return before(place - 1) if place else start


def _shifted(stack: Any, last: Any, place: int) -> Any:
    """The place of a value in the stack of those that repetitions begin with."""
    return stack[place + 1, ...] if place + 1 < len(stack) else last


def _by_turns(turns: Sequence[Any], last: Any, end: int, place: int) -> Any:
    return last if place == end else turns[place % 2]
