"""`scan`: a body that is recorded once and repeated along the first axis of sequences.

Every step of the primitive is one result of a call: the last value of a carried one, or a value of the body
stacked over all repetitions. Steps of one call, with the same body and operands, are computed together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from graphlang.lazy import lazy
from graphlang.trace.core import Primitive, Signature, Step, SymbolicArray, Trace, into, signature
from graphlang.trace.dim_scalar import DimScalar
from graphlang.trace.dims import Dim, Size, bind
from graphlang.trace.errors import ShapeError
from graphlang.trace.gradient import needed_steps
from graphlang.trace.replay import bind_params, replay

Result = tuple[Literal["last", "stacked"], int]
"""The last value of the carried one at a position, or the values of a number in the body, stacked."""


class ScanBody:
    """What a scan repeats: a trace of its own.

    Its inputs are an element of each sequence, then the carried values, then values from outside that stay
    the same. `following` are the next values of the carried ones.
    """

    def __init__(
        self,
        trace: Trace,
        elements: Sequence[SymbolicArray],
        carried: Sequence[SymbolicArray],
        captured: Sequence[SymbolicArray],
        following: Sequence[SymbolicArray],
    ) -> None:
        self.trace = trace
        self.elements = tuple(elements)
        self.carried = tuple(carried)
        self.captured = tuple(captured)
        self.following = tuple(following)

    def __repr__(self) -> str:
        # Passes compare the parameters of steps by their text.
        return f"<body {id(self):x} of {len(self.trace.steps)} steps>"

    @lazy
    def inputs(self) -> tuple[SymbolicArray, ...]:
        return self.elements + self.carried + self.captured

    def value(self, number: int) -> SymbolicArray:
        """The value of the body with this number."""
        return self.trace.steps[number].output if number >= 0 else self.trace.inputs[~number]

    def value_of(self, result: Result) -> SymbolicArray:
        """The value of the body that a result comes from."""
        kind, number = result
        return self.following[number] if kind == "last" else self.value(number)

    def needed(self, results: Sequence[Result]) -> tuple[list[Step], list[int]]:
        """The steps that the results need, in order, and the positions of the carried values that they
        depend on."""
        positions = {x.number: i for i, x in enumerate(self.carried)}
        wanted = [self.value_of(result) for result in results]
        kept: set[int] = {number for kind, number in results if kind == "last"}
        while True:
            steps = needed_steps([*wanted, *(self.following[i] for i in sorted(kept))])
            read = {x.number for s in steps for x in s.operands if x.__class__ is SymbolicArray}
            read |= {x.number for x in (*wanted, *(self.following[i] for i in kept))}
            more = {positions[number] for number in read if number in positions} - kept
            if not more:
                return steps, sorted(kept)
            kept |= more

    @lazy
    def symbols(self) -> tuple[str, ...]:
        """The names of the symbolic sizes that the body depends on."""
        names: set[str] = set()
        for step in self.trace.steps:
            names |= _symbols((*step.operands, *step.params.values(), step.output.shape))
        for x in self.trace.inputs:
            names |= _symbols(x.shape)
        return tuple(sorted(names))


def _symbols(values: Any) -> set[str]:
    names: set[str] = set()
    waiting = [values]
    while waiting:
        value = waiting.pop()
        if isinstance(value, tuple):
            waiting += value
        elif isinstance(value, slice):
            waiting += (value.start, value.stop, value.step)
        elif isinstance(value, Dim | DimScalar):
            names |= value.symbol_names()
    return names


class ScanCall(NamedTuple):
    """A call of the primitive without its operands."""

    body: ScanBody
    length: Size
    reverse: bool
    #: the sizes that the body depends on, with their names
    sizes: tuple[tuple[str, Size], ...] = ()

    @classmethod
    def of(cls, body: ScanBody, length: Size, *, reverse: bool) -> ScanCall:
        return cls(body, length, reverse, tuple((name, Dim.symbol(name)) for name in body.symbols))

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> ScanCall:
        return cls(*(params[name] for name in cls._fields))

    def record(self, trace: Trace, operands: Sequence[Any], result: Result) -> SymbolicArray:
        """One result, as a step of a trace."""
        return trace.record(scan, tuple(operands), {**self._asdict(), "result": result})

    def order(self) -> Iterator[int]:
        """The places along the sequences, in the order of the repetitions."""
        places = range(int(self.length))
        return iter(places[::-1] if self.reverse else places)


class ScanPrimitive(Primitive):
    """One result of the repetitions of a body; the operands are those of its inputs, sequences as a whole."""

    name = "scan"
    joint = True
    gradients: Callable[..., list[Any]]
    """Set by `scan_gradient`, which records scans itself."""

    def shape(self, *operands: Any, result: Result, **params: Any) -> Signature:
        call = ScanCall.from_params(params)
        body = call.body
        if len(operands) != len(body.inputs):
            raise ShapeError(f"{len(operands)} operands for a body with {len(body.inputs)} inputs")
        for position, (x, inner) in enumerate(zip(operands, body.inputs, strict=True)):
            shape = signature(x)[0]
            expected = (call.length, *inner.shape) if position < len(body.elements) else inner.shape
            if shape != expected:
                raise ShapeError(f"shape {shape} where the body takes {expected}", (position,))
        value = body.value_of(result)
        return (value.shape if result[0] == "last" else (call.length, *value.shape)), value.dtype

    def compute(self, *operands: Any, result: Result, out: Any = None, **params: Any) -> Any:
        return into(out, _run(ScanCall.from_params(params), operands, [result])[0])

    def call_of(self, step: Step) -> Any:
        keys = tuple(
            [x.number if x.__class__ is SymbolicArray else f"constant {id(x)}" for x in step.operands]
        )
        return id(step.params["body"]), step.params["reverse"], keys

    def compute_jointly(
        self, steps: Sequence[Step], operands: Sequence[Any], params: dict[str, Any]
    ) -> list[Any]:
        return _run(ScanCall.from_params(params), operands, [step.params["result"] for step in steps])

    def pull_back_jointly(
        self, steps: Sequence[Step], gradients: Sequence[Any], positions: Sequence[int]
    ) -> list[Any]:
        arriving = [(s.params["result"], dy) for s, dy in zip(steps, gradients, strict=True)]
        first = steps[0]
        return self.gradients(
            first.output.trace, ScanCall.from_params(first.params), first.operands, arriving, positions
        )

    def derivative(
        self, position: int, dy: Any, y: Any, *operands: Any, result: Result, **params: Any
    ) -> Any:
        call = ScanCall.from_params(params)
        symbolic = next((x for x in (dy, *operands) if x.__class__ is SymbolicArray), None)
        if symbolic is not None:
            return self.gradients(symbolic.trace, call, operands, [(result, dy)], [position])[0]
        trace = Trace()
        inputs: list[Any] = [trace.input(*signature(x)) for x in operands]
        upstream = trace.input(*signature(dy))
        with trace:
            (dx,) = self.gradients(trace, call, inputs, [(result, upstream)], [position])
        feeds = dict(zip([*inputs, upstream], [*operands, dy], strict=True))
        return None if dx is None else replay(trace, [dx], feeds)[0]

    def flops(self, *operands: Any, result: Result, **params: Any) -> Size:
        call = ScanCall.from_params(params)
        steps, _ = call.body.needed([result])
        total: Size = 0
        for step in steps:
            total = total + step.primitive.flops(*step.operands, **step.params)
        return call.length * total


scan = ScanPrimitive()


def _run(call: ScanCall, operands: Sequence[Any], results: Sequence[Result]) -> list[Any]:
    """The results on arrays, one repetition after the other."""
    body = call.body
    sizes = {name: int(size) for name, size in call.sizes}  # all are numbers by now
    steps, kept = body.needed(results)
    bound = (
        [(step, bind_params(step.params, sizes), [bind(x, sizes) for x in step.operands]) for step in steps]
        if sizes
        else [(step, step.params, step.operands) for step in steps]
    )
    count = len(body.elements)
    arrays = [np.asarray(x, inner.dtype) for x, inner in zip(operands, body.inputs, strict=True)]
    sequences, carried = arrays[:count], arrays[count : count + len(body.carried)]
    same = {x.number: a for x, a in zip(body.captured, arrays[count + len(carried) :], strict=True)}
    length = int(call.length)
    stacked = {
        result: np.empty(bind((length, *body.value_of(result).shape), sizes), body.value_of(result).dtype)
        for result in results
        if result[0] == "stacked"
    }
    for t in call.order():
        values = dict(same)
        values.update({x.number: a[t, ...] for x, a in zip(body.elements, sequences, strict=True)})
        values.update({x.number: a for x, a in zip(body.carried, carried, strict=True)})
        _repeat(bound, values)
        for result, out in stacked.items():
            out[t] = values[result[1]]
        carried = [
            values[x.number] if i in kept else old
            for i, (x, old) in enumerate(zip(body.following, carried, strict=True))
        ]
    return [carried[result[1]] if result[0] == "last" else stacked[result] for result in results]


def _repeat(steps: Sequence[tuple[Step, Mapping[str, Any], Sequence[Any]]], values: dict[int, Any]) -> None:
    """Runs the body once on arrays."""
    done: set[int] = set()
    joint: dict[Any, list[Step]] | None = None
    for step, params, operands in steps:
        number = step.output.number
        if number in done:
            continue
        arrays = [values[x.number] if x.__class__ is SymbolicArray else x for x in operands]
        if not step.primitive.joint:
            values[number] = np.asarray(step.primitive.compute(*arrays, **params))
            continue
        if joint is None:
            joint = {}
            for other, _, _ in steps:
                if other.primitive.joint:
                    joint.setdefault(other.primitive.call_of(other), []).append(other)
        together = joint[step.primitive.call_of(step)]
        for other, y in zip(
            together, step.primitive.compute_jointly(together, arrays, dict(params)), strict=True
        ):
            values[other.output.number] = y
            done.add(other.output.number)
