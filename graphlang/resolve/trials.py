"""Counts what a call of a `def` will make before it is written out.

Which branch of an `if` is taken depends on arguments, so a call is tried: in a context that is thrown away,
each `def` is unrolled once for arguments of one kind, and a further call of that kind adds what the first one
made. The work is that of the different calls, however many there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphlang.diagnostics import GraphError, Span
from graphlang.diagnostics.too_large import LimitExceeded
from graphlang.resolve.context import AnyValue, Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.scopes import Definition
from graphlang.resolve.values import InputValue, NamedTable, ParamValue, Value, without_node

WORK = 5_000
"""The most values that a trial creates and calls that it looks at; then the call is written out untried."""
SHORT = 16
"""The most items of a list that are compared; a longer one is the same only as itself."""
Arguments = Mapping[str, tuple[Any, Span]]


class _Tried(NamedTuple):
    """What the first call of a kind made, and its arguments, which keep their `id`s while they are kept."""

    result: Any
    nodes: int
    parameters: int
    calls: int
    arguments: list[Any]


class _TooMuchWork(Exception):
    """The calls differ too much to be tried."""


class Trial(Context):
    """A context that counts what it is asked to create, and what it would be asked again."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.rules, context.catalog, context.limits, context.source)
        self.definitions, self.declared = context.definitions, context.declared
        self.expansions = context.expansions
        self._tried: dict[Any, _Tried] = {}
        #: the values of the graph so far and of calls that are not written out, and parameters of the latter
        self._more, self._more_parameters = len(context.values), 0
        self._parameters = self._work = 0

    def refuse(self, steps: Steps) -> None:
        """Raises the GraphError of the limit that an evaluation would meet."""
        try:
            self.run(steps)
        except _TooMuchWork:
            return
        except GraphError as error:
            if any(isinstance(d, LimitExceeded) for d in error.diagnostics):
                raise

    def arguments(self, arguments: Arguments) -> dict[str, tuple[Any, Span]]:
        """The arguments of a call as values of this context."""
        return {name: (self._own(value), span) for name, (value, span) in arguments.items()}

    def _own(self, value: Any) -> Any:
        if isinstance(value, Value):
            array = self.trace.input(value.array.shape, value.array.dtype)
            const = None if without_node(value) is value else without_node(value)
            return InputValue(array, value.span, self.root, value.order, value.label, const=const)
        if isinstance(value, NamedTable):
            return NamedTable(value, value.name, value.span, self.root, value.order)
        return type(value)(map(self._own, value)) if type(value) in (list, tuple) else value

    def add(self, value: AnyValue) -> AnyValue:
        self._spend(1)
        self._parameters += type(value) is ParamValue
        self.refuse_above_limit("nodes", len(self.values) + 1 + self._more, value.span)
        return super().add(value)

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > WORK:
            raise _TooMuchWork

    def call(
        self, definition: Definition, arguments: Arguments, steps: Steps, span: Span, shared: bool
    ) -> Steps:
        """The result of a call: of its steps, or of an earlier one of its kind, which is counted again."""
        self._spend(1)
        values = [arguments[f.name][0] if f.name in arguments else None for f in definition.tree.formals]
        kind = (id(definition.tree), frozenset(arguments), tuple(map(_kind_of, values)))
        tried = self._tried.get(kind)
        if tried is not None:
            self._more += tried.nodes - (tried.parameters if shared else 0)
            self._more_parameters += 0 if shared else tried.parameters
            self.expansions += tried.calls
            self.refuse_above_limit("nodes", len(self.values) + self._more, span)
            self.refuse_above_limit("expansions", self.expansions, span)
            return tried.result
        before = self._counts()
        result = yield steps
        nodes, parameters, calls = (now - then for now, then in zip(self._counts(), before, strict=True))
        self._tried[kind] = _Tried(result, nodes, parameters, calls, values)
        return result

    def _counts(self) -> tuple[int, int, int]:
        parameters = self._parameters + self._more_parameters
        return len(self.values) + self._more, parameters, self.expansions


def _kind_of(value: Any) -> Any:
    """What a call's way depends on: of a value its shape, its type and the number behind it, if known."""
    if isinstance(value, Value):
        const = without_node(value)
        known = None if const is value else (type(const), const)
        return "value", value.array.shape, value.array.dtype.char, known
    if isinstance(value, list | tuple):
        short = len(value) <= SHORT and not isinstance(value, NamedTable)
        return (type(value), *map(_kind_of, value)) if short else id(value)
    return type(value), value
