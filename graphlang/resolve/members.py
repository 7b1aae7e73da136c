"""Evaluates initializers, optimizers, schedules and data sources: `he`, `SGD(lr=0.1)`."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from graphlang.diagnostics import Span
from graphlang.diagnostics.arguments import ArgumentTwice, SettingAsAttribute, TooManyArguments
from graphlang.diagnostics.kinds import MemberNeeded
from graphlang.diagnostics.names import MemberRenamed, MemberWithOption, UnknownMember, UnknownOperation
from graphlang.resolve.call_arguments import unknown_attribute
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.known_values import constant_behind
from graphlang.resolve.scopes import MISSING, Scope
from graphlang.resolve.setting_places import section_of_argument
from graphlang.resolve.validation import report_validation
from graphlang.resolve.values import POISON, without_node
from graphlang.syntax import tree

KINDS = {
    "initializers": "initializer",
    "optimizers": "optimizer",
    "schedules": "schedule",
    "monitors": "monitor",
    "datasets": "source",
}
"""What one member of each family is called."""


def member(context: Context, family: Any, expression: Any, scope: Scope) -> Steps:
    """A member of a family from `name` or `name(...)`; POISON after a reported mistake."""
    from graphlang.resolve import foreign_members

    foreign = foreign_members.of_text(family, expression)
    if foreign is not None:
        return context.poison(foreign)
    if family == "initializers" and not isinstance(expression, tree.Name | tree.Call):
        return (yield _starting_value(context, expression, scope))
    function = expression.function if isinstance(expression, tree.Call) else expression
    if not isinstance(function, tree.Name):
        return context.poison(MemberNeeded(expression.span, family, context.catalog.members(family)))
    if context.catalog.member(family, function.name) is not None:
        return (yield _with_arguments(context, family, function.name, expression, scope))
    if family == "initializers" and isinstance(expression, tree.Name):
        number = without_node(scope.find(function.name))
        if number is POISON or isinstance(number, int | float):
            return _constant(context, number, expression.span)
    return (yield _unknown(context, family, function, expression, scope))


def _starting_value(context: Context, expression: Any, scope: Scope) -> Steps:
    """The initializer for `param W = [1, 2]`, whose start is written out."""
    value = yield expression, scope
    value = constant_behind(context, value, expression.span, "a starting value")
    return _constant(context, value, expression.span)


def _constant(context: Context, value: Any, span: Span) -> Any:
    """The initializer that a number or a list of numbers stands for."""
    if value is POISON:
        return POISON
    return _create(context, "initializers", "constant", {"c": value}, {}, span)


def _unknown(context: Context, family: Any, function: tree.Name, expression: Any, scope: Scope) -> Steps:
    """Reports an unknown name, and the mistakes in its arguments if the name was misspelt."""
    arguments = expression.arguments if isinstance(expression, tree.Call) else ()
    problem = _unknown_member(context, family, function, arguments)
    context.error(problem)
    if arguments and problem.match is not None and context.catalog.member(family, problem.match) is not None:
        yield _with_arguments(context, family, problem.match, expression, scope)
    return POISON


def _unknown_member(context: Context, family: Any, function: tree.Name, arguments: Any) -> UnknownOperation:
    from graphlang.catalog.foreign_names import member_meant

    foreign = member_meant(function.name)
    names = context.catalog.members(family)
    kind = KINDS[family]
    if family == "initializers" and foreign == "normal" and not arguments:
        return UnknownOperation.normal_without_deviation(function.span, function.name)
    if foreign is not None and foreign.partition("(")[0] in names and "(" in foreign:
        return MemberWithOption(function.span, function.name, kind, foreign)
    if foreign is not None and foreign in names:
        return MemberRenamed(function.span, function.name, kind, foreign)
    return UnknownMember(function.span, function.name, kind, names)


def _with_arguments(context: Context, family: Any, owner: str, expression: Any, scope: Scope) -> Steps:
    """The member with the arguments of its call; POISON after a reported mistake in them."""
    from graphlang.resolve import foreign_members

    foreign = foreign_members.of_arguments(family, owner, expression)
    if foreign is not None:
        return context.poison(foreign)
    attributes: dict[str, Any] = {}
    places: dict[str, Span] = {}
    for position, argument in enumerate(expression.arguments if isinstance(expression, tree.Call) else ()):
        name = _attribute_name(context, family, owner, argument, position, places, scope)
        if name is None:
            return POISON
        if family == "datasets" and name == "target" and isinstance(argument.value, tree.Name):
            value: Any = argument.value.name
        elif name == "monitor" and (text := _dotted(argument.value)) is not None:
            value = text
        elif isinstance(argument.value, tree.Name) and _is_choice(
            context, family, owner, name, argument.value.name, scope
        ):
            value = argument.value.name
        else:
            value = yield context.constant(argument.value, scope)
            value = constant_behind(context, value, argument.span, f"`{name}` of `{owner}`")
        attributes[name], places[name] = value, argument.value.span
    if any(value is POISON for value in attributes.values()):
        return POISON
    return _create(context, family, owner, attributes, places, expression.span)


def _is_choice(context: Context, family: Any, owner: str, name: str, word: str, scope: Scope) -> bool:
    """Whether an argument is a word that its attribute chooses from, as in `mode=min`, or that nothing else
    explains; it needs no quotes."""
    model = context.catalog.member(family, owner)
    field = None if model is None else model.model_fields.get(name)
    words = (
        get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()
    )
    return bool(words) and (word in words or scope.find(word) is MISSING)


def _dotted(expression: Any) -> str | None:
    """The name of a record's number, `loss` or `validation.loss`."""
    if isinstance(expression, tree.Attribute) and isinstance(expression.value, tree.Name):
        return f"{expression.value.name}.{expression.name}"
    return expression.name if isinstance(expression, tree.Name) else None


def _attribute_name(
    context: Context,
    family: Any,
    owner: str,
    argument: tree.Argument,
    position: int,
    places: dict[str, Span],
    scope: Scope,
) -> str | None:
    """The attribute that an argument is for; None after a reported mistake."""
    model = context.catalog.member(family, owner)
    assert model is not None, (family, owner)
    names = [f.alias or n for n, f in model.model_fields.items()]
    if argument.name is None and position >= len(names):
        context.error(TooManyArguments(argument.span, owner, f"{owner}({', '.join(names)})"))
        return None
    name = argument.name or names[position]
    if name in places:
        context.error(ArgumentTwice(argument.span, owner, name, places[name]))
        return None
    if name not in names:
        problem = unknown_attribute(argument, owner, name, names)
        place = None if problem.foreign in names else section_of_argument(family, argument, scope)
        facts = problem.span, owner, name, names, problem.foreign, problem.catalog_note
        context.error(problem if place is None else SettingAsAttribute(*facts, place))
        return None
    return name


def _create(
    context: Context, family: Any, name: str, attributes: dict[str, Any], places: dict[str, Span], span: Span
) -> Any:
    model = context.catalog.member(family, name)
    assert model is not None, (family, name)
    try:
        return model(**attributes)
    except ValidationError as error:
        report_validation(context, error, name, places, span)
        return POISON
