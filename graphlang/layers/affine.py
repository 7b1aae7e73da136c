"""The fully connected layer."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.contracts.initializer import Initializer
from graphlang.initializers.he import he
from graphlang.initializers.zeros import zeros
from graphlang.layers._axes import last_size
from graphlang.trace import total
from graphlang.trace.primitives.matmul import matmul


class Affine(Layer):
    """y = x @ W + b, along the last axis

    Gradient: dx = dy @ W.T, dW = x.T @ dy, db = the sum of dy over the batch.
    Shapes: x [..., in], W [in, units], b [units] -> y [..., units]; one sample or a batch of any rank.
    Source: Deep Learning from Scratch, 5.6.
    """

    units: int = Field(gt=0, description="numbers that come out")
    init: Initializer = Field(he(), description="how W starts; b starts at 0")
    bias: bool = Field(True, description="whether b is added")

    def parameters(self, x: Array) -> dict[str, Parameter]:
        W = Parameter((last_size("Affine", x), self.units), self.init)
        return {"W": W, "b": Parameter((self.units,), zeros())} if self.bias else {"W": W}

    def unfolding(self, x: Array) -> str:
        return "y = x @ W + b" if self.bias else "y = x @ W"

    def forward(self, x: Array, *, W: Array, b: Array = None) -> tuple[Array, tuple[Array, Array]]:
        y = _rows(x) @ W
        if b is not None:
            y = y + b
        return y if x.ndim == 2 else np.reshape(y, (*x.shape[:-1], self.units)), (x, W)

    def backward(self, dy: Array, saved: tuple[Array, Array]) -> tuple[Array, Array, Array]:
        x, W = saved
        rows = _rows(dy)
        dx = rows @ W.T
        dW = matmul(_rows(x).T, rows)
        db = total(rows, axis=0) if self.bias else None
        return dx if x.ndim == 2 else np.reshape(dx, x.shape), dW, db

    def hint(self, x: Array) -> str | None:
        if x.ndim != 4:
            return None
        return f"did you mean `-> Flatten -> Affine({self.units})`?"


def _rows(x: Array) -> Array:
    """x as a matrix, all axes but the last merged: one large product is faster than many small ones."""
    return x if x.ndim == 2 else np.reshape(x, (-1, x.shape[-1]))
