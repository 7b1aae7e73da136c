"""Idioms of activations, of softmax with and without its loss, and of the fully connected layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.onnx.exporting.idioms.idiom import Finders, Idiom, NodeCall, of_kind
from graphlang.trace import SymbolicArray, needed_steps


def _affine(call: NodeCall) -> Idiom | None:
    bias = "b" in call.own
    if len(call.shape) == 2 and bias:
        return lambda w, x, own: w.node("Gemm", x[0], own["W"], own["b"])

    def product(w: Any, x: Any, own: Any) -> str:
        y = w.node("MatMul", x[0], own["W"])
        return str(w.node("Add", y, own["b"]) if bias else y)

    return product if len(call.shape) >= 2 else None


def _leaky_relu(call: NodeCall) -> Idiom | None:
    slope = float(call.operation.slope)
    return of_kind("LeakyRelu", alpha=slope) if call.holds(slope) else None


def _elu(call: NodeCall) -> Idiom | None:
    alpha = float(call.operation.alpha)
    return of_kind("Elu", alpha=alpha) if call.holds(alpha) else None


def _prelu(call: NodeCall) -> Idiom:
    axes = len(call.shape) - 2

    def prelu(w: Any, x: Any, own: Any) -> str:
        alpha = own["alpha"]
        if call.operation.per_channel and axes:
            alpha = w.reshape(alpha, (call.shape[1], *[1] * axes))
        return str(w.node("PRelu", x[0], alpha))

    return prelu


def _gelu(call: NodeCall) -> Idiom | None:
    return of_kind("Gelu", approximate=call.operation.approximate) if call.opset >= 20 else None


def _silu(call: NodeCall) -> Idiom:
    """Swish of opset 24 is in no runtime yet."""
    return lambda w, x, own: w.node("Mul", x[0], w.node("Sigmoid", x[0]))


def _softmax(kind: str) -> Any:
    """Where all scores are -inf, as a mask makes them, the shares of ONNX are nan: then steps are written."""

    def find(call: NodeCall) -> Idiom | None:
        return None if _has_infinities(call.x) else of_kind(kind, axis=int(call.operation.axis))

    return find


def _has_infinities(x: Any) -> bool:
    """Whether an infinite constant is among what a value is computed from."""
    constants = [v for s in needed_steps([x]) for v in s.operands if not isinstance(v, SymbolicArray)]
    numbers = [v for v in constants if isinstance(v, float | np.floating | np.ndarray)]
    return any(np.isinf(v).any() for v in numbers if np.asarray(v).dtype.kind == "f")


def _softmax_with_loss(call: NodeCall) -> Idiom | None:
    """For rows of scores with a label each."""
    layer, t = call.operation, call.operands[1]
    labels = len(call.shape) == 2 and getattr(t, "shape", None) == call.shape[:1] and t.dtype.kind == "i"
    if (
        not labels
        or layer.smoothing
        or layer.ignore is not None
        or any(x is not None for x in call.operands[2:])
    ):
        return None
    reduction = layer.reduction
    return lambda w, x, own: w.node("SoftmaxCrossEntropyLoss", x[0], x[1], reduction=reduction)


FINDERS: Finders = {
    "Affine": _affine,
    "LeakyRelu": _leaky_relu,
    "Elu": _elu,
    "PRelu": _prelu,
    "Gelu": _gelu,
    "Silu": _silu,
    "Softmax": _softmax("Softmax"),
    "LogSoftmax": _softmax("LogSoftmax"),
    "SoftmaxWithLoss": _softmax_with_loss,
    "Relu": lambda call: of_kind("Relu"),
    "HardSwish": lambda call: of_kind("HardSwish"),
    "Mish": lambda call: of_kind("Mish"),
    "Softplus": lambda call: of_kind("Softplus"),
}
