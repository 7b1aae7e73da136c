"""Evaluates a field of the `data` section: a name, or an expression over fields of the source."""

from __future__ import annotations

import math
from typing import Any

from graphlang.datasets.field_functions import (
    DEEPEST,
    ELEMENTWISE,
    FEWEST_IDS,
    FOREIGN,
    FORMS,
    LARGEST_SIZE,
    LEARNS,
    OPERATORS,
    SCALINGS,
    SIGNS,
)
from graphlang.datasets.preparing import source_fields
from graphlang.diagnostics.data_fields import as_field
from graphlang.diagnostics.prepared import (
    DeepFieldExpression,
    PreparationMisused,
    UnknownPreparation,
    WrongFieldExpression,
)
from graphlang.diagnostics.settings import NoFieldName
from graphlang.resolve.context import Context
from graphlang.resolve.scopes import Scope
from graphlang.resolve.uses import children
from graphlang.resolve.values import POISON, is_integer, without_node
from graphlang.syntax import tree

WAYS = ("mean", "median")


def field_value(context: Context, name: str, expression: Any, scope: Scope) -> Any:
    """The name of a field, or `{"text": ..., "expression": ...}`; POISON after a reported mistake."""
    if isinstance(expression, tree.Name):
        return expression.name
    if isinstance(expression, tree.String):
        return expression.value
    if isinstance(expression, tree.Number | tree.Bool | tree.NoneValue):
        return context.poison(NoFieldName(expression.span, name))
    if _is_deep(expression):
        return context.poison(DeepFieldExpression(expression.span, DEEPEST))
    data = _Reading(context, scope).read(expression)
    if data is POISON:
        return POISON
    if isinstance(data, dict) and "field" in data:
        return data["field"]
    if next(source_fields(data), None) is None:
        return context.poison(WrongFieldExpression.no_field(expression.span))
    return {"text": _text(expression), "expression": data}


