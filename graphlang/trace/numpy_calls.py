"""NumPy's functions on symbolic arrays: which primitives each of them records."""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from graphlang.trace.broadcasting import axis_index, axis_indices, broadcast
from graphlang.trace.core import SymbolicArray, signature
from graphlang.trace.dims import Size, count
from graphlang.trace.errors import ShapeError
from graphlang.trace.numpy_protocols import operand, register
from graphlang.trace.primitives import PRIMITIVES, creation, indexing, matmul, reductions, shapes
from graphlang.trace.primitives import elementwise as ew
from graphlang.trace.primitives.indexing import getitem


def _axes(x: Any, axis: Any) -> tuple[int, ...]:
    return axis_indices(axis, len(signature(x)[0]))


# ---- reductions


def sum(x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    params = {} if dtype is None else {"dtype": np.dtype(dtype)}
    return reductions.reduce_sum(x, axis=_axes(x, axis), keepdims=keepdims, **params)


def prod(x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    params = {} if dtype is None else {"dtype": np.dtype(dtype)}
    return reductions.reduce_prod(x, axis=_axes(x, axis), keepdims=keepdims, **params)


def mean(x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    axes = _axes(x, axis)
    return sum(x, axes, dtype, keepdims=keepdims) / _number(x, axes)


def var(x: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
    axes = _axes(x, axis)
    n = _number(x, axes)
    n = n - ddof if not isinstance(n, int) or n > ddof else 0
    return sum(np.square(x - mean(x, axes, keepdims=True)), axes, keepdims=keepdims) / n


def std(x: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
    return np.sqrt(var(x, axis, ddof=ddof, keepdims=keepdims))


def _number(x: Any, axes: tuple[int, ...]) -> Size:
    shape = signature(x)[0]
    return count(tuple([shape[i] for i in axes]))


def max(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return reductions.reduce_max(x, axis=_axes(x, axis), keepdims=keepdims)


def min(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return reductions.reduce_min(x, axis=_axes(x, axis), keepdims=keepdims)


def any(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return reductions.reduce_any(x, axis=_axes(x, axis), keepdims=keepdims)


def all(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return reductions.reduce_all(x, axis=_axes(x, axis), keepdims=keepdims)


def argmax(x: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    return _argument(reductions.argmax, x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    return _argument(reductions.argmin, x, axis, keepdims)


def _argument(primitive: Any, x: Any, axis: int | None, keepdims: bool) -> Any:
    if axis is not None:
        return primitive(x, axis=axis_index(axis, x.ndim), keepdims=keepdims)
    y = primitive(shapes.reshape(x, -1), axis=0, keepdims=False)
    return shapes.reshape(y, (1,) * x.ndim) if keepdims else y


def count_nonzero(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return sum(x != 0, axis, keepdims=keepdims)


def ptp(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


def cumsum(x: Any, axis: int | None = None) -> Any:
    if axis is None:
        x, axis = shapes.reshape(x, -1), 0
    return reductions.cumsum(x, axis=axis_index(axis, x.ndim))


def argsort(x: Any, axis: int | None = -1) -> Any:
    if axis is None:
        x, axis = shapes.reshape(x, -1), 0
    return shapes.swapaxes(reductions.argsort(shapes.swapaxes(x, axis, -1)), axis, -1)


def sort(x: Any, axis: int | None = -1) -> Any:
    if axis is None:
        x, axis = shapes.reshape(x, -1), 0
    return indexing.take_along_axis(x, argsort(x, axis), axis)


# ---- elementwise


def where(condition: Any, x: Any, y: Any) -> Any:
    return ew.where(operand(condition), operand(x), operand(y))


def clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = a_min if min is None else min, a_max if max is None else max
    if low is None and high is None:
        return operand(x)
    limits = np.iinfo(x.dtype) if x.dtype.kind in "iu" else None
    low = (limits.min if limits else -np.inf) if low is None else operand(low)
    high = (limits.max if limits else np.inf) if high is None else operand(high)
    return ew.clip(operand(x), low, high)


def astype(x: Any, dtype: Any, *, copy: bool = True) -> Any:
    return x if x.dtype == dtype else ew.astype(x, dtype=np.dtype(dtype))


def round(x: Any, decimals: int = 0) -> Any:
    if x.dtype.kind in "iub" and decimals >= 0:
        return x
    return np.rint(x) if decimals == 0 else np.rint(x * 10.0**decimals) / 10.0**decimals


def nan_to_num(x: Any, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    limits = np.finfo(x.dtype)
    high = float(limits.max) if posinf is None else posinf
    low = float(limits.min) if neginf is None else neginf
    x = np.where(np.isnan(x), nan, x)
    return np.where(x == np.inf, high, np.where(x == -np.inf, low, x))


# ---- shapes


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    axis = axis_index(axis, x.ndim)
    if isinstance(indices_or_sections, (int, np.integer)) and x.shape[axis] % int(indices_or_sections) != 0:
        message = f"axis {axis} of size {x.shape[axis]} does not split into {indices_or_sections} equal parts"
        raise ShapeError(message)
    return array_split(x, indices_or_sections, axis)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    axis = axis_index(axis, x.ndim)
    size = x.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        n = int(indices_or_sections)
        if n < 1:
            raise ShapeError(f"an array does not split into {n} parts")
        # Part i has (size + n - 1 - i) // n elements: the first ones are longer by one.
        lengths = [(size + n - 1 - i) // n for i in range(n)]
        cuts: list[Any] = [0]
        for length in lengths:
            cuts.append(cuts[-1] + length)
    else:
        cuts = [0, *indices_or_sections, size]
    whole = (slice(None),) * axis
    return [getitem(x, (*whole, slice(a, b))) for a, b in pairwise(cuts)]


def flip(x: Any, axis: Any = None) -> Any:
    axes = _axes(x, axis)
    if not axes:
        return x
    key = [slice(None, None, -1 if i in axes else None) for i in range(x.ndim)]
    return indexing.slice_of(x, key=tuple(key))


def ravel(x: Any) -> Any:
    return shapes.reshape(x, -1)


def reshape(x: Any, shape: Any, *, copy: bool | None = None) -> Any:
    return shapes.reshape(x, shape)


def broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    shape = broadcast(*[signature(operand(x))[0] for x in arrays])
    return tuple([shapes.broadcast_to(x, shape) for x in arrays])


def tril(x: Any, k: int = 0) -> Any:
    return ew.where(_triangle(x, k), x, _zero(x))


def triu(x: Any, k: int = 0) -> Any:
    return ew.where(_triangle(x, k - 1), _zero(x), x)


def _zero(x: Any) -> Any:
    return np.zeros((), x.dtype)


def _triangle(x: Any, k: int) -> Any:
    if x.ndim < 2:
        raise ShapeError(f"a triangle is of a matrix, not of an array of {x.ndim} axes")
    return creation.tri(x.shape[-2], x.shape[-1], k, bool, like=x)


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    if offset:
        raise ShapeError("only the main diagonal is recorded")
    return matmul.diagonal(x, axis_index(axis1, x.ndim), axis_index(axis2, x.ndim))


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return sum(diagonal(x, offset, axis1, axis2), -1)


def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    for _ in range(n):
        lead = (slice(None),) * axis_index(axis, x.ndim)
        x = getitem(x, (*lead, slice(1, None))) - getitem(x, (*lead, slice(None, -1)))
    return x


def outer(x: Any, y: Any) -> Any:
    x, y = operand(x), operand(y)
    return np.reshape(x, (count(np.shape(x)), 1)) * np.reshape(y, (1, count(np.shape(y))))


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord not in (None, 2) or (ord == 2 and len(_axes(x, axis)) > 1):
        raise ShapeError(f"the norm of order {ord} is not recorded", help="write it with `np.sum`")
    return np.sqrt(sum(np.square(x), axis, keepdims=keepdims))


# ---- creation


def zeros_like(x: Any, dtype: Any = None, *, shape: Any = None) -> Any:
    return full_like(x, 0, dtype, shape=shape)


def ones_like(x: Any, dtype: Any = None, *, shape: Any = None) -> Any:
    return full_like(x, 1, dtype, shape=shape)


def full_like(x: Any, fill_value: Any, dtype: Any = None, *, shape: Any = None) -> Any:
    sizes, kind = signature(x)
    like = next((v for v in (x, fill_value) if v.__class__ is SymbolicArray), None)
    return creation.full(
        sizes if shape is None else shape, fill_value, kind if dtype is None else dtype, like
    )


def _created(make: Callable[..., Any]) -> Callable[..., Any]:
    """A creation function as NumPy calls it for `like=`: sizes may be called N and M, the layout is ours."""

    def create(*args: Any, order: str = "C", device: Any = None, like: Any, **options: Any) -> Any:
        return make(*args, like=like, **{name.lower(): v for name, v in options.items() if v is not None})

    return create


UFUNCS: dict[np.ufunc, Callable[..., Any]] = {p.ufunc: p for p in PRIMITIVES.values() if p.ufunc is not None}


def _reducing(function: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(x: Any, axis: Any = 0, dtype: Any = None, *, keepdims: bool = False) -> Any:
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
}

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    operator.getitem: getitem,
    np.sum: sum, np.prod: prod, np.mean: mean, np.var: var, np.std: std, np.max: max, np.min: min,
    np.amax: max, np.amin: min, np.any: any, np.all: all, np.argmax: argmax, np.argmin: argmin,
    np.count_nonzero: count_nonzero, np.ptp: ptp, np.cumsum: cumsum, np.argsort: argsort, np.sort: sort,
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
