"""The product of the chain rule, and other operations that stay finite next to an infinite operand.

A gradient of exactly 0 stays 0, whatever the local derivative: a branch that was not chosen has no influence,
even if its slope is infinite or nan. The derivatives of these products use the same products, so gradients of
every order follow the rule. A `where` would not do: it would lose the derivative by the operand that is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from graphlang.trace.core import Array
from graphlang.trace.nan import has_nan
from graphlang.trace.primitives.ufuncs import BinaryUfunc, Derivative
from graphlang.trace.types import NumPyArray, Out, Thunk


class _Repaired(BinaryUfunc):
    """A ufunc of two operands that gives a number where the plain one gives nan for certain operands."""

    def __init__(
        self, name: str, ufunc: np.ufunc, *derivatives: Derivative, commutative: bool = False
    ) -> None:
        super().__init__(ufunc, *derivatives, commutative=commutative, cost=2)
        self.name = name
        self.ufunc, self.plain = None, ufunc

    def compute(self, *operands: Any, out: Out = None) -> Any:
        x, y = operands
        in_place = out is not None and (_overlap(out, x) or _overlap(out, y))
        repairs = self.repairs(x, y) if in_place else None
        z = self.apply(x, y, out=out)
        return self._repaired(z, self.repairs(x, y) if repairs is None else repairs, out) if has_nan(z) else z

    def checked(self, operands: Sequence[Any], out: NumPyArray) -> Thunk:
        x, y = operands
        if _overlap(out, x) or _overlap(out, y):
            return partial(self.compute, x, y, out=out)
        apply = self.apply

        def run() -> None:
            apply(x, y, out)
            if has_nan(out):
                self._repaired(out, self.repairs(x, y), out)

        return run

    def _repaired(self, z: Any, repairs: list[tuple[float, Any]], out: Out) -> Any:
        for value, where in repairs:
            if z.ndim:
                np.copyto(z, value, where=where)
            elif np.all(where):
                z = _filled(z, value, out)
        return z

    def repairs(self, x: NumPyArray, y: NumPyArray) -> list[tuple[float, Any]]:
        """Pairs of a number and the mask of where it is the result."""
        raise NotImplementedError(self.name)


class _Chain(_Repaired):
    def repairs(self, x: NumPyArray, y: NumPyArray) -> list[tuple[float, Any]]:
        return [(0.0, np.equal(x, 0))]


class _ZeroTimes(_Repaired):
    def repairs(self, x: NumPyArray, y: NumPyArray) -> list[tuple[float, Any]]:
        return [(0.0, np.equal(x, 0) | np.equal(y, 0))]


class _Excess(_Repaired):
    def repairs(self, x: NumPyArray, y: NumPyArray) -> list[tuple[float, Any]]:
        return [
            (0.0, np.equal(x, np.inf) & np.equal(y, np.inf)),
            (-np.inf, np.equal(x, -np.inf) & np.equal(y, -np.inf)),
        ]


def _overlap(out: Out, x: Array) -> bool:
    return isinstance(x, np.ndarray) and np.may_share_memory(out, x)


def _filled(z: Any, value: float, out: Out) -> Any:
    if out is None:
        return z.dtype.type(value)
    out.fill(value)
    return out


zero_times: _Repaired = _ZeroTimes(
    "zero_times",
    np.multiply,
    lambda dz, z, x, y: zero_times(dz, y),
    lambda dz, z, x, y: zero_times(dz, x),
    commutative=True,
)
"""x * y, and 0 where either is 0."""
chain: _Repaired = _Chain(
    "chain",
    np.multiply,
    lambda dz, z, dy, slope: chain(dz, slope),
    lambda dz, z, dy, slope: zero_times(dz, dy),
)
"""dy * slope, and 0 where dy is 0."""
chain_quotient: _Repaired = _Chain(
    "chain_quotient",
    np.divide,
    lambda dz, z, dy, x: chain_quotient(dz, x),
    lambda dz, z, dy, x: -chain_quotient(zero_times(dz, z), x),
)
"""dy / x, and 0 where dy is 0."""
excess: _Repaired = _Excess("excess", np.subtract, lambda dz, z, x, y: dz, lambda dz, z, x, y: -dz)
"""x - y, and of equal infinities 0 at +inf, and -inf at -inf, where both are logarithms of 0."""
