"""Backward for an operation that writes none: derived from what its forward records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from graphlang.engine.scan import ScanOperation
from graphlang.operation import Operation, Random, outcome
from graphlang.trace import SymbolicArray, SymbolicRandom, Trace, gradient, reached, replay


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


class Derived:
    """Derived gradients, recorded once for equal shapes and replayed on arrays; belongs to one graph."""

    #: enough for every shape of a session, and a bound on what many shapes can cost
    CAPACITY = 1024

    def __init__(self) -> None:
        self._recorded: dict[Any, tuple[Differentiable, Trace, list[SymbolicArray], list[Any]]] = {}

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

    def _on_arrays(
        self, operation: Differentiable, operands: Sequence[Any], keywords: dict[str, Any], dy: Any
    ) -> list[Any]:
        values = [*operands, *keywords.values()]
        key = (id(operation), *(_signature(v) for v in values), np.asarray(dy).dtype, np.shape(dy))
        found = self._recorded.get(key)
        if found is None:
            if len(self._recorded) >= self.CAPACITY:
                self._recorded.clear()
            # The operation is kept with its recording, so that its identity cannot be taken over.
            found = self._recorded[key] = (operation, *_record(operation, operands, keywords, dy))
        _, trace, inputs, gradients = found
        arrays = [np.asarray(v) for v in values if _is_array(v)]
        drawn = [made for v in values if isinstance(v, Draws) for made in v.made]
        feeds = dict(zip(inputs, [*arrays, np.asarray(dy), *drawn], strict=True))
        wanted = [g for g in gradients if g is not None]
        results = iter(replay(trace, wanted, feeds))
        return [None if g is None else next(results) for g in gradients]


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
) -> tuple[Trace, list[SymbolicArray], list[Any]]:
    trace = Trace()
    values = [trace.input(v.shape, v.dtype) if _is_array(v) else v for v in (*operands, *keywords.values())]
    inputs = [v for v in values if isinstance(v, SymbolicArray)]
    upstream = trace.input(np.shape(dy), np.asarray(dy).dtype)
    named: dict[str, Any] = dict(zip(keywords, values[len(operands) :], strict=True))
    random = SymbolicRandom(trace, upstream.dtype)
    named = {k: random if isinstance(v, Draws) else v for k, v in named.items()}
    with trace:
        y = outcome(operation, operation.forward(*values[: len(operands)], **named))[0]
        if not isinstance(y, SymbolicArray):
            return trace, [*inputs, upstream, *random.draws], [None] * len(values)
        wanted = [v for v in inputs if _differentiable(v)]
        found = dict(zip(map(id, wanted), gradient(y, wanted, upstream), strict=True))
    return trace, [*inputs, upstream, *random.draws], [found.get(id(v)) for v in values]
