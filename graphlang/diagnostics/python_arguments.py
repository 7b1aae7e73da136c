"""Checks the arguments of calls from Python; raises TypeError or ValueError with what is allowed."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from decimal import Decimal
from math import isinf
from numbers import Real
from typing import Any

import numpy as np

PRECISIONS = ("float32", "float64")


def precision(dtype: Any) -> np.dtype[Any] | None:
    """float32 or float64, by name or as NumPy has them; None where nothing is asked for."""
    if dtype is None:
        return None
    try:
        kind: np.dtype[Any] | None = np.dtype(dtype)
    except TypeError:
        kind = None
    if kind is None or kind.name not in PRECISIONS:
        shown = repr(dtype) if kind is None else f'"{kind.name}"'
        raise ValueError(f'dtype is "float32" or "float64", the precision of a graph, not {shown}')
    return kind


def whole(name: str, value: Any, least: int) -> int | None:
    """A whole number of at least so much; None where nothing is asked for."""
    if value is None:
        return None
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"{name} is a whole number, not {_kind(value)}")
    if number < least:
        raise ValueError(f"{name} is a whole number of at least {least}, not {number}")
    return number


def by_name(what: str, value: Any) -> dict[str, Any]:
    """A mapping from names."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"{what} is a mapping from names, as {{'x': 3}}, not {_kind(value)}")
    for name in value:
        text_of(f"a name in {what}", name)
    return dict(value)


def text_of(what: str, value: Any) -> str:
    """A text, as a name is."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is a text such as 'x', not {_kind(value)}")
    return value


def one_of(what: str, value: Any, choices: tuple[str, ...]) -> None:
    """Refuses what is neither None nor one of some texts."""
    if value is not None and value not in choices:
        raise ValueError(f"{what} is {' or '.join(map(repr, choices))}, not {value!r}")


def exact_numbers(array: Any, *, whole: bool) -> Any:
    """Python's exact numbers, of which NumPy makes objects, as numbers: long integers, fractions, decimals.

    Whole ones as int64 where that is asked for, all others as float64; an array of anything else as it is.
    Raises OverflowError where one is larger than what that holds.
    """
    numbers = array.ravel().tolist()
    if not all(isinstance(n, Real | Decimal) for n in numbers):
        return array
    if whole and all(map(is_whole, numbers)):
        return np.array([int(n) for n in numbers], np.int64).reshape(array.shape)
    return np.array([_as_float(n) for n in numbers]).reshape(array.shape)


def is_whole(number: Any) -> bool:
    """Whether an exact number is a whole one."""
    if isinstance(number, Decimal):
        return number.is_finite() and number == number.to_integral_value()
    return isinstance(number, int) or getattr(number, "denominator", 0) == 1


def _as_float(number: Any) -> float:
    converted = float(number)
    if isinf(converted) and isinstance(number, Decimal) and number.is_finite():
        raise OverflowError
    return converted


def _kind(value: Any) -> str:
    return f"{value!r}" if isinstance(value, int | float | str | bytes) else type(value).__name__
