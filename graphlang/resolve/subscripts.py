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
    is_table,
)
from graphlang.resolve.values import (
    POISON,
    Scope,
    Value,
)
from graphlang.syntax import tree


def subscript(
    context: Context, node: tree.Index, value: Any, items: list[tuple[Any, Any]], scope: Scope
) -> Any:
    """`x[i, a:b, ...]`; an index that is a value of the graph is a `take`."""
    if value is POISON or any(v is POISON for _, v in items):
        return POISON
    if isinstance(value, list | tuple):
        return _list_item(context, node, value, items)
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
                message = "a list of indices stands alone in its brackets"
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
    if len(items) == 1 and isinstance(items[0][1], int) and -len(value) <= items[0][1] < len(value):
        return value[items[0][1]]
    context.error(WrongKind(node.span, f"a list of {len(value)} has no such item"))
    return POISON
