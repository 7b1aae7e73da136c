"""The operators of the language, one row each: all that the package knows of them beside two other places.

These are the grammar, which places their terminals, and `functions/`, which computes; CONTRIBUTING.md shows
how to add one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(9)
"""How tightly an expression binds, loosest first, as in the grammar; an atom needs no brackets anywhere."""


class Operands(Enum):
    """The constants that an operator computes with before anything runs."""

    NUMBERS = "numbers"
    TRUTH_VALUES = "truth values"
    #: numbers, texts, lists and truth values alike
    ANYTHING = "anything"
    #: no constant: only values of the graph
    ARRAYS = "arrays"


NUMBERS, TRUTH_VALUES, ANYTHING, ARRAYS = Operands


class Operator(NamedTuple):
    #: as a file writes it: a sign or a word
    symbol: str
    #: of the grammar
    terminal: str
    precedence: int
    #: the operation of the catalog that computes it on values of the graph
    function: str
    #: what computes it on constants and sizes
    python: Callable[..., Any]
    operands: Operands
    #: in pictures; None where the name of the function stands there
    sign: str | None
    #: whether its operands are broadcast to one shape
    broadcasts: bool = False


OPERATORS = (
    Operator("or", "OR", OR, "logical_or", operator.or_, TRUTH_VALUES, None, broadcasts=True),
    Operator("and", "AND", AND, "logical_and", operator.and_, TRUTH_VALUES, None, broadcasts=True),
    Operator("not", "NOT", NOT, "logical_not", operator.not_, TRUTH_VALUES, None),
    Operator("==", "CMP", COMPARISON, "equal", operator.eq, ANYTHING, "==", broadcasts=True),
    Operator("!=", "CMP", COMPARISON, "not_equal", operator.ne, ANYTHING, "!=", broadcasts=True),
    Operator("<", "CMP", COMPARISON, "less", operator.lt, NUMBERS, "<", broadcasts=True),
    Operator("<=", "CMP", COMPARISON, "less_equal", operator.le, NUMBERS, "<=", broadcasts=True),
    Operator(">", "CMP", COMPARISON, "greater", operator.gt, NUMBERS, ">", broadcasts=True),
    Operator(">=", "CMP", COMPARISON, "greater_equal", operator.ge, NUMBERS, ">=", broadcasts=True),
    Operator("+", "PLUS", SUM, "add", operator.add, NUMBERS, "+", broadcasts=True),
    Operator("-", "MINUS", SUM, "subtract", operator.sub, NUMBERS, "−", broadcasts=True),
    Operator("*", "MULOP", PRODUCT, "multiply", operator.mul, NUMBERS, "×", broadcasts=True),
    Operator("/", "MULOP", PRODUCT, "divide", operator.truediv, NUMBERS, "/", broadcasts=True),
    Operator("//", "MULOP", PRODUCT, "floor_divide", operator.floordiv, NUMBERS, "//", broadcasts=True),
    Operator("%", "MULOP", PRODUCT, "mod", operator.mod, NUMBERS, "%", broadcasts=True),
    Operator("@", "MULOP", PRODUCT, "matmul", operator.matmul, ARRAYS, "@"),
    Operator("-", "MINUS", SIGN, "negative", operator.neg, NUMBERS, "−"),
    Operator("**", "POW", POWER, "power", operator.pow, NUMBERS, "**", broadcasts=True),
)

UNARY = {row.symbol: row for row in OPERATORS if row.precedence in (NOT, SIGN)}
BINARY = {row.symbol: row for row in OPERATORS if row.precedence not in (NOT, SIGN)}
BY_FUNCTION = {row.function: row for row in OPERATORS}
ARITHMETIC = {s: row for s, row in BINARY.items() if row.precedence >= SUM and row.operands is NUMBERS}
"""What two numbers are computed with, sizes included."""
SIGNS = {row.symbol: row.terminal for row in OPERATORS if not row.symbol.isalpha()}
WORDS = {row.symbol: row.terminal for row in OPERATORS if row.symbol.isalpha()}
"""The terminals of the grammar by their spellings."""
