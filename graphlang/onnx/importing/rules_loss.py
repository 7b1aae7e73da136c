"""Losses of class scores with labels; the classes lie along axis 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer


def _negative_log(w: Writer, node: OnnxNode) -> OnnxValue:
    return _loss(w, node, node[0])


def _softmax_cross_entropy(w: Writer, node: OnnxNode) -> Any:
    x = node[0]
    plain = x.rank == 2 and node.get(2) is None and node.attribute("ignore_index") is None
    if plain and not node.has_output(1) and node.attribute("reduction", "mean") == "mean":
        return w.call("SoftmaxWithLoss", x, node[1])
    logs = w.let(w.call("log_softmax", x, axis=1), "logs")
    loss = _loss(w, node, logs)
    return (loss, logs) if node.has_output(1) else loss


def _loss(w: Writer, node: OnnxNode, logs: OnnxValue) -> OnnxValue:
    """The negative logarithm at each label, weighed by its class, without the labels that are ignored."""
    labels, weights, ignore = node[1], node.get(2), node.attribute("ignore_index")
    classes = logs.shape[1]
    counted: OnnxValue | None = None
    if ignore is not None:
        labels = w.let(labels, "labels")
        counted = w.let(w.call("not_equal", labels, int(ignore)), "counted")
        labels = w.call("where", counted, labels, 0)
    labels = w.let(labels, "labels")
    shape = (1, classes, *[1] * (logs.rank - 2))
    places = w.call("reshape", w.call("arange", sizes=(classes,)), sizes=shape)
    chosen = w.call("equal", w.call("expand_dims", labels, axis=1), places)
    losses = w.call("negative", w.call("sum", w.call("where", chosen, logs, 0), axis=1))
    weigh: OnnxValue | None = None if weights is None else w.call("take", weights, labels)
    if counted is not None:
        weigh = w.call("multiply", counted, 1.0 if weigh is None else weigh)
    return _reduced(w, losses, weigh, node.attribute("reduction", "mean"))


def _reduced(w: Writer, losses: OnnxValue, weigh: OnnxValue | None, reduction: str) -> OnnxValue:
    if weigh is not None:
        weigh = w.let(weigh, "weigh")
        losses = w.call("multiply", losses, weigh)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return w.call("sum", losses)
    if weigh is None:
        return w.call("mean", losses)
    return w.call("divide", w.call("sum", losses), w.call("sum", weigh))


LOSSES: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    "NegativeLogLikelihoodLoss": _negative_log,
    "SoftmaxCrossEntropyLoss": _softmax_cross_entropy,
}
