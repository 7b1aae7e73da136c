"""Recorded steps as a formula in the usual notation, over the values that the reader knows by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from graphlang.draw.numbers import short
from graphlang.syntax.operators import ATOM, BY_FUNCTION, COMPARISON, NOT, POWER, PRODUCT, SIGN, SUM
from graphlang.trace import Step, SymbolicArray, Trace

MOST_STEPS = 24
"""Steps of the longest formula; a longer one is not read."""

Place: TypeAlias = int | str
"""A name in a formula: an operand by position or role, `RESULT` or `ARRIVING`."""
RESULT = "the result"
ARRIVING = "the gradient of the result"


class Known(NamedTuple):
    """In a formula, a value that the reader knows by name."""

    place: Place


Piece: TypeAlias = str | Known
Formula: TypeAlias = tuple[Piece, ...]


class TooLong(Exception):
    """The formula is longer than one reads."""


class _Printed(NamedTuple):
    pieces: Formula
    #: how tightly the outermost operation binds
    strength: int

    def within(self, strength: int) -> Formula:
        return self.pieces if self.strength >= strength else ("(", *self.pieces, ")")


_INFIX = {
    **{row.function: (row.sign or row.symbol, row.precedence) for row in BY_FUNCTION.values()},
    "chain": ("×", PRODUCT),
    "chain_quotient": ("/", PRODUCT),
    "excess": ("−", SUM),
    "remainder": ("%", PRODUCT),
    "zero_times": ("×", PRODUCT),
}
_SAME = frozenset({
    "alias", "astype", "broadcast_to", "constant", "full", "positive", "reshape", "stop_gradient",
})  # fmt: skip
"""Primitives that change the form of a value and none of its numbers: they are not written."""
_OPPOSITE = {
    "equal": "not_equal",
    "greater": "less_equal",
    "greater_equal": "less",
    "less": "greater_equal",
    "less_equal": "greater",
    "not_equal": "equal",
}
_SLOPES = {"sigmoid_slope": "sigmoid", "tanh_slope": "tanh"}
"""Slopes that are known by the value of the function: y × (1 − y), and 1 − y**2."""


class Printer:
    """Prints the values of one trace."""

    def __init__(self, trace: Trace, place_of: Mapping[int, Place]) -> None:
        self._trace = trace
        #: by number
        self._place_of = dict(place_of)
        self._steps = 0

    def formula(self, value: Any) -> Formula:
        """The formula of a value, also of one that has a name; raises TooLong."""
        self._steps = 0
        step = self._trace.step_of(value) if value.__class__ is SymbolicArray else None
        printed = self._value(value) if step is None else self._step(step)
        return tuple(_merged(printed.pieces))

    def _value(self, value: Any) -> _Printed:
        if value.__class__ is not SymbolicArray:
            return _number(value)
        if value.number in self._place_of:
            return _Printed((Known(self._place_of[value.number]),), ATOM)
        step = self._trace.step_of(value)
        if step is None:
            raise TooLong
        return self._step(step)

    def _step(self, step: Step) -> _Printed:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise TooLong
        name, operands = step.primitive.name, step.operands
        if name in _SAME:
            return self._value(operands[0])
        if name in _INFIX and len(operands) == 2:
            return self._infix(*_INFIX[name], *map(self._value, operands))
        if name == "negative":
            operand = self._value(operands[0])
            return _Printed(("−", *operand.within(PRODUCT)), min(SIGN, operand.strength))
        if name in ("invert", "logical_not"):
            return self._negation(operands[0])
        if name == "square":
            return _Printed((*self._value(operands[0]).within(ATOM), "**2"), POWER)
        if name == "transpose" and step.params.get("axes") in _LAST_TWO:
            return _Printed((*self._value(operands[0]).within(ATOM), ".T"), ATOM)
        if name in _SLOPES:
            return self._slope(name, operands[0])
        return self._call(step)

    def _infix(self, sign: str, strength: int, left: _Printed, right: _Printed) -> _Printed:
        first = left.within(ATOM if strength == POWER else strength)
        if strength == POWER:
            return _Printed((*first, "**", *right.within(ATOM)), POWER)
        return _Printed((*first, f" {sign} ", *right.within(strength + 1)), strength)

    def _negation(self, condition: Any) -> _Printed:
        """`x > 0` for what is not `x <= 0`: where there is no nan, which has no gradient worth reading."""
        step = self._trace.step_of(condition) if condition.__class__ is SymbolicArray else None
        if step is None or condition.number in self._place_of or step.primitive.name not in _OPPOSITE:
            return _Printed(("not ", *self._value(condition).within(COMPARISON)), NOT)
        opposite = _INFIX[_OPPOSITE[step.primitive.name]]
        return self._infix(*opposite, *map(self._value, step.operands))

    def _slope(self, name: str, x: Any) -> _Printed:
        function = _SLOPES[name]
        at = (
            (number,)
            for number in self._place_of
            if number >= 0
            and self._trace.steps[number].primitive.name == function
            and self._trace.steps[number].operands[0] is x
        )
        (number,) = next(at, (None,))
        y = self._value(x).pieces if number is None else (Known(self._place_of[number]),)
        y = (f"{function}(", *y, ")") if number is None else y
        if name == "sigmoid_slope":
            return _Printed((*y, " × (1 − ", *y, ")"), PRODUCT)
        return _Printed(("1 − ", *y, "**2"), SUM)

    def _call(self, step: Step) -> _Printed:
        name, axis = step.primitive.name, step.params.get("axis")
        pieces: list[Piece] = [f"{name}("]
        for i, operand in enumerate(step.operands):
            pieces += [", "] * bool(i)
            pieces += self._value(operand).pieces
        axes = axis if isinstance(axis, tuple) else () if axis is None else (axis,)
        if axes and len(axes) < len(getattr(step.operands[0], "shape", ())):
            pieces.append(f", axis={axes[0] if len(axes) == 1 else axes}")
        return _Printed((*pieces, ")"), ATOM)


_LAST_TWO = tuple((*range(rank), rank + 1, rank) for rank in range(6))


def _number(value: Any) -> _Printed:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or not array.size or np.any(array != array.flat[0]):
        raise TooLong
    text = short(array.flat[0].item())
    return _Printed((text.replace("-", "−", 1),), SIGN if text.startswith("-") else ATOM)


def _merged(pieces: Iterable[Piece]) -> Iterable[Piece]:
    """The pieces with texts beside one another joined."""
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        if text:
            yield text
        text = ""
        yield piece
    if text:
        yield text
