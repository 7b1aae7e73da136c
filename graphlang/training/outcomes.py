"""What a trained network says over a split: how it confuses classes, and which rows it gets most wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphlang.datasets.dataset import Column, Dataset
from graphlang.engine.executable import Executable, built
from graphlang.engine.model import Model
from graphlang.engine.recording import record_forward
from graphlang.spec.network import Network, Node, Ref
from graphlang.training.batches import BatchSource
from graphlang.training.column_binding import bind_columns

BLOCK = 1000
"""Rows that are computed at a time."""
WORST = 12
"""How many rows are kept as those that are most wrong."""
CLASSES = 100
"""The largest number of classes with a table of confusion."""
_OF_CLASSES = ("accuracy", "SoftmaxWithLoss", "CrossEntropyError")
_OF_NUMBERS = ("MeanSquaredError", "SumSquaredError", "HuberLoss")


@dataclass(frozen=True)
class WrongRow:
    """A row of the split, what is true and what the network says, and how wrong that is."""

    row: int
    #: of a classification the classes, else the numbers
    truth: Any
    predicted: Any
    #: the probability of the truth, or the mean squared error
    measure: float
    #: numbers; of a text its characters
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class Outcomes:
    """What a network says over a split."""

    split: str
    rows: int
    #: the value that holds the scores, or the numbers
    value: str
    #: how often rows of a class (first axis) are taken for a class (second axis); None for numbers
    confusion: Any
    #: what the classes stand for
    classes: Sequence[str]
    #: the rows most wrong, those that are right left out
    worst: Sequence[WrongRow]

    @property
    def accuracy(self) -> float | None:
        """The share of rows whose class is right."""
        if self.confusion is None or not np.sum(self.confusion):
            return None
        return float(np.trace(self.confusion) / np.sum(self.confusion))


def outcomes(model: Model, dataset: Dataset) -> Outcomes | None:
    """The outcomes over the test split, or over the training split of data that has no other.

    None where the graph compares no value with a truth: neither in a metric nor in what it minimizes.
    """
    compared = _compared(model)
    split = "test" if "test" in dataset.splits else "train"
    if compared is None or not dataset.splits[split]:
        return None
    node, scores, truth = compared
    data = bind_columns(model, dataset.splits[split], None, dataset.name, split)
    data.check([data.rows])
    network = model.network
    needed = network.ancestors([scores])
    columns = {network.names[n]: c for n, c in data.columns.items() if needed[n]}
    texts = {name: _field_classes(model, dataset, name) for name in columns}
    y, t = _values(model, data, (scores, truth))
    names = network.names[scores]
    if node.spec.operation in _OF_NUMBERS or y.ndim < 2:
        return _of_numbers(split, names, y, t, columns)
    classes = _field_classes(model, dataset, network.names[truth])
    if len(classes) != y.shape[-1]:
        classes = [str(number) for number in range(y.shape[-1])]
    outcome = _of_classes(split, names, y, _labels(network, truth, y, t), columns, classes)
    return (
        outcome if outcome is None else replace(outcome, worst=[_in_words(w, texts) for w in outcome.worst])
    )


# ---- what is compared -----------------------------------------------------------------------------


def _compared(model: Model) -> tuple[Node, int, int] | None:
    """The operation that compares a value with a truth, and the numbers of both."""
    network, section = model.network, model.spec.train
    if section is None:
        return None
    needed = network.ancestors([network.numbers[loss] for loss in section.losses])
    metrics = set(section.metrics.values())
    nodes = [node for node in network.nodes if node.name in metrics or needed[node.number]]
    for operation in (*_OF_CLASSES, *_OF_NUMBERS):
        for node in nodes:
            operands = [o.number for o in node.operands if type(o) is Ref]
            compares = len(node.operands) >= 2 and all(type(o) is Ref for o in node.operands[:2])
            if node.spec.operation == operation and compares:
                return node, operands[0], operands[1]
    return None


def _field_classes(model: Model, dataset: Dataset, name: str) -> Sequence[str]:
    """What the ids of an input stand for; empty where they are numbers."""
    section = model.spec.data
    return dataset.classes.get(section.fields.get(name, name) if section is not None else name, ())


def _in_words(wrong: WrongRow, texts: Mapping[str, Sequence[str]]) -> WrongRow:
    """The row with words or characters in place of ids."""
    inputs = {n: [texts[n][i] for i in np.ravel(v)] if texts[n] else v for n, v in wrong.inputs.items()}
    return replace(wrong, inputs=inputs)


def _values(model: Model, data: BatchSource, numbers: tuple[int, int]) -> tuple[Any, Any]:
    """Two values over all rows, in evaluation mode."""
    parts: list[tuple[Any, Any]] = []
    programs: dict[int, Executable] = {}
    for start in range(0, data.rows, BLOCK):
        count = min(BLOCK, data.rows - start)
        if count not in programs:
            programs[count] = _program(model, data, numbers, count)
        program = programs[count]
        data.gather(slice(start, start + count), program.inputs)
        program.run()
        parts.append((np.array(program.output("scores")), np.array(program.output("truth"))))
    return np.concatenate([y for y, _ in parts]), np.concatenate([t for _, t in parts])


def _program(model: Model, data: BatchSource, numbers: tuple[int, int], count: int) -> Executable:
    labels = dict(zip(("scores", "truth"), numbers, strict=True))
    storage, sizes = data.storage(count), data.sizes(count)
    with model.diagnosed():
        return built(
            lambda: record_forward(model.network, storage, model.dtype, sizes, labels),
            {**model.params, **data.constants()},
            model.threads,
        )


# ---- classes ----------------------------------------------------------------------------------------


def _labels(network: Network, truth: int, y: Any, t: Any) -> Any:
    """The class of every place as a whole number, -1 where it does not count."""
    if t.shape == y.shape:  # probabilities, one-hot for a class alone
        return np.argmax(t, axis=-1)
    ignored = getattr(network.inputs.get(network.names[truth]), "ignored", None)
    labels = np.asarray(t).astype(np.int64)
    wrong = (labels < 0) | (labels >= y.shape[-1])
    return np.where(wrong | (labels == ignored if ignored is not None else False), -1, labels)


def _of_classes(
    split: str, name: str, y: Any, labels: Any, columns: Mapping[str, Column], classes: Sequence[str]
) -> Outcomes | None:
    count = y.shape[-1]
    if labels.shape != y.shape[:-1]:
        return None
    predicted = np.argmax(y, axis=-1)
    chances = np.take_along_axis(_probabilities(y), np.maximum(labels, 0)[..., None], -1)[..., 0]
    counts = labels >= 0
    confusion = None
    if count <= CLASSES:
        confusion = np.zeros((count, count), np.int64)
        np.add.at(confusion, (labels[counts], predicted[counts]), 1)
    rows = len(y)
    wrong = ((predicted != labels) & counts).reshape(rows, -1).any(axis=1)
    chance = np.where(counts, chances, 1.0).reshape(rows, -1).min(axis=1)
    order = [int(row) for row in np.argsort(chance, kind="stable") if wrong[row]][:WORST]
    worst = [
        WrongRow(
            row,
            _named(labels[row], classes),
            _named(predicted[row], classes),
            float(chance[row]),
            _inputs(columns, row),
        )
        for row in order
    ]
    return Outcomes(split, rows, name, confusion, list(classes), worst)


def _named(labels: Any, classes: Sequence[str]) -> Any:
    if np.ndim(labels) == 0:
        return classes[int(labels)] if labels >= 0 else ""
    return [classes[int(label)] if label >= 0 else "" for label in np.ravel(labels)]


def _probabilities(y: Any) -> Any:
    """Scores as probabilities, which they may be already."""
    y = np.asarray(y, np.float64)
    with np.errstate(all="ignore"):
        if np.all(y >= 0) and np.allclose(y.sum(axis=-1), 1, atol=1e-3):
            return y
        e = np.exp(y - y.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)


# ---- numbers ------------------------------------------------------------------------------------------


def _of_numbers(split: str, name: str, y: Any, t: Any, columns: Mapping[str, Column]) -> Outcomes | None:
    if y.shape != t.shape or y.ndim == 0:
        return None
    rows = len(y)
    errors = np.square(y.astype(np.float64) - t).reshape(rows, -1).mean(axis=1)
    order = np.argsort(-errors, kind="stable")[:WORST]
    worst = [
        WrongRow(int(row), t[row], y[row], float(errors[row]), _inputs(columns, int(row)))
        for row in order
        if errors[row] > 0
    ]
    return Outcomes(split, rows, name, None, [], worst)


def _inputs(columns: Mapping[str, Column], row: int) -> dict[str, Any]:
    """The numbers of a row; images have the axes that they are stored with, or those of a square."""
    inputs: dict[str, Any] = {}
    for name, column in columns.items():
        values, shape = column.take([row])[0], column.image_shape
        inputs[name] = values if shape is None else values.reshape(shape)
    return inputs
