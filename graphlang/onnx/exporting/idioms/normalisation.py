"""Idioms of normalisations, and of the mean over whole images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.onnx.exporting.idioms.idiom import Finders, Idiom, NodeCall


def _with_parameters(kind: str, *roles: str, **attributes: Any) -> Idiom:
    return lambda w, x, own: w.node(kind, x[0], *[own[role] for role in roles], **attributes)


def _batch_norm(call: NodeCall) -> Idiom | None:
    if call.training or len(call.shape) < 2:
        return None
    roles = ("gamma", "beta", "mean", "var")
    return _with_parameters("BatchNormalization", *roles, epsilon=float(call.operation.eps))


def _layer_norm(call: NodeCall) -> Idiom:
    eps = float(call.operation.eps)
    return _with_parameters("LayerNormalization", "gamma", "beta", axis=-1, epsilon=eps)


def _rms_norm(call: NodeCall) -> Idiom | None:
    if call.opset < 23:
        return None
    return _with_parameters("RMSNormalization", "gamma", axis=-1, epsilon=float(call.operation.eps))


def _group_norm(call: NodeCall) -> Idiom | None:
    if call.opset < 21 or len(call.shape) < 3:
        return None
    numbers = {"epsilon": float(call.operation.eps), "num_groups": int(call.operation.groups)}
    return _with_parameters("GroupNormalization", "gamma", "beta", **numbers)


def _instance_norm(call: NodeCall) -> Idiom:
    return _with_parameters("InstanceNormalization", "gamma", "beta", epsilon=float(call.operation.eps))


def _global(kind: str) -> Any:
    """The result of ONNX keeps the axes of the image, of size 1."""

    def find(call: NodeCall) -> Idiom:
        axes = list(range(2, len(call.shape)))
        return lambda w, x, own: w.node("Squeeze", w.node(kind, x[0]), w.ints(axes))

    return find


def _with_epsilon(find: Callable[[NodeCall], Idiom | None]) -> Callable[[NodeCall], Idiom | None]:
    """In float64 the epsilon of ONNX would be another number: then steps are written."""
    return lambda call: find(call) if call.holds(float(call.operation.eps)) else None


FINDERS: Finders = {
    "BatchNorm": _with_epsilon(_batch_norm),
    "LayerNorm": _with_epsilon(_layer_norm),
    "RMSNorm": _with_epsilon(_rms_norm),
    "GroupNorm": _with_epsilon(_group_norm),
    "InstanceNorm": _with_epsilon(_instance_norm),
    "GlobalAvgPool": _global("GlobalAveragePool"),
}
