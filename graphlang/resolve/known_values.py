"""The constant behind a value, where only what is known before running can stand."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics import Related, Span
from graphlang.diagnostics.arguments import NotKnownBefore
from graphlang.resolve.context import Context
from graphlang.resolve.values import POISON, Value, without_node


def value_origin(value: Value, span: Span) -> list[Related]:
    """Where a value is defined, unless that is the place of the mistake itself."""
    return [Related(value.span, "this is a value of the graph")] if value.span != span else []


def constant_behind(context: Context, value: Any, span: Span, what: str, help: str | None = None) -> Any:
    """The constant that a value is known to have; POISON after reporting that `what` needs one."""
    value = without_node(value)
    if isinstance(value, Value):
        return context.poison(NotKnownBefore(span, what, help, value_origin(value, span)))
    if isinstance(value, list):
        items = [constant_behind(context, item, span, what, help) for item in value]
        return POISON if any(item is POISON for item in items) else items
    return value
