"""Expressions taken apart into structure, names and numbers, and put together with others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from graphlang.onnx.importing.expression import Literal, NameRef, WrittenCall
from graphlang.trace.dims import Dim

LITERAL = "a literal"
"""The word for a number that stands by itself."""


class Parts(NamedTuple):
    """What may differ between two expressions of one structure."""

    structure: tuple[Any, ...]
    names: tuple[str, ...]
    #: each number that could be handed in, with the word for it
    numbers: tuple[tuple[str, Any], ...]
    keys: tuple[int | None, ...]


def parts_of(expression: Any) -> Parts:
    """The structure of an expression, and what fills it in, in one order."""
    names: list[str] = []
    numbers: list[tuple[str, Any]] = []
    keys: list[int | None] = []

    def name(ref: str) -> NameRef:
        names.append(ref)
        return NameRef("")

    def number(word: str, value: Any) -> Any:
        numbers.append((word, value))
        return None

    def key(k: int | None) -> None:
        keys.append(k)

    skeleton = refilled(expression, name, number, key)
    return Parts((_hashable(skeleton),), tuple(names), tuple(numbers), tuple(keys))


def refilled(
    expression: Any,
    name: Callable[[str], Any],
    number: Callable[[str, Any], Any] = lambda _, value: value,
    key: Callable[[int | None], Any] = lambda k: k,
) -> Any:
    """An expression with each name, number and key of a layer's weights replaced."""
    if isinstance(expression, NameRef):
        return name(expression.name)
    if isinstance(expression, Literal):
        value = expression.value
        new = number(LITERAL, value) if _is_number(value) else value
        return new if isinstance(new, NameRef) else Literal(new)
    if not isinstance(expression, WrittenCall):
        return expression
    operands = tuple(refilled(operand, name, number, key) for operand in expression.operands)
    sizes = tuple(number("size", n) if _is_number(n) else n for n in expression.sizes)
    attributes = {word: _attribute(word, value, number) for word, value in expression.attributes.items()}
    own = key(expression.key) if expression.key is not None else None
    return WrittenCall(expression.name, operands, sizes, attributes, own)


def _attribute(word: str, value: Any, number: Callable[[str, Any], Any]) -> Any:
    if word in ("axis", "items", "keepdims"):
        return value
    return number(word, value) if _is_number(value) else value


def _is_number(value: Any) -> bool:
    if isinstance(value, (bool, np.bool_, Dim)):
        return False
    return isinstance(value, (int, float, np.number))


def _hashable(part: Any) -> Any:
    """An expression as nested tuples."""
    if isinstance(part, WrittenCall):
        attributes = tuple((word, _hashable(value)) for word, value in part.attributes.items())
        operands = tuple(map(_hashable, part.operands))
        return part.name, operands, tuple(map(_hashable, part.sizes)), attributes
    if isinstance(part, Literal):
        return "literal", _hashable(part.value)
    if isinstance(part, (list, tuple)) and not isinstance(part, NameRef):
        return tuple(map(_hashable, part))
    if isinstance(part, slice):
        return "slice", str(part.start), str(part.stop), str(part.step)
    if isinstance(part, np.ndarray):
        return part.shape, part.tobytes()
    return str(part) if isinstance(part, Dim) else part
