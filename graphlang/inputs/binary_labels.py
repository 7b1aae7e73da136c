"""Targets that metrics of one score per row compare with 0 and 1, and the first that is neither."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.diagnostics.inputs import NoBinaryLabel
from graphlang.spec.network import Network, Node, Ref

METRICS = frozenset({"accuracy", "precision", "recall", "f1", "confusion", "auc"})


def no_binary_label(network: Network, name: str, load: Callable[[], Any]) -> NoBinaryLabel | None:
    """The diagnostic for the first target other than 0 and 1 of an input that such a metric takes."""
    number = network.numbers[name]
    metric = next((n for n in network.nodes if _compares(network, n, number)), None)
    if metric is None:
        return None
    values = load()
    if values.dtype.kind not in "iuf":
        return None
    wrong = (values != 0) & (values != 1)
    if not wrong.any():
        return None
    place = tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
    value, span = values[place].item(), network.span(name)
    return NoBinaryLabel(name, value, place, 2, span, None, "labels", metric.spec.operation)


def _compares(network: Network, node: Node, number: int) -> bool:
    """Whether a node is a metric of one score per row, and the value its target."""
    if node.spec.operation not in METRICS or len(node.operands) != 2:
        return False
    scores, targets = node.operands
    if not (isinstance(scores, Ref) and isinstance(targets, Ref) and targets.number == number):
        return False
    y, t = _shape(network, scores.number), _shape(network, number)
    if node.spec.operation == "auc" and y[1:] == (2,):
        return t == y[:-1]
    return (y[-1:] == (1,) and t in (y, y[:-1])) or (len(y) == 1 and t == y)


def _shape(network: Network, number: int) -> tuple[Any, ...]:
    name = network.names[number]
    if name in network.inputs:
        return tuple(network.inputs[name].shape or ())
    return next((tuple(node.spec.shape) for node in network.nodes if node.number == number), ())
