"""Mills' ratio of the standard normal distribution: its upper tail probability divided by its density."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphlang.kernels.erf import erf_small, erfc_large, erfc_middle
from graphlang.trace.primitives.approximation import Approximation
from graphlang.trace.primitives.chain import chain

_HALF_ROOT = math.sqrt(math.pi / 2)

# For float32, m(x) = t * p(t) with t = 1 / (1 + k x), which is 1 / x far out, as m is. The coefficients, the
# highest power first, make the largest relative error up to x = 14.5, where exp(-x**2 / 2) is no longer a
# float32, as small as it can be (1e-7 before rounding).
_SINGLE_K = 0.305
_SINGLE = (0.09183972287390794, -0.38287648944010894, 0.464513678975187, -0.09429933736377683,
           0.302901083573134, 0.25937033725483916, 0.30695835453482345, 0.3049068732530611)  # fmt: skip


class Mills(Approximation):
    """m(x) = P(t > x) / p(x) of a normal t with the density p, for x >= 0; dx = dy (x m - 1)."""

    name = "mills"

    def single(self, x: Any, out: Any) -> None:
        t = x * _SINGLE_K
        t += 1
        np.divide(1, t, out=t)
        np.multiply(t, _SINGLE[0], out=out)
        for c in _SINGLE[1:]:
            out += c
            out *= t

    def double(self, x: Any, out: Any) -> None:
        out[...] = _cody(x * math.sqrt(0.5))

    def arithmetic(self, x: Any) -> Any:
        y = x * math.sqrt(0.5)
        above = np.where(y > 4, erfc_large(y), erfc_middle(np.clip(y, 0.46875, 4)))
        near = np.minimum(y, 0.46875)
        below = np.exp(near * near) * (1 - erf_small(near))
        return np.where(y <= 0.46875, below, above) * _HALF_ROOT

    def derivative(self, position: int, dy: Any, y: Any, x: Any) -> Any:
        return chain(dy, x * y - 1)


def _cody(y: Any) -> Any:
    """sqrt(pi / 2) exp(y**2) erfc(y), y = x / sqrt(2), from the approximations of `erf`."""
    value = erfc_middle(np.clip(y, 0.46875, 4))
    small, large = y <= 0.46875, y > 4
    if large.any():
        value[large] = erfc_large(y[large])
    if small.any():
        near = y[small]
        value[small] = np.exp(near * near) * (1 - erf_small(near))
    value *= _HALF_ROOT
    return value


mills = Mills()
