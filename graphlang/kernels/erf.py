"""The error function, to the last digits of the dtype."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np

from graphlang.trace.core import is_symbolic_array
from graphlang.trace.primitives.approximation import Approximation
from graphlang.trace.primitives.chain import chain

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
# For float32, erf(x) = tanh(x * p(x**2)): tanh is quick, and p is nearly a straight line. Its coefficients,
# the highest power first, make the largest relative error of erf as small as it can be up to x**2 = 15 (1.6
# units in the last place before rounding); from there on float32 has only 1.
_SINGLE = (1.4185282508729772e-7, -5.668486765434441e-6, 8.763739845533326e-5, -6.197848471959773e-4,
           -1.9183060690618554e-4, 0.10276905573816279, 1.1283792743051608)  # fmt: skip
_SINGLE_END = 15.0


class Erf(Approximation):
    """erf(x) = 2/√π ∫₀ˣ exp(-t²) dt; dx = dy 2/√π exp(-x²)."""

    name = "erf"

    def single(self, x: Any, out: Any) -> None:
        z = np.square(x)
        np.clip(z, 0, _SINGLE_END, out=z)
        y = np.multiply(z, _SINGLE[0], out=None if np.may_share_memory(x, out) else out)
        for c in _SINGLE[1:-1]:
            y += c
            y *= z
        y += _SINGLE[-1]
        y *= x
        np.tanh(y, out=out)

    def double(self, x: Any, out: Any) -> None:
        out[...] = _cody(x)

    def arithmetic(self, x: Any) -> Any:
        y = np.abs(x)
        near, far = np.clip(y, 0.46875, 4), np.minimum(y, 6.0)
        rest = np.where(y > 4, np.exp(-far * far) * erfc_large(far), np.exp(-near * near) * erfc_middle(near))
        return np.where(y <= 0.46875, erf_small(x), np.copysign(1 - rest, x))

    def derivative(self, position: int, dy: Any, y: Any, x: Any) -> Any:
        return chain(dy, np.exp(-(x * x)) * (2 / math.sqrt(math.pi)))


def _horner(coefficients: tuple[float, ...], x: Any) -> Any:
    if is_symbolic_array(x):
        return reduce(lambda value, c: value * x + c, coefficients)
    value = x * coefficients[0]
    for c in coefficients[1:-1]:
        value += c
        value *= x
    value += coefficients[-1]
    return value


def _cody(x: Any) -> Any:
    y = np.abs(x)
    small = y <= 0.46875
    if small.all():
        return erf_small(x)
    large = y > 4
    near = np.clip(y, 0.46875, 4)
    value = 1 - np.exp(-near * near) * erfc_middle(near)
    if large.any():
        far = np.minimum(y[large], 6.0)
        value[large] = 1 - np.exp(-far * far) * erfc_large(far)
    np.copysign(value, x, out=value)
    if small.any():
        value[small] = erf_small(x[small])
    return value


def erf_small(x: Any) -> Any:
    """erf(x) for |x| up to 0.46875."""
    x2 = x * x
    return x * (_horner(_SMALL[0], x2) / _horner(_SMALL[1], x2))


def erfc_middle(y: Any) -> Any:
    """exp(y**2) erfc(y) for y from 0.46875 to 4."""
    return _horner(_MIDDLE[0], y) / _horner(_MIDDLE[1], y)


def erfc_large(y: Any) -> Any:
    """exp(y**2) erfc(y) from y = 4 on."""
    z = 1 / (y * y)
    tail = z * (_horner(_LARGE[0], z) / _horner(_LARGE[1], z))
    return (1 / math.sqrt(math.pi) - tail) / y


erf = Erf()
