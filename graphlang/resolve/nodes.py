"""Creates the nodes of the graph; every node comes from here."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics import Span
from graphlang.resolve.context import Context
from graphlang.resolve.scopes import Scope
from graphlang.resolve.values import NamedTable, NodeValue
from graphlang.trace import Size, SymbolicArray


def add_node(
    context: Context,
    scope: Scope,
    span: Span,
    array: SymbolicArray,
    operation: str,
    operands: tuple[Any, ...] = (),
    **fields: Any,
) -> NodeValue:
    """Creates a node and enters it; `fields` are further fields of the value."""
    order = context.order(scope)
    node = NodeValue(array, span, scope.instance, order, operation=operation, operands=operands, **fields)
    node.region = scope.region
    return context.add(node)


def add_constant(
    context: Context,
    scope: Scope,
    span: Span,
    value: Any,
    kind: str,
    shape: tuple[Size, ...] = (),
    **fields: Any,
) -> NodeValue:
    """A node for a number, a size or a list of numbers that the text contains."""
    array = context.array(shape, kind)
    return add_node(context, scope, span, array, "constant", attributes={"value": value}, **fields)


def table_node(context: Context, table: NamedTable, shape: tuple[int, ...], kind: str) -> NodeValue:
    """The node of a named list, which all its uses share."""
    _, node = context.tables.get(id(table), (table, None))
    if node is None:
        array, attributes = context.array(shape, kind), {"value": list(table)}
        node = NodeValue(array, table.span, table.group, table.order, table.name, "constant", (), attributes)
        context.tables[id(table)] = table, context.add(node)
    return node
