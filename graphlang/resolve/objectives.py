"""Evaluates `minimize = [objective(d_loss, "D.*", Adam(0.0002)), objective(g_loss, "G.*", Adam(0.0002))]`."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphlang.diagnostics.settings import NoObjective
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.known_values import constant_behind
from graphlang.resolve.scopes import Scope
from graphlang.resolve.values import POISON, Value
from graphlang.syntax import tree

FIELDS = ("loss", "patterns", "optimizer")


class Objectives(NamedTuple):
    """The objectives in their order, as plain data but for the values that they minimize."""

    items: tuple[dict[str, Any], ...]


def names_objectives(expression: Any) -> bool:
    """Whether what is minimized are objectives: a list, or one alone."""
    call = isinstance(expression, tree.Call) and _names_objective(expression.function)
    return call or isinstance(expression, tree.ListOf)


def objectives(context: Context, expression: Any, scope: Scope, loss: Any, optimizer: Any) -> Steps:
    """The objectives of a list; POISON after a reported mistake. `loss` and `optimizer` evaluate those of one
    objective from an expression."""
    items: list[dict[str, Any]] = []
    for item in expression.items if isinstance(expression, tree.ListOf) else (expression,):
        if not isinstance(item, tree.Call) or not _names_objective(item.function):
            return context.poison(NoObjective(item.span))
        given = {a.name or FIELDS[min(i, 2)]: a.value for i, a in enumerate(item.arguments)}
        if set(given) != set(FIELDS) or len(item.arguments) != len(FIELDS):
            return context.poison(NoObjective(item.span))
        value = yield given["loss"], scope
        patterns = yield given["patterns"], scope
        patterns = constant_behind(context, patterns, item.span, "`patterns` of `objective`")
        use = yield optimizer(given["optimizer"])
        value = loss(value, given["loss"])
        if POISON in (patterns, use) or not isinstance(value, Value):
            return POISON
        patterns = [patterns] if isinstance(patterns, str) else patterns
        if not isinstance(patterns, list) or not patterns or not all(isinstance(p, str) for p in patterns):
            return context.poison(NoObjective(item.span))
        label = _label(value, [other["label"] for other in items])
        items.append({"loss": value, "patterns": tuple(patterns), "optimizer": use, "label": label})
    return Objectives(tuple(items)) if items else context.poison(NoObjective(expression.span))


def _label(value: Value, others: list[str]) -> str:
    """How a loss is recorded: by its name in the file, or as it is written there."""
    label = value.label or value.span.text
    if label not in others:
        return label
    number = 2
    while f"{label} {number}" in others:
        number += 1
    return f"{label} {number}"


def _names_objective(function: Any) -> bool:
    return isinstance(function, tree.Name) and function.name == "objective"
