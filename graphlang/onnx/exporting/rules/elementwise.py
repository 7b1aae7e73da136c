"""Rules of elementwise primitives: what ONNX has by another name, and what it has not is composed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphlang.onnx.exporting.call import Rule, RuleCall, Rules, is_truth

_SAME = {
    "negative": "Neg", "absolute": "Abs", "fabs": "Abs", "reciprocal": "Reciprocal", "sqrt": "Sqrt",
    "exp": "Exp", "log": "Log", "sin": "Sin", "cos": "Cos", "tan": "Tan", "arcsin": "Asin", "arccos": "Acos",
    "arctan": "Atan", "sinh": "Sinh", "cosh": "Cosh", "tanh": "Tanh", "arcsinh": "Asinh",
    "arccosh": "Acosh", "arctanh": "Atanh", "sign": "Sign", "floor": "Floor", "ceil": "Ceil",
    "rint": "Round", "subtract": "Sub", "divide": "Div", "power": "Pow",
    "float_power": "Pow", "where": "Where", "sigmoid": "Sigmoid", "erf": "Erf",
}  # fmt: skip
"""Of floats; those of `_ROUNDING` leave whole numbers as they are."""
_ROUNDING = ("floor", "ceil", "rint", "trunc")
_OF_TRUTHS = {"add": "Or", "maximum": "Or", "multiply": "And", "minimum": "And"}
_ARITHMETIC = {"add": "Add", "maximum": "Max", "multiply": "Mul", "minimum": "Min"}
_COMPARISONS = {
    "greater": "Greater", "greater_equal": "GreaterOrEqual", "less": "Less", "less_equal": "LessOrEqual",
    "equal": "Equal",
}  # fmt: skip
_LOGIC = {"logical_and": "And", "logical_or": "Or", "logical_xor": "Xor"}
_BITS = {
    "bitwise_and": ("And", "BitwiseAnd"),
    "bitwise_or": ("Or", "BitwiseOr"),
    "bitwise_xor": ("Xor", "BitwiseXor"),
}


def _same(kind: str) -> Rule:
    return lambda c, **params: c.node(kind, *c.operands)


def _arithmetic(name: str) -> Rule:
    def rule(c: RuleCall) -> str:
        table = _OF_TRUTHS if all(is_truth(t) for t in c.types) else _ARITHMETIC
        return c.node(table[name], *c.operands)

    return rule


def _comparison(name: str) -> Rule:
    def rule(c: RuleCall) -> str:
        plain = name != "equal" and is_truth(c.dtype)
        operands = [c.w.cast(x, np.int32) for x in c.operands] if plain else c.operands
        return c.node(_COMPARISONS[name], *operands)

    return rule


def _truth(c: RuleCall, x: str, kind: Any) -> str:
    return x if is_truth(kind) else c.w.cast(x, bool)


def _logic(kind: str) -> Rule:
    return lambda c: c.node(kind, *[_truth(c, x, t) for x, t in zip(c.operands, c.types, strict=True)])


def _bits(of_truths: str, of_ints: str) -> Rule:
    return lambda c: c.node(of_truths if is_truth(c.dtype) else of_ints, *c.operands)


def _rounding(kind: str) -> Rule:
    return lambda c: c.node(kind, c.x) if c.is_float else c.x


def _times(kind: str, factor: float) -> Rule:
    """A function and a factor after it."""
    return lambda c: c.node("Mul", c.node(kind, c.x) if kind else c.x, c.number(factor))


def not_equal(c: RuleCall) -> str:
    return c.node("Not", c.node("Equal", *c.operands))


def logical_not(c: RuleCall) -> str:
    return c.node("Not", _truth(c, c.x, c.dtype))


def invert(c: RuleCall) -> str:
    return c.node("Not" if is_truth(c.dtype) else "BitwiseNot", c.x)


def square(c: RuleCall) -> str:
    return c.node("Mul", c.x, c.x)


def isinf(c: RuleCall) -> str:
    return c.node("IsInf", c.x) if c.is_float else _nowhere(c)


def isnan(c: RuleCall) -> str:
    return c.node("IsNaN", c.x) if c.is_float else _nowhere(c)


def _nowhere(c: RuleCall) -> str:
    return c.node("Not", c.node("Equal", c.x, c.x))


def isfinite(c: RuleCall) -> str:
    """x - x is 0 where x is finite, and else nan."""
    rest = c.node("Sub", c.x, c.x) if c.is_float else c.x
    return c.node("Equal", rest, rest)


def signbit(c: RuleCall) -> str:
    return _is_negative(c, c.x)


def _is_negative(c: RuleCall, x: str) -> str:
    """Below 0, or the zero that is."""
    negative = c.node("Less", x, c.number(0))
    if not c.is_float:
        return negative
    return c.node("Or", negative, c.node("Less", c.node("Reciprocal", x), c.number(0)))


def copysign(c: RuleCall) -> str:
    size = c.node("Abs", c.x)
    return c.node("Where", _is_negative(c, c.operands[1]), c.node("Neg", size), size)


def trunc(c: RuleCall) -> str:
    if not c.is_float:
        return c.x
    return c.node("Mul", c.node("Sign", c.x), c.node("Floor", c.node("Abs", c.x)))


def cbrt(c: RuleCall) -> str:
    return c.node("Mul", c.node("Sign", c.x), c.node("Pow", c.node("Abs", c.x), c.number(1 / 3)))


def exp2(c: RuleCall) -> str:
    return c.node("Pow", c.number(2), c.x)


def log1p(c: RuleCall) -> str:
    """log(u) * x / (u - 1) for u = 1 + x loses no digits near 0, since the errors of u cancel."""
    u = c.node("Add", c.x, c.number(1))
    log, near = c.node("Log", u), c.node("Sub", u, c.number(1))
    plain = c.node("Or", c.node("Equal", near, c.number(0)), c.node("IsInf", u))
    exact = c.node("Div", c.node("Mul", log, c.x), c.node("Where", plain, c.number(1), near))
    tiny = c.node("Where", c.node("IsInf", u), u, c.x)
    return c.node("Where", plain, tiny, exact)


def expm1(c: RuleCall) -> str:
    """(e - 1) * x / log(e) for e = exp(x) loses no digits near 0; far from there it is e - 1."""
    e = c.node("Exp", c.x)
    near = c.node("Less", c.node("Abs", c.x), c.number(0.5))
    less = c.node("Sub", e, c.number(1))
    tiny = c.node("Equal", less, c.number(0))
    log = c.node("Log", c.node("Where", c.node("And", near, c.node("Not", tiny)), e, c.number(math.e)))
    exact = c.node("Div", c.node("Mul", less, c.x), log)
    return c.node("Where", near, c.node("Where", tiny, c.x, exact), less)


def arctan2(c: RuleCall) -> str:
    """The angle of the point (x, y), from that of the quotient."""
    y, x = c.operands
    half = c.number(math.pi / 2)
    angle = c.node("Atan", c.node("Div", y, x))
    behind = c.node("Where", _is_negative(c, y), c.number(-math.pi), c.number(math.pi))
    turned = c.node("Where", _is_negative(c, x), c.node("Add", angle, behind), angle)
    up = c.node("Where", _is_negative(c, y), c.node("Neg", half), half)
    sideways = c.node("And", c.node("Equal", x, c.number(0)), c.node("Not", c.node("Equal", y, c.number(0))))
    flat = c.node("Where", _is_negative(c, x), behind, c.number(0))
    origin = c.node("And", c.node("Equal", x, c.number(0)), c.node("Equal", y, c.number(0)))
    zero = c.node("Where", _is_negative(c, y), c.node("Neg", c.node("Abs", flat)), flat)
    return c.node("Where", origin, zero, c.node("Where", sideways, up, turned))


def hypot(c: RuleCall) -> str:
    """The length, of numbers divided by the larger one, so that no square overflows."""
    x, y = (c.node("Abs", v) for v in c.operands)
    most = c.node("Max", x, y)
    scale = c.node("Where", c.node("Equal", most, c.number(0)), c.number(1), most)
    parts = [c.node("Div", v, scale) for v in (x, y)]
    squares = [c.node("Mul", v, v) for v in parts]
    length = c.node("Mul", c.node("Sqrt", c.node("Add", *squares)), scale)
    return c.node("Where", c.node("IsInf", most), most, length)


def _logaddexp(base: float) -> Rule:
    """max(x, y) + log(1 + base**-|x - y|) / log(base)"""

    def rule(c: RuleCall) -> str:
        def distance(x: Any, y: Any) -> Any:
            apart = np.abs(np.subtract(x, y)) * -math.log(base)
            same = np.equal(x, y)  # two equal infinities have no distance
            return np.maximum(x, y) + np.log1p(np.exp(np.where(same, 0, apart))) / math.log(base)

        return c.recorded(distance)

    return rule


def fmod(c: RuleCall) -> str:
    return c.node("Mod", *_without_zero(c), fmod=1)


def _without_zero(c: RuleCall) -> tuple[str, ...]:
    """Whole numbers modulo 0 are 0, as modulo 1."""
    if c.is_float:
        return c.operands
    x, y = c.operands
    return x, c.node("Where", c.node("Equal", y, c.number(0)), c.number(1), y)


def remainder(c: RuleCall) -> str:
    """Python's remainder has the sign of the divisor, as ONNX has it for whole numbers alone."""
    if not c.is_float:
        return c.node("Mod", *_without_zero(c))
    x, y = c.operands
    rest = c.node("Mod", x, y, fmod=1)
    other = c.node("Xor", c.node("Less", rest, c.number(0)), c.node("Less", y, c.number(0)))
    moved = c.node("And", c.node("Not", c.node("Equal", rest, c.number(0))), other)
    return c.node("Where", moved, c.node("Add", rest, y), rest)


