"""Notes gradients by a value that nothing else uses: they are 0 everywhere, so no test of one fails."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics.kinds import GradientApart
from graphlang.resolve.context import Context
from graphlang.resolve.values import NodeValue, Value


def note_gradients_apart(context: Context) -> None:
    """Notes each `grad(y, x)` where nothing is computed from `x`; that `y` is not, among others, may be
    what a file tests."""
    gradients = [v for v in context.values if isinstance(v, NodeValue) and v.operation == "grad"]
    if not gradients:
        return
    used = {id(operand) for value in context.values for operand in _worked_on(value)}
    for node in gradients:
        y, x = node.operands
        # An input that nothing uses yet belongs to a file that is being written.
        if isinstance(x, NodeValue) and id(x) not in used:
            context.collector.add(GradientApart(node.span, _shown(y), _shown(x)))


def _worked_on(value: Value) -> list[Any]:
    """What a value is computed from, in the body of a `scan` too; of a gradient, what it is the slope of."""
    if not isinstance(value, NodeValue):
        return []
    nodes = [value] if value.body is None else [value, *value.body.nodes]
    found: list[Any] = []
    for node in nodes:
        found += [
            *(node.operands[:1] if node.operation == "grad" else node.operands),
            *node.parameters.values(),
        ]
    return found


def _shown(value: Value) -> str:
    return value.label or f"{value.span:short}"
