"""Functions of constants, which have their value before anything runs: `hyper n = floor(sqrt(d))`.

Where an operand comes with the data, the same name is the operation of the catalog.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from graphlang.diagnostics.arguments import CannotCompute, NoFunctionOf
from graphlang.resolve.constants import NoValue, bounded_result, described, is_number
from graphlang.resolve.values import Value, is_integer
from graphlang.trace import Dim, DimScalar, Symbolic
from graphlang.trace.dims import floor_divide, maximum, minimum

Numbers = Sequence[Any]


def value_of(name: str, operands: Numbers) -> Any:
    """The value of a function of constants; raises NoValue if it has none."""
    numbers = _numbers_of(name, operands)
    if not all(map(is_computable, numbers)) or not _fits(name, operands, numbers):
        raise _no_value(name, operands)
    try:
        return bounded_result(COMPUTED[name](numbers), numbers)
    except OverflowError:
        raise NoValue(CannotCompute.result_too_large) from None
    except (ValueError, ZeroDivisionError):
        raise _no_value(name, operands) from None


def is_computable(value: Any) -> bool:
    """Whether it is a number, and not `true` or `false`."""
    return is_number(value) and not isinstance(value, bool)


def _numbers_of(name: str, operands: Numbers) -> list[Any]:
    """The numbers that a function works on: its operands, or the items of the list that it has."""
    return list(operands[0]) if _is_listed(name, operands) else list(operands)


def _no_value(name: str, operands: Numbers) -> NoValue:
    """What to raise for operands that a function has no value for."""
    what = ", ".join(map(_in_words, operands)) or "nothing"
    return NoValue(NoFunctionOf, name, what, TAKES.get(name, "a number"))


def _is_listed(name: str, operands: Numbers) -> bool:
    return name in ("max", "min", "sum") and len(operands) == 1 and isinstance(operands[0], list)


def _fits(name: str, operands: Numbers, numbers: Numbers) -> bool:
    """Whether there are as many numbers as the function takes."""
    if name in ("max", "min"):
        return len(numbers) > (0 if _is_listed(name, operands) else 1)
    if name == "sum":
        return _is_listed(name, operands)
    return len(numbers) in ((1, 2) if name == "round" else (1,))


def _of_one(function: Callable[[Any], Any], symbolic: np.ufunc) -> Callable[[Numbers], Any]:
    return lambda numbers: symbolic(numbers[0]) if isinstance(numbers[0], Symbolic) else function(numbers[0])


def _square_root(x: Any) -> Any:
    """The root, which is whole where a whole number is a square."""
    if is_integer(x) and x >= 0 and math.isqrt(x) ** 2 == x:
        return math.isqrt(x)
    return math.sqrt(x)


def _binary_logarithm(x: Any) -> Any:
    """The logarithm, which is whole where a whole number is a power of two."""
    return int(x).bit_length() - 1 if is_integer(x) and x > 0 and not x & (x - 1) else math.log2(x)


def _down(x: Any) -> Any:
    """The largest whole number that is not above x."""
    if isinstance(x, DimScalar):
        quotient = _quotient(x)
        return np.floor(x) if quotient is None else floor_divide(*quotient)
    return x if isinstance(x, Dim) else math.floor(x)


_DIVISION: Any = (Dim.symbol("n") / 2).function


def _quotient(x: DimScalar) -> tuple[Any, Any] | None:
    """The sizes whose quotient it is."""
    operands: Any = x.operands
    return operands if x.function is _DIVISION and _are_whole(*operands) else None


def _are_whole(*values: Any) -> bool:
    return all(is_integer(v) or isinstance(v, Dim) for v in values)


def _up(x: Any) -> Any:
    """The smallest whole number that is not below x."""
    if isinstance(x, DimScalar):
        quotient = _quotient(x)
        return np.ceil(x) if quotient is None else -floor_divide(-quotient[0], quotient[1])
    return x if isinstance(x, Dim) else math.ceil(x)


def _rounded(numbers: Numbers) -> Any:
    x, *decimals = numbers
    if isinstance(x, Symbolic):
        return x if isinstance(x, Dim) else np.rint(x)
    return builtins.round(x, *decimals) if not decimals or is_integer(decimals[0]) else None


def _choice(whole: Callable[[Any, Any], Any], ufunc: np.ufunc) -> Callable[[Numbers], Any]:
    """The largest or smallest number; of sizes a size."""

    def chosen(a: Any, b: Any) -> Any:
        if not isinstance(a, Symbolic) and not isinstance(b, Symbolic):
            return (max if ufunc is np.maximum else min)(a, b)
        return whole(a, b) if _are_whole(a, b) else ufunc(a, b)

    return lambda numbers: reduce(chosen, numbers)


COMPUTED: dict[str, Callable[[Numbers], Any]] = {
    "sqrt": _of_one(_square_root, np.sqrt),
    "exp": _of_one(math.exp, np.exp),
    "log": _of_one(math.log, np.log),
    "log2": _of_one(_binary_logarithm, np.log2),
    "abs": _of_one(abs, np.abs),
    "floor": lambda numbers: _down(numbers[0]),
    "ceil": lambda numbers: _up(numbers[0]),
    "round": _rounded,
    "max": _choice(maximum, np.maximum),
    "min": _choice(minimum, np.minimum),
    "sum": lambda numbers: reduce(lambda a, b: a + b, numbers, 0),
}
"""By its name the function of numbers and sizes."""
NAMES = frozenset({*COMPUTED, "len", "range"})
"""Functions that a constant expression may call."""
TAKES = {
    "max": "two numbers or more, or a list",
    "min": "two numbers or more, or a list",
    "sum": "a list of numbers, or of values of one shape",
    "sqrt": "a number from 0 on",
    "log": "a number above 0",
    "log2": "a number above 0",
    "len": "a list, or a value with an axis",
    "range": "one, two or three whole numbers, of which the step is not 0",
}


def length_of(operands: Numbers) -> Any:
    """`len(x)`: the items of a list, or the first size of a value."""
    (x,) = operands if len(operands) == 1 else (None,)
    if isinstance(x, list | tuple):
        return len(x)
    if isinstance(x, Value) and x.array.shape:
        return x.array.shape[0]
    raise _no_value("len", operands)


def range_of(operands: Numbers) -> range:
    """`range(n)`, `range(start, stop)` or `range(start, stop, step)`."""
    if not 1 <= len(operands) <= 3 or not all(map(is_integer, operands)) or operands[2:] == [0]:
        raise _no_value("range", operands)
    return range(*operands)


def _in_words(value: Any) -> str:
    return "a value of the graph" if isinstance(value, Value) else described(value)
