"""The state of one evaluation: the values so far, the mistakes so far, and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from graphlang.catalog.finder import Catalog, CatalogEntry
from graphlang.catalog.operation import Operation
from graphlang.diagnostics import Collector, Diagnostic, GraphError, Source, Span
from graphlang.diagnostics.limits import Limits
from graphlang.diagnostics.too_large import LimitName, MemoryExceeded, limit_exceeded
from graphlang.resolve.evaluator import Evaluator, Rules, Steps
from graphlang.resolve.hyper_places import HyperPlaces
from graphlang.resolve.scopes import Definition, Scope
from graphlang.resolve.values import POISON, Instance, NamedTable, NodeValue, Value
from graphlang.syntax import tree
from graphlang.trace import Size, SymbolicArray
from graphlang.trace.bounded import BoundedTrace, least_bytes

DTYPES = {"float": np.dtype(np.float64), "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}
AnyValue = TypeVar("AnyValue", bound=Value)


class Context(Evaluator):
    """An evaluator with everything that the rules share; it collects the values in order of creation."""

    #: whether what is evaluated is an attribute, where only constants can stand
    among_attributes = False
    #: what names a value where one is evaluated that must be one of the file's, as `grad`
    naming: str | None = None
    #: whether a `def` is checked without its arguments; mistakes that depend on them are not reported
    probing = False

    def __init__(self, rules: Rules, catalog: Catalog, limits: Limits, source: Source) -> None:
        super().__init__(rules)
        self.catalog = catalog
        self.limits = limits
        self.source = source
        self.sources: list[Source] = [source]
        self.collector = Collector(limits.errors)
        self.trace = BoundedTrace(limits.memory)
        self.root = Instance("", None, (0, 0))
        self.values: list[Value] = []
        #: the labelled groups, `scan`s and uses of `def`s, each with its kind
        self.groups: list[tuple[Instance, str]] = []
        #: the calls of a `def` so far, and the elements of all parameters, both of which are limited
        self.expansions = 0
        self.elements = 0
        self._operations: dict[str, Operation] = {}
        #: the named lists that are nodes, each with its node, by their `id`
        self.tables: dict[int, tuple[NamedTable, NodeValue]] = {}
        #: the `def`s that are being unrolled, outermost first, and where each was called
        self.calls: list[tuple[str, Span]] = []
        self.unrolling: list[tree.Def] = []
        #: in an open formula: turns a name that nothing defines into an input
        self.open: Callable[[str, Span], Any] | None = None
        #: whether all statements but `expect`s and sections are evaluated, so that counters are final
        self.counted = False
        #: what each file defines anywhere, by the name of the file
        self.declared: dict[str, dict[str, Span]] = {}
        self.definitions: dict[str, Definition] = {}
        self.hypers = HyperPlaces()
        #: the `def`s that hide a built-in operation, which is noted once
        self.noted: set[str] = set()
        #: the trees of the `def`s that have been unrolled, by their `id`
        self.unrolled: set[int] = set()
        #: how often a `def` is called whose calls all make equally many nodes, by the `id` of its tree
        self.regular_calls: dict[int, int] = {}
        #: the `def`s that may call many others, by the `id` of their trees: a call is tried first
        self.large_calls: frozenset[int] = frozenset()
        #: how many copies the loops around what is evaluated make of it; with a `for`, and of `repeat`s alone
        self.copies = self.repeats = 1

    def probe(self, most: int) -> Context:
        """A context to check a `def` in that nothing calls, for at most so many nodes and calls; what it
        creates is thrown away."""
        limits = replace(
            self.limits, nodes=min(self.limits.nodes, most), expansions=min(self.limits.expansions, most)
        )
        probe = Context(self.rules, self.catalog, limits, self.source)
        probe.definitions = self.definitions
        probe.declared = self.declared
        probe.probing = True
        return probe

    def constant(self, expression: Any, scope: Scope) -> Steps:
        """The value of an expression where only constants can stand."""
        outside, self.among_attributes = self.among_attributes, True
        value = yield expression, scope
        self.among_attributes = outside
        return value

    def named(self, expression: Any, scope: Scope, by: str) -> Steps:
        """The value of an expression that names a value of the file, for `grad` and the like."""
        outside, self.naming = self.naming, by
        value = yield expression, scope
        self.naming = outside
        return value

    def error(self, diagnostic: Diagnostic) -> None:
        """Adds a diagnostic, with the calls that led into a `def`."""
        if diagnostic.code == "GL201" and self._is_told(diagnostic.span):
            return
        if diagnostic.code.startswith("GL30"):
            from graphlang.resolve.known_sizes import with_known_sizes

            diagnostic = with_known_sizes(diagnostic, self.values, self.hypers.sizes)
        span = diagnostic.span
        hyper = self.hypers.at(span) if span is not None and not self.calls else None
        if hyper is None or not self.hypers.was_told(hyper[0], diagnostic):
            self.collector.add(diagnostic.replaced(called=tuple(self.calls), hyper=hyper))

    def _is_told(self, span: Span | None) -> bool:
        """Whether reading the file reported something of the same words, as of `epochs = 5 epochs`."""
        told = (d for d in self.collector.diagnostics if d.code.startswith("GL1") and d.span is not None)
        return span is not None and any(d.span == span for d in told)

    def poison(self, diagnostic: Diagnostic) -> Any:
        """Adds a diagnostic and returns POISON, the value of what it is about."""
        self.error(diagnostic)
        return POISON

    def refuse_above_limit(self, limit: LimitName, count: int, span: Span) -> None:
        """Raises if there is more of something than a limit allows."""
        allowed = getattr(self.limits, limit)
        if count > allowed:
            raise GraphError([limit_exceeded(span, limit, allowed)])

    def refuse_repetition(self, nodes: int, times: int, span: Span) -> None:
        """Raises if what makes so many nodes, evaluated so many times, makes more than are allowed."""
        if nodes * times > self.limits.nodes:
            raise GraphError([limit_exceeded(span, "nodes", self.limits.nodes)])

    def errors(self, error: GraphError) -> None:
        """Adds the diagnostics of an exception."""
        for diagnostic in error.diagnostics:
            self.error(diagnostic)

    def order(self, scope: Scope) -> tuple[int, int]:
        """The place in the order of appearance of what is created now."""
        return scope.order, len(self.values)

    def add(self, value: AnyValue) -> AnyValue:
        """Enters a value; refuses more than the limits allow."""
        self.values.append(value)
        if len(self.values) > self.limits.nodes:
            raise GraphError([limit_exceeded(value.span, "nodes", self.limits.nodes)])
        if value.array.shape:
            self._refuse_large(value)
        return value

    def _refuse_large(self, value: Value) -> None:
        array = value.array
        if array.number < 0 and type(value) is NodeValue:  # else it was measured when it was recorded
            size = least_bytes(array.shape, array.dtype)
            if size > self.limits.memory:
                raise GraphError([MemoryExceeded.of_value("memory", value.span, size, self.limits.memory)])
        if len(array.shape) > self.limits.rank:
            raise GraphError([limit_exceeded(value.span, "rank", self.limits.rank)])

    def array(self, shape: tuple[Size, ...], kind: str) -> SymbolicArray:
        """An array of this shape, and of the kind `float`, `int` or `bool`."""
        return self.trace.input(shape, DTYPES[kind])

    def operation(self, entry: CatalogEntry) -> Operation:
        """The operation of an entry without attributes, which is created once."""
        operation = self._operations.get(entry.name)
        if operation is None:
            operation = self._operations[entry.name] = entry.make({})
        return operation

    def entry(self, name: str) -> CatalogEntry:
        """The entry of an operation that the catalog is sure to have."""
        entry = self.catalog.find(name)
        assert entry is not None, name
        return entry
