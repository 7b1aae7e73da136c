"""Refuses whole numbers that do not fit into an int, where NumPy would let them wrap around."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from graphlang.trace.core import Step

LARGEST = 2**63 - 1
ARITHMETIC = frozenset(
    "add subtract multiply power floor_divide negative absolute square sum prod cumsum cumprod matmul".split()
)
"""Primitives whose result may not fit although their operands do."""
COUNTING = ARITHMETIC | {"abs", "einsum"}
"""Functions of the language whose result may not fit."""
TOO_LARGE = "is larger than what an int can hold"
_SURE = 2.0**63 - 2.0**32
"""A float64 estimate up to this proves that the number fits; one as far above the limit, that it does not."""


class NoInt(ArithmeticError):
    """A whole number that an int cannot hold; `value` is the name of the value that it was to be."""

    def __init__(self, what: str = TOO_LARGE, value: str = "") -> None:
        super().__init__(f"{f'`{value}`' if value else 'the result'} {what}")
        self.what = what
        self.value = value


def is_counted(name: str, dtype: np.dtype[Any], operands: Sequence[Any]) -> bool:
    """Whether a primitive computes a whole number out of whole numbers, so that it may not fit."""
    return (
        dtype.kind == "i"
        and name in ARITHMETIC
        and any(getattr(x, "dtype", np.dtype(np.bool_)).kind in "iu" for x in operands)
    )


def check_fits(name: str, compute: Callable[..., Any], operands: Sequence[Any], value: str = "") -> None:
    """Raises NoInt where the exact result of `compute` on whole numbers does not fit into an int.

    A quotient by 0 is 0, as in NumPy, so that a division by a possible 0 can stand in a `where`.
    """
    if name == "floor_divide":
        operands = (operands[0], np.where(np.equal(operands[1], 0), 1, operands[1]))
    with np.errstate(all="ignore"):
        estimate = np.abs(compute(*[_as(x, np.float64) for x in operands]))
    largest = float(np.max(estimate, initial=0.0))
    if largest <= _SURE:
        return
    if not largest <= 2.0**63 + 2.0**32:
        raise NoInt(TOO_LARGE, value)
    exact = np.asarray(compute(*[_as(x, object) for x in operands]), object)
    if any(not -LARGEST - 1 <= number <= LARGEST for number in exact.ravel()[(estimate > _SURE).ravel()]):
        raise NoInt(TOO_LARGE, value)


def _as(x: Any, kind: Any) -> Any:
    """An operand in another kind of numbers; object arrays hold Python's, which are exact."""
    if isinstance(x, np.ndarray | np.generic):
        return np.asarray(x).astype(np.int64 if kind is object else kind).astype(kind)
    return float(x) if kind is np.float64 else int(x)


def check_step(step: Step, operands: Sequence[Any]) -> None:
    """Raises NoInt where a recorded step, on these operands, gives a whole number that does not fit."""
    name = step.primitive.name
    if not is_counted(name, step.output.dtype, operands):
        return
    if name == "power":
        check_exponent(operands[1], step.origin)
    params = {key: value for key, value in step.params.items() if key != "dtype"}
    check_fits(name, partial(step.primitive.compute, **params), operands, step.origin)


def check_exponent(exponent: Any, value: str = "") -> None:
    """Raises NoInt where a whole number gets a negative power."""
    if np.any(np.asarray(exponent) < 0):
        raise NoInt("is no int: an exponent is negative, so make the base a float", value)
