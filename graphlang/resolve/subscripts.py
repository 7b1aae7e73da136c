"""Slices and items: `x[i, a:b, ...]`."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics.arguments import (
    NotKnownBefore,
)
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
            parts = [known(context, p, item.span, "a slice's end") if p is not None else None for p in found]
            if any(p is POISON for p in parts):
                return POISON
            index.append(parts)
        elif found == "..." or found is None:
            index.append(found)
        elif (isinstance(found, Value) and found.const is None) or is_table(found):
            if len(items) != 1:
                context.error(
                    NotKnownBefore(item.span, "an index among several", "use `take(x, ids, axis=...)`")
                )
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


def _list_item(context: Context, node: tree.Index, value: Any, items: list[tuple[Any, Any]]) -> Any:
    if len(items) == 1 and isinstance(items[0][1], int) and -len(value) <= items[0][1] < len(value):
        return value[items[0][1]]
    context.error(WrongKind(node.span, f"a list of {len(value)} has no such item"))
    return POISON
