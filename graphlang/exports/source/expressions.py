"""Expressions of Python as text, with what their outermost operator binds; and templates of them."""

from __future__ import annotations

import ast
import re
from typing import Any, NamedTuple

import numpy as np

ANY, TEST, OR, AND, NOT, COMPARISON, BIT_OR, BIT_XOR, BIT_AND, SUM, PRODUCT, SIGN, POWER, ATOM = range(14)
"""How strongly an expression binds, from a lambda to a name."""
LONGEST = 14
"""A number with more characters is written as a difference, where it is one."""
_BINARY: dict[type[ast.operator], int] = {
    ast.BitOr: BIT_OR,
    ast.BitXor: BIT_XOR,
    ast.BitAnd: BIT_AND,
    ast.Add: SUM,
    ast.Sub: SUM,
    ast.Mult: PRODUCT,
    ast.MatMult: PRODUCT,
    ast.Div: PRODUCT,
    ast.FloorDiv: PRODUCT,
    ast.Mod: PRODUCT,
    ast.Pow: POWER,
}


class Expression(NamedTuple):
    """A text, and how strongly its outermost operator binds."""

    text: str
    strength: int = ATOM

    def within(self, strength: int) -> str:
        """The text as an operand: in brackets where it binds less than that."""
        return self.text if self.strength >= strength else f"({self.text})"


class ExpressionTemplate:
    """An expression with places for operands, `{0} + {1}`; `{name}` is a text that is put in as it is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places, self.strength = _parsed(text)

    def filled(self, operands: list[Expression], **texts: Any) -> Expression:
        """The expression of some operands."""
        parts = [x.within(self.places.get(i, ANY)) for i, x in enumerate(operands)]
        return Expression(self.text.format(*parts, **texts), self.strength)


def _parsed(text: str) -> tuple[dict[int, int], int]:
    """For each operand the least strength that needs no brackets, and the strength of the whole."""
    named = re.sub(r"\{(\d+)\}", r"_operand_\1", text)
    tree = ast.parse(re.sub(r"\{(\w+)\}", r"_text_\1", named), mode="eval").body
    places: dict[int, int] = {}
    for node in ast.walk(tree):
        for child, least in _children(node):
            if isinstance(child, ast.Name) and child.id.startswith("_operand_"):
                place = int(child.id.removeprefix("_operand_"))
                places[place] = max(least, places.get(place, ANY))
    return places, strength_of(tree)


def expression_of(text: str) -> Expression:
    """The expression of a text."""
    return Expression(text, strength_of(ast.parse(text, mode="eval").body))


def strength_of(node: ast.expr) -> int:
    """How strongly the outermost operator of an expression binds."""
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)]
    if isinstance(node, ast.UnaryOp):
        return NOT if isinstance(node.op, ast.Not) else SIGN
    if isinstance(node, ast.BoolOp):
        return AND if isinstance(node.op, ast.And) else OR
    if isinstance(node, ast.Compare):
        return COMPARISON
    return TEST if isinstance(node, ast.IfExp | ast.Lambda) else ATOM


def _children(node: ast.AST) -> list[tuple[ast.AST, int]]:
    """The operands of a node, each with the least strength that needs no brackets."""
    if isinstance(node, ast.BinOp):
        own = _BINARY[type(node.op)]
        if own == POWER:
            return [(node.left, ATOM), (node.right, SIGN)]
        return [(node.left, own), (node.right, own + 1)]
    if isinstance(node, ast.UnaryOp):
        return [(node.operand, strength_of(node))]
    if isinstance(node, ast.Compare):
        return [(child, COMPARISON + 1) for child in (node.left, *node.comparators)]
    if isinstance(node, ast.Attribute):
        return [(node.value, ATOM)]
    if isinstance(node, ast.Subscript):
        return [(node.value, ATOM), (node.slice, ANY)]
    return [(child, ANY) for child in ast.iter_child_nodes(node)]


def power_of(base: Expression, exponent: Expression) -> Expression:
    """A power; as ruff writes it, without spaces between names and numbers alone."""
    left, right = base.within(ATOM), exponent.within(SIGN)
    simple = all(re.fullmatch(r"-?[A-Za-z_0-9.]+", x) for x in (left, right))
    return Expression(f"{left}**{right}" if simple else f"{left} ** {right}", POWER)


def number_expression(value: Any, module: str = "np") -> Expression:
    """A number as Python writes it."""
    value = value.item() if isinstance(value, np.generic | np.ndarray) else value
    if isinstance(value, bool | int):
        return Expression(str(value), SIGN if value < 0 else ATOM)
    if np.isnan(value):
        return Expression(f"{module}.nan")
    if np.isinf(value):
        return Expression(f"{module}.inf") if value > 0 else Expression(f"-{module}.inf", SIGN)
    text = repr(float(value))
    rest = float(f"{1 - value:.10g}")
    if len(text) > LONGEST and 0 < rest < 1 and 1 - rest == value:
        return Expression(f"1 - {rest!r}", SUM)  # of a rate such as 0.999; 0.001 would be another number
    return Expression(text, SIGN if text.startswith("-") else ATOM)
