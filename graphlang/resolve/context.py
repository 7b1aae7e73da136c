"""The state of one elaboration: what has been built so far, what went wrong, what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeAlias

import numpy as np

from graphlang.catalog.finder import Catalog
from graphlang.diagnostics import Collector, GraphError, Source, Span
from graphlang.diagnostics.limits import Limits
from graphlang.diagnostics.too_large import LimitExceeded
from graphlang.resolve.values import Definition, Instance, Scope, Value
from graphlang.syntax import tree
from graphlang.trace import Size, SymbolicArray, Trace

Request: TypeAlias = Any
Steps: TypeAlias = Generator[Request, Any, Any]
"""A piece of evaluation: it yields (expression, scope) or further steps, and is sent each result."""

DTYPES = {"float": np.dtype(np.float64), "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}
_KINDS = {"f": "float", "i": "int", "u": "int", "b": "bool"}


class Context:
    """Collects values in the order in which they are made."""

    def __init__(self, catalog: Catalog, limits: Limits, source: Source) -> None:
        self.catalog = catalog
        self.limits = limits
        self.source = source
        self.collector = Collector()
        self.trace = Trace()
        self.values: list[Value] = []
        self.groups: list[tuple[Instance, str]] = []
        self.root = Instance("", None, (0, 0))
        self.expansions = 0
        self.elements = 0
        self.operations: dict[tuple[str, str], Any] = {}
        self.sources: list[Source] = [source]
        #: where a `def` that is being unrolled was called, outermost first
        self.calls: list[tuple[str, Span]] = []
        #: those `def`s themselves
        self.unrolling: list[tree.Def] = []
        self.enter: Callable[..., Steps]
        #: in an open formula: makes an input of a name that nothing defines
        self.open: Callable[[str, Span], Value] | None = None
        #: whether every statement but `expect`s and sections is elaborated, so that counters are final
        self.counted = False
        #: what each file defines, by the name of the file
        self.declared: dict[str, dict[str, Span]] = {}
        self.definitions: dict[str, Definition] = {}
        self.note_once: set[str] = set()
        #: the trees of the `def`s that have been entered, by identity
        self.entered: set[int] = set()
        #: whether a `def` is looked into without knowing its arguments: what cannot be decided is left alone
        self.probing = False

    def error(self, diagnostic: Any) -> None:
        """Adds a diagnostic, with the calls that led into a `def`."""
        self.collector.add(diagnostic.replaced(called=tuple(self.calls)))

    def order(self, scope: Scope) -> tuple[int, int]:
        return scope.order, len(self.values)

    def dtype(self, name: str) -> np.dtype[Any]:
        return DTYPES[name]

    def add(self, value: Value) -> Value:
        """Enters a value; refuses more than the limits allow."""
        self.values.append(value)
        if len(self.values) > self.limits.nodes:
            raise GraphError([LimitExceeded(value.span, "nodes", self.limits.nodes)])
        return value

    def input(self, shape: tuple[Size, ...], dtype: str) -> SymbolicArray:
        return self.trace.input(shape, DTYPES[dtype])


def kind_of(array: Any) -> str:
    """`float`, `int` or `bool`."""
    return _KINDS.get(array.dtype.kind, "float")


def sizes_text(shape: tuple[Size, ...]) -> str:
    """The sizes as a type has them between its brackets: `N, 784`."""
    return ", ".join(str(s) for s in shape)


def type_text(array: Any) -> str:
    """A type as a spec writes it: `float[N, 784]`."""
    kind = kind_of(array)
    return f"{kind}[{sizes_text(array.shape)}]" if array.shape else kind
