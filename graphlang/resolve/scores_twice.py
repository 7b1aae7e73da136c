"""Notes probabilities where a loss wants scores: softmax or sigmoid would act twice."""

from __future__ import annotations

from graphlang.diagnostics.kinds import ProbabilitiesForScores
from graphlang.resolve.context import Context
from graphlang.resolve.values import NodeValue, Value

_SHAPES = frozenset("Flatten reshape rearrange squeeze expand_dims subscript".split())
"""What moves numbers and leaves them as they are."""


def note_probabilities(context: Context) -> None:
    """Notes each loss whose first operand has gone through the function that is in the loss."""
    for loss in context.values:
        within = _within(loss) if isinstance(loss, NodeValue) else None
        if within is None or not isinstance(loss, NodeValue):
            continue
        scores = _source(loss.operands[0], moved=within == "sigmoid")
        if isinstance(scores, NodeValue) and scores.operation.lower() == within:
            context.collector.add(ProbabilitiesForScores(loss.span, loss.operation, within, scores.span))


def _within(loss: NodeValue) -> str | None:
    """The function that a loss applies to its scores."""
    if loss.operation == "BinaryCrossEntropy" or (
        loss.operation == "FocalLoss" and loss.attributes.get("binary")
    ):
        return "sigmoid"
    return "softmax" if loss.operation in ("SoftmaxWithLoss", "FocalLoss") else None


def _source(value: Value, *, moved: bool) -> Value:
    """The value that another one only names, or only moves to another shape."""
    while isinstance(value, NodeValue) and (
        value.operation == "Identity" or (moved and value.operation in _SHAPES)
    ):
        value = value.operands[0]
    return value
