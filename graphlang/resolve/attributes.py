"""Attributes: what an argument that is known before running may be, and what Pydantic says of it."""

from __future__ import annotations

import typing
from typing import Any, Literal

from pydantic import ValidationError

from graphlang.catalog.finder import Attribute, family_member, family_names
from graphlang.contracts.initializer import Initializer
from graphlang.diagnostics import Edit, Related, Span
from graphlang.diagnostics.arguments import (
    ArgumentTwice,
    NotKnownBefore,
    TooManyArguments,
    UnknownAttribute,
    WrongAttribute,
)
from graphlang.diagnostics.names import (
    UnknownOperation,
    WrongKind,
)
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context, Steps
from graphlang.resolve.signatures import (
    name_span,
)
from graphlang.resolve.values import (
    POISON,
    Scope,
    Value,
)
from graphlang.syntax import tree
from graphlang.trace import Dim

KINDS = {
    "initializers": "initialiser",
    "optimizers": "optimizer",
    "schedules": "schedule",
    "datasets": "source",
}

PAIRWISE = {
    "max": "`{}` is over the elements of one value; of two values it is `maximum(a, b)`",
    "min": "`{}` is over the elements of one value; of two values it is `minimum(a, b)`",
}
"""Functions whose names mean a choice between two values elsewhere, and what to write for that."""

TYPE_WORDS = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "`true` or `false`",
    "bool_parsing": "`true` or `false`",
    "string_type": "a text",
    "list_type": "a list",
    "tuple_type": "a list",
}
"""What Pydantic's errors of type ask for, in the words of a spec."""


def is_size_constant(value: Any, *, negative: bool = False) -> bool:
    if isinstance(value, Dim):
        return True
    return isinstance(value, int) and not isinstance(value, bool) and (negative or value >= 0)


def is_positive_size(value: Any) -> bool:
    return is_size_constant(value) and (isinstance(value, Dim) or value > 0)


def attribute_value(
    context: Context, attribute: Attribute, owner: str, expression: Any, scope: Scope
) -> Steps:
    """The value of one attribute; an `init` is looked up among the initialisers."""
    if _wants_initializer(attribute.type):
        return (yield member(context, "initializers", expression, scope))
    if isinstance(expression, tree.Name) and expression.name in _words(attribute.type):
        return expression.name
    value = yield expression, scope
    help = PAIRWISE[owner].format(owner) if owner in PAIRWISE else None
    return known(context, value, expression.span, f"`{attribute.name}` of `{owner}`", help)


def _words(hint: Any) -> tuple[Any, ...]:
    """The words that an attribute takes, as `last` in `return=last`: they need no quotes."""
    return typing.get_args(hint) if typing.get_origin(hint) is Literal else ()


def _wants_initializer(hint: Any) -> bool:
    options = getattr(hint, "__args__", None) or (hint,)
    return any(isinstance(o, type) and issubclass(o, Initializer) for o in options)


def known(context: Context, value: Any, span: Span, what: str, help: str | None = None) -> Any:
    """The constant behind a value, or POISON after saying that it must be known before running."""
    if isinstance(value, Value):
        if value.const is None:
            where = [Related(value.span, "this is a value of the graph")] if value.span != span else []
            context.error(NotKnownBefore(span, what, help, where))
            return POISON
        return value.const
    if isinstance(value, list):
        items = [known(context, v, span, what, help) for v in value]
        return POISON if any(i is POISON for i in items) else items
    return value


def member(context: Context, family: Any, expression: Any, scope: Scope) -> Steps:
    """An initialiser, optimizer, schedule or source from `name` or `name(...)`; POISON after a mistake."""
    from graphlang.resolve import foreign_members

    foreign = foreign_members.of_text(family, expression)
    if foreign is not None:
        context.error(foreign)
        return POISON
    if family == "initializers" and not isinstance(expression, tree.Name | tree.Call):
        value = yield expression, scope
        value = known(context, value, expression.span, "a starting value")
        if value is POISON:
            return POISON
        return _make_member(context, family, "constant", {"c": value}, {}, expression.span)
    function = expression.function if isinstance(expression, tree.Call) else expression
    arguments = expression.arguments if isinstance(expression, tree.Call) else ()
    if not isinstance(function, tree.Name):
        context.error(WrongKind(expression.span, f"one of the {family} is needed here", _listed(family)))
        return POISON
    model = family_member(family, function.name)
    if model is None:
        if family == "initializers" and isinstance(expression, tree.Name):
            number = scope.find(function.name)
            if isinstance(number, Value) and number.const is not None:
                number = number.const
            if number is POISON:
                return POISON
            if isinstance(number, int | float):
                return _make_member(context, family, "constant", {"c": number}, {}, expression.span)
        unknown = _unknown_member(family, function, arguments)
        context.error(unknown)
        model = None if unknown.match is None else family_member(family, unknown.match)
        if model is None or not arguments:
            return POISON
        yield _given_to(context, family, unknown.match or "", model, expression, scope)
        return POISON
    return (yield _given_to(context, family, function.name, model, expression, scope))


