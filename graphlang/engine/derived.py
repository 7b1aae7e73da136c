"""Derived gradients: for an operation without a backward, from what its forward records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from graphlang.catalog.operation import Operation, outcome
from graphlang.engine.random_streams import Draws, Redrawn
from graphlang.engine.scan import ScanOperation
from graphlang.spec.recently_used import RecentlyUsed
from graphlang.trace import SymbolicArray, SymbolicRandom, Trace, gradient, reached, replay
from graphlang.trace.primitives.random_numbers import NumberStream, StreamSeeds
from graphlang.trace.whole_numbers import check_step, is_counted

Differentiable: TypeAlias = Operation | ScanOperation
_Recorded: TypeAlias = tuple[Trace, list[SymbolicArray], list[Any]]
"""A trace, its inputs, and the results to replay."""


class Derived:
    """The derived gradients of a graph: recorded once for equal shapes, then replayed on arrays."""

    #: more than the shapes of a usual session, and a bound on the memory
    CAPACITY = 1024

    def __init__(self) -> None:
        self._cache: RecentlyUsed[tuple[Differentiable, _Recorded]] = RecentlyUsed(self.CAPACITY)

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
        """Raises NoInt where a whole number that the operation computes does not fit into an int."""
        values = [*operands, *keywords.values()]
        if any(isinstance(v, SymbolicArray) for v in values):
            return
        key = (id(operation), *map(_signature, values))
        trace, inputs, counted = self._cached(
            key, operation, lambda: _record_counted(operation, operands, keywords)
        )
        if counted:
            replay(trace, counted, _feeds(inputs, values, []), check_step)

    def _on_arrays(
        self, operation: Differentiable, operands: Sequence[Any], keywords: dict[str, Any], dy: Any
    ) -> list[Any]:
        values = [*operands, *keywords.values()]
        key = (id(operation), *map(_signature, values), np.asarray(dy).dtype, np.shape(dy))
        trace, inputs, gradients = self._cached(
            key, operation, lambda: _record_gradients(operation, operands, keywords, dy)
        )
        feeds = _feeds(inputs, values, [np.asarray(dy)])
        arrays = iter(replay(trace, [g for g in gradients if g is not None], feeds))
        return [None if g is None else next(arrays) for g in gradients]

    def _cached(self, key: Any, operation: Differentiable, record: Callable[[], _Recorded]) -> _Recorded:
        # The entry holds the operation, so that no other one can get the same id.
        return self._cache.get_or_make(key, lambda: (operation, record()))[1]


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic)


def _signature(value: Any) -> Any:
    if _is_array(value):
        return value.shape, value.dtype
    if isinstance(value, Draws):
        return Draws
    if isinstance(value, NumberStream):
        return NumberStream  # whatever its numbers are, no gradient flows into them
    return value if isinstance(value, int | float | bool | StreamSeeds | None) else id(value)


def _symbolic(operands: Sequence[Any], keywords: dict[str, Any], y: Any, dy: Any, since: int) -> list[Any]:
    values = [*operands, *keywords.values()]
    # A value that is passed twice has its whole gradient at the first place, and None at the others.
    first = {id(v): place for place, v in reversed([*enumerate(values)]) if _differentiable(v)}
    places = sorted(first.values())
    gradients = reached(y, [values[place] for place in places], dy, since=since)
    by_place = dict(zip(places, gradients, strict=True))
    return [by_place.get(place) for place in range(len(values))]


def _differentiable(value: Any) -> bool:
    return isinstance(value, SymbolicArray) and value.dtype.kind == "f"


def _record_gradients(
    operation: Differentiable, operands: Sequence[Any], keywords: dict[str, Any], dy: Any
) -> _Recorded:
    """The gradients by every operand and keyword, or None; dy is an input after them."""
    trace = Trace()
    with trace:
        values, y, draws = _forward(trace, operation, operands, keywords, np.asarray(dy).dtype)
        upstream = trace.input(np.shape(dy), np.asarray(dy).dtype)
        symbols = [v for v in values if isinstance(v, SymbolicArray)]
        inputs = [*symbols, upstream, *draws]
        if not isinstance(y, SymbolicArray):
            return trace, inputs, [None] * len(values)
        sources = [v for v in symbols if _differentiable(v)]
        gradients = dict(zip(map(id, sources), gradient(y, sources, upstream), strict=True))
    return trace, inputs, [gradients.get(id(v)) for v in values]


def _record_counted(
    operation: Differentiable, operands: Sequence[Any], keywords: dict[str, Any]
) -> _Recorded:
    """The results of all steps that compute whole numbers, which may not fit into an int."""
    trace = Trace()
    with trace:
        values, _, draws = _forward(trace, operation, operands, keywords, np.dtype(np.float64))
    steps = [s for s in trace.steps if is_counted(s.primitive.name, s.output.dtype, s.operands)]
    return trace, [*(v for v in values if isinstance(v, SymbolicArray)), *draws], [s.output for s in steps]


def _forward(
    trace: Trace,
    operation: Differentiable,
    operands: Sequence[Any],
    keywords: dict[str, Any],
    dtype: np.dtype[Any],
) -> tuple[list[Any], Any, list[SymbolicArray]]:
    """Records `forward`: its arguments, its result, and its random draws."""
    values = [trace.input(v.shape, v.dtype) if _is_array(v) else v for v in (*operands, *keywords.values())]
    random = SymbolicRandom(trace, dtype)
    named: dict[str, Any] = dict(zip(keywords, values[len(operands) :], strict=True))
    named = {k: random if isinstance(v, Draws) else v for k, v in named.items()}
    y = outcome(operation, operation.forward(*values[: len(operands)], **named))[0]
    return values, y, random.draws


def _feeds(
    inputs: Sequence[SymbolicArray], values: Sequence[Any], more: list[Any]
) -> dict[SymbolicArray, Any]:
    arrays = [*(np.asarray(v) for v in values if _is_array(v)), *more]
    drawn = Redrawn([array for v in values if isinstance(v, Draws) for array in v.arrays])
    arrays += [drawn.uniform(x.shape) for x in inputs[len(arrays) :]]
    return dict(zip(inputs, arrays, strict=True))
