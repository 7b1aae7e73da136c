"""Recorded steps as statements: nested where a value is read once and the line stays short, else named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.exports.source.expressions import Expression, number_expression
from graphlang.exports.source.language import GeneratedFile, SourceCall
from graphlang.exports.source.layout import statement_lines
from graphlang.exports.source.names import VariableNames
from graphlang.exports.source.size_texts import SizeTexts
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.dim_scalar import DimScalar
from graphlang.trace.dims import Dim
from graphlang.trace.replay import joint_calls

LONGEST = 62
"""The longest expression that is written without a name for a part of it."""


class NoSourceRule(Exception):
    """A primitive that the table of a target does not have; the text is its name."""


class StatementWriter:
    """Writes the statements of one function, or of a loop in it.

    `values` has the expression of each value by its number; inputs are entered before (`bind`).
    """

    def __init__(self, file: GeneratedFile, scope: VariableNames, sizes: SizeTexts, depth: int = 0) -> None:
        self.file = file
        self.language = file.language
        self.scope = scope
        self.sizes = sizes
        self.depth = depth
        self.lines: list[str] = []
        self.values: dict[int, Expression] = {}
        #: values that have no name yet: their hint
        self._inline: dict[int, str] = {}

    def bind(self, value: SymbolicArray, text: str) -> None:
        """Gives a value the name of a variable."""
        self.values[value.number] = Expression(text)

    def assign(self, text: str, value: str) -> None:
        """Writes `text = value`."""
        self.lines += statement_lines(f"{text} = {value}", self.depth)

    def line(self, text: str) -> None:
        """Writes a statement."""
        self.lines += statement_lines(text, self.depth)

    def named(self, hint: str, value: str) -> Expression:
        """Writes a statement that gives a value a new name."""
        name = self.scope.new(hint)
        self.assign(name, value)
        return Expression(name)

    def write(
        self,
        steps: Sequence[Step],
        results: Iterable[Any],
        kept: Mapping[int, str] | None = None,
        hints: Mapping[int, str] | None = None,
    ) -> None:
        """Writes steps, of which `text` gives the results afterwards.

        By number, `kept` says what some values are assigned to, as `self.y`, and `hints` what some variables
        are called.
        """
        kept, hints = kept or {}, hints or {}
        uses = Counter(x.number for step in steps for x in _reads(step))
        uses.update(x.number for x in results if x.__class__ is SymbolicArray)
        calls = joint_calls(steps)
        for step in steps:
            number = step.output.number
            if number in self.values:  # written together with an earlier step
                continue
            if step.primitive.joint:
                together = calls[step.primitive.call_of(step)]
                found = self.language.scan(self, together, self._operands(step))
                for own, value in zip(together, found, strict=True):
                    self._keep(own.output.number, value, kept)
                continue
            value = self._expression(step)
            hint = hints.get(number) or self.language.hints.get(step.primitive.name, "a")
            if number in kept:
                self._keep(number, value, kept)
            elif uses[number] > 1 and not _is_short(value):
                self.values[number] = self.named(hint, value.text)
            else:
                self.values[number] = value
                self._inline[number] = hint

    def _keep(self, number: int, value: Expression, kept: Mapping[int, str]) -> None:
        if number in kept:
            self.assign(kept[number], value.text)
            value = Expression(kept[number])
        self.values[number] = value

    def text(self, value: Any, dtype: Any = None) -> str:
        """The expression of a result, or of a constant."""
        return self.operand(value, dtype).text

    def operand(self, x: Any, dtype: Any = None) -> Expression:
        """The expression of an operand; a constant of `dtype` is written as a number alone."""
        if x.__class__ is SymbolicArray:
            return self.values[x.number]
        if isinstance(x, Dim | DimScalar):
            return self.sizes.size(x)
        if isinstance(x, np.ndarray | np.generic):
            x = np.asarray(x)
            if x.ndim == 0 and (dtype is None or x.dtype == dtype):
                return number_expression(x)
            return self.language.array(x)
        return number_expression(x)

    def _expression(self, step: Step) -> Expression:
        """The expression of a step; where it is too long, the longest operand gets a name."""
        rule = self.language.rules.get(step.primitive.name)
        if rule is None:
            raise NoSourceRule(step.primitive.name)
        while True:
            call = SourceCall(self, step, self._operands(step))
            value = call.fill(rule) if isinstance(rule, str) else rule(call)
            if len(value.text) <= LONGEST or not self._name_longest(step):
                return value

    def _name_longest(self, step: Step) -> bool:
        """Names the longest operand that has none; False where all have one."""
        open_ones = [x.number for x in _reads(step) if x.number in self._inline]
        open_ones = [n for n in open_ones if not _is_short(self.values[n])]
        if not open_ones:
            return False
        longest = max(open_ones, key=lambda n: len(self.values[n].text))
        self.values[longest] = self.named(self._inline.pop(longest), self.values[longest].text)
        return True

    def _operands(self, step: Step) -> list[Expression]:
        kinds = {x.dtype for x in _reads(step)} | {step.output.dtype}
        return [
            self.operand(x, x.dtype if isinstance(x, np.ndarray | np.generic) and x.dtype in kinds else None)
            for x in step.operands
        ]


def _reads(step: Step) -> list[SymbolicArray]:
    return [x for x in step.operands if x.__class__ is SymbolicArray]


def _is_short(value: Expression) -> bool:
    """Whether an expression is a name, a number or a view of one, which is written wherever it is read."""
    text = value.text
    return len(text) <= 12 and all(sign.isalnum() or sign in "_.-" for sign in text)
