"""x**p times powers of log(x), which the derivatives of a power by its exponent are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.trace.core import Array, Primitive, Signature, StepOperand, into
from graphlang.trace.primitives.chain import chain, zero_times
from graphlang.trace.primitives.ufuncs import BinaryUfunc
from graphlang.trace.types import ArrayOrNumber, Out


class PowerLog(Primitive):
    """x**p * log(x)**order, the derivatives of x**p by p; where x and p are 0, it is 0 as in PyTorch."""

    name = "power_log"
    kind = "elementwise"
    power = BinaryUfunc(np.power)
    """For its shape rule; the primitive with derivatives, in `elementwise`, uses this one."""

    def __call__(self, x: StepOperand, p: StepOperand, *, order: int) -> Any:
        return super().__call__(x, p, order=order)

    def shape(self, x: StepOperand, p: StepOperand, *, order: int) -> Signature:
        return self.power.shape(x, p)

    def compute(self, x: ArrayOrNumber, p: ArrayOrNumber, *, order: int, out: Out = None) -> Any:
        with np.errstate(all="ignore"):
            return into(out, self.arithmetic(x, p, order=order))

    def arithmetic(self, x: Any, p: Any, *, order: int) -> Any:
        y = np.power(x, p)
        z = np.log(x) ** order * y
        nothing = (y == 0) | (np.equal(x, 0) & np.equal(p, 0))
        return np.where(nothing, 0, z).astype(y.dtype)

    def derivative(self, position: int, dy: Array, y: Array, x: Array, p: Array, *, order: int) -> Any:
        if position == 1:
            return chain(dy, power_log(x, p, order=order + 1))
        lower = x ** (p - 1) if order == 1 else power_log(x, p - 1, order=order - 1)
        return chain(dy, zero_times(p, power_log(x, p - 1, order=order)) + order * lower)

    def flops(self, x: StepOperand, p: StepOperand, *, order: int) -> Any:
        return 24 * super().flops(x, p, order=order)


power_log = PowerLog()
