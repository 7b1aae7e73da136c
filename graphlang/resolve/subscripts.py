"""Slices and items: `x[i, a:b, ...]`."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics.names import (
    WrongKind,
)
from graphlang.resolve.attributes import (
    is_size_constant,
    known,
)
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context
from graphlang.resolve.nodes import (
    apply,
    apply_named,
    as_value,
    instead_of,
    is_table,
)
from graphlang.resolve.values import (
    POISON,
    Scope,
    Value,
)
from graphlang.syntax import tree
from graphlang.trace import Dim


def subscript(
    context: Context, node: tree.Index, value: Any, items: list[tuple[Any, Any]], scope: Scope
) -> Any:
    """`x[i, a:b, ...]`; an index that is a value of the graph is a `take`."""
    if value is POISON or any(v is POISON for _, v in items):
        return POISON
    if isinstance(value, list | tuple) and (len(items) == 1 or not is_table(value)):
        first = items[0][1]
        if isinstance(items[0][0], tree.Slice):
            ends = _ends(context, items[0][0], first)
            if ends is None:
                return POISON
            if not any(isinstance(e, Dim) for e in ends) and 0 not in ends[2:]:
                return value[slice(*ends)]
        if not is_table(value) or (isinstance(first, int) and not isinstance(first, bool)):
            return _list_item(context, node, value, items)
        if isinstance(first, Value) and isinstance(first.const, int):
            return _list_item(context, node, value, [(items[0][0], first.const)])
    if is_table(value):
        value = as_value(context, value, node.value.span, scope)
    if not isinstance(value, Value):
        context.error(WrongKind(node.value.span, f"{described(value)} has no parts to take"))
        return POISON
    index: list[Any] = []
    for item, found in items:
        if isinstance(item, tree.Slice):
            parts = _ends(context, item, found)
            if parts is None:
                return POISON
            index.append(parts)
        elif found is ...:
            if "..." in index:
                message = "`...` stands once in brackets: with two, nothing says which axes are which"
                context.error(WrongKind(item.span, message))
                return POISON
            index.append("...")
        elif found is None:
            index.append(None)
        elif (isinstance(found, Value) and found.const is None) or is_table(found):
            if len(items) != 1:
                message = "indices, in a list or in a value, stand alone in their brackets"
                help = f"take along one axis, then the rest: `take({node.value.span.text}, ids, axis=0)[...]`"
                context.error(WrongKind(item.span, message, help))
                return POISON
            return apply_named(context, "take", (value, found), node.span, scope)
        else:
            found = known(context, found, item.span, "an index")
            if not is_size_constant(found, negative=True):
                context.error(WrongKind(item.span, f"an index is a whole number, not {described(found)}"))
                return POISON
            index.append(found)
    entry = context.catalog.find("subscript")
    assert entry is not None
    operation = entry.make({"items": tuple(tuple(i) if isinstance(i, list) else i for i in index)})
    return apply(context, entry, operation, {"items": index}, (value,), node.span, scope)


def _ends(context: Context, item: tree.Slice, found: list[Any]) -> list[Any] | None:
    """Start, stop and step of a slice; None after a reported mistake."""
    parts = [known(context, p, item.span, "a slice's end") if p is not None else None for p in found]
    if any(p is POISON for p in parts):
        return None
    for part, written in zip(parts, (item.start, item.stop, item.step), strict=True):
        if written is not None and not is_size_constant(part, negative=True):
            context.error(WrongKind(written.span, f"a slice's end is a whole number, not {described(part)}"))
            return None
    return parts


def _list_item(context: Context, node: tree.Index, value: Any, items: list[tuple[Any, Any]]) -> Any:
    place = items[0][1]
    whole = isinstance(place, int) and not isinstance(place, bool)
    if len(items) == 1 and whole and -len(value) <= place < len(value):
        return value[place]
    what = "a list" if isinstance(value, list) else "what comes as several values"
    if len(items) == 1 and whole:
        message, help = f"{what} of {len(value)} has no item {place}: they count from 0", None
    else:
        message = f"an item of {what} that holds more than numbers is taken by one whole number"
        help = instead_of(value, node.value.span)
    context.error(WrongKind(node.span, message, help))
    return POISON
