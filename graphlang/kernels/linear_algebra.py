"""Linear algebra on the last two axes: inverses, linear systems, determinants and Cholesky factors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.trace.broadcasting import broadcast
from graphlang.trace.core import Array, Primitive, Signature, StepOperand, into, signature
from graphlang.trace.dims import Shape, shape_text
from graphlang.trace.errors import ShapeError
from graphlang.trace.primitives.creation import eye
from graphlang.trace.types import NumPyArray, Out


class OfMatrices(Primitive):
    """A function of square matrices."""

    def __init__(self, name: str) -> None:
        self.name = name

    def shape(self, x: StepOperand) -> Signature:
        return square(self.name, x), np.dtype(signature(x)[1])

    def flops(self, x: StepOperand) -> Any:
        return 2 * signature(x)[0][-1] * super().flops(x)


class Inverse(OfMatrices):
    """Y = X^-1; dX = -Y' dY Y'."""

    def compute(self, x: NumPyArray, *, out: Out = None) -> Any:
        return into(out, _each(np.linalg.inv, "is singular: it has no inverse", x))

    def derivative(self, position: int, dy: Array, y: Array, x: Array) -> Any:
        return -(_transposed(y) @ dy @ _transposed(y))


class Solve(Primitive):
    """Y with A Y = B; dB solves A' dB = dY, and dA = -dB Y'."""

    name = "solve"

    def shape(self, a: StepOperand, b: StepOperand) -> Signature:
        (left, kind), (right, other) = signature(a), signature(b)
        square(self.name, a)
        if len(right) < 2 or right[-2] != left[-1]:
            text = f"`solve` needs {left[-1]} rows on the right, not {shape_text(right)}"
            raise ShapeError(text, (0, 1), "write a batch of vectors as columns: `expand_dims(b, -1)`")
        lead = broadcast(left[:-2], right[:-2])
        return (*lead, *right[-2:]), np.result_type(kind, other)

    def compute(self, a: NumPyArray, b: NumPyArray, *, out: Out = None) -> Any:
        return into(out, _each(np.linalg.solve, "is singular: the system has no single solution", a, b))

    def derivative(self, position: int, dy: Array, y: Array, a: Array, b: Array) -> Any:
        db = solve(_transposed(a), dy)
        return db if position else -(db @ _transposed(y))


class Determinant(OfMatrices):
    """y = det X; dX = dy times the cofactors, which a singular matrix has too."""

    def shape(self, x: StepOperand) -> Signature:
        return square(self.name, x)[:-2], np.dtype(signature(x)[1])

    def compute(self, x: NumPyArray, *, out: Out = None) -> Any:
        return into(out, _each(np.linalg.det, "has no determinant", x))

    def derivative(self, position: int, dy: Array, y: Array, x: Array) -> Any:
        return np.expand_dims(dy, (-2, -1)) * cofactors(x)


class Cofactors(OfMatrices):
    """The derivatives of the determinant by every element."""

    def compute(self, x: NumPyArray, *, out: Out = None) -> Any:
        return into(out, _each(_cofactors, "has no cofactors", x))

    def derivative(self, position: int, dy: Array, y: Array, x: Array) -> Any:
        turned = _transposed(inverse(x))
        along = np.sum(dy * turned, axis=(-2, -1), keepdims=True)
        return along * y - determinant(x)[..., None, None] * (turned @ _transposed(dy) @ turned)


class LogDeterminant(Determinant):
    """y = log |det X|; dX = dy X'^-1."""

    def compute(self, x: NumPyArray, *, out: Out = None) -> Any:
        return into(out, _each(lambda a: np.linalg.slogdet(a)[1], "has no determinant", x))

    def derivative(self, position: int, dy: Array, y: Array, x: Array) -> Any:
        return np.expand_dims(dy, (-2, -1)) * _transposed(inverse(x))


class SignOfDeterminant(Determinant):
    """1, 0 or -1, as the determinant is positive, zero or negative."""

    differentiable = False

    def compute(self, x: NumPyArray, *, out: Out = None) -> Any:
        return into(out, _each(lambda a: np.linalg.slogdet(a)[0], "has no determinant", x))


class Cholesky(OfMatrices):
    """The lower triangle L with L L' = (X + X') / 2."""

    def compute(self, x: NumPyArray, *, out: Out = None) -> Any:
        symmetric = (x + np.swapaxes(x, -1, -2)) / 2
        return into(
            out, _each(np.linalg.cholesky, "is not positive definite: it has no Cholesky factor", symmetric)
        )

    def derivative(self, position: int, dy: Array, y: Array, x: Array) -> Any:
        n = y.shape[-1]
        half = np.tril(_transposed(y) @ np.tril(dy))
        half = half - 0.5 * half * eye(n, dtype=y.dtype, like=y)
        left = solve(_transposed(y), half)
        whole = _transposed(solve(_transposed(y), _transposed(left)))
        return (whole + _transposed(whole)) / 2


inverse = Inverse("inv")
solve = Solve()
determinant = Determinant("det")
cofactors = Cofactors("cofactors")
log_determinant = LogDeterminant("log_determinant")
sign_of_determinant = SignOfDeterminant("sign_of_determinant")
cholesky = Cholesky("cholesky")


def _transposed(x: Array) -> Any:
    """The last two axes exchanged."""
    return np.swapaxes(x, -1, -2)


def square(name: str, x: StepOperand) -> Shape:
    """The shape of square matrices; raises ShapeError for another."""
    shape = signature(x)[0]
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ShapeError(f"`{name}` takes square matrices, not {shape_text(shape)}", (0,))
    return shape


def _each(function: Callable[..., Any], trouble: str, *operands: Any) -> Any:
    """A function of stacks of matrices; where it fails, the error names the first matrix that it fails on."""
    dtype = np.result_type(*operands)
    known = [np.asarray(x).astype(np.float64 if dtype.itemsize > 8 else dtype, copy=False) for x in operands]
    try:
        return np.asarray(function(*known)).astype(dtype, copy=False)
    except np.linalg.LinAlgError:
        lead = np.broadcast_shapes(*(x.shape[:-2] for x in known))
        stacks = [np.broadcast_to(x, (*lead, *x.shape[-2:])) for x in known]
        for place in np.ndindex(lead):
            try:
                function(*(x[place] for x in stacks))
            except np.linalg.LinAlgError:
                number = place[0] if len(place) == 1 else list(place)
                which = f"the matrix of sample {number}" if place else "the matrix"
                raise ValueError(f"{which} {trouble}") from None
        raise


def _cofactors(x: NumPyArray) -> Any:
    """U diag(products of the other singular values) V', with the sign of det(U V')."""
    u, s, v = np.linalg.svd(x)
    n = s.shape[-1]
    others = np.prod(np.where(np.eye(n, dtype=bool), 1, s[..., None, :]), axis=-1)
    sign = np.rint(np.linalg.det(u) * np.linalg.det(v))
    return (sign[..., None, None] * u * others[..., None, :]) @ v
