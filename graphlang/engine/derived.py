"""Backward for an operation that writes none: derived from what its forward records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from graphlang.catalog.operation import Operation, Random, outcome
from graphlang.engine.scan import ScanOperation
from graphlang.trace import SymbolicArray, SymbolicRandom, Trace, gradient, reached, replay
from graphlang.trace.whole_numbers import check_step, is_counted


class Draws:
    """The random stream as one node sees it: what it drew is kept, since backward needs the same numbers."""

    def __init__(self, stream: Random) -> None:
        self.stream = stream
        self.made: list[Any] = []

    def uniform(self, shape: Any) -> Any:
        self.made.append(self.stream.uniform(shape))
        return self.made[-1]

    def again(self) -> Redrawn:
        """A stream that gives the same numbers once more."""
        return Redrawn(self.made)


class Redrawn:
    """A random stream whose numbers are known."""

    def __init__(self, made: Sequence[Any]) -> None:
        self._left = iter(made)

    def uniform(self, shape: Any) -> Any:
        return next(self._left)


Differentiable: TypeAlias = Operation | ScanOperation
_Recorded: TypeAlias = tuple[Trace, list[SymbolicArray], list[Any]]
"""A recording: its inputs, and what is asked for."""


class Derived:
    """Derived gradients, recorded once for equal shapes and replayed on arrays; belongs to one graph."""

    #: enough for every shape of a session, and a bound on what many shapes can cost
    CAPACITY = 1024

    def __init__(self) -> None:
        self._recorded: dict[Any, tuple[Differentiable, _Recorded]] = {}

    def backward(
        self,
        operation: Differentiable,
        operands: Sequence[Any],
        keywords: dict[str, Any],
        y: Any,
        dy: Any,
        since: int = 0,
    ) -> list[Any]:
        """One gradient for each operand and each keyword; None where there is none.

        On symbolic arrays the operation's own steps are those of the trace from `since` on.
        """
        if isinstance(y, SymbolicArray):
            return _symbolic(operands, keywords, y, dy, since)
        return self._on_arrays(operation, operands, keywords, dy)

    def check_whole_numbers(
        self, operation: Differentiable, operands: Sequence[Any], keywords: dict[str, Any]
    ) -> None:
        """Raises NoInt where a whole number on the way to the result does not fit into an int."""
        values = [*operands, *keywords.values()]
        if any(isinstance(v, SymbolicArray) for v in values):
            return
        key = (id(operation), *map(_signature, values))
        trace, inputs, counted = self._found(key, operation, lambda: _counted(operation, operands, keywords))
        if counted:
            replay(trace, counted, _feeds(inputs, values, []), check_step)

    def _on_arrays(
        self, operation: Differentiable, operands: Sequence[Any], keywords: dict[str, Any], dy: Any
    ) -> list[Any]:
        values = [*operands, *keywords.values()]
        key = (id(operation), *map(_signature, values), np.asarray(dy).dtype, np.shape(dy))
        trace, inputs, gradients = self._found(
            key, operation, lambda: _record(operation, operands, keywords, dy)
        )
        wanted = [g for g in gradients if g is not None]
        results = iter(replay(trace, wanted, _feeds(inputs, values, [np.asarray(dy)])))
        return [None if g is None else next(results) for g in gradients]

    def _found(self, key: Any, operation: Differentiable, record: Callable[[], _Recorded]) -> _Recorded:
        found = self._recorded.get(key)
        if found is None:
            if len(self._recorded) >= self.CAPACITY:
                self._recorded.clear()
            # The operation is kept with its recording, so that its identity cannot be taken over.
            found = self._recorded[key] = (operation, record())
        return found[1]


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic)


def _signature(value: Any) -> Any:
    if _is_array(value):
        return value.shape, value.dtype
    if isinstance(value, Draws):
        return Draws
    return value if isinstance(value, int | float | bool | None) else id(value)


def _symbolic(operands: Sequence[Any], keywords: dict[str, Any], y: Any, dy: Any, since: int) -> list[Any]:
    values = [*operands, *keywords.values()]
    wanted = [v for v in values if _differentiable(v)]
    # The same value may stand in two places, and reached() sums over all its uses: it is counted once.
    distinct = list({id(v): v for v in wanted}.values())
    gradients = reached(y, distinct, dy, since=since)
    found = dict(zip(map(id, distinct), gradients, strict=True))
    given: set[int] = set()
    results: list[Any] = []
    for value in values:
        first = _differentiable(value) and id(value) not in given
        results.append(found.get(id(value)) if first else None)
        given.add(id(value))
    return results


def _differentiable(value: Any) -> bool:
    return isinstance(value, SymbolicArray) and value.dtype.kind == "f"


def _record(
    operation: Differentiable, operands: Sequence[Any], keywords: dict[str, Any], dy: Any
) -> _Recorded:
    """The gradients by every operand and keyword, or None; that of the result is an input after them."""
    trace = Trace()
    with trace:
        values, y, draws = _run(trace, operation, operands, keywords, np.asarray(dy).dtype)
        upstream = trace.input(np.shape(dy), np.asarray(dy).dtype)
        inputs = [v for v in values if isinstance(v, SymbolicArray)]
        given = [*inputs, upstream, *draws]
        if not isinstance(y, SymbolicArray):
            return trace, given, [None] * len(values)
        wanted = [v for v in inputs if _differentiable(v)]
        found = dict(zip(map(id, wanted), gradient(y, wanted, upstream), strict=True))
    return trace, given, [found.get(id(v)) for v in values]


def _counted(operation: Differentiable, operands: Sequence[Any], keywords: dict[str, Any]) -> _Recorded:
    """The whole numbers that are computed on the way and may not fit into an int."""
    trace = Trace()
    with trace:
        values, _, draws = _run(trace, operation, operands, keywords, np.dtype(np.float64))
    steps = [s for s in trace.steps if is_counted(s.primitive.name, s.output.dtype, s.operands)]
    return trace, [*(v for v in values if isinstance(v, SymbolicArray)), *draws], [s.output for s in steps]


def _run(
    trace: Trace,
    operation: Differentiable,
    operands: Sequence[Any],
    keywords: dict[str, Any],
    dtype: np.dtype[Any],
) -> tuple[list[Any], Any, list[SymbolicArray]]:
    """What `forward` takes, its result, and what it draws."""
    values = [trace.input(v.shape, v.dtype) if _is_array(v) else v for v in (*operands, *keywords.values())]
    random = SymbolicRandom(trace, dtype)
    named: dict[str, Any] = dict(zip(keywords, values[len(operands) :], strict=True))
    named = {k: random if isinstance(v, Draws) else v for k, v in named.items()}
    y = outcome(operation, operation.forward(*values[: len(operands)], **named))[0]
    return values, y, random.draws


def _feeds(
    inputs: Sequence[SymbolicArray], values: Sequence[Any], more: list[Any]
) -> dict[SymbolicArray, Any]:
    arrays = [np.asarray(v) for v in values if _is_array(v)]
    drawn = [made for v in values if isinstance(v, Draws) for made in v.made]
    return dict(zip(inputs, [*arrays, *more, *drawn], strict=True))
