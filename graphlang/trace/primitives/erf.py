"""The error function, to the last digits of the dtype."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphlang.trace.array import signature
from graphlang.trace.errors import DtypeError
from graphlang.trace.primitive import Primitive, Result

_BLOCK = 1 << 14

# W. J. Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23 (1969); as in CALERF.
_SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560e00, 1.13864154151050156e02, 3.77485237685302021e02,
     3.20937758913846947e03),
    (1.0, 2.36012909523441209e01, 2.44024637934444173e02, 1.28261652607737228e03, 2.84423683343917062e03),
)  # fmt: skip
_MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e00, 6.61191906371416295e01,
     2.98635138197400131e02, 8.81952221241769090e02, 1.71204761263407058e03, 2.05107837782607147e03,
     1.23033935479799725e03),
    (1.0, 1.57449261107098347e01, 1.17693950891312499e02, 5.37181101862009858e02, 1.62138957456669019e03,
     3.29079923573345963e03, 4.36261909014324716e03, 3.43936767414372164e03, 1.23033935480374942e03),
)  # fmt: skip
_LARGE = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e00, 1.87295284992346047e00, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)  # fmt: skip
# The float32 rational approximation of Eigen and XLA: x p(x^2) / q(x^2) up to where float32 reaches 1.
_SINGLE = (
    (2.2905065861350646e-4, 3.4082910107109506e-3, 5.0955695062380861e-2, 1.8520832239976145e-1,
     1.128379143519084e0),
    (-1.1791602954361697e-7, 2.3547966471313185e-5, 1.0179625278914885e-3, 1.4070470171167667e-2,
     1.1098505178285362e-1, 4.9746925110067538e-1, 1.0e0),
)  # fmt: skip
_SINGLE_END = 3.832506856900711


class Erf(Primitive):
    """erf(x) = 2/√π ∫₀ˣ exp(-t²) dt; dx = dy 2/√π exp(-x²)."""

    name = "erf"
    kind = "elementwise"

    def shape(self, x: Any) -> Result:
        shape, kind = signature(x)
        if isinstance(kind, type):
            return shape, np.dtype(np.float64)
        if kind.kind not in "fiub":
            raise DtypeError(f"`erf` does not take {kind.name}")
        return shape, kind if kind.kind == "f" else np.dtype(np.float64)

    def compute(self, x: Any, *, out: Any = None) -> Any:
        x = np.asarray(x)
        x = x if x.dtype.kind == "f" else x.astype(np.float64)
        result = np.empty(x.shape, x.dtype) if out is None else out
        flat = np.ascontiguousarray(x).reshape(-1)
        target = result.reshape(-1) if result.flags.c_contiguous else np.empty(x.size, x.dtype)
        block = _erf_single if x.dtype.itemsize <= 4 else _erf_double
        for start in range(0, flat.size, _BLOCK):
            target[start : start + _BLOCK] = block(flat[start : start + _BLOCK])
        if not result.flags.c_contiguous:
            result[...] = target.reshape(x.shape)
        return result if out is not None or x.ndim else result[()]

    def derivative(self, position: int, dy: Any, y: Any, x: Any) -> Any:
        return dy * (np.exp(-(x * x)) * (2 / math.sqrt(math.pi)))

    def flops(self, x: Any) -> Any:
        return 20 * super().flops(x)


def _horner(coefficients: tuple[float, ...], x: Any) -> Any:
    value = x * coefficients[0]
    for c in coefficients[1:-1]:
        value += c
        value *= x
    value += coefficients[-1]
    return value


def _erf_single(x: Any) -> Any:
    x = np.clip(x, -_SINGLE_END, _SINGLE_END)
    x2 = x * x
    value = _horner(_SINGLE[0], x2)
    value /= _horner(_SINGLE[1], x2)
    value *= x
    return value


def _erf_double(x: Any) -> Any:
    y = np.abs(x)
    small = y <= 0.46875
    if small.all():
        return _erf_small(x)
    large = y > 4
    value = 1 - _erfc_middle(np.clip(y, 0.46875, 4))
    if large.any():
        value[large] = 1 - _erfc_large(np.minimum(y[large], 6.0))
    np.copysign(value, x, out=value)
    if small.any():
        value[small] = _erf_small(x[small])
    return value


def _erf_small(x: Any) -> Any:
    x2 = x * x
    return x * (_horner(_SMALL[0], x2) / _horner(_SMALL[1], x2))


def _erfc_middle(y: Any) -> Any:
    return np.exp(-y * y) * (_horner(_MIDDLE[0], y) / _horner(_MIDDLE[1], y))


def _erfc_large(y: Any) -> Any:
    z = 1 / (y * y)
    tail = z * (_horner(_LARGE[0], z) / _horner(_LARGE[1], z))
    return np.exp(-y * y) * ((1 / math.sqrt(math.pi) - tail) / y)


erf = Erf()
