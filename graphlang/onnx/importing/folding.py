"""What is computed while importing: shapes, axes and the like, from constants and sizes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.onnx.importing.element_types import BOOL, INT64, NUMPY, WORDS
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.value import OnnxValue
from graphlang.trace.dims import Dim

MOST = 65536
"""The most numbers of a result that is computed here."""


def folded_constant(node: OnnxNode) -> OnnxValue | None:
    """The result of a node as a constant; None where it is to be computed by the graph."""
    if node.op in ("Shape", "Size"):
        return _of_shape(node)
    rule = RULES.get(node.op)
    if rule is None or any(value is not None and value.known is None for value in node.inputs):
        return None
    arrays = [value.known for value in node.inputs if value is not None and value.known is not None]
    if not arrays or sum(a.size for a in arrays) > MOST or len(node.outputs) != 1:
        return None
    if not all(a.dtype.kind in "biO" for a in arrays[:1]) and node.op not in _FLOATS_TOO:
        return None
    try:
        result = rule(node, *arrays)
    except Exception:  # noqa: BLE001 - the rule of the operator says what is wrong with it
        return None
    constant = _constant(result, node)
    if constant is not None:
        constant.sources = node.sources
    return constant


def _constant(result: Any, node: OnnxNode) -> OnnxValue | None:
    if result is None:
        return None
    array = np.asarray(result)
    if array.size > MOST:
        return None
    if array.dtype == object and not any(isinstance(n, Dim) for n in array.flat):
        array = array.astype(np.int64)
    first = node.inputs[0]
    if array.dtype == bool:
        return OnnxValue.constant(array, BOOL)
    if node.op == "Cast":
        return OnnxValue.constant(array, int(node.attribute("to")))
    same = first is not None and (array.dtype == object or array.dtype.kind in "iu") == (first.word == "int")
    return OnnxValue.constant(array, first.elem if same and first is not None else None)


def _of_shape(node: OnnxNode) -> OnnxValue:
    shape = node[0].shape
    if node.op == "Size":
        return OnnxValue.constant(_array([math.prod(shape)]).reshape(()), INT64)
    rank = len(shape)
    start, end = int(node.attribute("start", 0)), int(node.attribute("end", rank))
    start, end = (min(max(n + rank if n < 0 else n, 0), rank) for n in (start, end))
    return OnnxValue.constant(_array(shape[start:end]), INT64)


def _array(sizes: Any) -> np.ndarray[Any, Any]:
    sizes = list(sizes)
    kind = object if any(isinstance(n, Dim) for n in sizes) else np.int64
    array = np.empty(len(sizes), kind)
    array[:] = sizes
    return array


def _axes(node: OnnxNode, arrays: tuple[Any, ...]) -> tuple[int, ...] | None:
    if len(arrays) > 1:
        return tuple(int(a) for a in arrays[1].reshape(-1))
    axes = node.attribute("axes")
    return None if axes is None else tuple(axes)


def _gather(node: OnnxNode, x: Any, i: Any) -> Any:
    return np.take(x, i.astype(np.int64), axis=int(node.attribute("axis", 0)))


def _slice(node: OnnxNode, x: Any, *bounds: Any) -> Any:
    starts, ends = bounds[0], bounds[1]
    axes = bounds[2] if len(bounds) > 2 else range(len(starts))
    steps = bounds[3] if len(bounds) > 3 else [1] * len(starts)
    items = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        stop = None if step < 0 and end < -x.shape[axis] else int(end)
        items[int(axis)] = slice(int(start), stop, int(step))
    return x[tuple(items)]


def _squeeze(node: OnnxNode, x: Any, *more: Any) -> Any:
    return np.squeeze(x, _axes(node, (x, *more)))


def _unsqueeze(node: OnnxNode, x: Any, *more: Any) -> Any:
    axes = _axes(node, (x, *more))
    return None if axes is None else np.expand_dims(x, axes)


def _reshape(node: OnnxNode, x: Any, shape: Any) -> Any:
    keeps = not node.attribute("allowzero")
    sizes = [x.shape[k] if n == 0 and keeps else int(n) for k, n in enumerate(shape)]
    return np.reshape(x, sizes)


def _cast(node: OnnxNode, x: Any) -> Any:
    to = WORDS.get(int(node.attribute("to")))
    if to is None or (x.dtype == object and to != "int"):
        return None
    return x if x.dtype == object else np.trunc(x).astype(NUMPY[to]) if to == "int" else x.astype(NUMPY[to])


def _divide(node: OnnxNode, x: Any, y: Any) -> Any:
    whole = x.dtype.kind in "iuO"
    if not whole:
        return x / y
    if object in (x.dtype, y.dtype) or ((x >= 0).all() and (y > 0).all()):
        return x // y
    return None


def _expand(node: OnnxNode, x: Any, shape: Any) -> Any:
    sizes = np.broadcast_shapes(x.shape, tuple(int(n) for n in shape))
    return np.broadcast_to(x, sizes) if math.prod(sizes) <= MOST else None


def _range(node: OnnxNode, start: Any, limit: Any, delta: Any) -> Any:
    values = (start[()], limit[()], delta[()])
    if any(isinstance(v, Dim) for v in values) or (values[1] - values[0]) / values[2] > MOST:
        return None
    return np.arange(*values)


def _constant_of_shape(node: OnnxNode, shape: Any) -> Any:
    if any(isinstance(n, Dim) for n in shape) or math.prod(map(int, shape)) > MOST:
        return None
    value = node.attribute("value")
    return np.full([int(n) for n in shape], 0.0 if value is None else value.reshape(-1)[0])


def _product(node: OnnxNode, x: Any, *more: Any) -> Any:
    return np.prod(x, axis=_axes(node, (x, *more)), keepdims=bool(node.attribute("keepdims", 1)))


def _plain(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _, *arrays: compute(*arrays)


def _compare(compute: Callable[..., Any]) -> Callable[..., Any]:
    """A comparison of numbers; whether N is more than 3 is not known."""
    return lambda _, x, y: None if object in (x.dtype, y.dtype) else compute(x, y)


_FLOATS_TOO = frozenset(
    "Identity Cast Add Sub Mul Div Sqrt Reshape Unsqueeze Squeeze Floor Ceil Neg Pow ConstantOfShape".split()
)
"""Operators that are computed for floats too, as the scales of Resize and of attention are."""

RULES: dict[str, Callable[..., Any]] = {
    "Identity": _plain(lambda x: x),
    "Gather": _gather,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Reshape": _reshape,
    "Cast": _cast,
    "Concat": lambda node, *xs: np.concatenate(xs, axis=int(node.attribute("axis"))),
    "Add": _plain(lambda x, y: x + y),
    "Sub": _plain(lambda x, y: x - y),
    "Mul": _plain(lambda x, y: x * y),
    "Div": _divide,
    "Pow": _plain(np.power),
    "Neg": _plain(lambda x: -x),
    "Sqrt": _plain(np.sqrt),
    "Floor": _plain(np.floor),
    "Ceil": _plain(np.ceil),
    "Expand": _expand,
    "Range": _range,
    "ConstantOfShape": _constant_of_shape,
    "ReduceProd": _product,
    "Min": _plain(lambda *xs: np.minimum.reduce(xs) if len(xs) > 1 else xs[0]),
    "Max": _plain(lambda *xs: np.maximum.reduce(xs) if len(xs) > 1 else xs[0]),
    "Equal": _plain(lambda x, y: np.equal(x, y).astype(bool)),
    "Mod": lambda node, x, y: None if node.attribute("fmod", 0) else np.mod(x, y),
    "Abs": _plain(np.abs),
    "Less": _compare(np.less),
    "LessOrEqual": _compare(np.less_equal),
    "Greater": _compare(np.greater),
    "GreaterOrEqual": _compare(np.greater_equal),
    "And": _compare(np.logical_and),
    "Or": _compare(np.logical_or),
    "Where": _plain(lambda c, x, y: np.where(c.astype(bool), x, y)),
    "Not": _plain(np.logical_not),
    "Transpose": lambda node, x: np.transpose(x, node.attribute("perm")),
}
