"""Checks the `def`s that nothing calls, for mistakes that do not depend on the arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from graphlang.diagnostics import Diagnostic, GraphError, Span
from graphlang.diagnostics.too_large import LimitExceeded
from graphlang.resolve import dimensions
from graphlang.resolve.context import Context
from graphlang.resolve.definitions import unroll
from graphlang.resolve.operators import is_of_names
from graphlang.resolve.scopes import Definition, Scope
from graphlang.resolve.values import POISON, InputValue, Instance
from graphlang.syntax import tree
from graphlang.trace import Dim, Size

SizeOf = Callable[[str], Size]
"""The size to assume for a dimension of a formal."""
PROBED = 5_000
"""The most nodes and calls of one `def`, and of all together, that nothing calls."""
MULTIPLE = 2**7 * 3**2 * 5 * 7
"""A size that usual numbers of heads, groups and strides divide."""


def check(context: Context, definitions: Iterable[Definition]) -> None:
    """Unrolls every `def` that was never unrolled, with formals of which only the types are known.

    A formal without a shape is POISON, whose uses report nothing. Names, attributes and everything else that
    depends on no argument is checked nevertheless. Only mistakes for arguments of every size are reported.
    """
    spent = 0
    for definition in definitions:
        if id(definition.tree) in context.unrolled:
            continue
        for with_defaults in _variants(definition.tree):
            probe = _Probe(context, definition, with_defaults)
            for diagnostic in probe.certain():
                context.collector.add(diagnostic)
            spent += probe.work
            if spent > PROBED:  # which bounds the cost of all of them together
                return


def _variants(node: tree.Def) -> tuple[bool, ...]:
    """Once with the defaults of its formals, and once with these unknown as well."""
    return (True, False) if any(f.default is not None for f in node.formals) else (True,)


class _Probe:
    """One `def`, unrolled in a context of its own that is thrown away."""

    def __init__(self, context: Context, definition: Definition, with_defaults: bool) -> None:
        self.context = context
        self.definition = definition
        self.with_defaults = with_defaults
        self.work = 0

    def certain(self) -> Iterator[Diagnostic]:
        """The mistakes for any sizes, round ones and equal ones included."""
        mistakes = self._mistakes(Dim.symbol)
        if not mistakes or not any(_has_shape(f) for f in self.definition.tree.formals):
            yield from mistakes.values()
            return
        of_round_sizes = self._mistakes(lambda name: MULTIPLE * Dim.symbol(name))
        of_equal_sizes = self._mistakes(lambda name: MULTIPLE * Dim.symbol("S"))
        for place, diagnostic in mistakes.items():
            if is_of_names(diagnostic) or (place in of_round_sizes and place in of_equal_sizes):
                yield diagnostic

    def _mistakes(self, sizes: SizeOf) -> Mapping[Any, Diagnostic]:
        """The errors by their code and place."""
        context = self.context.probe(PROBED)
        try:
            arguments = self._arguments(context, sizes)
            at = self.definition.tree.name_span
            instance = Instance(self.definition.tree.name, context.root, (0, 0), None, at)
            context.run(unroll(context, self.definition, arguments, instance, at, None))
            diagnostics = context.collector.diagnostics
        except (
            GraphError
        ) as error:  # a limit: of a `def` without end, or of what would only be large if it were called
            endless = [d for d in error.diagnostics if not isinstance(d, LimitExceeded) or d.name == "calls"]
            diagnostics = [*context.collector.diagnostics, *endless]
        self.work += 1 + context.expansions + len(context.values)
        # The first call is the one from here.
        errors = [d.replaced(called=d.called[1:]) for d in diagnostics if d.severity == "error"]
        return {(d.code, _place(d.span)): d for d in errors}

    def _arguments(self, context: Context, sizes: SizeOf) -> dict[str, tuple[Any, Span]]:
        """A value for each formal whose type has a shape, POISON for others; defaults may be left to it."""
        scope = Scope(self.definition.scope, context.root)
        values: dict[str, tuple[Any, Span]] = {}
        for formal in self.definition.tree.formals:
            if formal.default is not None and self.with_defaults:
                continue
            value = self._value(context, formal, scope, sizes) if _has_shape(formal) else POISON
            values[formal.name] = value, formal.span
        return values

    def _value(self, context: Context, formal: tree.Formal, scope: Scope, sizes: SizeOf) -> Any:
        assert formal.type is not None
        formals = {f.name for f in self.definition.tree.formals}
        for dim in formal.type.dims or ():
            if isinstance(dim, tree.Name) and dim.name in formals:
                return POISON  # a size that the call decides
            if isinstance(dim, tree.Name) and dim.name not in scope.visible():
                scope.dims[dim.name] = sizes(dim.name)
        shape = dimensions.shape(context, formal.type, scope)
        if shape is None:
            return POISON
        array = context.array(shape, formal.type.dtype)
        return InputValue(array, formal.span, context.root, (-1, 0), formal.name)


def _has_shape(formal: tree.Formal) -> bool:
    """Whether its type says how many axes it has."""
    dims = formal.type.dims if formal.type is not None else None
    return bool(dims) and not any(isinstance(dim, tree.Rest) for dim in dims or ())


def _place(span: Span | None) -> tuple[str, int, int] | None:
    return None if span is None else (span.source.name, span.start, span.end)