def _unknown_member(family: Any, function: tree.Name, arguments: Any) -> UnknownOperation:
    from graphlang.catalog.foreign_names import member_meant

    foreign = member_meant(function.name)
    names = family_names(family)
    kind = KINDS[family]
    if family == "initializers" and foreign == "normal" and not arguments:
        edits = [Edit(function.span, "normal(1)")]
        note = "write `normal(1)`: a normal distribution with the standard deviation 1"
        return UnknownOperation(function.span, function.name, names, None, kind, note, edits)
    return UnknownOperation(function.span, function.name, names, foreign if foreign in names else None, kind)


def _given_to(context: Context, family: Any, owner: str, model: Any, expression: Any, scope: Scope) -> Steps:
    """A member made of its arguments; POISON after a mistake in them."""
    from graphlang.resolve import foreign_members

    arguments = expression.arguments if isinstance(expression, tree.Call) else ()
    foreign = foreign_members.of_arguments(family, owner, expression)
    if foreign is not None:
        context.error(foreign)
        return POISON
    given: dict[str, Any] = {}
    places: dict[str, Span] = {}
    failed = False
    names = [f.alias or n for n, f in model.model_fields.items()]
    for position, argument in enumerate(arguments):
        name = argument.name
        if name is None:
            if position >= len(names):
                text = f"{owner}({', '.join(names)})"
                context.error(TooManyArguments(argument.span, owner, text))
                return POISON
            name = names[position]
        if name in given:
            context.error(ArgumentTwice(argument.span, owner, name, places[name]))
            return POISON
        if name not in names:
            from graphlang.catalog.foreign_names import attribute_meant

            meant = attribute_meant(name)
            context.error(UnknownAttribute(name_span(argument), owner, name, names, meant))
            return POISON
        if family == "datasets" and isinstance(argument.value, tree.Name) and name == "target":
            value: Any = argument.value.name
        else:
            value = yield argument.value, scope
            value = known(context, value, argument.span, f"`{name}` of `{owner}`")
        failed |= value is POISON
        given[name], places[name] = value, argument.value.span
    if failed:
        return POISON
    return _make_member(context, family, owner, given, places, expression.span)


def _listed(family: Any) -> str:
    return "there are " + ", ".join(f"`{n}`" for n in family_names(family))


def _make_member(
    context: Context, family: Any, name: str, given: dict[str, Any], places: dict[str, Span], span: Span
) -> Any:
    model = family_member(family, name)
    assert model is not None, (family, name)
    try:
        return model(**given)
    except ValidationError as error:
        report_validation(context, error, name, places, span)
        return POISON


def report_validation(
    context: Context, error: ValidationError, owner: str, places: dict[str, Span], span: Span
) -> None:
    """Turns what Pydantic found into diagnostics at the arguments."""
    seen = set()
    for found in error.errors(include_url=False):
        name = str(found["loc"][0]) if found["loc"] else ""
        if name in seen:
            continue
        seen.add(name)
        if found["type"] == "missing":
            message = f"`{owner}` needs `{name}`"
        else:
            message = requirement(f"`{name}` of `{owner}`" if name else f"`{owner}`", found)
        context.error(WrongAttribute(places.get(name, span), owner, message))


def requirement(what: str, found: Any) -> str:
    """What Pydantic asks of a value, in the words of a spec: "`units` must be a whole number"."""
    text = str(found["msg"]).removeprefix("Value error, ")
    if found["type"] not in ("value_error", "missing") and text.startswith("Input should be "):
        wanted = TYPE_WORDS.get(found["type"]) or text.removeprefix("Input should be ").replace("'", "`")
        given = f", but it is {described(found['input'])}" if is_plain(found["input"]) else ""
        return f"{what} must be {wanted}{given}"
    return f"{what}: {text[:1].lower()}{text[1:]}"


def is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)
