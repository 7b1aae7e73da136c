"""Expressions of the language as data, and their text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.trace.dims import Dim

LOOSEST, OR, AND, NOT, COMPARISON, SUM, PRODUCT, NEGATION, POWER, ATOM = range(10)

OPERATORS = {
    "logical_or": ("or", OR),
    "logical_and": ("and", AND),
    "equal": ("==", COMPARISON),
    "not_equal": ("!=", COMPARISON),
    "less": ("<", COMPARISON),
    "less_equal": ("<=", COMPARISON),
    "greater": (">", COMPARISON),
    "greater_equal": (">=", COMPARISON),
    "add": ("+", SUM),
    "subtract": ("-", SUM),
    "multiply": ("*", PRODUCT),
    "divide": ("/", PRODUCT),
    "floor_divide": ("//", PRODUCT),
    "mod": ("%", PRODUCT),
    "matmul": ("@", PRODUCT),
    "power": ("**", POWER),
}
"""Functions that are written as operators, with their binding."""


class NameRef(NamedTuple):
    """A name of the file."""

    name: str


class Literal(NamedTuple):
    """A number or nested lists of numbers."""

    value: Any


class Keyword(NamedTuple):
    """A word that is no value, as `same` in `pad=same`."""

    text: str


class WrittenCall(NamedTuple):
    """An operation on operands; `key` tells the weights of a layer apart."""

    name: str
    operands: tuple[Any, ...]
    sizes: tuple[Any, ...] = ()
    attributes: Mapping[str, Any] = {}
    key: int | None = None


Expression = NameRef | Literal | WrittenCall

POSITIONAL = {
    "Affine": ("units",),
    "Conv": ("channels", "kernel"),
    "ConvTranspose": ("channels", "kernel"),
    "MaxPool": ("size",),
    "AvgPool": ("size",),
    "Embedding": ("vocab", "dim"),
    "Attention": ("heads",),
    "split": ("parts",),
    "Upsample": ("scale",),
}
"""Attributes that are written without their names."""


HERE = NameRef("")
"""What comes along the chain, in the body of a loop or of a `residual`."""


class ChainLoop(NamedTuple):
    """`residual { ... }`, `repeat n { ... }` or `for v in [...] { ... }` in a chain, with its rounds."""

    head: str
    operands: tuple[Any, ...]
    #: as it is written, beginning at HERE
    body: Any
    rounds: tuple[Any, ...]

    @property
    def name(self) -> str:
        return self.head.partition(" ")[0]


def is_layer(name: str) -> bool:
    """Whether it is written with a capital."""
    return name[:1].isupper()


def calls_in(expression: Any) -> Iterator[WrittenCall]:
    """The calls of an expression in the order in which they are made: operands first."""
    found: list[WrittenCall] = []
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, WrittenCall):
            found.append(part)
            waiting.extend(part.operands)
        elif isinstance(part, ChainLoop):
            waiting.extend((*part.operands, *part.rounds))
    return iter(found[::-1])


def names_of_expression(expression: Any) -> Iterator[str]:
    """The names that an expression refers to, each time that it does."""
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, NameRef):
            if part != HERE:
                yield part.name
        elif isinstance(part, WrittenCall):
            waiting.extend(part.operands)
        elif isinstance(part, ChainLoop):
            waiting.extend((*part.operands, *part.rounds))


def literal_text(value: Any) -> str:
    """A number as a spec writes it: the shortest digits of its precision."""
    if isinstance(value, Dim):
        return str(value)
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    text = str(value.item() if isinstance(value, np.float64) else value)
    return text.removesuffix(".0") if "e" in text else text


def attribute_text(value: Any) -> str:
    """The value of an attribute."""
    if value is None:
        return "none"
    if isinstance(value, Keyword):
        return value.text
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(attribute_text, value))}]"
    return literal_text(value)


def expression_text(expression: Any, around: int = LOOSEST) -> str:
    """The text of an expression, in brackets where what stands around it binds tighter."""
    text, binding = _text(expression)
    return f"({text})" if binding < around else text


def _text(expression: Any) -> tuple[str, int]:
    if isinstance(expression, NameRef):
        return expression.name, ATOM
    if isinstance(expression, Literal):
        text = attribute_text(expression.value)
        return text, NEGATION if text.startswith("-") else ATOM
    assert isinstance(expression, WrittenCall), expression
    if expression.name in OPERATORS and len(expression.operands) == 2:
        return _infix(expression)
    if expression.name == "negative":
        return f"-{expression_text(expression.operands[0], POWER)}", NEGATION
    if expression.name == "logical_not":
        return f"not {expression_text(expression.operands[0], COMPARISON)}", NOT
    if expression.name == "indexed":
        return _indexed(expression), ATOM
    if expression.name == "subscript":
        return (
            f"{expression_text(expression.operands[0], ATOM)}[{_items(expression.attributes['items'])}]",
            ATOM,
        )
    return f"{expression.name}({', '.join(arguments(expression, expression.operands))})", ATOM


def arguments(call: WrittenCall, operands: Sequence[Any]) -> list[str]:
    """What stands in the brackets of a call."""
    texts = [expression_text(operand) for operand in operands]
    texts += [attribute_text(size) for size in call.sizes]
    plain = POSITIONAL.get(call.name, ())
    for place, (name, value) in enumerate(call.attributes.items()):
        text = attribute_text(value)
        texts.append(text if plain[place : place + 1] == (name,) else f"{name}={text}")
    return texts


def _infix(call: WrittenCall) -> tuple[str, int]:
    sign, binding = OPERATORS[call.name]
    comparing = binding == COMPARISON
    left = expression_text(call.operands[0], binding + (1 if comparing or binding == POWER else 0))
    right = expression_text(call.operands[1], binding + (0 if binding == POWER else 1))
    return f"{left} {sign} {right}" if binding != POWER else f"{left}**{right}", binding


def _indexed(call: WrittenCall) -> str:
    """`x[i, :, j]`, with the arrays of indices where an item says so."""
    indices = [expression_text(operand) for operand in call.operands[1:]]
    items = [indices.pop(0) if item == "i" else _item(item) for item in call.attributes["items"]]
    return f"{expression_text(call.operands[0], ATOM)}[{', '.join(items)}]"


def _items(items: Sequence[Any]) -> str:
    return ", ".join(_item(item) for item in items)


def _item(item: Any) -> str:
    if item is Ellipsis:
        return "..."
    if not isinstance(item, slice):
        return attribute_text(item)
    start, stop = ("" if bound is None else literal_text(bound) for bound in (item.start, item.stop))
    step = "" if item.step in (None, 1) else f":{literal_text(item.step)}"
    return f"{start}:{stop}{step}"
