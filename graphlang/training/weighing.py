"""What the loss of a step counts for in the loss of an epoch: its rows, what it divides by, or all of it.

What a loss is shows in how it joins the results of two batches into that of both. This is asked of the part
of its program that comes after the rows are summed, with numbers that have nothing else in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.engine.failures import OperationFailed
from graphlang.engine.model import Model
from graphlang.engine.program import concrete
from graphlang.engine.row_split import RowSplit
from graphlang.trace import SymbolicArray, TraceError, replay
from graphlang.training.batches import Feed
from graphlang.training.evaluation import recorded

_BLOCK = 1000
_CLOSE = 1e-4
"""How far results may lie apart that are equal but for rounding, in float32."""


class Weighing:
    """How an epoch's loss comes of the losses of its steps, which are those of its batches.

    A mean over rows weighs by them. A mean over what counts, such as labels that are not ignored, weighs by
    how much of that a batch has. A sum over rows adds up. Anything else weighs by rows.
    """

    def __init__(self, *, adds_up: bool = False, weights: Any = None) -> None:
        self.adds_up = adds_up
        #: for each row of the data what it counts for; None where all count the same
        self.weights = weights

    def joined(self, losses: Sequence[float], batches: Sequence[Any]) -> float:
        """The loss of an epoch from those of its steps and the rows of each."""
        if self.adds_up:
            return float(np.sum(losses))
        by = [float(len(rows) if self.weights is None else np.sum(self.weights[rows])) for rows in batches]
        total = sum(by)
        return float(np.dot(losses, by) / total) if total > 0 else float(np.mean(losses))


def weighing(model: Model, feed: Feed, minimize: str) -> Weighing:
    """How the losses of steps on rows of a feed are joined."""
    number = model.network.numbers[minimize]
    try:
        one, two = (_Tail(model, feed, number, rows) for rows in (2, 4))
        found = _compared(one, two)
        if found is None or found == "sum":
            return Weighing(adds_up=found is not None)
        return Weighing(weights=_weights(model, feed, number, found))
    except (TraceError, OperationFailed, GraphError, ValueError, TypeError, IndexError, ArithmeticError):
        return Weighing()  # batches of other sizes do not fit, so all that there are have the same


def _compared(one: _Tail, two: _Tail) -> str | None:
    """The label of what a loss divides by, or `sum` where it adds up; None where rows weigh."""
    if one.split.gathered or not one.split.partials:
        return None
    generator = np.random.default_rng(0)
    a, b = one.drawn(generator), one.drawn(generator)
    with np.errstate(all="ignore"):
        first, second = one.loss([a]), one.loss([b])
        both = two.loss([a, b])
        if _close(both, (first + second) / 2):
            return None
        if _close(both, first + second):
            return "sum"
        for label, value in a.items():
            if np.ndim(value) == 0 and _close(both, (first * value + second * b[label]) / (value + b[label])):
                return label
    return None


def _close(x: float, y: float) -> bool:
    return bool(abs(x - y) <= _CLOSE * abs(y))


class _Tail:
    """What a loss does once the rows are summed, on a batch of some rows."""

    def __init__(self, model: Model, feed: Feed, number: int, rows: int) -> None:
        program = recorded(model, feed, {"loss": number}, rows).program
        self.split = RowSplit(program, [feed.names[n] for n in feed.columns], rows)
        self._given = {**model.params, **feed.constants()}

    def drawn(self, generator: np.random.Generator) -> dict[str, Any]:
        """A result for each sum over the rows."""
        found: dict[str, Any] = {}
        for label, step in self.split.partials:
            shape = concrete(step.output.shape)
            whole = step.output.dtype.kind in "iu"
            found[label] = generator.integers(50, 99, shape) if whole else generator.uniform(2, 9, shape)
        return found

    def loss(self, results: Sequence[Mapping[str, Any]]) -> float:
        """The loss where the batches of so many blocks have these results."""
        program = self.split.rest(len(results))
        stacked = {label: np.stack([r[label] for r in results]) for label in results[0]}
        return float(_replayed(program.outputs["loss"], program.inputs, {**self._given, **stacked}))


def _replayed(value: Any, inputs: Mapping[str, SymbolicArray], given: Mapping[str, Any]) -> Any:
    if not isinstance(value, SymbolicArray):
        return value
    return replay(value.trace, [value], {x: given[label] for label, x in inputs.items()})[0]


def _weights(model: Model, feed: Feed, number: int, label: str) -> Any:
    """What each row adds to a sum over the rows; None where that depends on more than the data."""
    size = min(_BLOCK, feed.rows)
    split = _Tail(model, feed, number, size).split
    step = next(step for name, step in split.partials if name == label)
    columns = {feed.names[n]: column for n, column in feed.columns.items()}
    constants = feed.constants()
    found: list[Any] = []
    for start in range(0, feed.rows, size):
        count = min(size, feed.rows - start)
        value, inputs, (axis, _) = split.by_rows(step.operands[0], count)
        if not inputs.keys() <= columns.keys() | constants.keys():
            return None
        rows = {n: columns[n].gather(slice(start, start + count)) for n in inputs if n in columns}
        array = np.moveaxis(_replayed(value, inputs, {**constants, **rows}), axis, 0)
        found.append(array.reshape(count, -1).sum(axis=1, dtype=np.float64))
    return np.concatenate(found)
