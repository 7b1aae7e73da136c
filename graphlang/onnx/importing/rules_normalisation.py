"""Normalisations: a layer where the weights are constants, otherwise written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_random import bernoulli
from graphlang.onnx.importing.rules_shape import axis_in
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer


def _per_channel(w: Writer, value: OnnxValue, rank: int) -> OnnxValue:
    return w.call("reshape", value, sizes=(value.shape[0], *[1] * (rank - 2))) if rank > 2 else value


def _batch_norm(w: Writer, node: OnnxNode) -> Any:
    eps = node.attribute("epsilon", 1e-5)
    if node.attribute("training_mode", 0):
        return _batch_norm_of_rows(w, node, eps)
    weights = [node.weights(k) for k in range(1, 5)]
    if all(array is not None for array in weights):
        named: Any = dict(zip(("gamma", "beta", "mean", "var"), weights, strict=True))
        more = {} if eps == 1e-5 else {"eps": eps}
        return w.layer("BatchNorm", node[0], weights=named, **more)
    x = node[0]
    scale, bias, mean, var = (_per_channel(w, node[k], x.rank) for k in range(1, 5))
    return _scaled(w, x, mean, var, eps, scale, bias)


def _scaled(
    w: Writer,
    x: OnnxValue,
    mean: OnnxValue,
    var: OnnxValue,
    eps: float,
    scale: OnnxValue | None,
    bias: OnnxValue | None,
) -> OnnxValue:
    z = w.call("divide", w.call("subtract", x, mean), w.call("sqrt", w.call("add", var, eps)))
    z = z if scale is None else w.call("multiply", z, scale)
    return z if bias is None else w.call("add", z, bias)


def _batch_norm_of_rows(w: Writer, node: OnnxNode, eps: float) -> tuple[OnnxValue, ...]:
    x, keep = w.let(node[0], "x"), node.attribute("momentum", 0.9)
    axes = (0, *range(2, x.rank))
    mean, var = w.let(w.call("mean", x, axis=axes), "mean"), w.let(w.call("var", x, axis=axes), "var")
    wide = [_per_channel(w, value, x.rank) for value in (mean, var, node[1], node[2])]
    y = _scaled(w, x, wide[0], wide[1], eps, wide[2], wide[3])
    kept = [
        w.call("add", w.call("multiply", node[k], keep), w.call("multiply", value, 1 - keep))
        for k, value in ((3, mean), (4, var))
    ]
    return (y, *kept)


def _moments(w: Writer, x: OnnxValue, axes: tuple[int, ...]) -> tuple[OnnxValue, OnnxValue]:
    axis: Any = axes[0] if len(axes) == 1 else axes
    mean = w.let(w.call("mean", x, axis=axis, keepdims=True), "mean")
    return mean, w.let(w.call("var", x, axis=axis, keepdims=True), "var")


def _layer_norm(w: Writer, node: OnnxNode) -> Any:
    x, eps, axis = node[0], node.attribute("epsilon", 1e-5), axis_in(node, -1)
    gamma, beta = node.weights(1), node.weights(2)
    is_last = axis == x.rank - 1 and not node.has_output(1)
    if is_last and gamma is not None and beta is not None and gamma.shape == beta.shape == (x.shape[-1],):
        more = {} if eps == 1e-5 else {"eps": eps}
        return w.layer("LayerNorm", x, weights={"gamma": gamma, "beta": beta}, **more)
    x = w.let(x, "x")
    mean, var = _moments(w, x, tuple(range(axis, x.rank)))
    y = _scaled(w, x, mean, var, eps, node[1], node.get(2))
    if not node.has_output(1) and not node.has_output(2):
        return y
    return y, mean, w.call("reciprocal", w.call("sqrt", w.call("add", var, eps)))


def _rms_norm(w: Writer, node: OnnxNode) -> Any:
    x, eps, axis = node[0], node.attribute("epsilon", 1e-5), axis_in(node, -1)
    gamma = node.weights(1)
    if axis == x.rank - 1 and gamma is not None and gamma.shape == (x.shape[-1],):
        more = {} if eps == 1e-5 else {"eps": eps}
        return w.layer("RMSNorm", x, weights={"gamma": gamma}, **more)
    x = w.let(x, "x")
    axes = tuple(range(axis, x.rank))
    mean = w.call("mean", w.call("square", x), axis=axes[0] if len(axes) == 1 else axes, keepdims=True)
    z = w.call("divide", x, w.call("sqrt", w.call("add", mean, eps)))
    return w.call("multiply", z, node[1])


def _instance_norm(w: Writer, node: OnnxNode) -> Any:
    x, eps = node[0], node.attribute("epsilon", 1e-5)
    gamma, beta = node.weights(1), node.weights(2)
    if gamma is not None and beta is not None:
        more = {} if eps == 1e-5 else {"eps": eps}
        return w.layer("InstanceNorm", x, weights={"gamma": gamma, "beta": beta}, **more)
    x = w.let(x, "x")
    mean, var = _moments(w, x, tuple(range(2, x.rank)))
    return _scaled(w, x, mean, var, eps, *(_per_channel(w, node[k], x.rank) for k in (1, 2)))


def _group_norm(w: Writer, node: OnnxNode) -> Any:
    x, eps, groups = node[0], node.attribute("epsilon", 1e-5), int(node.attribute("num_groups", 1))
    gamma, beta = node.weights(1), node.weights(2)
    if gamma is not None and beta is not None and gamma.shape == (x.shape[1],):
        more = {} if eps == 1e-5 else {"eps": eps}
        return w.layer("GroupNorm", x, weights={"gamma": gamma, "beta": beta}, groups=groups, **more)
    rows = w.let(w.call("reshape", x, sizes=(x.shape[0], groups, -1)), "rows")
    mean, var = _moments(w, rows, (2,))
    scale, bias = node[1], node[2]
    if scale.shape[0] == groups != x.shape[1]:
        z = _scaled(w, rows, mean, var, eps, *(_per_channel(w, value, 3) for value in (scale, bias)))
        return w.call("reshape", z, sizes=x.shape)
    z = w.call("reshape", _scaled(w, rows, mean, var, eps, None, None), sizes=x.shape)
    return w.call("add", w.call("multiply", z, _per_channel(w, scale, x.rank)), _per_channel(w, bias, x.rank))


def _mean_variance(w: Writer, node: OnnxNode) -> OnnxValue:
    x, axes = w.let(node[0], "x"), tuple(node.attribute("axes") or (0, 2, 3))
    mean, var = _moments(w, x, axes)
    return w.call("divide", w.call("subtract", x, mean), w.call("add", w.call("sqrt", var), 1e-9))


def _lp_norm(w: Writer, node: OnnxNode) -> OnnxValue:
    x, axis, p = w.let(node[0], "x"), axis_in(node, -1), int(node.attribute("p", 2))
    if p not in (1, 2):
        raise NotImported(f"its p is {p}, and is to be 1 or 2")
    more: dict[str, Any] = {} if p == 2 else {"ord": 1}
    length = w.call("norm", x, axis=axis, keepdims=True, **more)
    length = w.let(length, "length")
    safe = w.call("where", w.call("equal", length, 0), 1, length)
    return w.call("divide", x, safe)


def _dropout(w: Writer, node: OnnxNode) -> Any:
    trains = node.get(2) is not None and bool(node.number(2))
    ratio = node.number(1, 0.5) if node.version >= 12 else node.attribute("ratio", 0.5)
    x = node[0]
    if trains and ratio:
        return _dropped(w, node, x, float(str(ratio)))
    more: dict[str, Any] = {} if ratio == 0.5 else {"ratio": float(str(ratio))}
    y = x if trains or x.known is not None else w.call("Dropout", x, **more)
    if not node.has_output(1):
        return y
    return y, w.call("equal", w.call("ones", sizes=x.shape), 1)


def _dropped(w: Writer, node: OnnxNode, x: OnnxValue, ratio: float) -> tuple[OnnxValue, ...]:
    """What a file in training mode does, whatever the mode of the run is."""
    if not 0 < ratio < 1:
        raise NotImported(f"its ratio is {ratio}")
    kept = w.let(bernoulli(w, x.shape, round(1 - ratio, 7)), "kept")
    y = w.call("divide", w.call("multiply", x, kept), round(1 - ratio, 7))
    return (y, w.call("equal", kept, 1))[: 1 + node.has_output(1)]


NORMALISATION: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "RMSNormalization": _rms_norm,
    "InstanceNormalization": _instance_norm,
    "GroupNormalization": _group_norm,
    "MeanVarianceNormalization": _mean_variance,
    "LpNormalization": _lp_norm,
    "Dropout": _dropout,
}
