"""Arithmetic on constants and sizes before anything runs, with bounds on the results."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

from graphlang.diagnostics import Span
from graphlang.diagnostics.arguments import (
    BeforeOther,
    BetweenOthers,
    CannotCompute,
    NotComparable,
    PowerOfNumbers,
    SizeNotComparable,
)
from graphlang.syntax.operators import ANYTHING, ARRAYS, BINARY, TRUTH_VALUES
from graphlang.trace import Dim, DimScalar, Symbolic, UndecidedError
from graphlang.trace.errors import SizeTooLong

LARGEST = 2**63
"""Larger whole numbers are refused: they come from mistakes, or from a file that is meant to do harm."""


class NoValue(Exception):
    """A constant expression that has no value; it makes the diagnostic where the expression stands."""

    def __init__(self, problem: type[CannotCompute], *facts: object) -> None:
        super().__init__(problem, facts)
        self.problem: Callable[..., CannotCompute] = problem
        self.facts = facts

    def at(self, span: Span) -> CannotCompute:
        """What to report, at the place of the expression."""
        return self.problem(span, *self.facts)


def _power(a: Any, b: Any) -> Any:
    whole = isinstance(a, int) and isinstance(b, int)
    if whole and b >= 0 and abs(a) > 1 and b * math.log2(abs(a)) > 64:
        raise NoValue(PowerOfNumbers.too_large, a, b)
    try:
        result = a**b
    except ZeroDivisionError:
        raise NoValue(CannotCompute.zero_with_negative_power) from None
    if isinstance(result, complex):
        raise NoValue(PowerOfNumbers.not_real, a, b)
    return result


def _equal(a: Any, b: Any) -> bool:
    """Whether two constants are equal; raises UndecidedError if that depends on a size."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_equal(i, j) for i, j in zip(a, b, strict=True))
    if not isinstance(a, Symbolic):
        a, b = b, a
    if not isinstance(a, Symbolic) or not is_number(b):
        return bool(a == b)
    if isinstance(b, float) and b.is_integer():
        b = int(b)
    difference = a - b
    if isinstance(difference, Dim) and (difference > 0 or difference < 0):
        return False
    if isinstance(difference, DimScalar) and a != b:
        raise UndecidedError(f"whether {a} is {b} depends on the size")
    return not isinstance(difference, Dim) and bool(a == b or difference == 0)


def _unequal(a: Any, b: Any) -> bool:
    return not _equal(a, b)


_SAFE: dict[Callable[..., Any], Callable[..., Any]] = {
    operator.pow: _power,
    operator.eq: _equal,
    operator.ne: _unequal,
}
"""Replacements for Python operators that could run forever, or cannot compare sizes."""


NUMBERS = (int, float, Symbolic)


def is_number(value: Any) -> bool:
    """Whether it is a number or a size."""
    return isinstance(value, NUMBERS)


def is_truth_value(value: Any) -> bool:
    return isinstance(value, bool)


def binary_value(op: str, a: Any, b: Any) -> Any:
    """The value of `a op b`; raises NoValue if it has none."""
    row = BINARY[op]
    if row.operands is ARRAYS:
        raise NoValue(CannotCompute.product_of_numbers)
    fits = is_truth_value if row.operands is TRUTH_VALUES else is_number
    if row.operands is not ANYTHING and not (fits(a) and fits(b)):
        raise NoValue(BetweenOthers, op, row.operands.value, described(a), described(b))
    try:
        return bounded_result(_SAFE.get(row.python, row.python)(a, b), (a, b))
    except ZeroDivisionError:
        raise NoValue(CannotCompute.division_by_zero) from None
    except OverflowError:
        raise NoValue(CannotCompute.result_too_large) from None
    except SizeTooLong:
        raise NoValue(CannotCompute.size_too_long) from None
    except TypeError:
        raise _not_comparable(a, b) from None


def _not_comparable(a: Any, b: Any) -> NoValue:
    size = next((v for v in (a, b) if isinstance(v, Symbolic)), None)
    sides = described(a), described(b)
    return NoValue(NotComparable, *sides) if size is None else NoValue(SizeNotComparable, *sides, str(size))


def unary_value(op: str, a: Any) -> Any:
    """The value of `-a` or `not a`; raises NoValue if it has none."""
    if op == "not":
        if not isinstance(a, bool):
            raise NoValue(BeforeOther, "not", "a truth value", described(a))
        return not a
    if not is_number(a):
        raise NoValue(BeforeOther, "-", "a number", described(a))
    try:
        return -a
    except SizeTooLong:
        raise NoValue(CannotCompute.size_too_long) from None


def bounded_result(value: Any, operands: Iterable[Any]) -> Any:
    """A result, unless it is too large; of `inf` and `nan` it may be infinite or nan itself."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        raise NoValue(CannotCompute.no_whole_result)
    if isinstance(value, float) and not math.isfinite(value) and all(map(_is_finite, operands)):
        raise NoValue(CannotCompute.result_too_large)
    return value


def _is_finite(operand: Any) -> bool:
    return not isinstance(operand, float) or math.isfinite(operand)


def described(value: Any) -> str:
    """A constant in words, for messages."""
    if value is None:
        return "`none`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'the text "{value}"'
    if isinstance(value, tuple):
        return "several values at once"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return f"`{value}`"
