"""The outputs over many rows: block by block, where those of a row are computed from it alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from graphlang.datasets.dataset import Array, Column
from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.engine.executable import bound
from graphlang.engine.garbage import collection_paused
from graphlang.engine.model import Model
from graphlang.engine.recording import Recording, record_forward
from graphlang.engine.row_axis import RowAxis
from graphlang.engine.row_split import RowSplit
from graphlang.inputs.input_values import as_array
from graphlang.trace import SymbolicArray
from graphlang.training.batches import BatchSource, Origin

BLOCK = 1000
"""How many rows are computed at once."""


def predicted_blocks(
    model: Model, columns: Mapping[str, Column], origin: Origin
) -> Iterator[dict[str, Array]] | None:
    """The outputs of so many rows at a time, from the columns of the inputs that they depend on.

    None where there are few rows, or where an output mixes rows, or has none. The numbers are those of all
    rows at once: a size of the batch is that of all.
    """
    data = _source(model, columns, origin)
    if data.rows <= BLOCK:
        return None
    numbers = {name: model.network.numbers[name] for name in model.spec.outputs}
    with model.diagnosed(), collection_paused():
        sizes = data.sizes(data.rows)
        recording = record_forward(model.network, data.storage(data.rows), model.dtype, sizes, numbers)
        split = RowSplit(recording.program, list(columns), data.rows)
    labels = _labels(split)
    if labels is None or recording.draws or split.constants:
        return None
    data.check([data.rows])
    return _Blocks(model, data, split, labels).all()


def _source(model: Model, columns: Mapping[str, Column], origin: Origin) -> BatchSource:
    network = model.network
    fixed: dict[int, Any] = {}
    problems: list[Diagnostic] = []
    for name in network.inputs_of(model.spec.outputs):
        spec = network.inputs[name]
        if name not in columns and spec.default is not None:
            value = as_array(network, spec, spec.default, model.dtype)
            if isinstance(value, Diagnostic):
                problems.append(value)
            fixed[network.numbers[name]] = value
    if problems:
        raise GraphError(problems)
    return BatchSource(network, {network.numbers[n]: c for n, c in columns.items()}, fixed, origin)


def _labels(split: RowSplit) -> dict[str, str] | None:
    """What the blocks call each output; None where one is not computed row by row."""
    gathered = {value.number: label for label, value, _ in split.gathered}
    labels: dict[str, str] = {}
    for name, value in split.program.outputs.items():
        if not isinstance(value, SymbolicArray) or split.rows_of(value) != RowAxis(0):
            return None
        if value.number not in gathered:
            return None
        labels[name] = gathered[value.number]
    return labels


class _Blocks:
    """The programs of blocks of rows."""

    def __init__(self, model: Model, data: BatchSource, split: RowSplit, labels: Mapping[str, str]) -> None:
        self._model = model
        self._data = data
        self._split = split
        self._labels = labels

    def all(self) -> Iterator[dict[str, Array]]:
        self._model.params.refresh()
        programs: dict[int, Any] = {}
        for start in range(0, self._data.rows, BLOCK):
            rows = slice(start, min(start + BLOCK, self._data.rows))
            count = rows.stop - rows.start
            if count not in programs:
                programs = {count: self._built(count)}
            program = programs[count]
            for number, column in self._data.columns.items():
                name = self._data.names[number]
                if name in program.inputs:
                    column.gather(rows, program.inputs[name])
            with self._model.diagnosed():
                program.run()
            yield {name: np.array(program.output(label)) for name, label in self._labels.items()}

    def _built(self, count: int) -> Any:
        model, program = self._model, self._split.blocks(count)
        arrays = {**model.params, **self._data.constants()}
        arrays = {name: array for name, array in arrays.items() if name in program.inputs}
        memory = model.network.limits.memory
        return bound(model.backend, lambda: Recording(program, ()), arrays, model.threads, memory=memory)
