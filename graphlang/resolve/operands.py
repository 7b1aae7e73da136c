"""What a node can take as an operand, and how numbers, sizes and lists become nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.diagnostics import Span
from graphlang.diagnostics.kinds import Remedy
from graphlang.diagnostics.shapes import RaggedList
from graphlang.resolve.constants import is_number
from graphlang.resolve.context import Context
from graphlang.resolve.nodes import add_constant, table_node
from graphlang.resolve.scopes import Scope
from graphlang.resolve.values import NamedTable, Value, is_integer
from graphlang.trace import Dim, Symbolic


def is_operand(value: Any) -> bool:
    """Whether a node can take it: a value, a number, a size, or nested lists of numbers."""
    return isinstance(value, Value) or is_number(value) or is_table(value)


def is_table(value: Any) -> bool:
    """Whether it consists of numbers in lists, as `[[1, 2], [3, 4]]`: an array written out."""
    return isinstance(value, list) and bool(value) and is_numeric(value)


def is_numeric(value: Any) -> bool:
    """Whether it is a number, or lists that contain nothing but numbers."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif not isinstance(item, int | float):
            return False
    return True


def remedy(value: Any, span: Span) -> Remedy:
    """What to write instead of something that no node can take."""
    if isinstance(value, tuple):
        return Remedy(unnamed=len(value))
    if not isinstance(value, list) or not any(isinstance(i, Value) for i in value):
        return Remedy()
    if all(isinstance(i, Value | int | float) for i in value):
        return Remedy(joined=span.text)
    return Remedy()


def as_value(context: Context, operand: Any, span: Span, scope: Scope, *, is_index: bool = False) -> Any:
    """A node for a size or a list, which are known when data arrives; anything else as it is.

    A list of whole numbers has the run's floating-point precision, as the 2 of `2 * x` has, unless it
    contains indices.
    """
    if isinstance(operand, Symbolic):
        kind = "int" if isinstance(operand, Dim) else "float"
        return add_constant(context, scope, span, operand, kind, const=operand)
    if not isinstance(operand, list):
        return operand
    try:
        array = np.asarray(operand)
    except ValueError:
        return context.poison(RaggedList(span))
    kind = _kind_of_table(array, is_index)
    if isinstance(operand, NamedTable) and kind != "int":
        return table_node(context, operand, array.shape, kind)
    return add_constant(context, scope, span, operand, kind, array.shape)


def _kind_of_table(array: Any, is_index: bool) -> str:
    if array.dtype.kind == "b":
        return "bool"
    return "int" if is_index and array.dtype.kind == "i" else "float"


def number_as_value(context: Context, operand: Any, span: Span, scope: Scope, *, is_index: bool) -> Any:
    """A node for a number, for an operation that looks at the shape of its operands."""
    if not isinstance(operand, int | float):
        return operand
    if isinstance(operand, bool):
        kind = "bool"
    else:
        kind = "int" if is_index and is_integer(operand) else "float"
    value = float(operand) if kind == "float" else operand
    return add_constant(context, scope, span, value, kind, const=operand)
