"""What Pydantic says about the attributes of an operation, in the words of a spec."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from graphlang.diagnostics import Span
from graphlang.diagnostics.arguments import WrongAttribute
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
            message = f"`{owner}` needs `{name}`"
        else:
            message = requirement(f"`{name}` of `{owner}`" if name else f"`{owner}`", detail)
        context.error(WrongAttribute(places.get(name, span), owner, message))


def requirement(what: str, detail: Any) -> str:
    """One of Pydantic's errors as a sentence: "`units` must be a whole number"."""
    text = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] in ("value_error", "missing") or not text.startswith("Input should be "):
        return f"{what}: {text[:1].lower()}{text[1:]}"
    needed = TYPE_WORDS.get(detail["type"]) or text.removeprefix("Input should be ").replace("'", "`")
    value = detail["input"]
    plain = value is None or isinstance(value, bool | int | float | str)
    return f"{what} must be {needed}{f', but it is {described(value)}' if plain else ''}"
