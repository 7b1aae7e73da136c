"""What Pydantic says about the attributes of an operation, in the words of a spec."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from graphlang.diagnostics import Span
from graphlang.diagnostics.arguments import AttributeRefused, MissingArgument, Requirement
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context

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
"""What Pydantic's type errors ask for."""


def report_validation(
    context: Context, error: ValidationError, owner: str, places: dict[str, Span], span: Span
) -> None:
    """Reports each attribute that Pydantic refuses, at its argument."""
    seen = set()
    for detail in error.errors(include_url=False):
        name = str(detail["loc"][0]) if detail["loc"] else ""
        if name in seen:
            continue
        seen.add(name)
        if detail["type"] == "missing":
            context.error(MissingArgument.of_member(places.get(name, span), owner, [name]))
        else:
            subject = f"`{name}` of `{owner}`" if name else f"`{owner}`"
            context.error(AttributeRefused(places.get(name, span), owner, subject, requirement(detail)))


def requirement(detail: Any) -> Requirement:
    """What one of Pydantic's errors asks of a value: " must be a whole number"."""
    text = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] in ("value_error", "missing") or not text.startswith("Input should be "):
        return Requirement(None, None, f"{text[:1].lower()}{text[1:]}")
    needed = TYPE_WORDS.get(detail["type"]) or text.removeprefix("Input should be ").replace("'", "`")
    if detail["type"] == "literal_error":
        needed = needed.replace("True", "`true`").replace("False", "`false`")
    value = detail["input"]
    plain = value is None or isinstance(value, bool | int | float | str)
    return Requirement(needed, described(value) if plain else None, "")
