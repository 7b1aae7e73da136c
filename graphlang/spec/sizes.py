"""Sizes in a spec: a `Dim` in memory, and in JSON the text that it prints, which is read back here alone."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from graphlang.diagnostics import GraphError
from graphlang.syntax import parse, tree
from graphlang.syntax.operators import ARITHMETIC
from graphlang.trace import Dim, Symbolic, TraceError
from graphlang.trace.dim_scalar import refuse_large_power, symbols
from graphlang.trace.dims import is_size, maximum, sum_of_sizes


@lru_cache(maxsize=4096)
def parse_size(text: str) -> Any:
    """The size that a text stands for: a number, a Dim, or a number made of them; else ValueError."""
    try:
        statement = parse(f"v = {text}", "size").statements[0]
    except GraphError:
        raise ValueError(f"`{text}` is not a size") from None
    if not isinstance(statement, tree.Assign):
        raise ValueError(f"`{text}` is not a size")  # noqa: TRY004 - as for any other text
    try:
        return _evaluate(statement.value)
    except (TraceError, ArithmeticError, TypeError, RecursionError) as error:
        raise ValueError(f"`{text[:100]}` is not a size: {error}") from None


def _evaluate(node: Any) -> Any:
    match node:
        case tree.Number() | tree.Bool():
            return node.value
        case tree.Name():
            return Dim.symbol(node.name)
        case tree.Unary(operator="-"):
            return -_evaluate(node.operand)
        case tree.Binary() if node.operator in ARITHMETIC:
            return _evaluate_operators(node)
        case tree.Call(function=tree.Name(name="max"), arguments=(a, b)):
            return maximum(_evaluate(a.value), _evaluate(b.value))
        case tree.Call(function=tree.Name(name=name)) if isinstance(getattr(np, name, None), np.ufunc):
            return getattr(np, name)(*(_evaluate(a.value) for a in node.arguments))
        case _:
            raise ValueError(f"`{node.span.text}` is not a size")


def _evaluate_operators(node: Any) -> Any:
    """Operators that follow one another, from the left: a sum has thousands of terms."""
    following = []
    while isinstance(node, tree.Binary) and node.operator in ARITHMETIC:
        following.append(node)
        node = node.left
    value = _evaluate(node)
    rights = [(binary.operator, _evaluate(binary.right)) for binary in reversed(following)]
    if len(rights) > 2 and is_size(value) and all(o in "+-" and is_size(x) for o, x in rights):
        return sum_of_sizes([value, *(x if o == "+" else -x for o, x in rights)])
    for sign, right in rights:
        if sign == "**":
            refuse_large_power(value, right)
        value = ARITHMETIC[sign].python(value, right)
    return value


# ---- fields of the models -------------------------------------------------------------------------------


class _Size:
    """The schema of a size: an integer or a Dim, whose JSON is its text."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        number, read = core_schema.int_schema(), core_schema.no_info_plain_validator_function(_from_text)
        text = core_schema.chain_schema([core_schema.str_schema(), read])
        size = core_schema.is_instance_schema(Dim)
        return core_schema.json_or_python_schema(
            core_schema.union_schema([number, text], mode="left_to_right"),
            # The Dim comes first, for Pydantic would ask it for an integer, and an error takes its time.
            core_schema.union_schema([size, number, text], mode="left_to_right"),
            serialization=core_schema.plain_serializer_function_ser_schema(_to_json, when_used="json"),
        )


@lru_cache(maxsize=4096)
def _to_json(size: int | Dim) -> int | str:
    return size if isinstance(size, int) else str(size)


def _from_text(text: str) -> int | Dim:
    size = parse_size(text)
    if not isinstance(size, int | Dim):
        raise ValueError(f"`{text}` is not a size")  # noqa: TRY004 - Pydantic collects a ValueError
    return size


class _Attribute:
    """The schema of an attribute: plain data and sizes, `{"dim": "3*D"}` in JSON."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            _from_data,
            core_schema.any_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(as_data, when_used="json"),
        )


def _from_data(value: Any) -> Any:
    if isinstance(value, dict):
        is_size = value.keys() == {"dim"}
        return parse_size(str(value["dim"])) if is_size else {k: _from_data(v) for k, v in value.items()}
    return [_from_data(v) for v in value] if isinstance(value, list | tuple) else value


def as_data(value: Any) -> Any:
    """An attribute as JSON holds it."""
    if isinstance(value, Symbolic):
        return {"dim": _to_json(value) if isinstance(value, Dim) else str(value)}
    if isinstance(value, dict):
        return {k: as_data(v) for k, v in value.items()}
    return [as_data(v) for v in value] if isinstance(value, list | tuple) else value


Dimension: TypeAlias = Annotated[int | Dim, _Size()]
"""A size: a number, or an expression over named dimensions such as `N` or `3*D`."""
Attributes: TypeAlias = dict[str, Annotated[Any, _Attribute()]]
"""What a node was given besides its operands: numbers, texts, lists, sizes, and other operations by name."""


# ---- the sizes in plain values --------------------------------------------------------------------------


def names_in(value: Any) -> set[str]:
    """The names of all dimensions in an attribute."""
    if isinstance(value, dict):
        value = list(value.values())
    return set().union(*map(names_in, value)) if isinstance(value, list | tuple) else symbols(value)


def has_sizes(value: Any) -> bool:
    """Whether an attribute depends on a dimension, and so on the data."""
    if isinstance(value, dict):
        value = list(value.values())
    return any(map(has_sizes, value)) if isinstance(value, list | tuple) else isinstance(value, Symbolic)
