"""Decides which values a graph gives out: those after `output`, or the named ones that nothing uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.kinds import WrongOutput
from graphlang.diagnostics.names import MisspeltName, UnknownName
from graphlang.diagnostics.spelling import searches_left
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context
from graphlang.resolve.operands import as_value, is_table, remedy
from graphlang.resolve.scopes import MISSING, Scope
from graphlang.resolve.values import POISON, NodeValue, Value
from graphlang.syntax import tree


def outputs_of(context: Context, statements: Sequence[tree.Output], scope: Scope) -> list[Value]:
    """The outputs of a file."""
    if not statements:
        return _unused(context)
    outputs: list[Value] = []
    for statement in statements:
        value = _output(context, statement, scope)
        if value is not None and value not in outputs:
            outputs.append(value)
    return outputs


def _unused(context: Context) -> list[Value]:
    """The named values of the file that no other value uses."""
    nodes = [v for v in context.values if isinstance(v, NodeValue)]
    used = {id(o) for node in nodes for o in node.operands if isinstance(o, Value)}
    return [n for n in nodes if n.label is not None and n.group is context.root and id(n) not in used]


def _output(context: Context, statement: tree.Output, scope: Scope) -> Value | None:
    """The value that an `output` names; None after a reported mistake."""
    name = statement.name
    value = scope.names.get(name, MISSING)
    if value is POISON or scope.find(name) is POISON:
        return None
    if is_table(value):
        value = as_value(context, value, scope.places[name], scope)
        if isinstance(value, Value):
            value.label, scope.names[name] = name, value
    if isinstance(value, Value):
        return value
    if value is not POISON:  # of a list whose rows differ, which has been reported
        context.error(_no_output(statement, value, scope))
    return None


def _no_output(statement: tree.Output, value: Any, scope: Scope) -> Diagnostic:
    name = statement.name
    if value is MISSING:
        visible = scope.visible() if searches_left() else {}
        values = {n: p for n, p in visible.items() if isinstance(scope.names.get(n), Value)}
        problem = MisspeltName(statement.span, name, values)
        return problem if problem.match else UnknownName.as_output(statement.span, name)
    advice = remedy(value, statement.span)
    return WrongOutput(statement.span, name, described(value), advice, scope.places.get(name))
