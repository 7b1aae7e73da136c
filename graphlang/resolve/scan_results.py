"""What the body of a `scan` hands on to the next step, `next h = ...`, and what it gives out, `yield y`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.diagnostics import Diagnostic, Related, Span
from graphlang.diagnostics.names import Redefinition
from graphlang.diagnostics.statements import CarryChanges, NextOfOther, WrongCarry, WrongScan, YieldCount
from graphlang.resolve.apply import apply_named
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.nodes import add_constant
from graphlang.resolve.scopes import Scope
from graphlang.resolve.type_texts import type_text
from graphlang.resolve.values import POISON, NodeValue, Value
from graphlang.syntax import tree


def next_values(context: Context, node: tree.Scan, inner: Scope, starts: Sequence[Any]) -> Steps:
    """The next value of every carried one, in their order; None after a mistake."""
    handed_on = yield _next_statements(context, node, inner)
    if handed_on is None:
        return None
    following = []
    for carry, start in zip(node.carries, starts, strict=True):
        if carry.name not in handed_on:
            if not _is_broken(node):
                context.error(WrongCarry.not_handed_on(carry.name_span, (), carry.name))
            return None
        value, at = handed_on[carry.name]
        if value is POISON:
            return None
        value = _as_node(context, value, at, inner)
        problem = _other_shape(carry, start, value, at)
        if problem is not None:
            context.error(problem)
            return None
        following.append(value)
    return following


def _next_statements(context: Context, node: tree.Scan, inner: Scope) -> Steps:
    """The values after `next`, with their places; None after a mistake in the names."""
    handed_on: dict[str, tuple[Any, Span]] = {}
    carried = [c.name for c in node.carries]
    for carry in [c for s in node.body if isinstance(s, tree.Next) for c in s.carries]:
        if carry.name not in carried:
            context.error(NextOfOther(carry.name_span, (), carry.name, carried))
            return None
        if carry.name in handed_on:
            context.error(Redefinition(carry.name_span, carry.name, handed_on[carry.name][1]))
            return None
        handed_on[carry.name] = (yield carry.value, inner), carry.span
    return handed_on


def _other_shape(carry: tree.Carry, start: Any, value: Any, at: Span) -> Diagnostic | None:
    """What to report if a carried value does not keep its shape."""
    shape = start.array.shape if isinstance(start, Value) else ()
    if isinstance(value, Value) and value.array.shape == shape:
        return None
    what = type_text(value.array) if isinstance(value, Value) else "no value"
    begins = type_text(start.array) if isinstance(start, Value) else "float"
    return CarryChanges(at, [Related(carry.span, f"it starts as {begins}")], carry.name, begins, what)


def _as_node(context: Context, value: Any, at: Span, inner: Scope) -> Any:
    """A node of the body: a constant or an outer value becomes one."""
    if isinstance(value, int | float):
        return add_constant(context, inner, at, value, "float")
    if isinstance(value, Value) and not (isinstance(value, NodeValue) and value.group is inner.instance):
        return apply_named(context, "Identity", (value,), at, inner)
    return value


def yielded_values(context: Context, node: tree.Scan, inner: Scope) -> Steps:
    """The values after `yield`; None after a mistake."""
    statements = [s for s in node.body if isinstance(s, tree.Yield)]
    if not statements and any(isinstance(s, tree.Last) for s in node.body):
        return []
    if len(statements) != 1:
        if statements or not _is_broken(node):
            context.error(
                YieldCount.second(statements[1].span, ()) if statements else YieldCount.none(node.span, ())
            )
        return None
    yields = []
    for expression in statements[0].values:
        value = yield expression, inner
        if value is POISON:
            return None
        value = _as_node(context, value, expression.span, inner)
        if not isinstance(value, Value):
            context.error(WrongScan.yield_of_other_kind(expression.span, ()))
            return None
        yields.append(value)
    return yields


def last_values(context: Context, node: tree.Scan) -> list[int] | None:
    """The positions of the carried values after `last`; None after a mistake."""
    statements = [s for s in node.body if isinstance(s, tree.Last)]
    if len(statements) > 1:
        context.error(YieldCount.second(statements[1].span, ()))
        return None
    places = [_carried_place(context, node, v) for s in statements for v in s.values]
    return None if None in places else [place for place in places if place is not None]


def _carried_place(context: Context, node: tree.Scan, value: Any) -> int | None:
    """The position of the carried value that stands after `last`; None after a mistake."""
    carried = [c.name for c in node.carries]
    if isinstance(value, tree.Name) and value.name in carried:
        return carried.index(value.name)
    context.error(NextOfOther(value.span, (), value.span.text, carried))
    return None


def _is_broken(node: tree.Scan) -> bool:
    """Whether a statement of the body could not be read; what is missing may be there."""
    return any(isinstance(s, tree.Broken) for s in node.body)
