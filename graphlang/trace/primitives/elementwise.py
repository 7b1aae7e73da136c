"""Elementwise primitives: a ufunc, and its derivative in a line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphlang.trace.broadcasting import broadcast
from graphlang.trace.core import Array, Primitive, Signature, StepOperand, SymbolicArray, signature
from graphlang.trace.dim_scalar import DimScalar
from graphlang.trace.dims import Dim
from graphlang.trace.primitives.chain import chain, chain_quotient, excess, zero_times
from graphlang.trace.primitives.power_log import power_log
from graphlang.trace.primitives.sigmoid import sigmoid, tanh_slope
from graphlang.trace.primitives.ufuncs import BinaryUfunc, Derivative, UnaryUfunc
from graphlang.trace.types import ArrayOrNumber, NumPyArray, Out

# ---- one operand

_LOG2, _LOG10 = math.log(2), math.log(10)

negative = UnaryUfunc(np.negative, lambda dy, y, x: -dy)
positive = UnaryUfunc(np.positive, lambda dy, y, x: dy)
absolute = UnaryUfunc(np.absolute, lambda dy, y, x: chain(dy, np.sign(x)))  # 0 at 0
fabs = UnaryUfunc(np.fabs, lambda dy, y, x: chain(dy, np.sign(x)))
square = UnaryUfunc(np.square, lambda dy, y, x: chain(dy, 2 * x))
reciprocal = UnaryUfunc(np.reciprocal, lambda dy, y, x: -chain(dy, y * y))
sqrt = UnaryUfunc(np.sqrt, lambda dy, y, x: chain_quotient(dy, 2 * y))
cbrt = UnaryUfunc(np.cbrt, lambda dy, y, x: chain_quotient(dy, 3 * (y * y)), cost=10)
exp = UnaryUfunc(np.exp, lambda dy, y, x: chain(dy, y), cost=8)
exp2 = UnaryUfunc(np.exp2, lambda dy, y, x: chain(dy, y * _LOG2), cost=8)
expm1 = UnaryUfunc(np.expm1, lambda dy, y, x: chain(dy, np.exp(x)), cost=8)  # y + 1 is 0 from x = -37 on
log = UnaryUfunc(np.log, lambda dy, y, x: chain_quotient(dy, x), cost=8)
log2 = UnaryUfunc(np.log2, lambda dy, y, x: chain_quotient(dy, x * _LOG2), cost=8)
log10 = UnaryUfunc(np.log10, lambda dy, y, x: chain_quotient(dy, x * _LOG10), cost=8)
log1p = UnaryUfunc(np.log1p, lambda dy, y, x: chain_quotient(dy, x + 1), cost=8)
sin = UnaryUfunc(np.sin, lambda dy, y, x: chain(dy, np.cos(x)), cost=8)
cos = UnaryUfunc(np.cos, lambda dy, y, x: -chain(dy, np.sin(x)), cost=8)
tan = UnaryUfunc(np.tan, lambda dy, y, x: chain(dy, 1 + y * y), cost=8)
arcsin = UnaryUfunc(np.arcsin, lambda dy, y, x: chain_quotient(dy, np.sqrt((1 - x) * (1 + x))), cost=8)
arccos = UnaryUfunc(np.arccos, lambda dy, y, x: -chain_quotient(dy, np.sqrt((1 - x) * (1 + x))), cost=8)
arctan = UnaryUfunc(np.arctan, lambda dy, y, x: chain_quotient(dy, 1 + x * x), cost=8)
sinh = UnaryUfunc(np.sinh, lambda dy, y, x: chain(dy, np.cosh(x)), cost=8)
cosh = UnaryUfunc(np.cosh, lambda dy, y, x: chain(dy, np.sinh(x)), cost=8)
tanh = UnaryUfunc(np.tanh, lambda dy, y, x: chain(dy, tanh_slope(x)), cost=8)
arcsinh = UnaryUfunc(np.arcsinh, lambda dy, y, x: chain_quotient(dy, np.hypot(x, 1.0)), cost=8)
arccosh = UnaryUfunc(np.arccosh, lambda dy, y, x: chain_quotient(dy, np.sqrt(x - 1) * np.sqrt(x + 1)), cost=8)
arctanh = UnaryUfunc(np.arctanh, lambda dy, y, x: chain_quotient(dy, (1 - x) * (1 + x)), cost=8)
deg2rad = UnaryUfunc(np.deg2rad, lambda dy, y, x: dy * (math.pi / 180))
rad2deg = UnaryUfunc(np.rad2deg, lambda dy, y, x: dy * (180 / math.pi))
sign = UnaryUfunc(np.sign, None)
floor = UnaryUfunc(np.floor, None)
ceil = UnaryUfunc(np.ceil, None)
trunc = UnaryUfunc(np.trunc, None)
rint = UnaryUfunc(np.rint, None)
isnan = UnaryUfunc(np.isnan, None)
isinf = UnaryUfunc(np.isinf, None)
isfinite = UnaryUfunc(np.isfinite, None)
signbit = UnaryUfunc(np.signbit, None)
logical_not = UnaryUfunc(np.logical_not, None)
invert = UnaryUfunc(np.invert, None)


# ---- two operands


def _is_constant(x: StepOperand, other: StepOperand) -> bool:
    """Whether `x` is a number in the formula, not a variable: then what ties with it gets no gradient."""
    return isinstance(x, (int, float)) or (
        other.__class__ is SymbolicArray and x.__class__ is not SymbolicArray
    )


def _chosen(loses: np.ufunc, this: int) -> Derivative:
    """Gradient of the larger (smaller) of two: ties are shared equally; against a constant they give nothing,
    so that np.maximum(x, 0) has the gradient 0 at 0, as Relu has in the book. What is nan is chosen.
    """

    def derivative(dy: Array, y: Array, *operands: Any) -> Any:
        x, other = operands[this], operands[1 - this]
        if _is_constant(other, x):
            return zero_times(dy, ~loses(x, other))
        return _shared(dy, (x == y) | np.isnan(x), (other == y) | np.isnan(other))

    return derivative


def _chosen_number(this: int) -> Derivative:
    """The same where a nan is chosen only if both are."""
    return lambda dy, y, *operands: _shared(dy, operands[this] == y, operands[1 - this] == y)


def _shared(dy: Array, mine: Array, others: Array) -> Any:
    return zero_times(dy, mine.astype(dy.dtype) * (1 - 0.5 * others.astype(dy.dtype)))


def _power_by_base(dy: Array, y: Array, x: Any, p: Any) -> Any:
    """dy p x^(p-1), which is 0 where p is, and its derivative by p is not."""
    if isinstance(p, (int, float, Dim, DimScalar)) and not isinstance(p, np.generic):
        if p == 0:
            return None
        if p == 1:
            return dy
        return chain(dy, p * x if p == 2 else p * x ** (p - 1))
    return chain(dy, zero_times(p, x ** (p - 1)))


def _power_by_exponent(dy: Array, y: Array, x: Any, p: Any) -> Any:
    """dy x^p ln x"""
    if isinstance(x, (int, float)):
        return chain(dy, y * math.log(x)) if x > 0 else None if x == 0 else chain(dy, y * math.nan)
    if isinstance(x, (Dim, DimScalar)):
        return chain(dy, y * np.log(x))
    return chain(dy, power_log(x, p, order=1))


def _ratio(x: StepOperand, length: Array) -> Any:
    """x / length, and 0 at the origin, where nothing is a derivative."""
    origin = length == 0
    return np.where(origin, 0.0, x / np.where(origin, 1.0, length))


add = BinaryUfunc(np.add, lambda dy, z, x, y: dy, lambda dy, z, x, y: dy, commutative=True)
subtract = BinaryUfunc(np.subtract, lambda dy, z, x, y: dy, lambda dy, z, x, y: -dy)
multiply = BinaryUfunc(
    np.multiply, lambda dy, z, x, y: chain(dy, y), lambda dy, z, x, y: chain(dy, x), commutative=True
)
divide = BinaryUfunc(
    np.divide, lambda dy, z, x, y: chain_quotient(dy, y), lambda dy, z, x, y: -chain(dy, z / y)
)
floor_divide = BinaryUfunc(np.floor_divide, None, None)
remainder = BinaryUfunc(
    np.remainder, lambda dy, z, x, y: dy, lambda dy, z, x, y: -chain(dy, np.floor_divide(x, y))
)
fmod = BinaryUfunc(np.fmod, lambda dy, z, x, y: dy, lambda dy, z, x, y: -chain(dy, np.trunc(x / y)))
power = BinaryUfunc(np.power, _power_by_base, _power_by_exponent, cost=16)
float_power = BinaryUfunc(np.float_power, _power_by_base, _power_by_exponent, cost=16)
arctan2 = BinaryUfunc(
    np.arctan2,
    lambda dy, z, x, y: chain(dy, y / (x * x + y * y)),
    lambda dy, z, x, y: -chain(dy, x / (x * x + y * y)),
    cost=16,
)
hypot = BinaryUfunc(
    np.hypot,
    lambda dy, z, x, y: chain(dy, _ratio(x, z)),
    lambda dy, z, x, y: chain(dy, _ratio(y, z)),
    cost=4,
)
logaddexp = BinaryUfunc(
    np.logaddexp,
    lambda dy, z, x, y: chain(dy, sigmoid(excess(x, y))),
    lambda dy, z, x, y: chain(dy, sigmoid(excess(y, x))),
    cost=16,
)
logaddexp2 = BinaryUfunc(
    np.logaddexp2,
    lambda dy, z, x, y: chain(dy, sigmoid(excess(x, y) * _LOG2)),
    lambda dy, z, x, y: chain(dy, sigmoid(excess(y, x) * _LOG2)),
    cost=16,
)
copysign = BinaryUfunc(
    np.copysign, lambda dy, z, x, y: dy * (np.copysign(1.0, x) * np.copysign(1.0, y)), None
)  # fmt: skip
maximum = BinaryUfunc(np.maximum, _chosen(np.less_equal, 0), _chosen(np.less_equal, 1), commutative=True)
minimum = BinaryUfunc(
    np.minimum, _chosen(np.greater_equal, 0), _chosen(np.greater_equal, 1), commutative=True
)
fmax = BinaryUfunc(np.fmax, _chosen_number(0), _chosen_number(1), commutative=True)
fmin = BinaryUfunc(np.fmin, _chosen_number(0), _chosen_number(1), commutative=True)
greater = BinaryUfunc(np.greater, None, None)
greater_equal = BinaryUfunc(np.greater_equal, None, None)
less = BinaryUfunc(np.less, None, None)
less_equal = BinaryUfunc(np.less_equal, None, None)
equal = BinaryUfunc(np.equal, None, None, commutative=True)
not_equal = BinaryUfunc(np.not_equal, None, None, commutative=True)
logical_and = BinaryUfunc(np.logical_and, None, None, commutative=True)
logical_or = BinaryUfunc(np.logical_or, None, None, commutative=True)
logical_xor = BinaryUfunc(np.logical_xor, None, None, commutative=True)
bitwise_and = BinaryUfunc(np.bitwise_and, None, None, commutative=True)
bitwise_or = BinaryUfunc(np.bitwise_or, None, None, commutative=True)
bitwise_xor = BinaryUfunc(np.bitwise_xor, None, None, commutative=True)


# ---- not a ufunc


class Where(Primitive):
    """x where the condition holds, else y; the gradient flows through the chosen branch alone."""

    name = "where"
    kind = "elementwise"

    def shape(self, condition: StepOperand, x: StepOperand, y: StepOperand) -> Signature:
        (c, _), (a, left), (b, right) = signature(condition), signature(x), signature(y)
        dtype = _pair_dtype(left, right)
        return broadcast(c, a, b), dtype

    def compute(
        self, condition: ArrayOrNumber, x: ArrayOrNumber, y: ArrayOrNumber, *, out: Out = None
    ) -> Any:
        if out is None:
            return np.where(condition, x, y)
        # A branch may be `out` itself: the other one is then written over it, where it is chosen.
        condition = np.array(
            condition, dtype=bool, copy=True if np.may_share_memory(condition, out) else None
        )
        if isinstance(x, np.ndarray) and np.may_share_memory(out, x):
            np.copyto(out, y, where=~condition) if _same(out, x) else np.copyto(
                out, np.where(condition, x, y)
            )
            return out
        np.copyto(out, y)
        np.copyto(out, x, where=condition)
        return out

    def derivative(self, position: int, dy: Array, y: Array, *operands: Any, **params: Any) -> Any:
        if position == 0:
            return None
        (condition, *_) = operands
        if position == 2:
            return zero_times(dy, np.logical_not(condition))
        return zero_times(dy, condition if np.dtype(signature(condition)[1]) == bool else condition != 0)


class Clip(Primitive):
    """x limited to low..high; the gradient is 1 inside and on the bounds, 0 outside (as in PyTorch)."""

    name = "clip"
    kind = "elementwise"

    def shape(self, x: StepOperand, low: StepOperand, high: StepOperand) -> Signature:
        (a, kind), (b, left), (c, right) = signature(x), signature(low), signature(high)
        dtype = (
            _pair_dtype(_pair_dtype(kind, left), right)
            if isinstance(kind, np.dtype)
            else _pair_dtype(left, right)
        )
        return broadcast(a, b, c), dtype

    def compute(self, x: NumPyArray, low: ArrayOrNumber, high: ArrayOrNumber, *, out: Out = None) -> Any:
        return np.clip(x, low, high, out=out)

    def derivative(self, position: int, dy: Array, y: Array, x: Array, low: Any, high: Any) -> Any:
        if position == 0:
            return zero_times(dy, (x >= low) & (x <= high))
        lost = (x < low) & (low <= high) if position == 1 else (x > high) | (low > high)
        return zero_times(dy, lost)


class Astype(Primitive):
    """x in another dtype; the gradient goes back to the dtype of x."""

    name = "astype"
    kind = "elementwise"

    def shape(self, x: StepOperand, *, dtype: np.dtype[Any]) -> Signature:
        return signature(x)[0], dtype

    def compute(self, x: ArrayOrNumber, *, dtype: np.dtype[Any], out: Out = None) -> Any:
        if out is None:
            return np.asarray(x).astype(dtype)
        np.copyto(out, x, casting="unsafe")
        return out

    def derivative(self, position: int, dy: Array, y: Array, x: Array, *, dtype: np.dtype[Any]) -> Any:
        return dy


_pairs: dict[Any, np.dtype[Any]] = {}


def _pair_dtype(left: Any, right: Any) -> np.dtype[Any]:
    dtype = _pairs.get((left, right))
    if dtype is None:
        samples = [kind(0) if isinstance(kind, type) else kind for kind in (left, right)]
        dtype = _pairs[left, right] = np.result_type(*samples)
    return dtype


def _same(a: NumPyArray, b: NumPyArray) -> bool:
    """Whether two arrays are the same elements in the same places."""
    return bool(a.__array_interface__ == b.__array_interface__)


where = Where()
clip = Clip()
astype = Astype()
