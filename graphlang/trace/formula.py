"""Formulas of sizes as text that reads back as the same formula: brackets where the grammar needs them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np

from graphlang.syntax.operators import ARITHMETIC, ATOM, POWER, PRODUCT, SIGN, SUM


class Formula(NamedTuple):
    """A text, and the binding strength of its outermost operator."""

    text: str
    strength: int

    def within(self, strength: int) -> str:
        """The text as an operand, in brackets if it binds less tightly than required."""
        return self.text if self.strength >= strength else f"({self.text})"


class HasFormula(Protocol):
    def formula(self) -> Formula: ...


Written: TypeAlias = bool | int | float | np.generic | HasFormula
"""What a formula is made of."""


def formula(value: Written) -> Formula:
    """The formula of a number or a size."""
    if isinstance(value, bool):
        return Formula(str(value).lower(), ATOM)
    if isinstance(value, np.generic):
        return formula(value.item())
    if isinstance(value, int | float):
        return Formula(repr(value), SIGN if repr(value).startswith("-") else ATOM)
    return value.formula()


def infix(operator: str, left: Written, right: Written) -> Formula:
    """Two operands and what stands between them; operators of one strength are computed from the left."""
    strength = ARITHMETIC[operator].precedence
    first = formula(left).within(ATOM if strength == POWER else strength)
    return Formula(f"{first} {operator} {formula(right).within(strength + 1)}", strength)


def negated(value: Written) -> Formula:
    return Formula(f"-{formula(value).within(POWER)}", SIGN)


def called(function: str, operands: Iterable[Written]) -> Formula:
    return Formula(f"{function}({', '.join(formula(x).text for x in operands)})", ATOM)


def product_text(factor: int, atoms: Iterable[tuple[Formula, int]]) -> Formula:
    """A whole number times powers; a factor of 1 is not written."""
    powers = list(atoms)
    if not powers:
        return formula(factor)
    if abs(factor) == 1 and len(powers) == 1:
        atom, power = powers[0]
        alone = atom if power == 1 else Formula(f"{atom.within(ATOM)}**{power}", POWER)
        return alone if factor == 1 else Formula(f"-{alone.within(POWER)}", SIGN)
    parts = [str(abs(factor))] if abs(factor) != 1 else []
    parts += [atom.within(ATOM) + (f"**{power}" if power > 1 else "") for atom, power in powers]
    return Formula(("-" if factor < 0 else "") + "*".join(parts), PRODUCT)


def polynomial(terms: Iterable[tuple[int, list[tuple[Formula, int]]]]) -> Formula:
    """A sum of products, with `-` between them where a factor is negative."""
    (factor, atoms), *others = terms
    first = product_text(factor, atoms)
    if not others:
        return first
    text = first.text
    for factor, atoms in others:
        text += f" {'-' if factor < 0 else '+'} {product_text(abs(factor), atoms).text}"
    return Formula(text, SUM)
