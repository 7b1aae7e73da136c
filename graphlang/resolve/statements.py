"""Evaluates assignments: gives values their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.diagnostics import Diagnostic, Span
from graphlang.diagnostics.statements import NothingToUnpack, SlicesForNames, ValuesForNames
from graphlang.resolve.application import Application
from graphlang.resolve.apply import apply, apply_named
from graphlang.resolve.constants import described, is_number
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.nodes import add_constant
from graphlang.resolve.operands import is_table
from graphlang.resolve.scopes import Scope
from graphlang.resolve.type_texts import type_text
from graphlang.resolve.values import POISON, NamedTable, NodeValue, Value
from graphlang.syntax import tree


def assign(context: Context, statement: tree.Assign, scope: Scope) -> Steps:
    """`y = x`, `a, b = split(x)`"""
    targets = statement.targets
    if all(scope.names.get(t.name) is POISON for t in targets):
        return
    before = len(context.values)
    value = yield statement.value, scope
    if len(targets) == 1:
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        _define(context, targets[0], value, scope, before)
        return
    for target, part in zip(targets, _parts(context, statement, value, scope), strict=True):
        _define(context, target, part, scope, before if value is not POISON else 0)


def _parts(context: Context, statement: tree.Assign, value: Any, scope: Scope) -> Sequence[Any]:
    """A value for each target: the results of a `split`, or the slices along the first axis."""
    count = len(statement.targets)
    if isinstance(value, list | tuple) and len(value) == count:
        return value
    if isinstance(value, Value) and value.array.shape and value.array.shape[0] == count:
        return [_slice(context, value, i, statement.value.span, scope) for i in range(count)]
    if value is not POISON:
        context.error(_wrong_number(statement.span, value, count))
    return [POISON] * count


def _slice(context: Context, value: Value, number: int, span: Span, scope: Scope) -> Any:
    """`value[number]`"""
    entry = context.entry("subscript")
    operation = entry.make({"items": (number,)})
    return apply(context, Application(entry, operation, {"items": [number]}, span, scope), (value,))


def _wrong_number(span: Span, value: Any, count: int) -> Diagnostic:
    """What to report for a value that has no parts for this number of names."""
    if isinstance(value, list | tuple):
        return ValuesForNames(span, count, len(value))
    if isinstance(value, Value) and value.array.shape:
        return SlicesForNames(span, count, type_text(value.array), str(value.array.shape[0]))
    what = type_text(value.array) if isinstance(value, Value) else described(value)
    return NothingToUnpack(span, count, what)


def _define(context: Context, target: tree.Target, value: Any, scope: Scope, before: int) -> None:
    """Gives a value a name; one that existed `before` gets a node for its second name."""
    name = target.name
    if name in scope.names and scope.definition is not None and name not in scope.instance.taken:
        return
    if isinstance(value, NodeValue) and value.label is None and value.order[1] >= before:
        value.label = name
        value.group = scope.instance
        value.span = target.span
    elif isinstance(value, Value):
        value = _second_name(context, value, target, scope)
    elif scope.definition is None:
        value = _of_file(context, value, target, scope)
    scope.names[name] = value


def _second_name(context: Context, value: Value, target: tree.Target, scope: Scope) -> Any:
    node = apply_named(context, "Identity", (value,), target.span, scope)
    if isinstance(node, NodeValue):
        node.label = target.name
        node.const = value.const if isinstance(value, NodeValue) else None
        node.instance = None
    return node


def _of_file(context: Context, value: Any, target: tree.Target, scope: Scope) -> Any:
    """A constant with a name in the file; a number there is a node, so that it has a gradient."""
    if is_number(value) and not isinstance(value, bool):
        return add_constant(context, scope, target.span, value, "float", label=target.name, const=value)
    if is_table(value):
        return NamedTable(value, target.name, target.span, scope.instance, context.order(scope))
    return value
