"""Numbers computed from sizes, and what they have in common with the sizes themselves."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from graphlang.syntax.operators import ARITHMETIC
from graphlang.trace.errors import NoSize, SizeTooLong, UndecidedError
from graphlang.trace.formula import Formula, called, infix, negated


class Symbolic:
    """The base of `Dim` and `DimScalar`: a formula of named sizes that gets a number when they are bound.

    Arithmetic gives a `DimScalar`; `Dim` has its own for other sizes.
    """

    __slots__ = ()

    def value_for(self, sizes: Mapping[str, int]) -> Any:
        """The number; raises ArithmeticError where there is none."""
        raise NotImplementedError

    def symbol_names(self) -> set[str]:
        """The names it depends on."""
        raise NotImplementedError

    def formula(self) -> Formula:
        raise NotImplementedError

    def sample(self) -> complex:
        """Some number of the type that it will have."""
        raise NotImplementedError

    def bind(self, sizes: Mapping[str, int]) -> Any:
        """The Python number, once every symbol has one; raises NoSize, with the formula and the reason."""
        try:
            return self.value_for(sizes)
        except ArithmeticError as error:
            raise NoSize(str(self), named_sizes(self, sizes), error) from error

    def __str__(self) -> str:
        return self.formula().text

    __repr__ = __str__

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return scalar(ufunc, *inputs) if method == "__call__" and not options else NotImplemented

    def __neg__(self) -> Any:
        return scalar(operator.neg, self)

    def __add__(self, other: NumberOrSize) -> Any:
        return scalar(operator.add, self, other)

    def __radd__(self, other: NumberOrSize) -> Any:
        return scalar(operator.add, other, self)

    def __sub__(self, other: NumberOrSize) -> Any:
        return scalar(operator.sub, self, other)

    def __rsub__(self, other: NumberOrSize) -> Any:
        return scalar(operator.sub, other, self)

    def __mul__(self, other: NumberOrSize) -> Any:
        return scalar(operator.mul, self, other)

    def __rmul__(self, other: NumberOrSize) -> Any:
        return scalar(operator.mul, other, self)

    def __truediv__(self, other: NumberOrSize) -> Any:
        return scalar(operator.truediv, self, other)

    def __rtruediv__(self, other: NumberOrSize) -> Any:
        return scalar(operator.truediv, other, self)

    def __floordiv__(self, other: NumberOrSize) -> Any:
        return scalar(operator.floordiv, self, other)

    def __rfloordiv__(self, other: NumberOrSize) -> Any:
        return scalar(operator.floordiv, other, self)

    def __mod__(self, other: NumberOrSize) -> Any:
        return scalar(operator.mod, self, other)

    def __rmod__(self, other: NumberOrSize) -> Any:
        return scalar(operator.mod, other, self)

    def __pow__(self, other: NumberOrSize) -> Any:
        return scalar(operator.pow, self, other)

    def __rpow__(self, other: NumberOrSize) -> Any:
        return scalar(operator.pow, other, self)


NumberOrSize: TypeAlias = bool | int | float | np.generic | Symbolic
"""A number, or what becomes one when sizes are bound."""


MOST_OPERATIONS = 100
"""The most operations of a number that is computed from sizes."""


def refuse_large_power(base: Any, exponent: Any) -> None:
    """Raises OverflowError for a power of whole numbers that would have too many digits to compute."""
    whole = isinstance(base, int) and isinstance(exponent, int)
    if whole and exponent > 0 and abs(base) > 1 and exponent * base.bit_length() > 4096:
        raise OverflowError("the result is too large")


class DimScalar(Symbolic):
    """A number computed from sizes, such as `1 / N`: an operand of arrays, evaluated when sizes are bound."""

    __slots__ = ("function", "kind", "operands", "weight")

    def __init__(self, function: Callable[..., Any], operands: tuple[NumberOrSize, ...]) -> None:
        self.function = function
        self.operands = operands
        #: the operations in it, each counted as often as it stands there
        self.weight: int = 1 + sum(x.weight for x in operands if isinstance(x, DimScalar))
        if self.weight > MOST_OPERATIONS:
            raise SizeTooLong
        sample = function(*(x.sample() if isinstance(x, Symbolic) else x for x in operands))
        self.kind: type[Any] = type(sample.item() if isinstance(sample, np.generic) else sample)

    def value_for(self, sizes: Mapping[str, int]) -> Any:
        values = [value_for(operand, sizes) for operand in self.operands]
        if self.function is operator.pow:
            refuse_large_power(*values)
        value = self.function(*values)
        if isinstance(value, complex):
            raise ArithmeticError("it is not a real number")  # noqa: TRY004 - the type is no mistake of the caller
        return value.item() if isinstance(value, np.generic) else value

    def symbol_names(self) -> set[str]:
        return set().union(*map(symbols, self.operands))

    def sample(self) -> complex:
        sample: complex = self.kind(2)
        return sample

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, DimScalar) and self.function is other.function
        return same and self.operands == other.operands  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((self.function, self.operands))

    def formula(self) -> Formula:
        symbol = operator_text(self)
        if symbol is not None:
            return infix(symbol, *self.operands)
        if self.function is operator.neg:
            return negated(*self.operands)
        return called(self.function.__name__, self.operands)

    def __bool__(self) -> bool:
        raise UndecidedError(f"{self} is not a number yet")


_OPERATOR_TEXTS: dict[Any, str] = {row.python: symbol for symbol, row in ARITHMETIC.items()}


def operator_text(value: DimScalar) -> str | None:
    """The sign between the two operands of a number; None for a function."""
    return _OPERATOR_TEXTS.get(value.function)


def scalar(function: Callable[..., Any], *operands: NumberOrSize) -> Any:
    """A function of numbers and sizes; NotImplemented where an operand is something else."""
    numbers = [x.item() if isinstance(x, np.generic) else x for x in operands]
    if all(isinstance(x, (bool, int, float, Symbolic)) for x in numbers):
        return DimScalar(function, tuple(numbers))
    return NotImplemented


def value_for(value: NumberOrSize, sizes: Mapping[str, int]) -> Any:
    """The number of a formula; a number is its own."""
    return value.value_for(sizes) if isinstance(value, Symbolic) else value


def symbols(value: NumberOrSize) -> set[str]:
    """The names that a size, or a number computed from sizes, depends on."""
    return value.symbol_names() if isinstance(value, Symbolic) else set()


def named_sizes(value: NumberOrSize, sizes: Mapping[str, int]) -> dict[str, int]:
    """The sizes that a formula depends on."""
    return {name: sizes[name] for name in sorted(symbols(value))}
