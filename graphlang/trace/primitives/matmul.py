"""The matrix product; `einsum` and `tensordot`, which are computed by matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlang.trace.broadcasting import axis_indices, broadcast
from graphlang.trace.core import Array, Primitive, Signature, StepOperand, signature
from graphlang.trace.dims import Shape, Size, count, shape_text
from graphlang.trace.errors import DtypeError, ShapeError
from graphlang.trace.numpy_protocols import operand
from graphlang.trace.primitives.creation import arange
from graphlang.trace.primitives.reductions import reduce_sum
from graphlang.trace.primitives.shapes import moveaxis
from graphlang.trace.products import product
from graphlang.trace.types import NumPyArray, Out


def _help_of_product(a: Shape, b: Shape) -> str:
    """What would make a product of two shapes fit: a transpose of one of them, or their other order."""
    rule = "the last axis of the first is the last but one of the second"
    if len(b) > 1 and a[-1] == b[-1]:
        return f"{rule}: transposed the second one fits, as in `x @ W.T`"
    if len(a) > 1 and len(b) > 1 and b[-1] == a[-2]:
        return f"{rule}: in the other order they fit, as in `W @ x`"
    if len(a) > 1 and a[-2] == (b[-2] if len(b) > 1 else b[0]):
        return f"{rule}: transposed the first one fits, as in `x.T @ W`"
    return rule


class Matmul(Primitive):
    """y = x @ W over the last two axes; the axes before them are broadcast.

    Gradient: dx = dy @ Wᵀ, dW = xᵀ @ dy.
    """

    name = "matmul"
    kind = "matmul"
    ufunc = np.matmul

    def __init__(self) -> None:
        self.dtypes: dict[Any, np.dtype[Any]] = {}

    def shape(self, x: StepOperand, w: StepOperand) -> Signature:
        (a, left), (b, right) = signature(x), signature(w)
        if not a or not b:
            raise ShapeError("`@` takes matrices and vectors, not a scalar", (0 if not a else 1,), "use `*`")
        inner = b[-2] if len(b) > 1 else b[0]
        if a[-1] != inner:
            message = f"shapes {shape_text(a)} and {shape_text(b)} do not multiply: {a[-1]} against {inner}"
            raise ShapeError(message, (0, 1), _help_of_product(a, b))
        batch = a[:-2] if len(b) <= 2 else b[:-2] if len(a) <= 2 else broadcast(a[:-2], b[:-2])
        dtype = self.dtypes.get((left, right)) or self._resolve(left, right)
        return batch + (a[-2:-1] if len(a) > 1 else ()) + (b[-1:] if len(b) > 1 else ()), dtype

    def _resolve(self, left: Any, right: Any) -> np.dtype[Any]:
        try:
            dtype = np.matmul.resolve_dtypes((left, right, None))[-1]
        except TypeError:
            raise DtypeError(f"`@` does not take {left} and {right}", (0, 1)) from None
        return self.dtypes.setdefault((left, right), dtype)

    def compute(self, x: NumPyArray, w: NumPyArray, *, out: Out = None) -> Any:
        if (
            np.ndim(x) > 2
            and np.ndim(w) == 2
            and x.flags.c_contiguous
            and (out is None or out.flags.c_contiguous)
        ):
            # All matrices of x stacked, times W: one large product instead of a loop of small ones.
            rows = None if out is None else out.reshape(-1, out.shape[-1])
            y = np.matmul(x.reshape(-1, x.shape[-1]), w, out=rows) if x.size else np.matmul(x, w, out=out)
            return out if out is not None else y.reshape(*x.shape[:-1], w.shape[-1])
        return product(x, w, out)

    def derivative(self, position: int, dy: Array, y: Array, x: Array, w: Array) -> Any:
        return _by_left(dy, x, w) if position == 0 else _by_right(dy, x, w)

    def flops(self, x: StepOperand, w: StepOperand) -> Size:
        return 2 * count(self.shape(x, w)[0]) * signature(x)[0][-1]


def _by_left(dy: Array, x: Array, w: Array) -> Any:
    """The gradient with respect to x."""
    if w.ndim == 1:
        return dy * w if x.ndim == 1 else np.expand_dims(dy, -1) * w
    if x.ndim > 1 or w.ndim == 2:
        return np.matmul(dy, np.swapaxes(w, -1, -2))
    return np.squeeze(np.matmul(w, np.expand_dims(dy, -1)), -1)


def _by_right(dy: Array, x: Array, w: Array) -> Any:
    """The gradient with respect to W."""
    if x.ndim == 1:
        return dy * x if w.ndim == 1 else np.expand_dims(x, -1) * np.expand_dims(dy, -2)
    if w.ndim == 1:
        x, dy = np.reshape(x, (count(x.shape[:-1]), x.shape[-1])), np.reshape(dy, (count(dy.shape),))
        return np.matmul(np.transpose(x), dy)
    if w.ndim == 2 and x.ndim > 2:  # with the batch among the rows, the product sums over it
        x, dy = (np.reshape(z, (count(z.shape[:-1]), z.shape[-1])) for z in (x, dy))
    return np.matmul(np.swapaxes(x, -1, -2), dy)


matmul = Matmul()


def dot(x: StepOperand, w: StepOperand) -> Any:
    """NumPy's `dot`: the sum over the last axis of x and the last but one axis of w."""
    left, right = operand(x), operand(w)
    if np.ndim(left) == 0 or np.ndim(right) == 0:
        return np.multiply(left, right)
    return matmul(left, right) if right.ndim <= 2 else tensordot(left, right, ((-1,), (-2,)))