def floor_divide(c: RuleCall) -> str:
    x, y = c.operands
    if c.is_float:
        quotient = c.node("Div", c.node("Sub", x, remainder(c)), y)
        whole = c.node("Round", quotient)
        return c.node("Where", c.node("Equal", y, c.number(0)), c.node("Div", x, y), whole)
    zero = c.node("Equal", y, c.number(0))
    below = c.node("Where", zero, c.number(1), y)
    whole = c.node("Div", c.node("Sub", x, c.node("Mod", x, below)), below)
    return c.node("Where", zero, c.number(0), whole)


def _of_numbers(kind: str) -> Rule:
    """The extremum where one of the two may be nan."""

    def rule(c: RuleCall) -> str:
        x, y = c.operands
        if not c.is_float:
            return c.node(kind, x, y)
        found = c.node("Where", c.node("IsNaN", y), x, c.node(kind, x, y))
        return c.node("Where", c.node("IsNaN", x), y, found)

    return rule


def clip(c: RuleCall) -> str:
    x, low, high = c.operands
    return c.node("Min", c.node("Max", x, low), high)


def chain(c: RuleCall) -> str:
    """dy * slope, and 0 where dy is 0."""
    return c.node("Where", c.node("Equal", c.x, c.number(0)), c.number(0), c.node("Mul", *c.operands))


