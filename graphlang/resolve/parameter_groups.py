"""Evaluates `groups = [group("head.*", lr=0.01), group("enc.*", freeze=true)]` of a `train` section."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from graphlang.diagnostics import Span
from graphlang.diagnostics.arguments import ArgumentTwice
from graphlang.diagnostics.settings import IdleObjective, NoGroup, NothingTrained, PatternOfNothing
from graphlang.resolve.call_arguments import unknown_attribute
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.known_values import constant_behind
from graphlang.resolve.scopes import Scope
from graphlang.resolve.validation import report_validation
from graphlang.resolve.values import POISON
from graphlang.spec.models import Use
from graphlang.spec.parameter_groups import ParameterGroup, group_of, unmatched
from graphlang.syntax import tree

OTHER_WORDS = ("frozen", "freezes", "fixed", "trainable", "requires_grad")
"""What other frameworks call `freeze`, or its opposite."""


def groups(context: Context, expression: Any, scope: Scope) -> Steps:
    """The groups in their order; POISON after a reported mistake."""
    items = expression.items if isinstance(expression, tree.ListOf) else (expression,)
    evaluated = []
    for item in items:
        evaluated.append((yield _group(context, item, scope)))
    return POISON if any(group is POISON for group in evaluated) else tuple(evaluated)


def _group(context: Context, expression: Any, scope: Scope) -> Steps:
    function = expression.function if isinstance(expression, tree.Call) else None
    if not isinstance(function, tree.Name) or function.name != "group":
        return context.poison(NoGroup(expression.span))
    values: dict[str, Any] = {}
    places: dict[str, Span] = {}
    for position, argument in enumerate(expression.arguments):
        name = argument.name or ("patterns" if position == 0 else None)
        if name is None:
            return context.poison(NoGroup(argument.span))
        if name in places:
            return context.poison(ArgumentTwice(argument.span, "group", name, places[name]))
        value = yield context.constant(argument.value, scope)
        value = constant_behind(context, value, argument.span, f"`{name}` of `group`")
        if value is POISON:
            return POISON
        values[name], places[name] = value, argument.span
    return _made(context, values, places, expression.span)


def _made(context: Context, values: dict[str, Any], places: dict[str, Span], span: Span) -> Any:
    patterns, freeze = values.pop("patterns", None), values.pop("freeze", False)
    patterns = [patterns] if isinstance(patterns, str) else patterns
    if not isinstance(patterns, list) or not patterns or not all(isinstance(p, str) for p in patterns):
        return context.poison(NoGroup(places.get("patterns", span)))
    if not isinstance(freeze, bool):
        return context.poison(NoGroup(places["freeze"]))
    if freeze and values:
        return context.poison(NoGroup.frozen(span))
    return ParameterGroup(patterns=tuple(patterns), freeze=freeze, attributes=values)


def check_attributes(context: Context, use: Any, chosen: Any, span: Any) -> None:
    """Reports what groups set that the optimizer does not have, or does not accept."""
    model = context.catalog.member("optimizers", use.name) if isinstance(use, Use) else None
    if model is None or not isinstance(chosen, tuple):
        return
    for group in (group for group in chosen if not group.freeze):
        unknown = [name for name in group.attributes if name not in model.model_fields]
        for name in unknown:
            argument = tree.Argument(None, tree.Name(name, span), span)
            if name in OTHER_WORDS:
                context.error(NoGroup(span))
            else:
                context.error(unknown_attribute(argument, use.name, name, list(model.model_fields)))
        if not unknown:
            try:
                model(**{**use.attributes, **group.attributes})
            except ValidationError as error:
                report_validation(context, error, "group", {}, span)


def check_patterns(context: Context, patterns: Sequence[str], names: Sequence[str], span: Span) -> None:
    """Reports patterns that no trainable parameter fits."""
    for pattern in unmatched(patterns, names):
        context.error(PatternOfNothing(span, pattern, list(names)))


def check_use(
    context: Context, train: Mapping[str, Any], names: Sequence[str], places: Mapping[str, Span]
) -> None:
    """Reports an objective that changes no parameter, and what groups set that the optimizer of one of their
    parameters does not have."""
    chosen, objectives = train.get("groups", ()), train.get("objectives", ())
    free = [name for name in names if (group := group_of(name, chosen)) is None or not group.freeze]
    if names and not free:
        context.error(NothingTrained(places["groups"]))
        return
    owned: dict[int, list[str]] = {}
    for name in free:
        owner = next((i for i, o in enumerate(objectives) if _fits(name, o["patterns"])), None)
        if owner is not None:
            owned.setdefault(owner, []).append(name)
    for number, objective in enumerate(objectives):
        if number not in owned:
            fitting = [name for name in names if _fits(name, objective["patterns"])]
            if fitting:  # else the pattern has been reported
                context.error(IdleObjective(places["minimize"], objective["label"], fitting[:8]))
            continue
        own = {chosen.index(group) for n in owned[number] if (group := group_of(n, chosen)) is not None}
        used = tuple(chosen[i] for i in sorted(own))
        check_attributes(context, objective["optimizer"], used, places.get("groups"))


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
