"""The constant behind a value, where only what is known before running can stand."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics import Span
from graphlang.diagnostics.arguments import NotKnownBefore, OperandForAttribute
from graphlang.resolve.context import Context
from graphlang.resolve.values import POISON, Value, without_node


def constant_behind(
    context: Context, value: Any, span: Span, what: str, pairwise: tuple[str, str] | None = None
) -> Any:
    """The constant that a value is known to have; POISON after reporting that `what` needs one."""
    value = without_node(value)
    if isinstance(value, Value):
        place = value.span if value.span != span else None
        wrong = NotKnownBefore.attribute if pairwise is None else OperandForAttribute
        return context.poison(wrong(span, what, place, *(pairwise or ())))
    if isinstance(value, list):
        items = [constant_behind(context, item, span, what, pairwise) for item in value]
        return POISON if any(item is POISON for item in items) else items
    return value
