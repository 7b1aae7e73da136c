"""Types and shapes in words, for messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.diagnostics import Related, Span
from graphlang.resolve.values import Value
from graphlang.trace import Size

_KINDS = {"f": "float", "i": "int", "u": "int", "b": "bool"}


def kind_of(array: Any) -> str:
    """`float`, `int` or `bool`."""
    return _KINDS.get(array.dtype.kind, "float")


def sizes_text(shape: tuple[Size, ...]) -> str:
    """`N, 784`"""
    return ", ".join(str(s) for s in shape)


def tuple_text(shape: tuple[Size, ...]) -> str:
    """A shape as Python writes it: `(3,)`."""
    return f"({sizes_text(shape)}{',' if len(shape) == 1 else ''})"


def type_text(array: Any) -> str:
    """A type as a spec writes it: `float[N, 784]`."""
    kind = kind_of(array)
    return f"{kind}[{sizes_text(array.shape)}]" if array.shape else kind


def types_text(operands: Sequence[Any]) -> str:
    """The types of several operands: `float[3] and float[4]`."""
    there = [o for o in operands if o is not None]
    return " and ".join(type_text(o.array) if isinstance(o, Value) else f"`{o}`" for o in there)


def origins(operands: Sequence[Any], at: Span | None = None) -> list[Related]:
    """Where each operand is defined, and its type; the place `at` of the mistake itself is left out."""
    related: dict[Span, Related] = {}
    for operand in operands:
        if isinstance(operand, Value) and operand.span not in related and operand.span != at:
            related[operand.span] = Related(operand.span, f"this is {type_text(operand.array)}")
    return list(related.values())