def _is_deep(expression: Any) -> bool:
    """Whether parts stand so deep within one another that reading and computing them would take too much
    stack."""
    waiting = [(expression, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEEPEST:
            return True
        waiting += [(child, depth + 1) for child in children(node)]
    return False


def fields_and_prepared(values: dict[str, Any]) -> dict[str, Any]:
    """The settings of a `data` section besides the source, as its model takes them."""
    fields: dict[str, Any] = {}
    prepared: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict) and "expression" in value:
            fields[name] = value["text"]
            prepared[value["text"]] = value["expression"]
        elif isinstance(value, dict) and "part" in value:
            parts[name] = value["part"]
        elif name != "source":
            fields[name] = value
    return {"fields": fields, "prepared": prepared, **parts}


def _text(expression: Any) -> str:
    return " ".join(expression.span.text.split())


def _unknown(part: tree.Call, name: str) -> UnknownPreparation:
    plain = name.lower().replace("_", "")
    own = FOREIGN.get(plain)
    of = ", ".join(" ".join(a.value.span.text.split()) for a in part.arguments)
    instead = None
    if plain in SCALINGS:
        instead = f"`standardize({of})` for a mean of 0 and a deviation of 1, `minmax({of})` for 0 to 1"
    elif own in {"standardize", "minmax", "date", *ELEMENTWISE}:
        instead = f"`{own}({of})`"
    elif own is not None:
        instead = f"`{FORMS[own]}`"
    could_be_column = all(isinstance(a.value, tree.Name | tree.Number) for a in part.arguments)
    as_column = as_field(_text(part)) if could_be_column else None
    return UnknownPreparation(part.function.span, name, [*FORMS, *sorted(ELEMENTWISE)], instead, as_column)


class _Reading:
    """Reads an expression over fields as plain data; POISON after a reported mistake."""

    def __init__(self, context: Context, scope: Scope) -> None:
        self.context = context
        self.scope = scope

    def read(self, part: Any) -> Any:
        if isinstance(part, tree.Name):
            return {"field": part.name}
        if isinstance(part, tree.String):
            return {"field": part.value}
        if isinstance(part, tree.Number):
            return _plain(part.value)
        if isinstance(part, tree.ListOf):
            if not part.items:
                return self.context.poison(WrongFieldExpression.no_columns(part.span))
            items = [self.read(item) for item in part.items]
            return POISON if POISON in items else {"list": items}
        if isinstance(part, tree.Binary) and part.operator in OPERATORS:
            return self._of(part, part.operator, [part.left, part.right])
        if isinstance(part, tree.Unary) and part.operator in SIGNS:
            return self._of(part, part.operator, [part.operand])
        if isinstance(part, tree.Call) and isinstance(part.function, tree.Name):
            return self._call(part, part.function.name)
        return self.context.poison(WrongFieldExpression.no_field(part.span))

    def _of(self, part: Any, name: str, operands: list[Any], **more: Any) -> Any:
        of = [self.read(operand) for operand in operands]
        if any(value is POISON for value in of):
            return POISON
        return {"call": name, "of": of, "text": _text(part), **more}

    def _call(self, part: tree.Call, name: str) -> Any:
        if name not in FORMS and name not in ELEMENTWISE:
            return self.context.poison(_unknown(part, name))
        plain: list[Any] = [a.value for a in part.arguments if a.name is None]
        named = {a.name: a.value for a in part.arguments if a.name is not None}
        if name in ELEMENTWISE:
            count = ELEMENTWISE[name][1]
            if len(plain) == count and not named:
                return self._of(part, name, plain)
            return self._misused(part, name, f"{name}({', '.join('abc'[:count])})")
        more = self._more(name, plain, named)
        if more is None:
            return self._misused(part, name, FORMS[name])
        if name == "field":
            return {"field": plain[0].value}
        first = plain[0].arguments[0].value if name == "category" and _is_filled(plain[0]) else plain[0]
        made = self._of(part, name, [first], **more)
        if made is not POISON and next(source_fields(made), None) is None:
            return self.context.poison(WrongFieldExpression.no_field(plain[0].span))
        return made

    def _more(self, name: str, plain: list[Any], named: dict[Any, Any]) -> dict[str, Any] | None:
        """What a call of something that is no function of numbers needs besides; None where it is wrong."""
        if name in ("words", "word_count"):
            return self._sizes_of_words(name, plain, named)
        count = 2 if name == "impute" else 1
        if len(plain) != count or set(named) - ({"unknown"} if name == "category" else set()):
            return None
        first = plain[0]
        if name == "field":
            return {} if isinstance(first, tree.String) else None
        fills = _fill_of_category(first) if name == "category" else {}
        if name in ("category", "date") and not (_is_field(first) or fills):
            return None
        if name == "one_hot":
            inner = isinstance(first, tree.Call) and isinstance(first.function, tree.Name)
            return {} if inner and first.function.name == "category" else None
        if name == "impute":
            way = plain[1].name if isinstance(plain[1], tree.Name) else _number(plain[1])
            return {"with": way} if way in WAYS or isinstance(way, int | float) else None
        if "unknown" in named:
            unknown = _number(named["unknown"])
            return {"unknown": unknown, **fills} if _is_id(unknown) else None
        assert name in LEARNS or name == "date"
        return fills

    def _sizes_of_words(self, name: str, plain: list[Any], named: dict[Any, Any]) -> dict[str, Any] | None:
        """The whole numbers that `words` and `word_count` are given, which may be those of a `hyper`."""
        allowed = {"length": 1, "most": FEWEST_IDS} if name == "words" else {"length": 1}
        if len(plain) != 1 or not _is_field(plain[0]) or "length" not in named or set(named) - set(allowed):
            return None
        sizes = {key: self._constant(part) for key, part in named.items()}
        fit = all(is_integer(size) and allowed[key] <= size < LARGEST_SIZE for key, size in sizes.items())
        return sizes if fit else None

    def _constant(self, part: Any) -> Any:
        return without_node(self.scope.find(part.name)) if isinstance(part, tree.Name) else _number(part)

    def _misused(self, part: Any, name: str, form: str) -> Any:
        return self.context.poison(PreparationMisused(part.span, name, form))


def _is_filled(part: Any) -> bool:
    """Whether it is a call of `impute`."""
    called = isinstance(part, tree.Call) and isinstance(part.function, tree.Name)
    return called and part.function.name == "impute"


def _fill_of_category(part: Any) -> dict[str, Any]:
    """What takes the place of a missing class in `category(impute(field, "a"))`, None for the most frequent
    class; empty for anything else."""
    if not _is_filled(part) or [a.name for a in part.arguments] != [None, None]:
        return {}
    field, way = (a.value for a in part.arguments)
    if not _is_field(field):
        return {}
    if isinstance(way, tree.Name) and way.name == "mode":
        return {"fill": None}
    value = way.value if isinstance(way, tree.String) else _number(way)
    return {} if value is None or value == "" else {"fill": value}


def _is_field(part: Any) -> bool:
    if isinstance(part, tree.Call):
        return isinstance(part.function, tree.Name) and part.function.name == "field"
    return isinstance(part, tree.Name | tree.String)


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and abs(value) < 2**63


def _plain(value: float) -> float:
    """A number as NumPy computes with it: a whole one beyond its integers is a float."""
    try:
        return value if not isinstance(value, int) or _is_id(value) else float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def _number(part: Any) -> Any:
    if isinstance(part, tree.Unary) and part.operator == "-":
        value = _number(part.operand)
        return None if value is None else -value
    return _plain(part.value) if isinstance(part, tree.Number) else None
