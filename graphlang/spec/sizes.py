"""Sizes as text: reads `3*D + 1` back into the symbolic size that printed it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from graphlang.syntax import parse, tree
from graphlang.syntax.operators import ARITHMETIC
from graphlang.trace import Dim
from graphlang.trace.dim_scalar import symbols
from graphlang.trace.dims import maximum


@lru_cache(maxsize=4096)
def parse_size(text: str) -> Any:
    """The size that a text stands for: a number, a Dim, or a quotient of them.

    Raises GraphError for text that is not an expression, ValueError for one that is no size.
    """
    statement = parse(f"v = {text}", "size").statements[0]
    assert isinstance(statement, tree.Assign), text
    return _evaluate(statement.value)


def symbols_of(text: str) -> set[str]:
    """The names that a size is made of."""
    return {text} if text.isidentifier() else symbols(parse_size(text))


def sizes_in(value: Any) -> set[str]:
    """The names of all sizes in plain data, as the attributes of a node are."""
    if isinstance(value, dict):
        return symbols_of(value["dim"]) if set(value) == {"dim"} else sizes_in(list(value.values()))
    return set().union(*map(sizes_in, value)) if isinstance(value, list | tuple) else set()


def _evaluate(node: Any) -> Any:
    match node:
        case tree.Number() | tree.Bool():
            return node.value
        case tree.Name():
            return Dim.symbol(node.name)
        case tree.Unary(operator="-"):
            return -_evaluate(node.operand)
        case tree.Binary() if node.operator in ARITHMETIC:
            return ARITHMETIC[node.operator].python(_evaluate(node.left), _evaluate(node.right))
        case tree.Call(function=tree.Name(name="max"), arguments=(a, b)):
            return maximum(_evaluate(a.value), _evaluate(b.value))
        case tree.Call(function=tree.Name(name=name)) if isinstance(getattr(np, name, None), np.ufunc):
            return getattr(np, name)(*(_evaluate(a.value) for a in node.arguments))
        case _:
            raise ValueError(f"`{node.span.text}` is not a size")