def chain_quotient(c: RuleCall) -> str:
    return c.node("Where", c.node("Equal", c.x, c.number(0)), c.number(0), c.node("Div", *c.operands))


def zero_times(c: RuleCall) -> str:
    nothing = c.node("Or", *[c.node("Equal", x, c.number(0)) for x in c.operands])
    return c.node("Where", nothing, c.number(0), c.node("Mul", *c.operands))


def excess(c: RuleCall) -> str:
    """x - y, and of equal infinities 0 at +inf, and -inf at -inf."""
    x, y = c.operands
    if not c.is_float:
        return c.node("Sub", x, y)
    same = c.node("And", c.node("Equal", x, y), c.node("IsInf", x))
    ends = c.node("Min", x, c.number(0))
    return c.node("Where", same, ends, c.node("Sub", x, y))


def astype(c: RuleCall, *, dtype: Any) -> str:
    return c.x if c.dtype == dtype else c.w.cast(c.x, dtype)


def by_arithmetic(primitive: Any) -> Rule:
    """The rule of a primitive that says in `arithmetic` which others it consists of."""

    def rule(c: RuleCall, **params: Any) -> str:
        return c.recorded(lambda *operands: primitive.arithmetic(*operands, **params))

    return rule


RULES: Rules = {name: _same(kind) for name, kind in _SAME.items()}
RULES |= {name: _arithmetic(name) for name in _ARITHMETIC}
RULES |= {name: _comparison(name) for name in _COMPARISONS}
RULES |= {name: _logic(kind) for name, kind in _LOGIC.items()}
RULES |= {name: _bits(*kinds) for name, kinds in _BITS.items()}
RULES |= {name: _rounding(_SAME[name]) for name in _ROUNDING if name in _SAME}
RULES |= {
    rule.__name__: rule
    for rule in (
        not_equal, logical_not, invert, square, isinf, isnan, isfinite, signbit, copysign, trunc, cbrt, exp2,
        log1p, expm1, arctan2, hypot, fmod, remainder, floor_divide, clip, chain, chain_quotient, zero_times,
        excess, astype,
    )
}  # fmt: skip
RULES |= {
    "positive": lambda c: c.x,
    "log2": _times("Log", 1 / math.log(2)),
    "log10": _times("Log", 1 / math.log(10)),
    "deg2rad": _times("", math.pi / 180),
    "rad2deg": _times("", 180 / math.pi),
    "logaddexp": _logaddexp(math.e),
    "logaddexp2": _logaddexp(2.0),
    "fmax": _of_numbers("Max"),
    "fmin": _of_numbers("Min"),
}
