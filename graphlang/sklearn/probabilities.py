"""Probabilities of what a graph gives for each row."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.api import Graph

OPERATIONS = ("Softmax", "Sigmoid")
LOSSES = ("CrossEntropyError",)
"""Losses whose first value are probabilities."""


def are_probabilities(graph: Graph, output: str) -> bool:
    """Whether a value are probabilities, by the operation that it comes of, or by a loss that takes it so."""
    nodes = graph.spec.nodes
    made = any(node.name == output and node.operation in OPERATIONS for node in nodes)
    return made or any(node.operation in LOSSES and node.operands[0] == output for node in nodes)


def probabilities_of(result: np.ndarray[Any, Any], *, given: bool) -> np.ndarray[Any, Any]:
    """A column for each class, of scores by softmax, or of one score by sigmoid."""
    if result.ndim == 1 or result.shape[1] == 1:
        one = result.reshape(len(result))
        second = one if given else 0.5 * (1 + np.tanh(0.5 * one))
        return np.stack([1 - second, second], axis=1)
    shares = result if given else np.exp(result - result.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
