"""Recorded steps as equations: one formula where it fits into a line, else with symbols for its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.exports.latex.calls import TexCall
from graphlang.exports.latex.loops import write_scan
from graphlang.exports.latex.notation import SizeFormulas, Tex, array, tex_depth, tex_number, tex_width
from graphlang.exports.latex.recurrences import BLOCKS
from graphlang.exports.latex.symbols import Symbols
from graphlang.exports.latex.table import RULES
from graphlang.trace import Step, SymbolicArray, needed_steps
from graphlang.trace.dim_scalar import Symbolic
from graphlang.trace.replay import joint_calls

WIDEST = 62.0
"""The widest line, in letters."""
SHORT = 8.0
"""What is written again wherever it is read, rather than given a symbol."""

DEEPEST = 30
"""The most groups within one another in a formula; TeX ends with an error at 255."""
SHALLOW = 4
"""The most groups within one another in a symbol, and in what is written again wherever it is read."""


class EquationWriter:
    """Writes the equations of one section of a document, or those of a loop in it.

    `values` has the formula of each value by its number; inputs are entered before.
    """

    def __init__(
        self,
        symbols: Symbols,
        sizes: SizeFormulas,
        notes: dict[str, None],
        letter: str,
        index: Callable[[str], str] | None = None,
    ) -> None:
        self.symbols = symbols
        self.sizes = sizes
        self.notes = notes
        self.letter = letter
        #: within a loop: adds the index of the repetition to a new symbol
        self.index = index
        self.lines: list[str] = []
        self.values: dict[int, Tex] = {}
        #: parts of values that have symbols of their own: by number, the symbol of some columns
        self.parts: dict[int, dict[tuple[Any, Any], str]] = {}
        #: by the number of the states of a recurrent layer: the number of its equations
        self.cells: dict[int, str] = {}
        self.depth = 0
        self._open: set[int] = set()
        self._symbols: set[int] = set()

    def bind(self, value: SymbolicArray, symbol: Tex) -> None:
        """Enters the symbol of a value that is known."""
        self.values[value.number] = symbol
        self._symbols.add(value.number)

    def write(
        self, steps: Sequence[Step], results: Mapping[int, str] | None = None, later: Iterable[Any] = ()
    ) -> None:
        """Writes steps. The values of `results` are the left sides of equations, with these texts;
        `later` are values that will be read once more."""
        results = results or {}
        uses = Counter(x.number for step in steps for x in _reads(step))
        uses.update(x.number for x in later if x.__class__ is SymbolicArray)
        calls = joint_calls(steps)
        for step in steps:
            number_ = step.output.number
            if number_ in self.values:
                continue
            own = results.get(number_)
            if step.primitive.joint:
                write_scan(self, calls[step.primitive.call_of(step)], results)
                continue
            if step.primitive.name in BLOCKS:
                self._name_all(step)
                self.bind(step.output, BLOCKS[step.primitive.name](self, step))
                if own is not None:
                    self.equation(own, self.values[number_])
                continue
            value = self._formula(step, 0.0 if own is None else tex_width(own) + 2)
            if own is not None:
                self.equation(own, value)
                self.bind(step.output, Tex(own))
            elif uses[number_] > 1 and tex_width(value.text) > SHORT and not _is_symbol(value):
                self.bind(step.output, self.named(value))
            else:
                self.values[number_] = value
                if not _is_symbol(value):
                    self._open.add(number_)

    def equation(self, left: str, value: Tex) -> None:
        """Writes `left = value`."""
        self.lines.append(f"{left} &= {value.text}")

    def define(self, left: str, value: Any) -> None:
        """Writes the steps of a value, and the value as the right side of an equation."""
        self.define_with(left, value, ())

    def define_with(self, left: str, value: Any, later: Iterable[Any]) -> None:
        """`define`, where other values will be read later."""
        if value.__class__ is SymbolicArray and value.number >= 0 and value.number not in self.values:
            self.write(needed_steps([value]), {value.number: left}, [value, *later])
        else:
            self.equation(left, self.operand(value))

    def named(self, value: Tex) -> Tex:
        """Writes an equation that gives a value a new symbol."""
        symbol = self.new_symbol()
        self.equation(symbol, value)
        return Tex(symbol)

    def inner(self, index: Callable[[str], str]) -> EquationWriter:
        """A writer for the body of a loop."""
        own = self.index

        def indexed(symbol: str) -> str:
            return index(symbol if own is None else own(symbol))

        inner = EquationWriter(self.symbols, self.sizes, self.notes, self.letter, indexed)
        inner.depth = self.depth + 1
        return inner

    def short(self, x: Any) -> Tex:
        """The formula of an operand that is read in a loop; a long one gets a symbol."""
        if x.__class__ is SymbolicArray and x.number in self._open and not _is_symbol(self.values[x.number]):
            self._name(x.number)
        return self.operand(x)

    def new_symbol(self) -> str:
        symbol = self.symbols.fresh(self.letter)
        return symbol if self.index is None else self.index(symbol)

    def operand(self, x: Any) -> Tex:
        """The formula of an operand, or of a constant."""
        if x.__class__ is SymbolicArray:
            return self.values[x.number]
        if isinstance(x, Symbolic):
            return self.sizes.size(x)
        if isinstance(x, np.ndarray | np.generic):
            return array(x)
        return tex_number(x)

    def operands(self, step: Step) -> list[Tex]:
        return [self.operand(x) for x in step.operands]

    def source(self, x: Any) -> Step | None:
        """The step that computes a value, if the value has no symbol of its own."""
        if x.__class__ is not SymbolicArray or x.number in self._symbols:
            return None
        step: Step | None = x.trace.step_of(x)
        return step

    def _formula(self, step: Step, before: float) -> Tex:
        """The formula of a step; where it is too wide or too deep, an operand gets a symbol: its widest, or
        its deepest."""
        while True:
            value = self.called(step, self.operands(step))
            if tex_width(value.text) + before > WIDEST:
                shorter = self._name_largest(step, tex_width, SHORT)
            else:
                shorter = tex_depth(value.text) > DEEPEST and self._name_largest(step, tex_depth, SHALLOW)
            if not shorter:
                return value

    def called(self, step: Step, operands: list[Tex]) -> Tex:
        return RULES[step.primitive.name](TexCall(self, step, operands))

    def _name_largest(self, step: Step, size: Callable[[str], float], least: float) -> bool:
        """Gives the largest operand without a symbol one; False where none is larger than the least."""
        left = [x.number for x in _reads(step) if x.number in self._open]
        left = [n for n in left if size(self.values[n].text) > least]
        if not left:
            return False
        self._name(max(left, key=lambda n: size(self.values[n].text)))
        return True

    def _name_all(self, step: Step) -> None:
        """Gives all operands symbols."""
        for x in _reads(step):
            if x.number in self._open and not _is_symbol(self.values[x.number]):
                self._name(x.number)

    def _name(self, number: int) -> None:
        self._open.discard(number)
        self.values[number] = self.named(self.values[number])
        self._symbols.add(number)


def _reads(step: Step) -> list[SymbolicArray]:
    return [x for x in step.operands if x.__class__ is SymbolicArray]


def _is_symbol(value: Tex) -> bool:
    """Whether a formula is a symbol or a number."""
    compound = any(sign in value.text for sign in ("+", "=", "[", "(", "\\odot"))
    return not compound and tex_depth(value.text) <= SHALLOW and tex_width(value.text) <= 4
