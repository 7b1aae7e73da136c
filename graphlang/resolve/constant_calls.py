"""Calls that are computed before running, `max(c, 16)`, where all that they work on is known then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from graphlang.diagnostics import Span
from graphlang.diagnostics.arguments import NoFunctionOf
from graphlang.resolve.call_arguments import CallSite
from graphlang.resolve.compile_time import NAMES, is_computable, length_of, range_of, value_of
from graphlang.resolve.constants import NoValue
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.operators import is_size_of_data, operate
from graphlang.resolve.scopes import Scope
from graphlang.resolve.values import POISON, NodeValue, Value, without_node
from graphlang.syntax import tree


class Evaluated(NamedTuple):
    """An expression that has been evaluated already."""

    value: Any
    span: Span


def may_be_constant(context: Context, site: CallSite, scope: Scope) -> bool:
    """Whether a call may be computed before running: by its name, which the file does not define, and
    because no argument has a name."""
    function = site.function
    return (
        isinstance(function, tree.Name)
        and function.name in NAMES
        and function.name not in context.catalog.own
        and scope.find_callable(function.name) is None
        and all(argument.name is None for argument in site.arguments)
    )


def call_of_constants(context: Context, site: CallSite, scope: Scope, otherwise: Any) -> Steps:
    """The value of such a call; `otherwise(site)` are the steps of the operation of the catalog."""
    name = site.function.name
    values = [] if site.piped is None else [site.piped.value]
    for argument in site.arguments:
        values.append((yield argument.value, scope))
    if any(value is POISON for value in values):
        return POISON
    if name in ("len", "range"):
        return _counted(context, name, [without_node(v) for v in values], site.span)
    if _are_summed(name, values):
        return _sum_of_values(context, values[0], site.span, scope)
    known = [without_node(value) for value in values]
    if not known or not all(map(_is_constant, known)):
        return (yield otherwise(_evaluated(site, values)))
    if not _has_node(values, scope):
        return _computed(context, name, known, site.span)
    node = yield otherwise(_evaluated(site, values))
    _note_number(node, name, known, values)
    return node


def _note_number(node: Any, name: str, known: Sequence[Any], values: Sequence[Any]) -> None:
    """Notes at a node the number that it is known to have."""
    if isinstance(node, NodeValue):
        node.const = _const(name, known)
        node.spare = all(not isinstance(v, Value) for v in values)


def _has_node(values: Sequence[Any], scope: Scope) -> bool:
    """Whether the result is a node of the graph: of one operand, where there is a graph."""
    in_graph = scope.parent is not None or scope.definition is not None
    return in_graph and len(values) == 1


def _is_constant(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(is_computable, value))
    return is_computable(value)


def _evaluated(site: CallSite, values: Sequence[Any]) -> CallSite:
    """The call with its arguments evaluated."""
    given = values if site.piped is None else values[1:]
    arguments = [
        tree.Argument(a.name, cast("Any", Evaluated(v, a.value.span)), a.span)
        for a, v in zip(site.arguments, given, strict=True)
    ]
    return site._replace(arguments=arguments)


def _computed(context: Context, name: str, values: Sequence[Any], span: Span) -> Any:
    if context.probing and any(map(is_size_of_data, values)):
        return POISON  # when the `def` is called, the sizes may be numbers
    try:
        return value_of(name, values)
    except NoValue as no:
        return context.poison(no.at(span))


def _const(name: str, values: Sequence[Any]) -> Any:
    """The number behind a node, if it has one: `sqrt(-1)` is nan where a value is needed."""
    try:
        return value_of(name, values)
    except NoValue:
        return None


def _counted(context: Context, name: str, values: list[Any], span: Span) -> Any:
    """`len(...)` and `range(...)`."""
    if context.probing and any(map(is_size_of_data, values)):
        return POISON
    try:
        if name == "len":
            return length_of(values)
        numbers = range_of(values)
    except NoValue as no:
        return context.poison(no.at(span))
    return _listed(context, numbers, span)


def _listed(context: Context, numbers: range, span: Span) -> Any:
    """The numbers of a `range`, unless they are more than the copies that a loop may make."""
    most = context.limits.unrolled
    if len(numbers) > most:
        return context.poison(NoFunctionOf(span, "range", f"{len(numbers):,} numbers", f"up to {most:,}"))
    return list(numbers)


def _are_summed(name: str, values: Sequence[Any]) -> bool:
    """Whether it is `sum(branches)` of a list of values."""
    listed = name == "sum" and len(values) == 1 and isinstance(values[0], list)
    return listed and any(isinstance(item, Value) for item in values[0])


def _sum_of_values(context: Context, values: list[Any], span: Span, scope: Scope) -> Any:
    total = values[0]
    for value in values[1:]:
        total = operate(context, "+", (total, span), (value, span), span, scope)
    return total
