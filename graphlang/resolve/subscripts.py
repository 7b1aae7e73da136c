"""Evaluates slices and items: `x[i, a:b, ...]`."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics.kinds import WholeWithoutParts
from graphlang.diagnostics.statements import (
    ItemOfMixedList,
    NoSuchItem,
    NotWhole,
    WrongSubscript,
)
from graphlang.functions.indexed import HERE
from graphlang.resolve.application import Application
from graphlang.resolve.apply import apply, apply_named
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.known_values import constant_behind
from graphlang.resolve.names import TYPES
from graphlang.resolve.operands import as_value, is_table, remedy
from graphlang.resolve.scopes import Scope
from graphlang.resolve.values import POISON, Value, is_integer, is_size_constant, without_node
from graphlang.syntax import tree
from graphlang.trace import Dim

Items = list[tuple[Any, Any]]
"""Each item in the brackets as the text has it, with its value: for a slice a list of three."""


def index(context: Context, node: tree.Index, scope: Scope) -> Steps:
    """`x[i, a:b, ...]`"""
    value = yield node.value, scope
    if value is POISON and isinstance(node.value, tree.Name) and node.value.name in TYPES:
        return POISON  # a type is no value, and the names in its brackets are no values either
    items = yield _items(context, node, scope)
    if value is POISON or any(v is POISON for _, v in items):
        return POISON
    if isinstance(value, list | tuple) and (len(items) == 1 or not is_table(value)):
        part = _part_of_list(context, node, value, items)
        if part is not None:
            return part[0]
    return _part_of_value(context, node, value, items, scope)


def _items(context: Context, node: tree.Index, scope: Scope) -> Steps:
    items: Items = []
    for item in node.items:
        if isinstance(item, tree.Slice):
            ends = []
            for end in (item.start, item.stop, item.step):
                ends.append((yield context.constant(end, scope)) if end is not None else None)
            items.append((item, ends))
        elif isinstance(item, tree.Rest):
            items.append((item, ...))
        else:
            items.append((item, (yield item, scope)))
    return items


def _part_of_list(context: Context, node: tree.Index, value: Any, items: Items) -> tuple[Any] | None:
    """The item or slice of a list, in a tuple; None for a table that is better taken as an array."""
    item, place = items[0]
    if isinstance(item, tree.Slice):
        ends = _ends(context, item, place)
        if ends is None:
            return (POISON,)
        if not any(isinstance(e, Dim) for e in ends) and 0 not in ends[2:]:
            return (value[slice(*ends)],)
    if not is_table(value) or is_integer(place):
        return (_list_item(context, node, value, items),)
    number = without_node(place)
    if number is not place and isinstance(number, int):
        return (_list_item(context, node, value, [(item, number)]),)
    return None


def _list_item(context: Context, node: tree.Index, value: Any, items: Items) -> Any:
    place = items[0][1]
    single = len(items) == 1 and is_integer(place)
    if single and -len(value) <= place < len(value):
        return value[place]
    what = "a list" if isinstance(value, list) else "what comes as several values"
    if single:
        context.error(NoSuchItem(node.span, what, len(value), place))
    else:
        context.error(ItemOfMixedList(node.span, what, remedy(value, node.value.span)))
    return POISON


def _part_of_value(context: Context, node: tree.Index, value: Any, items: Items, scope: Scope) -> Any:
    if is_table(value):
        value = as_value(context, value, node.value.span, scope)
    if not isinstance(value, Value):
        return context.poison(WholeWithoutParts(node.value.span, described(value)))
    parts: list[Any] = []
    indices: list[Any] = []
    for item, place in items:
        if not isinstance(item, tree.Slice) and _holds_indices(place):
            indices.append(place)
            parts.append(HERE)
            continue
        part = _part(context, item, place, parts)
        if part is POISON:
            return POISON
        parts.append(part)
    if indices:
        return _taken(context, node, value, indices, parts, scope)
    entry = context.entry("subscript")
    operation = entry.make({"items": tuple(tuple(i) if isinstance(i, list) else i for i in parts)})
    return apply(context, Application(entry, operation, {"items": parts}, node.span, scope), (value,))


def _holds_indices(place: Any) -> bool:
    """Whether it is a list of indices, or a value whose indices come with the data."""
    return isinstance(without_node(place), Value) or is_table(place)


def _taken(
    context: Context, node: tree.Index, value: Value, indices: list[Any], parts: list[Any], scope: Scope
) -> Any:
    """`x[ids]`, which is `take(x, ids)`, and `x[:, ids]`."""
    if len(parts) == 1:
        return apply_named(context, "take", (value, indices[0]), node.span, scope)
    entry = context.entry("indexed")
    operation = entry.make({"items": tuple(tuple(i) if isinstance(i, list) else i for i in parts)})
    use = Application(entry, operation, {"items": parts}, node.span, scope)
    return apply(context, use, (value, *indices))


def _part(context: Context, item: Any, place: Any, before: list[Any]) -> Any:
    """One item of a subscript as plain data; POISON after a reported mistake."""
    if isinstance(item, tree.Slice):
        ends = _ends(context, item, place)
        return POISON if ends is None else ends
    if place is None:
        return None
    if place is ...:
        if "..." not in before:
            return "..."
        return context.poison(WrongSubscript.dots_twice(item.span))
    number = constant_behind(context, place, item.span, "an index")
    if is_size_constant(number, negative=True):
        return number
    kind = (
        NotWhole.row
        if item.span.source.text[: item.span.start].rstrip(" [").endswith("]")
        else NotWhole.index
    )
    return context.poison(kind(item.span, described(number)))


def _ends(context: Context, item: tree.Slice, values: list[Any]) -> list[Any] | None:
    """Start, stop and step of a slice; None after a reported mistake."""
    ends = [None if v is None else constant_behind(context, v, item.span, "a slice's end") for v in values]
    if any(end is POISON for end in ends):
        return None
    for end, written in zip(ends, (item.start, item.stop, item.step), strict=True):
        if written is not None and not is_size_constant(end, negative=True):
            context.error(NotWhole.end(written.span, described(end)))
            return None
    return ends
