"""Finds small graphs of calls in the statements of a spec, whatever names stand between them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from graphlang.onnx.importing.expression import Literal, NameRef, WrittenCall, names_of_expression
from graphlang.onnx.importing.writer import Statement

COMMUTATIVE = frozenset({"add", "multiply"})

Pattern = tuple[Any, ...] | str | float
"""`(function, operand, ...)`, a variable, or a number. A variable stands for one expression everywhere."""


class Found:
    """What the variables of a pattern stand for, and the names of the values in between."""

    def __init__(
        self, bound: Mapping[str, Any], inner: tuple[str, ...], calls: tuple[WrittenCall, ...]
    ) -> None:
        self.bound = bound
        self.inner = inner
        #: the calls that the pattern names, the outermost one first
        self.calls = calls

    def __getitem__(self, variable: str) -> Any:
        return self.bound[variable]

    def call(self, name: str) -> WrittenCall:
        """The first call of this function."""
        return next(call for call in self.calls if call.name == name)


class Definitions:
    """The statements by the names that they define, and how often each name is used."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.by_name = {name: s for s in statements for name in s.names}
        self.uses = Counter(n for s in statements for n in (*names_of_expression(s.expression), *s.uses))

    def call(self, expression: Any) -> WrittenCall | None:
        """The call behind an expression: itself, or what its name stands for."""
        if isinstance(expression, NameRef):
            statement = self.by_name.get(expression.name)
            expression = statement.expression if statement is not None and len(statement.names) == 1 else None
        return expression if isinstance(expression, WrittenCall) else None

    def type_of(self, expression: Any) -> str:
        """The type of a name as the comment behind it says it, empty where it is not known."""
        if not isinstance(expression, NameRef) or expression.name not in self.by_name:
            return ""
        statement = self.by_name[expression.name]
        if len(statement.types) == len(statement.names):
            return statement.types[statement.names.index(expression.name)]
        return (statement.text or "").partition(": ")[2].partition(" =")[0]

    def rank(self, expression: Any) -> int | None:
        """How many axes a name has."""
        text = self.type_of(expression)
        return None if not text else text.count(",") + 1 if "[" in text else 0

    def find(self, expression: Any, *patterns: Pattern) -> Found | None:
        """The first pattern that an expression is."""
        for pattern in patterns:
            for found in self._all(expression, pattern, Found({}, (), ())):
                return found
        return None

    def _all(self, expression: Any, pattern: Pattern, so_far: Found) -> Iterator[Found]:
        if isinstance(pattern, str):
            if pattern not in so_far.bound:
                yield Found({**so_far.bound, pattern: expression}, so_far.inner, so_far.calls)
            elif so_far.bound[pattern] == expression:
                yield so_far
        elif isinstance(pattern, tuple):
            call = self.call(expression)
            if call is None or call.name != pattern[0] or len(call.operands) != len(pattern) - 1:
                return
            inner = (*so_far.inner, expression.name) if isinstance(expression, NameRef) else so_far.inner
            start = Found(so_far.bound, inner, (*so_far.calls, call))
            yield from self._operands(call.operands, pattern[1:], start)
            if call.name in COMMUTATIVE:
                yield from self._operands(call.operands[::-1], pattern[1:], start)
        elif is_this_number(expression, pattern):
            yield so_far

    def _operands(self, operands: Any, patterns: Any, so_far: Found) -> Iterator[Found]:
        if not operands:
            yield so_far
            return
        for found in self._all(operands[0], patterns[0], so_far):
            yield from self._operands(operands[1:], patterns[1:], found)

    def is_closed(self, root: Statement, inner: Sequence[str], kept: AbstractSet[str]) -> bool:
        """Whether nothing uses the values in between but the root of the pattern and each other."""
        names = set(inner)
        givers = {id(s): s for s in (root, *(self.by_name[n] for n in names))}.values()
        within = Counter(n for s in givers for n in (*names_of_expression(s.expression), *s.uses))
        return not names & kept and all(self.uses[n] == within[n] for n in names)


def is_this_number(expression: Any, wanted: float) -> bool:
    """Whether an expression is a number, to the precision of float32."""
    number = number_of(expression)
    return number is not None and math.isclose(number, wanted, rel_tol=2e-6)


def number_of(expression: Any) -> float | None:
    """The one number of a constant, which may stand in brackets."""
    value = expression.value if isinstance(expression, Literal) else None
    while isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    return float(value) if isinstance(value, (int, float, np.number)) else None