def tensordot(x: Array, w: Array, axes: int | tuple[int | Sequence[int], int | Sequence[int]] = 2) -> Any:
    """NumPy's `tensordot`: the sum over pairs of axes, computed as one matrix product."""
    x, w = operand(x), operand(w)
    if isinstance(axes, int):
        axes = (tuple(range(-axes, 0)), tuple(range(axes)))
    left, right = (
        _positions((a,) if isinstance(a, int) else a, z.ndim) for a, z in zip(axes, (x, w), strict=True)
    )
    free_left = [i for i in range(x.ndim) if i not in left]
    free_right = [i for i in range(w.ndim) if i not in right]
    if [x.shape[i] for i in left] != [w.shape[i] for i in right]:
        both = f"{shape_text(x.shape)} and {shape_text(w.shape)}"
        message = f"shapes {both} do not agree over axes {left} and {right}"
        raise ShapeError(message, (0, 1))
    rows, columns = [x.shape[i] for i in free_left], [w.shape[i] for i in free_right]
    inner = count(tuple(x.shape[i] for i in left))
    a = np.reshape(np.transpose(x, (*free_left, *left)), (count(tuple(rows)), inner))
    b = np.reshape(np.transpose(w, (*right, *free_right)), (inner, count(tuple(columns))))
    return np.reshape(np.matmul(a, b), (*rows, *columns))


def _positions(axes: Sequence[int], ndim: int) -> tuple[int, ...]:
    return tuple(axis_indices(axis, ndim)[0] for axis in axes)


# ---- einsum


def einsum(subscripts: str, *operands: Any) -> Any:
    """NumPy's `einsum`: the operands are multiplied from left to right, each time by a matrix product."""
    arrays = [operand(x) for x in operands]
    labels, result = _parse(subscripts, [np.ndim(x) for x in arrays])
    _check_sizes(labels, arrays)
    for i, (names, x) in enumerate(zip(labels, arrays, strict=True)):
        labels[i], arrays[i] = _distinct(names, x)
    names, x = labels[0], arrays[0]
    for i in range(1, len(arrays)):
        later = set(result).union(*labels[i + 1 :])
        names, x = _pair(names, x, labels[i], arrays[i], later)
    names, x = _sum_out(names, x, set(result))
    return np.transpose(x, [names.index(label) for label in result]) if names != result else x


