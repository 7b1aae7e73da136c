"""Elementwise primitives that are a ufunc of NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from graphlang.trace.broadcasting import broadcast
from graphlang.trace.core import Array, Primitive, Signature, StepOperand, SymbolicArray, signature
from graphlang.trace.errors import DtypeError
from graphlang.trace.types import Out

Derivative: TypeAlias = "Callable[..., Any] | None"
_NO_PARAMS: dict[str, Any] = {}


class Elementwise(Primitive):
    """A ufunc on broadcast operands; a derivative is a function (dy, y, *operands), None for zero."""

    kind = "elementwise"

    def __init__(
        self, ufunc: np.ufunc, *derivatives: Derivative, commutative: bool = False, cost: int = 1
    ) -> None:
        self.name = ufunc.__name__
        self.ufunc = ufunc
        self.apply = ufunc
        self.derivatives = derivatives
        self.differentiable = any(d is not None for d in derivatives)
        self.commutative = commutative
        self.cost = cost
        self.dtypes: dict[Any, np.dtype[Any]] = {}

    def resolve(self, *kinds: Any) -> np.dtype[Any]:
        """The dtype of the result, by NumPy's rules."""
        try:
            resolved = self.apply.resolve_dtypes((*kinds, None))
        except TypeError:
            names = " and ".join(getattr(kind, "name", getattr(kind, "__name__", "")) for kind in kinds)
            raise DtypeError(f"`{self.name}` does not take {names}", tuple(range(len(kinds)))) from None
        dtype = self.dtypes[kinds] = resolved[-1]
        return dtype

    def compute(self, *operands: Any, out: Out = None) -> Any:
        return self.apply(*operands, out=out)

    def derivative(self, position: int, dy: Array, y: Array, *operands: Any, **params: Any) -> Any:
        rule = self.derivatives[position]
        return None if rule is None else rule(dy, y, *operands)

    def flops(self, *operands: Any, **params: Any) -> Any:
        return self.cost * super().flops(*operands, **params)


class UnaryUfunc(Elementwise):
    """A ufunc of one operand."""

    def __call__(self, x: StepOperand) -> Any:
        return x.trace.record(self, (x,), _NO_PARAMS) if x.__class__ is SymbolicArray else self.compute(x)

    def shape(self, x: StepOperand) -> Signature:
        shape, kind = signature(x)
        return shape, self.dtypes.get((kind,)) or self.resolve(kind)


class BinaryUfunc(Elementwise):
    """A ufunc of two operands."""

    def __call__(self, x: StepOperand, y: StepOperand) -> Any:
        if x.__class__ is SymbolicArray:
            return x.trace.record(self, (x, y), _NO_PARAMS)
        return (
            y.trace.record(self, (x, y), _NO_PARAMS) if y.__class__ is SymbolicArray else self.compute(x, y)
        )

    def shape(self, x: StepOperand, y: StepOperand) -> Signature:
        a, left = (x.shape, x.dtype) if x.__class__ is SymbolicArray else signature(x)
        b, right = (y.shape, y.dtype) if y.__class__ is SymbolicArray else signature(y)
        dtype = self.dtypes.get((left, right)) or self.resolve(left, right)
        if left is int or right is int:
            _check_integer(self, x, y, dtype)
        return (a if a == b or not b else b if not a else broadcast(a, b)), dtype


def _check_integer(primitive: BinaryUfunc, x: StepOperand, y: StepOperand, dtype: np.dtype[Any]) -> None:
    """NumPy refuses a Python integer that an integer dtype cannot hold, and a negative power of integers."""
    for position, value in ((0, x), (1, y)):
        if type(value) is int and dtype.kind in "iu":
            limits = np.iinfo(dtype)
            if not limits.min <= value <= limits.max:
                raise DtypeError(f"{value} does not fit into {dtype.name}", (position,))
    if primitive.name == "power" and type(y) is int and y < 0 and dtype.kind in "iu":
        raise DtypeError(f"an integer to the power {y} is not an integer", (0, 1), "make the base a float")
