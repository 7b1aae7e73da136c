"""The one loop at run time: a body run step by step along time, its carried values handed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.catalog.operation import Random
from graphlang.engine.loop_body import LoopBody, RunBody
from graphlang.spec.network import Loop
from graphlang.trace import SymbolicArray, Trace
from graphlang.trace.primitives.random_numbers import StreamSeeds

if TYPE_CHECKING:
    from graphlang.engine.recorded_scan import RecordedLoop


class ScanOperation:
    """y[:, t] = body(xs[:, t], carried values), over axis 1 or another, from either end, or the last carried
    value; its gradient is derived from what it records.

    Operands: the sequence, the start of every carried value, then whatever else the body uses. The state
    of the layers in the body is given back by its place among them. On symbolic arrays the body is recorded
    once, and `forward` saves the recorded loop, which has the other results.
    """

    backward = None

    def __init__(self, loop: Loop, run_body: RunBody) -> None:
        self.loop = loop
        self.run_body = run_body

    def forward(
        self,
        xs: Any,
        *others: Any,
        training: bool = False,
        random: Random | None = None,
        seeds: StreamSeeds | None = None,
    ) -> tuple[Any, ...]:
        size = len(self.loop.following)
        xs = np.moveaxis(xs, self.loop.axis, 0)
        dtype = xs.dtype if xs.dtype.kind == "f" else _precision(others)
        # A carried number is a value of the body and has a gradient, so it becomes an array.
        carried = [np.asarray(v, dtype) if isinstance(v, int | float) else v for v in others[:size]]
        captured = list(others[size:])
        body = LoopBody(self.loop, self.run_body, dtype, training, random, seeds or StreamSeeds(0))
        trace = next((v.trace for v in (xs, *carried, *captured) if isinstance(v, SymbolicArray)), None)
        if trace is not None:
            recorded = _recorded(body, trace, xs, carried, captured)
            state = recorded.state
            return recorded.result(self.loop), recorded, *([state] if state else [])
        if not len(xs):
            return self._without_steps(body, xs, carried, captured), None
        return self._on_arrays(body, xs, carried, captured)

    def _without_steps(self, body: LoopBody, xs: Any, carried: list[Any], captured: list[Any]) -> Any:
        """The result of no step, whose shape only a recording tells."""
        trace = Trace()
        symbols = [
            [trace.input(v.shape, v.dtype) if isinstance(v, np.ndarray) else v for v in values]
            for values in ([xs], carried, captured)
        ]
        y = _recorded(body, trace, symbols[0][0], symbols[1], symbols[2]).result(self.loop)
        return np.empty(y.shape, y.dtype) if self.loop.last is None else carried[self.loop.last]

    def _on_arrays(self, body: LoopBody, xs: Any, carried: list[Any], captured: list[Any]) -> tuple[Any, ...]:
        results = []
        state: dict[int, Any] = {}
        for t in range(len(xs))[:: -1 if self.loop.reverse else 1]:
            counters = (*body.seeds.counters, t)
            step = body.run(xs[t], carried, captured, [self.loop.result], counters=counters)
            carried, captured = step.carried, step.captured
            results.append(step.results[0])
            state |= step.state
        if self.loop.last is not None:
            y = np.asarray(carried[self.loop.last])
        else:
            y = np.stack(
                results[:: -1 if self.loop.reverse else 1], axis=self.loop.place(np.ndim(results[0]))
            )
        return (y, None, state) if state else (y, None)


def _recorded(body: LoopBody, trace: Trace, *operands: Any) -> RecordedLoop:
    """A loop in a trace. Most graphs have no `scan`, so what records one is imported here."""
    from graphlang.engine.recorded_scan import RecordedLoop

    return RecordedLoop(body, trace, *operands)


def _precision(operands: tuple[Any, ...]) -> Any:
    """The precision of the run, where the sequence itself holds whole numbers."""
    return next(
        (v.dtype for v in operands if getattr(v, "dtype", np.dtype(int)).kind == "f"), np.dtype(np.float64)
    )
