"""Looks into the `def`s that nothing has called: what is wrong in them whatever they are called with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from graphlang.diagnostics import Diagnostic, GraphError, Span
from graphlang.resolve import dimensions, expressions
from graphlang.resolve.context import Context
from graphlang.resolve.values import POISON, Definition, Instance, Scope, Value
from graphlang.syntax import tree
from graphlang.trace import Dim, Size

Sizes = Callable[[str], Size]
"""What a dimension of a formal is taken for."""
MULTIPLE = 2**7 * 3**2 * 5 * 7
"""A size that heads, groups and strides divide."""


def check(context: Context, definitions: Iterable[Definition]) -> None:
    """Enters every `def` that was never entered, with formals of which no more is known than their types.

    A formal without a shape is POISON, which nothing complains about: so names, attributes and whatever else
    depends on no argument is checked. A mistake is reported once, where it is one for arguments of every
    size.
    """
    spent = 0
    for definition in definitions:
        if id(definition.tree) in context.entered:
            continue
        for with_defaults in _variants(definition.tree):
            probe = _Probe(context, definition, with_defaults)
            for diagnostic in probe.certain():
                context.collector.add(diagnostic)
            spent += probe.work
            if spent > context.limits.expansions:  # many of them may not cost more than one file may
                return


def _variants(node: tree.Def) -> tuple[bool, ...]:
    """With the defaults of its formals, and with nothing known of these either."""
    return (True, False) if any(f.default is not None for f in node.formals) else (True,)


class _Probe:
    """One `def`, entered in a context of its own that is thrown away."""

    def __init__(self, context: Context, definition: Definition, with_defaults: bool) -> None:
        self.context = context
        self.definition = definition
        self.with_defaults = with_defaults
        self.work = 0

    def certain(self) -> Iterator[Diagnostic]:
        """What is wrong for sizes of any kind, also for round ones and for dimensions that are equal."""
        found = self._mistakes(Dim.symbol)
        if not found or not any(_has_shape(f) for f in self.definition.tree.formals):
            yield from found.values()
            return
        round_ = self._mistakes(lambda name: MULTIPLE * Dim.symbol(name))
        same = self._mistakes(lambda name: MULTIPLE * Dim.symbol("S"))
        for place, diagnostic in found.items():
            if expressions.is_of_names(diagnostic) or (place in round_ and place in same):
                yield diagnostic

    def _mistakes(self, sizes: Sizes) -> Mapping[Any, Diagnostic]:
        """The errors by their code and place."""
        context = self._context()
        try:
            values = self._values(context, sizes)
            at = self.definition.tree.name_span
            instance = Instance(self.definition.tree.name, context.root, (0, 0), None, at)
            caller = Scope(self.definition.scope, context.root)
            expressions.run(
                context, context.enter(context, self.definition, values, instance, at, None, caller)
            )
            found = context.collector.diagnostics
        except GraphError as error:  # a limit
            found = [*context.collector.diagnostics, *error.diagnostics]
        self.work += 1 + context.expansions + len(context.values)
        # The first call is the entry from here.
        told = [d.replaced(called=d.called[1:]) for d in found if d.severity == "error"]
        return {(d.code, _place(d.span)): d for d in told}

    def _context(self) -> Context:
        outer = self.context
        context = Context(outer.catalog, outer.limits, outer.source)
        context.enter = outer.enter
        context.definitions = outer.definitions
        context.declared = outer.declared
        context.probing = True
        return context

    def _values(self, context: Context, sizes: Sizes) -> dict[str, tuple[Any, Span]]:
        """A value of its type for every formal that says enough of it; nothing for what has a default."""
        scope = Scope(self.definition.scope, context.root)
        values: dict[str, tuple[Any, Span]] = {}
        for formal in self.definition.tree.formals:
            if formal.default is not None and self.with_defaults:
                continue
            value = self._value(context, formal, scope, sizes) if _has_shape(formal) else POISON
            values[formal.name] = value, formal.span
        return values

    def _value(self, context: Context, formal: tree.Formal, scope: Scope, sizes: Sizes) -> Any:
        assert formal.type is not None
        formals = {f.name for f in self.definition.tree.formals}
        for dim in formal.type.dims or ():
            if isinstance(dim, tree.Name) and dim.name in formals:
                return POISON  # a size that is handed in
            if isinstance(dim, tree.Name) and dim.name not in scope.visible():
                scope.dims[dim.name] = sizes(dim.name)
        shape = dimensions.shape(context, formal.type, scope)
        if shape is None:
            return POISON
        array = context.input(shape, formal.type.dtype)
        return Value("input", array, formal.span, context.root, (-1, 0), label=formal.name)


def _has_shape(formal: tree.Formal) -> bool:
    """Whether its type says how many axes it has."""
    dims = formal.type.dims if formal.type is not None else None
    return bool(dims) and not any(isinstance(dim, tree.Rest) for dim in dims or ())


def _place(span: Span | None) -> tuple[str, int, int] | None:
    return None if span is None else (span.source.name, span.start, span.end)
