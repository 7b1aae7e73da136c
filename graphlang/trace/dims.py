"""Symbolic sizes: exact integer algebra over dimensions that have no numbers yet."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from math import gcd, prod
from typing import Any, TypeAlias, TypeGuard

import numpy as np

from graphlang.syntax.operators import ATOM, PRODUCT, SIGN
from graphlang.trace import polynomials
from graphlang.trace.dim_scalar import (
    DimScalar,
    NumberOrSize,
    Symbolic,
    named_sizes,
    scalar,
    symbols,
    value_for,
)
from graphlang.trace.errors import NegativeSize, SizeTooLong, UndecidedError
from graphlang.trace.formula import Formula, formula, polynomial
from graphlang.trace.pieces import Pieces

Monomial: TypeAlias = "tuple[Atom, ...]"
Terms: TypeAlias = "dict[Monomial, int]"
RationalTerms: TypeAlias = "dict[Monomial, Fraction]"


_UNKNOWN: Any = object()
LONGEST = 500
"""The longest text of an atom; it also bounds how deep quotients are nested."""


class Atom:
    """An indivisible factor: a symbol, a floor division that leaves a remainder, or `max(size, 0)`."""

    __slots__ = ("denominator", "kind", "text", "value")

    def __init__(self, kind: str, text: str, value: Size = 0, denominator: Size = 1) -> None:
        if len(text) > LONGEST:
            raise SizeTooLong
        self.kind = kind
        self.text = text
        self.value = value
        self.denominator = denominator

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Atom) and self.text == other.text)

    def __hash__(self) -> int:
        return hash(self.text)

    def formula(self) -> Formula:
        return Formula(self.text, PRODUCT if self.kind == "quotient" else ATOM)

    def value_for(self, sizes: Mapping[str, int]) -> int:
        if self.kind == "symbol":
            return sizes[self.text]
        value: Any = value_for(self.value, sizes)
        if self.kind == "quotient":
            value = value // value_for(self.denominator, sizes)
        else:
            value = positive_part(value) if isinstance(value, Dim) else max(value, 0)
        return value if isinstance(value, Dim) else int(value)  # type: ignore[return-value]

    def symbol_names(self) -> set[str]:
        return {self.text} if self.kind == "symbol" else symbols(self.value) | symbols(self.denominator)


class Dim(Symbolic):
    """A symbolic integer, its symbols at least 1: a canonical polynomial, so `==` is algebraic equality.

    `+ - * // %` with integers and other sizes give a `Dim`, or a plain `int` as soon as no symbol is left.
    Comparisons such as `<` raise `UndecidedError` where the answer depends on the size.
    Division by `/` and arithmetic with a float give a `DimScalar`, a number for arithmetic with arrays.
    """

    __slots__ = ("_hash", "least", "terms")
    terms: tuple[tuple[Monomial, int], ...]

    def __init__(self, terms: Iterable[tuple[Monomial, int]]) -> None:
        self.terms = tuple(terms)
        self._hash = hash(self.terms)
        #: its `lower_bound`, once somebody has asked
        self.least: Any = _UNKNOWN

    @staticmethod
    def symbol(name: str) -> Dim:
        """The dimension called `name`."""
        return Dim([((Atom("symbol", name),), 1)])

    def bind(self, sizes: Mapping[str, int]) -> int:
        """The number, once every symbol has one; raises NoSize where there is none."""
        value: int = super().bind(sizes)
        return value

    def value_for(self, sizes: Mapping[str, int]) -> int:
        values = [
            factor * prod(atom.value_for(sizes) for atom in monomial) for monomial, factor in self.terms
        ]
        return sum_of_sizes(values)  # type: ignore[return-value]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The names it depends on, sorted."""
        return tuple(sorted(self.symbol_names()))

    def __reduce__(self) -> Any:
        return Dim, (self.terms,)  # another process hashes texts differently

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Dim) and self.terms == other.terms)

    def formula(self) -> Formula:
        counted = ((f, [(a.formula(), m.count(a)) for a in dict.fromkeys(m)]) for m, f in self.terms)
        return polynomial(counted)

    def term_formulas(self) -> list[tuple[int, Formula]]:
        """Its terms, each with its sign and its text; the first has the sign in the text."""
        (first, factor), *others = self.terms
        signed = [(1, factor, first), *((1 if f > 0 else -1, abs(f), m) for m, f in others)]
        return [
            (sign, polynomial([(f, [(a.formula(), m.count(a)) for a in dict.fromkeys(m)])]))
            for sign, f, m in signed
        ]

    def symbol_names(self) -> set[str]:
        return set().union(*(atom.symbol_names() for monomial, _ in self.terms for atom in monomial))

    def sample(self) -> int:
        return 2

    def __neg__(self) -> Size:
        return _size({monomial: -factor for monomial, factor in self.terms})

    def __pos__(self) -> Dim:
        return self

    def __add__(self, other: NumberOrSize) -> Any:
        return _sum(self, other, 1) if is_size(other) else scalar(operator.add, self, other)

    __radd__ = __add__

    def __sub__(self, other: NumberOrSize) -> Any:
        return _sum(self, other, -1) if is_size(other) else scalar(operator.sub, self, other)

    def __rsub__(self, other: NumberOrSize) -> Any:
        return _sum(other, self, -1) if is_size(other) else scalar(operator.sub, other, self)

    def __mul__(self, other: NumberOrSize) -> Any:
        return _product(self, other) if is_size(other) else scalar(operator.mul, self, other)

    __rmul__ = __mul__

    def __floordiv__(self, other: NumberOrSize) -> Any:
        return floor_divide(self, other) if is_size(other) else scalar(operator.floordiv, self, other)

    def __rfloordiv__(self, other: NumberOrSize) -> Any:
        return floor_divide(other, self) if is_size(other) else scalar(operator.floordiv, other, self)

    def __mod__(self, other: NumberOrSize) -> Any:
        # Through the quotient, so that b * (a // b) + a % b is a, structurally.
        return self - other * (self // other) if is_size(other) else scalar(operator.mod, self, other)

    def __rmod__(self, other: NumberOrSize) -> Any:
        return other - self * (other // self) if is_size(other) else scalar(operator.mod, other, self)

    def __pow__(self, other: NumberOrSize) -> Any:
        if other.__class__ is int and 0 <= other <= 16:
            return prod([self] * other)
        return scalar(operator.pow, self, other)

    def __ge__(self, other: float | Dim) -> bool:
        return _at_least(self, other)

    def __gt__(self, other: float | Dim) -> bool:
        return _at_least(self, other + 1)

    def __le__(self, other: float | Dim) -> bool:
        return _at_least(other, self)

    def __lt__(self, other: float | Dim) -> bool:
        return _at_least(other, self + 1)

    def __bool__(self) -> bool:
        return not _at_least(0, self)

    def __index__(self) -> int:
        raise UndecidedError(f"the size {self} is not a number yet")


Size: TypeAlias = int | Dim
Shape: TypeAlias = tuple[Size, ...]
ShapeLike: TypeAlias = "Size | tuple[Size, ...] | list[Size]"
"""A shape as NumPy takes it: a size alone is a shape of one axis."""


def is_size(value: object) -> TypeGuard[Size]:
    """Whether `value` is an integer or a `Dim`."""
    return value.__class__ is Dim or (isinstance(value, (int, np.integer)) and not isinstance(value, bool))


def name_of(size: Size) -> str | None:
    """The name of a size that is a single named dimension, as `N`; None for `3*N` and for a number."""
    if isinstance(size, int) or len(size.terms) > 1:
        return None
    monomial, factor = size.terms[0]
    return monomial[0].text if factor == 1 and len(monomial) == 1 and monomial[0].kind == "symbol" else None


def axis_size(size: Size, sizes: Mapping[str, int]) -> int:
    """The length of an axis; raises NegativeSize, or NoSize, where there is none."""
    length: int = bind(size, sizes)
    if length < 0:
        raise NegativeSize(str(size), length, named_sizes(size, sizes))
    return length


def bind(value: Any, sizes: Mapping[str, int]) -> Any:
    """`value` with every size in it replaced by its number, or by another size; also in tuples and slices."""
    if value.__class__ is Dim or value.__class__ is DimScalar:
        return value.bind(sizes)
    if value.__class__ is tuple:
        return tuple([bind(item, sizes) for item in value])
    if value.__class__ is slice:
        return slice(bind(value.start, sizes), bind(value.stop, sizes), bind(value.step, sizes))
    return value


def is_symbolic(value: Any) -> bool:
    """Whether `value` is or contains a symbolic size; tuples and slices are searched."""
    if value.__class__ is tuple:
        return any(map(is_symbolic, value))
    if value.__class__ is slice:
        return is_symbolic((value.start, value.stop, value.step))
    return value.__class__ is Dim or value.__class__ is DimScalar


def shape_text(shape: Shape) -> str:
    """A shape as a reader writes it: `(N, 50)`."""
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def count(shape: Shape) -> Size:
    """How many elements an array of this shape has."""
    return prod(shape, start=1)


def positive_part(size: Size) -> Size:
    """max(size, 0), in one form for all ways to write it as a function of one other size."""
    if not isinstance(size, Dim):
        return max(size, 0)
    low = lower_bound(size)
    if low is not None and low >= 0:
        return size
    base, pieces = _pieces(size)
    intercept, slope, kinks, _ = pieces.from_(lower_bound(base)).positive_part()
    total = slope * base + intercept
    for k, factor in kinks:
        total = total + factor * _ramp(base - k)
    return total  # type: ignore[no-any-return]


def minimum(a: Size, b: Size) -> Size:
    """The smaller of two sizes."""
    return b - positive_part(b - a)


def maximum(a: Size, b: Size) -> Size:
    """The larger of two sizes."""
    return b + positive_part(a - b)


def sum_of_sizes(sizes: Sequence[Size]) -> Size:
    """The sum, in the time that all terms take: one after the other, each addition would take that of the sum
    before it."""
    if not any(isinstance(size, Dim) for size in sizes):
        return sum(sizes)
    terms: Terms = {}
    for size in sizes:
        for monomial, factor in _terms(size).items():
            terms[monomial] = terms.get(monomial, 0) + factor
    return _size(terms)


def divides(a: Size, b: Size) -> bool:
    """Whether `b` is a multiple of `a` for every size."""
    return a != 0 and b % a == 0


def floor_divide(a: Size, b: Size) -> Size:
    """a // b in canonical form: multiples of b leave the quotient, the rest is an atom."""
    if not isinstance(b, Dim):
        return _divide_by_number(a, int(b)) if isinstance(a, Dim) else a // b
    exact = _divide_exactly(a, b)
    if exact is not None:
        return exact
    if len(b.terms) > 1:
        return _quotient(a, b)
    (monomial, factor), whole, rest = b.terms[0], {}, {}
    for term, number in _terms(a).items():
        left = polynomials.without(term, monomial)
        if left is not None and number % factor == 0:
            whole[left] = number // factor
        else:
            rest[term] = number
    remainder = _size(rest)
    return _size(whole) + (_quotient(remainder, b) if remainder != 0 else 0)


def lower_bound(size: Size) -> int | None:
    """A number that `size` never falls below when every symbol is 1 or more; None where none is proved."""
    if not isinstance(size, Dim):
        return size
    if size.least is _UNKNOWN:
        size.least = _lower_bound(size)
    least: int | None = size.least
    return least


@lru_cache(maxsize=4096)
def _lower_bound(size: Dim) -> int | None:
    bounds = []
    for use_zero in (False, True):
        polynomial = _below(size, use_zero)
        low = None if polynomial is None else polynomials.least_value(polynomial)
        if low is not None:
            bounds.append(low)
    base, pieces = _pieces(size)
    if pieces.kinks:
        least = pieces.from_(lower_bound(base)).least()
        if least is not None:
            bounds.append(least)
    return max(bounds, default=None)


# ---- the canonical form


def _terms(size: Size) -> Terms:
    return dict(size.terms) if isinstance(size, Dim) else {(): int(size)} if size else {}


def _size(terms: Terms) -> Size:
    nonzero = [(monomial, factor) for monomial, factor in terms.items() if factor]
    count = len(nonzero)
    if not count:
        return 0
    if count == 1 and not nonzero[0][0]:
        return nonzero[0][1]
    if count > polynomials.MOST_TERMS:
        raise SizeTooLong
    for _, factor in nonzero:
        if not -polynomials.LARGEST <= factor <= polynomials.LARGEST:
            raise SizeTooLong
    # Graded lexicographic order: the first term is the leading one that exact division needs.
    return Dim(sorted(nonzero, key=polynomials.graded) if count > 1 else nonzero)


def _sum(a: Size, b: Size, sign: int) -> Size:
    terms = _terms(a)
    for monomial, factor in _terms(b).items():
        terms[monomial] = terms.get(monomial, 0) + sign * factor
    return _size(terms)


def _product(a: Size, b: Size) -> Size:
    return _size(polynomials.polynomial_product(_terms(a), _terms(b)))


def _divide_exactly(a: Size, b: Dim) -> Size | None:
    quotient: Size = 0
    lead, factor = b.terms[0]
    while a != 0:
        monomial, number = a.terms[0] if isinstance(a, Dim) else ((), a)
        left = polynomials.without(monomial, lead)
        if left is None or number % factor:
            return None
        part = _size({left: number // factor})
        quotient, a = quotient + part, a - part * b
    return quotient


def _divide_by_number(a: Dim, b: int) -> Size:
    if b == 0:
        raise ZeroDivisionError("integer division or modulo by zero")
    if b < 0:
        return floor_divide(-a, -b)
    whole = _size({monomial: factor // b for monomial, factor in a.terms})
    rest = {monomial: factor % b for monomial, factor in a.terms}
    constant = rest.pop((), 0)
    common = gcd(b, *rest.values())
    inner = _size({monomial: factor // common for monomial, factor in rest.items()}) + constant // common
    return whole + (_quotient_of_pieces(inner, b // common) if b > common else inner)


def _quotient_of_pieces(a: Size, b: int) -> Any:
    """a // b, where `a` may be piecewise linear: the quotients of its lines, each from its kink on."""
    if not isinstance(a, Dim):
        return _quotient(a, b)
    base, pieces = _pieces(a)
    if not pieces.kinks:
        return _quotient(a, b)
    lines = pieces.lines()
    total = _line_quotient(base, lines[0], b)
    for (k, _), before, after in zip(pieces.kinks, lines, lines[1:], strict=False):
        total = total + _growth(base, after, b, k) - _growth(base, before, b, k)
    return total


def _line_quotient(base: Size, line: tuple[int, int], b: int) -> Any:
    intercept, slope = line
    return floor_divide(slope * base + intercept, b)


def _growth(base: Size, line: tuple[int, int], b: int, k: int) -> Any:
    """By how much the quotient of a line has grown since the base was k; 0 before that."""
    grown = _line_quotient(base, line, b) - _line_quotient(k, line, b)
    return positive_part(grown) if line[1] >= 0 else -positive_part(-grown)


def _quotient(a: Size, b: Size) -> Size:
    if not isinstance(a, Dim) and not isinstance(b, Dim):
        return a // b
    if isinstance(a, Dim) and isinstance(b, int):
        (monomial, factor), rest = a.terms[0], a.terms[1:]
        nested = len(monomial) == 1 and factor == 1 and monomial[0].kind == "quotient"
        if nested and all(term == () for term, _ in rest):  # (a // b + k) // c is (a + k*b) // (b*c)
            atom = monomial[0]
            constant = rest[0][1] if rest else 0
            return floor_divide(atom.value + constant * atom.denominator, atom.denominator * b)
    text = f"{formula(a).within(SIGN)} // {formula(b).within(ATOM)}"
    return Dim([((Atom("quotient", text, a, b),), 1)])


# ---- piecewise linear sizes


def _is_ramp(monomial: Monomial) -> bool:
    return len(monomial) == 1 and monomial[0].kind == "positive"


def _ramp(size: Size) -> Size:
    return Dim([((Atom("positive", f"max({size}, 0)", size),), 1)])


def _pieces(size: Dim) -> tuple[Dim, Pieces]:
    """A size as a piecewise linear function of another, which has no constant and no common factor."""
    terms = _terms(size)
    constant = terms.pop((), 0)
    ramps = {monomial: factor for monomial, factor in terms.items() if _is_ramp(monomial)}
    rest = _size({monomial: factor for monomial, factor in terms.items() if monomial not in ramps})
    bases = {_without_constant(monomial[0].value) for monomial in ramps}
    base = next(iter(bases)) if len(bases) == 1 else None
    slope = None if base is None else _divide_exactly(rest, base)
    if base is None or not isinstance(slope, int):
        base, slope, ramps = *_primitive(_size(terms)), {}
    kinks = sorted((_constant(base - monomial[0].value), factor) for monomial, factor in ramps.items())
    return base, Pieces(constant, slope, tuple(kinks))


def _without_constant(size: Size) -> Dim:
    return _size({monomial: factor for monomial, factor in _terms(size).items() if monomial})  # type: ignore[return-value]


def _constant(size: Size) -> int:
    assert isinstance(size, int), size
    return size


def _primitive(size: Size) -> tuple[Dim, int]:
    """A size without constant as its smallest part, with a positive leading term, and the factor."""
    assert isinstance(size, Dim), size
    factor = gcd(*(number for _, number in size.terms))
    factor = factor if size.terms[0][1] > 0 else -factor
    return Dim([(monomial, number // factor) for monomial, number in size.terms]), factor


# ---- bounds


def _at_least(a: float | Dim, b: float | Dim) -> bool:
    """Whether a >= b, where that is the same for every size."""
    difference = a - b
    if isinstance(difference, Dim):
        low, high = lower_bound(difference), lower_bound(-difference)
        if low is not None and low >= 0:
            return True
        if high is not None and high > 0:
            return False
        raise UndecidedError(f"whether {a} is at least {b} depends on the size")
    return bool(difference >= 0)


def _below(size: Size, use_zero: bool) -> RationalTerms | None:
    """A polynomial in the symbols alone that stays below `size`, or None."""
    total: RationalTerms = {}
    for monomial, factor in _terms(size).items():
        part: RationalTerms | None = {(): Fraction(factor)}
        for atom in monomial:
            bound = _atom_bound(atom, factor < 0, use_zero or len(monomial) > 1)
            if bound is None or part is None:
                return None
            part = polynomials.polynomial_product(part, bound)
        polynomials.add(total, part or {})
    return total


def _atom_bound(atom: Atom, above: bool, use_zero: bool) -> RationalTerms | None:
    if atom.kind == "symbol":
        return {(atom,): Fraction(1)}
    low = lower_bound(atom.value)
    if atom.kind == "quotient":
        if low is None or low < 0:
            return None
        if not above and (use_zero or isinstance(atom.denominator, Dim)):
            return {}
        if isinstance(atom.denominator, Dim):
            return None
        return _scaled_bound(atom.value, above, atom.denominator, 0 if above else 1 - atom.denominator)
    if not above:
        return {} if use_zero else _scaled_bound(atom.value, above, 1, 0)
    return None if low is None else _scaled_bound(atom.value, above, 1, -min(low, 0))


def _scaled_bound(value: Size, above: bool, denominator: int, shift: int) -> RationalTerms | None:
    inner = _below(-value if above else value, use_zero=False)
    if inner is None:
        return None
    sign = -1 if above else 1
    scaled = {key: sign * number / denominator for key, number in inner.items()}
    scaled[()] = scaled.get((), Fraction(0)) + Fraction(shift, denominator)
    return scaled
