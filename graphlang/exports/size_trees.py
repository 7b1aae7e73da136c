"""Sizes as trees of Python, which exports write in their language.

A size may have thousands of terms, which Python itself could not read as one expression: each is read by
itself. What is nested is bounded where sizes are computed.
"""

from __future__ import annotations

import ast
import operator
from typing import Any, NamedTuple

from graphlang.trace import Dim
from graphlang.trace.dim_scalar import DimScalar, operator_text


class SumTree(NamedTuple):
    """A sum of several terms, each with its sign."""

    terms: tuple[tuple[int, ast.expr], ...]


class BinaryTree(NamedTuple):
    """Two operands, and the class of the operator of Python between them."""

    operator: type[ast.operator]
    left: SizeTree
    right: SizeTree


class NegativeTree(NamedTuple):
    """An operand behind a sign."""

    operand: SizeTree


class CallTree(NamedTuple):
    """A function of NumPy, or `max`, and its operands."""

    function: str
    operands: tuple[SizeTree, ...]


SizeTree = ast.expr | SumTree | BinaryTree | NegativeTree | CallTree


def size_tree(size: Any) -> SizeTree:
    """The tree of a size, of a number computed from sizes, or of a number."""
    if isinstance(size, Dim):
        terms = tuple((sign, _parsed(term.text)) for sign, term in size.term_formulas())
        return terms[0][1] if len(terms) == 1 else SumTree(terms)
    if not isinstance(size, DimScalar):
        return _parsed(repr(size.item() if hasattr(size, "item") else size))
    operands = tuple(map(size_tree, size.operands))
    sign = operator_text(size)
    if sign is not None:
        example = _parsed(f"a {sign} b")
        assert isinstance(example, ast.BinOp)
        return BinaryTree(type(example.op), *operands)
    if size.function is operator.neg:
        return NegativeTree(*operands)
    return CallTree(size.function.__name__, operands)


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