def _parse(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """The labels of each operand and of the result; capital Greek letters label the axes behind `...`."""
    text = subscripts.replace(" ", "")
    left, arrow, result = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        message = f"`{subscripts}` names {len(terms)} operands, {len(ranks)} are given"
        raise ShapeError(message, tuple(range(len(ranks))))
    hidden = [n - len(t.replace("...", "")) if "..." in t else 0 for t, n in zip(terms, ranks, strict=True)]
    dots = "".join(chr(0x391 + i) for i in range(max(hidden)))
    if not arrow:
        plain = left.replace("...", "").replace(",", "")
        result = ("..." if dots else "") + "".join(sorted(c for c in set(plain) if plain.count(c) == 1))
    labels = [term.replace("...", dots[len(dots) - n :]) for term, n in zip(terms, hidden, strict=True)]
    for position, (term, rank) in enumerate(zip(labels, ranks, strict=True)):
        if len(term) != rank or min(hidden) < 0:
            message = f"`{terms[position]}` in `{subscripts}` does not fit an array of {rank} axes"
            raise ShapeError(message, (position,))
    result = result.replace("...", dots)
    if not set(result) <= set("".join(labels)) or len(set(result)) < len(result):
        raise ShapeError(f"the result of `{subscripts}` names an axis that no operand has, or twice")
    return labels, result


def _check_sizes(labels: list[str], arrays: list[Any]) -> None:
    """Raises ShapeError where axes with one label have different sizes, other than 1."""
    seen: dict[str, Size] = {}
    for position, (names, x) in enumerate(zip(labels, arrays, strict=True)):
        for label, size in zip(names, np.shape(x), strict=True):
            before = seen.get(label, 1)
            if before not in (1, size) and size != 1:
                raise ShapeError(f"axis `{label}` has the sizes {before} and {size}", (position,))
            seen[label] = size if before == 1 else before


def _distinct(names: str, x: Array) -> tuple[str, Any]:
    """Replaces the axes that share a label, as in `ii`, by their diagonal."""
    for label in dict.fromkeys(names):
        while names.count(label) > 1:
            first = names.index(label)
            second = names.index(label, first + 1)
            x = diagonal(x, first, second)
            names = names[:first] + names[first + 1 : second] + names[second + 1 :] + label
    return names, x


def diagonal(x: Array, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements whose indices on two axes are equal, along a new last axis."""
    n, m = x.shape[axis1], x.shape[axis2]
    if n != m:
        raise ShapeError(f"a diagonal is of axes of one size, not {n} and {m}")
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    index = arange(n, like=x)
    return np.sum(np.where(index[:, None] == index, x, 0), axis=-1, dtype=x.dtype)


def _sum_out(names: str, x: Array, needed: set[str]) -> tuple[str, Any]:
    """Sums over the axes whose labels are not needed."""
    alone = tuple(i for i, label in enumerate(names) if label not in needed)
    return "".join(c for c in names if c in needed), reduce_sum(x, axis=alone, dtype=x.dtype) if alone else x


def _pair(left: str, x: Array, right: str, y: Array, later: set[str]) -> tuple[str, Any]:
    """Multiplies two operands and sums over the labels that are not needed later.

    A label of both operands is a batch axis if it is needed later, else an inner axis of the matrix product;
    a label of one operand is a row or a column.
    """
    left, x = _squeeze_ones(*_sum_out(left, x, later | set(right)), right, y)
    right, y = _squeeze_ones(*_sum_out(right, y, later | set(left)), left, x)
    batch = "".join(c for c in left if c in right and c in later)
    inner = "".join(c for c in left if c in right and c not in later)
    rows, columns = "".join(c for c in left if c not in right), "".join(c for c in right if c not in left)
    size = dict(zip(left + right, np.shape(x) + np.shape(y), strict=True))
    if not inner:
        wide = _sizes(size, batch + rows) + (1,) * len(columns)
        deep = _sizes(size, batch) + (1,) * len(rows) + _sizes(size, columns)
        x = np.reshape(_arranged(x, left, batch + rows), wide)
        y = np.reshape(_arranged(y, right, batch + columns), deep)
        return batch + rows + columns, np.multiply(x, y)
    lead = _sizes(size, batch)
    m, k, n = (count(_sizes(size, part)) for part in (rows, inner, columns))
    a = np.reshape(_arranged(x, left, batch + rows + inner), (*lead, m, k))
    b = np.reshape(_arranged(y, right, batch + inner + columns), (*lead, k, n))
    return batch + rows + columns, np.reshape(matmul(a, b), _sizes(size, batch + rows + columns))


def _squeeze_ones(names: str, x: Array, other_names: str, other: Array) -> tuple[str, Any]:
    """Removes the axes of size 1 for which the other operand has a larger size."""
    ones = tuple(
        i for i, c in enumerate(names)
        if c in other_names and x.shape[i] == 1 and other.shape[other_names.index(c)] != 1
    )  # fmt: skip
    return "".join(c for i, c in enumerate(names) if i not in ones), np.squeeze(x, ones) if ones else x


def _arranged(x: Array, names: str, order: str) -> Any:
    """The axes of x, labelled `names`, in another order."""
    return x if names == order else np.transpose(x, [names.index(c) for c in order])


def _sizes(size: dict[str, Size], names: str) -> Shape:
    return tuple(size[c] for c in names)
