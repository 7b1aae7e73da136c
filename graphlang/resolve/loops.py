"""Loops that are unrolled before running: the scope of each round, and lists that a loop builds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.diagnostics import Diagnostic, Span
from graphlang.diagnostics.names import Redefinition
from graphlang.diagnostics.statements import ItemsMisfit, OtherForList
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.scopes import Scope
from graphlang.resolve.values import POISON, Value
from graphlang.syntax import tree
from graphlang.trace import Dim


def no_list(node: Any, items: Any) -> Diagnostic | None:
    """What to report for something that `for` cannot go through."""
    if isinstance(items, list | tuple):
        return None
    return OtherForList(node.span, _in_words(items))


def report_hidden(context: Context, variables: Sequence[tree.Target], scope: Scope) -> None:
    """Reports variables of a loop whose names are defined already, or stand there twice."""
    places: dict[str, Span] = {}
    for variable in variables:
        first = places.get(variable.name) or scope.place(variable.name)
        if first is not None:
            context.error(Redefinition(variable.span, variable.name, first))
        places.setdefault(variable.name, variable.span)


def scope_of_round(context: Context, loop: tree.For | tree.ListFor, item: Any, scope: Scope) -> Scope:
    """The scope of one round of a loop, in which its variables have their values."""
    variables = loop.variables
    inner = scope.copy(_label_of_round(variables, item), loop.span)
    parts = _parts_of(context, loop, item)
    for variable, part in zip(variables, parts, strict=True):
        inner.names[variable.name] = part
        inner.places[variable.name] = variable.span
    return inner


def _parts_of(context: Context, loop: tree.For | tree.ListFor, item: Any) -> Sequence[Any]:
    """The item of a round taken apart, a part for each variable."""
    count = len(loop.variables)
    if count == 1:
        return (item,)
    if isinstance(item, list | tuple) and len(item) == count:
        return item
    if item is not POISON:
        context.error(ItemsMisfit(loop.values.span, count, _in_words(item)))
    return [POISON] * count


def _in_words(value: Any) -> str:
    return "a value of the graph" if isinstance(value, Value) else described(value)


def _label_of_round(variables: Sequence[tree.Target], item: Any) -> str:
    """`c = 32`; the variables alone where an item is no single number."""
    items = item if len(variables) > 1 and isinstance(item, list | tuple) else [item]
    if len(items) != len(variables) or not all(isinstance(i, int | float | Dim) for i in items):
        return ", ".join(v.name for v in variables)
    return ", ".join(f"{v.name} = {i}" for v, i in zip(variables, items, strict=True))


def list_for(context: Context, node: tree.ListFor, scope: Scope) -> Steps:
    """`[x -> Affine(n) for n in [8, 2]]`: an item for each round, with parameters of its own."""
    items = yield node.values, scope
    problem = None if items is POISON else no_list(node.values, items)
    if problem is not None:
        context.error(problem)
    report_hidden(context, node.variables, scope)
    if items is POISON or problem is not None:
        yield node.item, scope_of_round(context, node, POISON, scope)  # for the mistakes in it
        return POISON
    return (yield _rounds(context, node, items, scope))


def _rounds(context: Context, node: tree.ListFor, items: Sequence[Any], scope: Scope) -> Steps:
    """The values of all rounds."""
    around = context.copies
    _count_copies(context, node, items)
    results = []
    for item in items:
        results.append((yield node.item, scope_of_round(context, node, item, scope)))
        if results[-1] is POISON:
            return POISON
    context.copies = around
    return results


def _count_copies(context: Context, node: tree.ListFor, items: Sequence[Any]) -> None:
    """Refuses more copies than are allowed, where their number stands in the text."""
    if type(node.values) is tree.ListOf:
        context.copies *= max(len(items), 1)
        context.refuse_repetition(1, context.copies, node.span)


def tuple_of(context: Context, node: tree.TupleOf, scope: Scope) -> Steps:
    """`(64, 3)`"""
    items = []
    for item in node.items:
        items.append((yield item, scope))
    return POISON if any(item is POISON for item in items) else tuple(items)
