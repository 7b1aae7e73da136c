"""What is known of recorded values whatever the inputs are: that they are above 0, at least 0, or finite.

A step comes after those whose results it reads, so the steps of a trace are looked at in order, each once.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from graphlang.trace import Dim, Step, SymbolicArray, Trace

_MAY_BE_INFINITE = frozenset(
    """
    divide log log2 log10 log1p power float_power reciprocal sqrt cbrt chain_quotient arctanh arccosh tan
    power_log floor_divide remainder fmod solve inv logdet random_numbers
    """.split()
)
_POSITIVE = frozenset({"exp", "exp2", "cosh", "sigmoid", "sigmoid_slope", "tanh_slope", "mills"})
_LIKE_OPERAND = frozenset(
    {"sum", "max", "min", "sqrt", "cbrt", "reshape", "transpose", "broadcast_to", "slice", "prod", "full"}
    | {"stop_gradient", "take", "mean", "astype", "concatenate", "reciprocal"}
)


def is_positive(x: Any) -> bool:
    """Whether a value is above 0 for all finite inputs."""
    if x.__class__ is not SymbolicArray:
        return isinstance(x, Dim) or (_is_plain(x) and bool(np.all(np.asarray(x) > 0)))
    return x.number >= 0 and _signs_of(x.trace).positive[x.number]


def is_finite(x: Any) -> bool:
    """Whether a value is finite for all finite inputs of moderate size."""
    if x.__class__ is not SymbolicArray:
        return isinstance(x, Dim) or bool(np.all(np.isfinite(x))) if _is_plain(x) else False
    return x.number < 0 or _finite_of(x.trace)[x.number]


def _is_plain(x: Any) -> bool:
    """Whether an operand is a number or an array of numbers."""
    return isinstance(x, bool | int | float | np.generic | np.ndarray)


def is_one_number(x: Any) -> bool:
    """Whether an operand is a single number."""
    return isinstance(x, int | float | np.generic) or (isinstance(x, np.ndarray) and x.ndim == 0)


class _Signs:
    """By the number of a value: whether it is above 0, and whether it is 0 at least."""

    def __init__(self) -> None:
        self.positive: list[bool] = []
        self.square: list[bool] = []

    def add(self, step: Step) -> None:
        """Enters the result of the next step."""
        name, operands = step.primitive.name, step.operands
        self.square.append(self._is_square(name, operands))
        self.positive.append(self._is_positive(name, operands))

    def _is_positive(self, name: str, operands: tuple[Any, ...]) -> bool:
        if name in _POSITIVE:
            return True
        above = [self._above(v) for v in operands]
        if name == "add":
            a, b = operands
            return (above[0] and (above[1] or self._at_least(b))) or (above[1] and self._at_least(a))
        if name == "maximum":
            return any(above)
        return (name in ("multiply", "divide") or name in _LIKE_OPERAND) and all(above)

    def _is_square(self, name: str, operands: tuple[Any, ...]) -> bool:
        if name in ("square", "absolute", "fabs"):
            return True
        if name in ("divide", "multiply"):
            same = name == "multiply" and operands[0] is operands[1]
            return same or all(self._at_least(v) or self._above(v) for v in operands)
        return name in _LIKE_OPERAND and all(self._at_least(v) for v in operands)

    def _above(self, x: Any) -> bool:
        if x.__class__ is SymbolicArray:
            return x.number >= 0 and self.positive[x.number]
        return is_positive(x)

    def _at_least(self, x: Any) -> bool:
        if x.__class__ is SymbolicArray:
            return x.number >= 0 and self.square[x.number]
        return _is_plain(x) and bool(np.all(np.asarray(x) >= 0))


_signs: WeakKeyDictionary[Trace, _Signs] = WeakKeyDictionary()
_finite: WeakKeyDictionary[Trace, list[bool]] = WeakKeyDictionary()


def _signs_of(trace: Trace) -> _Signs:
    known = _signs.get(trace)
    if known is None:
        known = _signs[trace] = _Signs()
    for number in range(len(known.positive), len(trace.steps)):
        known.add(trace.steps[number])
    return known


def _finite_of(trace: Trace) -> list[bool]:
    """By the number of a value, whether it is finite for all finite inputs."""
    known = _finite.setdefault(trace, [])
    for number in range(len(known), len(trace.steps)):
        step = trace.steps[number]
        known.append(step.output.dtype.kind == "b" or (_keeps_finite(step) and _reads_finite(step, known)))
    return known


def _reads_finite(step: Step, known: list[bool]) -> bool:
    for x in step.operands:
        if x.__class__ is SymbolicArray:
            if x.number >= 0 and not known[x.number]:
                return False
        elif _is_plain(x) and not bool(np.all(np.isfinite(x))):
            return False
    return True


def _keeps_finite(step: Step) -> bool:
    """Whether the result is finite where the operands are; of a loop, if those of all its steps are."""
    waiting = [step]
    while waiting:
        inner = waiting.pop()
        if inner.primitive.joint:
            waiting += inner.params["body"].trace.steps
        elif not _keeps_finite_alone(inner):
            return False
    return True


def _keeps_finite_alone(step: Step) -> bool:
    name, x = step.primitive.name, step.operands
    if name == "divide":
        return is_positive(x[1])
    if name in ("sqrt", "log"):
        return is_positive(x[0]) or (name == "sqrt" and _is_at_least_zero(x[0]))
    if name in ("power", "float_power"):
        return is_one_number(x[1]) and float(x[1]) >= 0 and float(x[1]).is_integer()
    return name not in _MAY_BE_INFINITE


def _is_at_least_zero(x: Any) -> bool:
    if x.__class__ is not SymbolicArray:
        return _is_plain(x) and bool(np.all(np.asarray(x) >= 0))
    return x.number >= 0 and _signs_of(x.trace).square[x.number]
