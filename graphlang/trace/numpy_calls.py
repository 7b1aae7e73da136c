"""What NumPy's functions record when they are called on symbolic arrays, in terms of primitives."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from graphlang.trace.broadcasting import axis_index, axis_indices, broadcast
from graphlang.trace.core import Array, StepOperand, SymbolicArray, signature
from graphlang.trace.dims import ShapeLike, Size, count
from graphlang.trace.errors import ShapeError
from graphlang.trace.numpy_protocols import operand, register
from graphlang.trace.primitives import (
    PRIMITIVES,
    accumulations,
    creation,
    indexing,
    matmul,
    reductions,
    shapes,
)
from graphlang.trace.primitives import elementwise as ew
from graphlang.trace.primitives.indexing import getitem
from graphlang.trace.types import Axis, DtypeLike


def _axes(x: Array, axis: Axis) -> tuple[int, ...]:
    return axis_indices(axis, len(signature(x)[0]))


Limit: TypeAlias = "StepOperand | None"

# ---- reductions


def sum(x: Array, axis: Axis = None, dtype: DtypeLike = None, *, keepdims: bool = False) -> Any:
    params = {} if dtype is None else {"dtype": np.dtype(dtype)}
    return reductions.reduce_sum(x, axis=_axes(x, axis), keepdims=keepdims, **params)


def prod(x: Array, axis: Axis = None, dtype: DtypeLike = None, *, keepdims: bool = False) -> Any:
    params = {} if dtype is None else {"dtype": np.dtype(dtype)}
    return reductions.reduce_prod(x, axis=_axes(x, axis), keepdims=keepdims, **params)


def mean(x: Array, axis: Axis = None, dtype: DtypeLike = None, *, keepdims: bool = False) -> Any:
    axes = _axes(x, axis)
    return sum(x, axes, dtype, keepdims=keepdims) / _number(x, axes)


def var(x: Array, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
    axes = _axes(x, axis)
    n = _number(x, axes)
    n = n - ddof if not isinstance(n, int) or n > ddof else 0
    return sum(np.square(x - mean(x, axes, keepdims=True)), axes, keepdims=keepdims) / n


def std(x: Array, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
    return np.sqrt(var(x, axis, ddof=ddof, keepdims=keepdims))


def _number(x: Array, axes: tuple[int, ...]) -> Size:
    shape = signature(x)[0]
    return count(tuple([shape[i] for i in axes]))


def max(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return reductions.reduce_max(x, axis=_axes(x, axis), keepdims=keepdims)


def min(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return reductions.reduce_min(x, axis=_axes(x, axis), keepdims=keepdims)


def any(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return reductions.reduce_any(x, axis=_axes(x, axis), keepdims=keepdims)


def all(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return reductions.reduce_all(x, axis=_axes(x, axis), keepdims=keepdims)


def argmax(x: Array, axis: int | None = None, *, keepdims: bool = False) -> Any:
    return _argument(reductions.argmax, x, axis, keepdims)


def argmin(x: Array, axis: int | None = None, *, keepdims: bool = False) -> Any:
    return _argument(reductions.argmin, x, axis, keepdims)


def _argument(primitive: Any, x: Array, axis: int | None, keepdims: bool) -> Any:
    if axis is not None:
        return primitive(x, axis=axis_index(axis, x.ndim), keepdims=keepdims)
    y = primitive(shapes.reshape(x, -1), axis=0, keepdims=False)
    return shapes.reshape(y, (1,) * x.ndim) if keepdims else y


def count_nonzero(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return sum(x != 0, axis, keepdims=keepdims)


def ptp(x: Array, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


def cumsum(x: Array, axis: int | None = None) -> Any:
    if axis is None:
        x, axis = shapes.reshape(x, -1), 0
    return reductions.cumsum(x, axis=axis_index(axis, x.ndim))


def cumprod(x: Array, axis: int | None = None) -> Any:
    if axis is None:
        x, axis = shapes.reshape(x, -1), 0
    return accumulations.running_product(x, axis=axis_index(axis, x.ndim))


def argsort(x: Array, axis: int | None = -1) -> Any:
    if axis is None:
        x, axis = shapes.reshape(x, -1), 0
    return shapes.swapaxes(reductions.argsort(shapes.swapaxes(x, axis, -1)), axis, -1)


def sort(x: Array, axis: int | None = -1) -> Any:
    if axis is None:
        x, axis = shapes.reshape(x, -1), 0
    return indexing.take_along_axis(x, argsort(x, axis), axis)


# ---- elementwise


def where(condition: StepOperand, x: StepOperand, y: StepOperand) -> Any:
    return ew.where(operand(condition), operand(x), operand(y))


def clip(x: Array, a_min: Limit = None, a_max: Limit = None, *, min: Limit = None, max: Limit = None) -> Any:
    low, high = a_min if min is None else min, a_max if max is None else max
    if low is None and high is None:
        return operand(x)
    limits = np.iinfo(x.dtype) if x.dtype.kind in "iu" else None
    low = (limits.min if limits else -np.inf) if low is None else operand(low)
    high = (limits.max if limits else np.inf) if high is None else operand(high)
    return ew.clip(operand(x), low, high)


def astype(x: Array, dtype: DtypeLike, *, copy: bool = True) -> Any:
    return x if x.dtype == dtype else ew.astype(x, dtype=np.dtype(dtype))


def round(x: Array, decimals: int = 0) -> Any:
    if x.dtype.kind in "iub" and decimals >= 0:
        return x
    return np.rint(x) if decimals == 0 else np.rint(x * 10.0**decimals) / 10.0**decimals


def nan_to_num(
    x: Array, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    limits = np.finfo(x.dtype)
    high = float(limits.max) if posinf is None else posinf
    low = float(limits.min) if neginf is None else neginf
    x = np.where(np.isnan(x), nan, x)
    return np.where(x == np.inf, high, np.where(x == -np.inf, low, x))


# ---- shapes


def split(x: Array, indices_or_sections: int | Sequence[Size], axis: int = 0) -> list[Any]:
    axis = axis_index(axis, x.ndim)
    if isinstance(indices_or_sections, (int, np.integer)) and x.shape[axis] % int(indices_or_sections) != 0:
        message = f"axis {axis} of size {x.shape[axis]} does not split into {indices_or_sections} equal parts"
        raise ShapeError(message)
    return array_split(x, indices_or_sections, axis)


def array_split(x: Array, indices_or_sections: int | Sequence[Size], axis: int = 0) -> list[Any]:
    axis = axis_index(axis, x.ndim)
    size = x.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        n = int(indices_or_sections)
        if n < 1:
            raise ShapeError(f"an array does not split into {n} parts")
        # Part i has (size + n - 1 - i) // n elements: the first size % n parts have one more than the others.
        lengths = [(size + n - 1 - i) // n for i in range(n)]
        cuts: list[Any] = [0]
        for length in lengths:
            cuts.append(cuts[-1] + length)
    else:
        cuts = [0, *indices_or_sections, size]
    whole = (slice(None),) * axis
    return [getitem(x, (*whole, slice(a, b))) for a, b in pairwise(cuts)]


def flip(x: Array, axis: Axis = None) -> Any:
    axes = _axes(x, axis)
    if not axes:
        return x
    key = [slice(None, None, -1 if i in axes else None) for i in range(x.ndim)]
    return indexing.slice_of(x, key=tuple(key))


def ravel(x: Array) -> Any:
    return shapes.reshape(x, -1)


def reshape(x: Array, shape: ShapeLike, *, copy: bool | None = None) -> Any:
    return shapes.reshape(x, shape)


def broadcast_arrays(*arrays: Array) -> tuple[Any, ...]:
    shape = broadcast(*[signature(operand(x))[0] for x in arrays])
    return tuple([shapes.broadcast_to(x, shape) for x in arrays])


def tril(x: Array, k: int = 0) -> Any:
    return ew.where(_triangle(x, k), x, _zero(x))


def triu(x: Array, k: int = 0) -> Any:
    return ew.where(_triangle(x, k - 1), _zero(x), x)


def _zero(x: Array) -> Any:
    return np.zeros((), x.dtype)


def _triangle(x: Array, k: int) -> Any:
    if x.ndim < 2:
        raise ShapeError(f"a triangle is of a matrix, not of an array of {x.ndim} axes")
    return creation.tri(x.shape[-2], x.shape[-1], k, bool, like=x)


def diagonal(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    if offset:
        raise ShapeError("only the main diagonal is recorded")
    return matmul.diagonal(x, axis_index(axis1, x.ndim), axis_index(axis2, x.ndim))


def trace(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return sum(diagonal(x, offset, axis1, axis2), -1)


def diff(x: Array, n: int = 1, axis: int = -1) -> Any:
    for _ in range(n):
        lead = (slice(None),) * axis_index(axis, x.ndim)
        x = getitem(x, (*lead, slice(1, None))) - getitem(x, (*lead, slice(None, -1)))
    return x


def outer(x: StepOperand, y: StepOperand) -> Any:
    column, row = operand(x), operand(y)
    return np.reshape(column, (count(np.shape(column)), 1)) * np.reshape(row, (1, count(np.shape(row))))


def norm(x: Array, ord: float | str | None = None, axis: Axis = None, keepdims: bool = False) -> Any:
    if ord not in (None, 2) or (ord == 2 and len(_axes(x, axis)) > 1):
        raise ShapeError(f"the norm of order {ord} is not recorded", help="write it with `np.sum`")
    return np.sqrt(sum(np.square(x), axis, keepdims=keepdims))


# ---- creation


def zeros_like(x: StepOperand, dtype: DtypeLike = None, *, shape: ShapeLike | None = None) -> Any:
    return full_like(x, 0, dtype, shape=shape)


def ones_like(x: StepOperand, dtype: DtypeLike = None, *, shape: ShapeLike | None = None) -> Any:
    return full_like(x, 1, dtype, shape=shape)


def full_like(
    x: StepOperand, fill_value: StepOperand, dtype: DtypeLike = None, *, shape: ShapeLike | None = None
) -> Any:
    sizes, kind = signature(x)
    like = next((v for v in (x, fill_value) if v.__class__ is SymbolicArray), None)
    return creation.full(
        sizes if shape is None else shape, fill_value, kind if dtype is None else dtype, like
    )


def _created(make: Callable[..., Any]) -> Callable[..., Any]:
    """A creation function as NumPy calls it for `like=`; `order` and `device` are ignored.

    NumPy spells the sizes of `eye` and `tri` N and M, ours are n and m.
    """

    def create(*args: Any, order: str = "C", device: Any = None, like: Any, **options: Any) -> Any:
        return make(*args, like=like, **{name.lower(): v for name, v in options.items() if v is not None})

    return create


UFUNCS: dict[np.ufunc, Callable[..., Any]] = {p.ufunc: p for p in PRIMITIVES.values() if p.ufunc is not None}


def _reducing(function: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(x: Array, axis: Axis = 0, dtype: DtypeLike = None, *, keepdims: bool = False) -> Any:
        options = {} if dtype is None else {"dtype": dtype}
        return function(x, axis, keepdims=keepdims, **options)

    return reduce


UFUNC_METHODS: dict[tuple[np.ufunc, str], Callable[..., Any]] = {
    (np.add, "reduce"): _reducing(sum),
    (np.multiply, "reduce"): _reducing(prod),
    (np.maximum, "reduce"): _reducing(max),
    (np.minimum, "reduce"): _reducing(min),
    (np.logical_and, "reduce"): _reducing(all),
    (np.logical_or, "reduce"): _reducing(any),
    (np.add, "accumulate"): lambda x, axis=0: cumsum(x, axis),
    (np.multiply, "accumulate"): lambda x, axis=0: cumprod(x, axis),
    (np.maximum, "accumulate"): lambda x, axis=0: accumulations.running_maximum(
        x, axis=axis_index(axis, x.ndim)
    ),
}

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    operator.getitem: getitem,
    np.sum: sum, np.prod: prod, np.mean: mean, np.var: var, np.std: std, np.max: max, np.min: min,
    np.amax: max, np.amin: min, np.any: any, np.all: all, np.argmax: argmax, np.argmin: argmin,
    np.count_nonzero: count_nonzero, np.ptp: ptp, np.cumsum: cumsum, np.cumprod: cumprod,
    np.argsort: argsort, np.sort: sort,
    np.where: where, np.clip: clip, np.astype: astype, np.round: round, np.around: round,
    np.nan_to_num: nan_to_num,
    np.reshape: reshape, np.ravel: ravel, np.transpose: shapes.transpose, np.permute_dims: shapes.transpose,
    np.matrix_transpose: lambda x: shapes.swapaxes(x, -1, -2), np.swapaxes: shapes.swapaxes,
    np.moveaxis: shapes.moveaxis, np.expand_dims: shapes.expand_dims, np.squeeze: shapes.squeeze,
    np.broadcast_to: shapes.broadcast_to, np.broadcast_arrays: broadcast_arrays,
    np.concatenate: shapes.concatenate, np.stack: shapes.stack, np.split: split, np.array_split: array_split,
    np.repeat: shapes.repeat, np.tile: shapes.tile, np.flip: flip, np.roll: shapes.roll, np.pad: shapes.pad,
    np.take: indexing.take, np.take_along_axis: indexing.take_along_axis, np.tril: tril, np.triu: triu,
    np.diagonal: diagonal, np.trace: trace, np.diff: diff, np.copy: lambda x: x,
    np.dot: matmul.dot, np.tensordot: matmul.tensordot, np.outer: outer, np.linalg.norm: norm,
    np.einsum: lambda subscripts, *operands, optimize=False: matmul.einsum(subscripts, *operands),  # noqa: PLW0108
    np.zeros_like: zeros_like, np.ones_like: ones_like, np.full_like: full_like, np.empty_like: zeros_like,
    np.shape: lambda x: x.shape, np.ndim: lambda x: x.ndim,
    np.size: lambda x, axis=None: x.size if axis is None else x.shape[axis],
    np.result_type: lambda *xs: np.result_type(*[getattr(x, "dtype", x) for x in xs]),
}  # fmt: skip

CREATIONS: dict[str, Callable[..., Any]] = {
    "zeros": _created(creation.zeros), "ones": _created(creation.ones), "empty": _created(creation.zeros),
    "full": _created(creation.full), "arange": _created(creation.arange), "eye": _created(creation.eye),
    "tri": _created(creation.tri),
}  # fmt: skip

register(ufuncs=UFUNCS, ufunc_methods=UFUNC_METHODS, functions=FUNCTIONS, creations=CREATIONS)
