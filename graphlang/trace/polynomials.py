"""Polynomials with whole or rational coefficients, as dictionaries from monomials to coefficients.

A monomial is a sorted tuple of atoms, one for each power: x**2 * y is `(x, x, y)`, and 1 is `()`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from fractions import Fraction
from typing import Protocol, TypeVar

from graphlang.trace.errors import SizeTooLong


class SortedByText(Protocol):
    """An atom, which sorts by its text."""

    @property
    def text(self) -> str: ...


A = TypeVar("A", bound=SortedByText)
C = TypeVar("C", int, Fraction)
MOST_TERMS, MOST_FACTORS, LARGEST = 4096, 64, 2**256
"""The limits of a product: its terms before equal ones are added, the atoms of a term, and its number."""
M = TypeVar("M", bound=Hashable)


def graded(term: tuple[tuple[A, ...], int]) -> tuple[int, list[str]]:
    """The key of the graded lexicographic order: exact division needs the leading term first."""
    return -len(term[0]), [atom.text for atom in term[0]]


def times(left: tuple[A, ...], right: tuple[A, ...]) -> tuple[A, ...]:
    """The product of two monomials."""
    return tuple(sorted(left + right, key=lambda atom: atom.text)) if left and right else left or right


def without(monomial: tuple[A, ...], divisor: tuple[A, ...]) -> tuple[A, ...] | None:
    """The quotient of two monomials; None where the second does not divide the first."""
    rest = list(monomial)
    for atom in divisor:
        if atom not in rest:
            return None
        rest.remove(atom)
    return tuple(rest)


def add(into: dict[M, C], terms: Mapping[M, C]) -> None:
    """Adds the terms of a polynomial to another, in place."""
    for monomial, factor in terms.items():
        into[monomial] = into[monomial] + factor if monomial in into else factor


def polynomial_product(a: Mapping[tuple[A, ...], C], b: Mapping[tuple[A, ...], C]) -> dict[tuple[A, ...], C]:
    """The product of two polynomials."""
    result: dict[tuple[A, ...], C] = {}
    if len(a) * len(b) > MOST_TERMS:
        raise SizeTooLong
    for left, i in a.items():
        for right, j in b.items():
            monomial = times(left, right)
            if len(monomial) > MOST_FACTORS:
                raise SizeTooLong
            result[monomial] = result[monomial] + i * j if monomial in result else i * j
    return result


def least_value(polynomial: Mapping[tuple[A, ...], Fraction]) -> int | None:
    """The least whole value for atoms of 1 or more: with N = 1 + n the constant, if no factor is negative."""
    shifted: dict[tuple[A, ...], Fraction] = {}
    for monomial, factor in polynomial.items():
        part: dict[tuple[A, ...], Fraction] = {(): factor}
        for atom in monomial:
            part = polynomial_product(part, {(): Fraction(1), (atom,): Fraction(1)})
        add(shifted, part)
    constant = shifted.pop((), Fraction(0))
    return -(-constant.numerator // constant.denominator) if all(v >= 0 for v in shifted.values()) else None
