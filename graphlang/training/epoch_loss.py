"""The loss of an epoch from the losses of its steps: a sum, or a mean weighted by rows or by a divisor.

To find out which, the loss is computed on two batches and on both together. Only the part of its program that
comes after the sums over rows is run for that, on random numbers in place of the sums.
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
from graphlang.training.batches import BatchSource
from graphlang.training.evaluation import recorded

SUM = "sum"
"""Stands for the divisor of a loss that is a sum over rows."""
_BLOCK = 1000
_CLOSE = 1e-4
"""The relative difference of two float32 numbers that are equal except for rounding."""


class EpochLoss:
    """Combines the losses of the steps of an epoch.

    The losses of a sum over rows are added. Those of a mean over rows are weighted by the rows of each batch,
    and so is anything else; those of a mean over some elements, such as the labels that are not ignored, by
    how many of these a batch has.
    """

    def __init__(self, *, adds_up: bool = False, weights: Any = None) -> None:
        self.adds_up = adds_up
        #: the weight of each row of the data; None where all have the same
        self.weights = weights

    def combined(self, losses: Sequence[float], batches: Sequence[Any]) -> float:
        """The loss of an epoch from those of its steps and the rows of each."""
        if self.adds_up:
            return float(np.sum(losses))
        weights = [float(len(rows) if self.weights is None else self.weights[rows].sum()) for rows in batches]
        total = sum(weights)
        return float(np.dot(losses, weights) / total) if total > 0 else float(np.mean(losses))


def epoch_loss(model: Model, data: BatchSource, minimize: str) -> EpochLoss:
    """How to combine the losses of steps on rows of the data."""
    number = model.network.numbers[minimize]
    try:
        one, two = (_Tail(model, data, number, rows) for rows in (2, 4))
        divisor = _divisor(one, two)
        if divisor is None or divisor == SUM:
            return EpochLoss(adds_up=divisor is not None)
        return EpochLoss(weights=_weights(model, data, number, divisor))
    except (TraceError, OperationFailed, GraphError, ValueError, TypeError, IndexError, ArithmeticError):
        return EpochLoss()  # the graph accepts one size of batch alone, so all steps weigh the same


def _divisor(one: _Tail, two: _Tail) -> str | None:
    """The label of the sum over rows that a loss divides by: SUM where it divides by none, None for the
    number of rows."""
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
            return SUM
        for label, value in a.items():
            if np.ndim(value) == 0 and _close(both, (first * value + second * b[label]) / (value + b[label])):
                return label
    return None


def _close(x: float, y: float) -> bool:
    return bool(abs(x - y) <= _CLOSE * abs(y))


class _Tail:
    """The part of a loss that comes after the sums over the rows of a batch."""

    def __init__(self, model: Model, data: BatchSource, number: int, rows: int) -> None:
        program = recorded(model, data, {"loss": number}, rows).program
        self.split = RowSplit(program, [data.names[n] for n in data.columns], rows)
        self._arrays = {**model.params, **data.constants()}

    def drawn(self, generator: np.random.Generator) -> dict[str, Any]:
        """Random numbers in place of each sum over the rows."""
        numbers: dict[str, Any] = {}
        for label, step in self.split.partials:
            shape = concrete(step.output.shape)
            whole = step.output.dtype.kind in "iu"
            numbers[label] = generator.integers(50, 99, shape) if whole else generator.uniform(2, 9, shape)
        return numbers

    def loss(self, results: Sequence[Mapping[str, Any]]) -> float:
        """The loss of a batch from the sums over the rows of each of its blocks."""
        program = self.split.rest(len(results))
        stacked = {label: np.stack([r[label] for r in results]) for label in results[0]}
        return float(_replayed(program.outputs["loss"], program.inputs, {**self._arrays, **stacked}))


def _replayed(value: Any, inputs: Mapping[str, SymbolicArray], arrays: Mapping[str, Any]) -> Any:
    if not isinstance(value, SymbolicArray):
        return value
    return replay(value.trace, [value], {x: arrays[label] for label, x in inputs.items()})[0]


def _weights(model: Model, data: BatchSource, number: int, label: str) -> Any:
    """The term of each row in a sum over the rows; None where it depends on more than the data."""
    size = min(_BLOCK, data.rows)
    split = _Tail(model, data, number, size).split
    step = next(step for name, step in split.partials if name == label)
    columns = {data.names[n]: column for n, column in data.columns.items()}
    constants = data.constants()
    terms: list[Any] = []
    for start in range(0, data.rows, size):
        count = min(size, data.rows - start)
        value, inputs, (axis, _) = split.by_rows(step.operands[0], count)
        if not inputs.keys() <= columns.keys() | constants.keys():
            return None
        rows = {n: columns[n].gather(slice(start, start + count)) for n in inputs if n in columns}
        array = np.moveaxis(_replayed(value, inputs, {**constants, **rows}), axis, 0)
        terms.append(array.reshape(count, -1).sum(axis=1, dtype=np.float64))
    return np.concatenate(terms)
