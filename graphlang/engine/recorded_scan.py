"""A `scan` of the language as a step of a trace: its body is recorded once, for every length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlang.engine.loop_body import LoopBody, Repetition
from graphlang.kernels import scan_gradient as _scan_gradient  # noqa: F401 - gives scans their gradient
from graphlang.kernels.scan_recording import RecordedScan, Repeated
from graphlang.spec.network import Loop
from graphlang.trace import SymbolicArray, SymbolicRandom, Trace, count, signature
from graphlang.trace.primitives.creation import arange, stop_gradient


class RecordedLoop:
    """A loop in a trace, with time along axis 0 of the sequence: one call of the primitive `scan`.

    A first repetition that changes the shape or the type of a carried value is recorded apart from it.
    """

    def __init__(
        self, body: LoopBody, trace: Trace, xs: Any, carried: Sequence[Any], captured: Sequence[Any]
    ) -> None:
        self.state: dict[int, Any] = {}
        self._apart: list[list[Any]] = []
        self._results: dict[int, Any] = {}
        self.reverse = body.loop.reverse
        step, length = _Step(body, xs, carried, captured), xs.shape[0]
        while not step.keeps_types:
            with trace:
                place = length - 1 - len(self._apart) if self.reverse else len(self._apart)
                first = body.run(
                    xs[-1 if self.reverse else 0],
                    carried,
                    captured,
                    body.loop.yields,
                    counters=(*body.seeds.counters, place),
                )
            self.state |= first.state
            self._apart.append(first.results)
            xs = xs[:-1] if self.reverse else xs[1:]
            carried, captured = first.carried, first.captured
            step = _Step(body, xs, carried, captured)
        self._scan = step.recorded(trace, 0 if self.reverse else len(self._apart))
        self.state |= {place: self._scan.last(position) for place, position in step.state.items()}

    def result(self, loop: Loop) -> Any:
        """What a node of the loop gives: one of the values that it yields, or the last of a carried one."""
        if loop.part not in self._results:
            last = loop.last
            self._results[loop.part] = self._stacked(loop) if last is None else self._scan.last(last)
        return self._results[loop.part]

    def _stacked(self, loop: Loop) -> Any:
        """All values of one that the loop yields, with time along its axis."""
        y: Any = self._scan.stacked(loop.part)
        if self._apart:
            apart = np.stack([r[loop.part] for r in self._apart[:: -1 if self.reverse else 1]])
            y = np.concatenate([y, apart] if self.reverse else [apart, y])
        return np.moveaxis(y, 0, loop.place(y.ndim - 1))


class _Step:
    """One repetition on inputs of a trace of its own."""

    def __init__(self, body: LoopBody, xs: Any, carried: Sequence[Any], captured: Sequence[Any]) -> None:
        self.body = body
        self.xs = xs
        self.starts = list(carried)
        self.captured = list(captured)
        self._record(renewed=())
        if self.run.state:
            # A state that the body renews is carried: from the second repetition on it is its own.
            self._record(renewed=tuple(sorted(self.run.state)))

    def _record(self, renewed: tuple[int, ...]) -> None:
        """Runs the body; the captured values at the places `renewed` pass no gradient on."""
        self.trace = Trace()
        self.random = None if self.body.random is None else SymbolicRandom(self.trace, self.body.dtype)
        shape = self.xs.shape
        self.element = self.trace.input(shape[1:], self.xs.dtype)
        self.carried = [self.trace.input(*signature(v)) for v in self.starts]
        #: by place among the operands: the input of the body
        self.inputs: dict[int, Any] = {}
        inner = []
        for place, v in enumerate(self.captured, 1 + len(self.starts)):
            if isinstance(v, SymbolicArray) or place in renewed:
                v = self.inputs[place] = self.trace.input(*signature(v))
            inner.append(v)
        with self.trace:
            counters = self._counters()
            given = [
                stop_gradient(v) if place in renewed else v
                for place, v in enumerate(inner, 1 + len(self.starts))
            ]
            self.run: Repetition = self.body.run(
                self.element, self.carried, given, self.body.loop.yields, self.random, counters=counters
            )

    def _counters(self) -> list[Any]:
        """The counters of random values in the body, where there are any: those from outside, and time."""
        if not self.body.loop.is_random:
            return []
        outside = self.body.seeds.counters
        self.counters = [
            self.trace.input(*signature(c)) if isinstance(c, SymbolicArray) else c for c in outside
        ]
        self.time = self.trace.input((), np.int64)
        return [*self.counters, self.time]

    @property
    def keeps_types(self) -> bool:
        """Whether every carried value has the shape and the type of its start."""
        pairs = zip(self.carried, self.run.carried, strict=True)
        return all((x.shape, x.dtype) == (y.shape, y.dtype) for x, y in pairs)

    @property
    def state(self) -> dict[int, int]:
        """By the place of a renewed state among the operands: its position among the carried values."""
        return {place: i for i, place in enumerate(sorted(self.run.state), len(self.starts))}

    def recorded(self, trace: Trace, start: int) -> RecordedScan:
        """The call in a trace; the first element is the one of time `start`."""
        length = self.xs.shape[0]
        outer = dict(enumerate(self.captured, 1 + len(self.starts)))
        carried = list(zip(self.carried, self.starts, self.run.carried, strict=True))
        carried += [(self.inputs[place], outer[place], self.run.state[place]) for place in self.state]
        captured = [(x, outer[place]) for place, x in self.inputs.items() if place not in self.state]
        with trace:
            elements = [(self.element, self.xs), *self._drawn(length)]
            if self.body.loop.is_random:
                elements.append((self.time, arange(start, length + start)))
                outside = zip(self.counters, self.body.seeds.counters, strict=True)
                captured += [(x, c) for x, c in outside if isinstance(c, SymbolicArray)]
            repeated = Repeated(self.trace.steps, elements, carried, captured, self.run.results)
            return RecordedScan(trace, repeated, length, reverse=self.body.loop.reverse)

    def _drawn(self, length: Any) -> list[tuple[SymbolicArray, Any]]:
        """The random numbers of the body with those of all repetitions: one draw, in the order of time."""
        inner = self.random.draws if self.random is not None else []
        if not inner or self.body.random is None:
            return []
        sizes = [count(x.shape) for x in inner]
        drawn = self.body.random.uniform((length, sum(sizes)))
        drawn = drawn[::-1] if self.body.loop.reverse else drawn  # the first is of the step that comes first
        elements, start = [], 0
        for x, size in zip(inner, sizes, strict=True):
            elements.append((x, np.reshape(drawn[:, start : start + size], (length, *x.shape))))
            start = start + size
        return elements
