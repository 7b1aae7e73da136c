"""Metrics over all rows of a split: by blocks while the rows are independent, then over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphlang.contracts.backend import Backend, BoundProgram
from graphlang.datasets.arrays import from_arrays
from graphlang.datasets.dataset import Dataset
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import CannotRun
from graphlang.engine.compiled import CAPACITY
from graphlang.engine.executable import bound
from graphlang.engine.garbage import collection_paused
from graphlang.engine.model import Model
from graphlang.engine.recording import Recording, record_forward
from graphlang.engine.row_split import GatheredValue, RowSplit, SlicedConstant
from graphlang.spec.models import TrainSpec
from graphlang.spec.recently_used import RecentlyUsed
from graphlang.training.batches import BatchSource
from graphlang.training.column_binding import bind_columns
from graphlang.training.sections import open_data, section_of

EVALUATION_BATCH = 1000
"""Rows at a time when metrics are taken over a whole split."""


class SplitEvaluator:
    """Some values of a graph in evaluation mode, by programs for the data last used."""

    def __init__(self, model: Model, metrics: Mapping[str, str]) -> None:
        self.model = model
        self.numbers = {label: model.network.numbers[name] for label, name in metrics.items()}
        self._programs: RecentlyUsed[_AtOnce | _ByBlocks] = RecentlyUsed(CAPACITY)

    def over(self, data: BatchSource, size: int) -> dict[str, Any]:
        """Each value over every row, as if all were one batch: a number, or nested lists of an array.

        Values that are computed row by row are computed in blocks of `size` rows, so that no array of the
        network holds all rows where a sum over the rows follows.
        """
        program = self._programs.get_or_make((data, size), lambda: self._planned(data, size))
        self.model.params.refresh()
        try:
            executable = program.run()
        except (ValueError, IndexError, TypeError, ArithmeticError) as error:
            raise GraphError([CannotRun("the metrics", str(error))]) from error
        values = {label: np.asarray(executable.output(label)) for label in self.numbers}
        return {label: v.tolist() if v.ndim else float(v) for label, v in values.items()}

    def _planned(self, data: BatchSource, size: int) -> _AtOnce | _ByBlocks:
        kind = _AtOnce if data.rows <= size else _ByBlocks
        with self.model.diagnosed():
            return kind(self.model, data, self.numbers, size)


def recorded(model: Model, data: BatchSource, numbers: Mapping[str, int], rows: int) -> Recording:
    """Scalars of a graph on a batch of so many rows of the data."""
    return record_forward(model.network, data.storage(rows), model.dtype, data.sizes(rows), numbers)


class _AtOnce:
    """All rows in one program."""

    def __init__(self, model: Model, data: BatchSource, numbers: Mapping[str, int], size: int) -> None:
        self._data = data
        arrays = {**model.params, **data.constants()}
        self._program = bound(
            model.backend,
            lambda: recorded(model, data, numbers, data.rows),
            arrays,
            model.threads,
            memory=model.network.limits.memory,
        )

    def run(self) -> BoundProgram:
        self._data.gather(slice(0, self._data.rows), self._program.inputs)
        self._program.run()
        return self._program


class _ByBlocks:
    """A program for blocks of rows, and one that computes the rest from the results of all blocks."""

    def __init__(self, model: Model, data: BatchSource, numbers: Mapping[str, int], size: int) -> None:
        self._model, self._data = model, data
        self._arrays = {**model.params, **data.constants()}
        self._columns = {data.names[number]: column for number, column in data.columns.items()}
        self._starts = range(0, data.rows, size)
        with collection_paused():
            program = recorded(model, data, numbers, data.rows).program
            self._split = RowSplit(program, self._columns, data.rows)
        # What follows the sums over the rows is a few numbers: no backend has to compile it.
        backend = model.backend if self._split.gathered else None
        self._blocks = {
            count: self._built(model.backend, self._split.blocks(count))
            for count in dict.fromkeys(min(size, data.rows - start) for start in self._starts)
        }
        rest = self._split.rest(len(self._starts))
        whole = {n: c.load() for n, c in self._columns.items() if n in rest.inputs}
        whole = {n: np.require(a, requirements=["C", "A"]) for n, a in whole.items()}
        self._rest = self._built(backend, rest, whole)
        self._size = size

    def _built(
        self, backend: Backend | None, program: Any, more: Mapping[str, Any] | None = None
    ) -> BoundProgram:
        arrays = {n: a for n, a in {**self._arrays, **(more or {})}.items() if n in program.inputs}
        model = self._model
        memory = model.network.limits.memory
        return bound(backend, lambda: Recording(program, ()), arrays, model.threads, memory=memory)

    def run(self) -> BoundProgram:
        split, rest = self._split, self._rest
        for place, start in enumerate(self._starts if split.gathered or split.partials else ()):
            rows = slice(start, min(start + self._size, self._data.rows))
            block = self._blocks[rows.stop - rows.start]
            for name, column in self._columns.items():
                if name in block.inputs:
                    column.gather(rows, block.inputs[name])
            for constant in split.constants.values():
                if constant.label in block.inputs:
                    block.inputs[constant.label][...] = constant.array[_part(constant, rows)]
            block.run()
            for gathered in split.gathered:
                rest.inputs[gathered.label][_part(gathered, rows)] = block.output(gathered.label)
            for label, _ in split.partials:
                rest.inputs[label][place] = block.output(label)
        rest.run()
        return rest


def _part(of: GatheredValue | SlicedConstant, rows: slice) -> tuple[slice, ...]:
    """The index of some rows in an array of all rows."""
    axis, per = of.rows
    return (*(slice(None),) * axis, slice(rows.start * per, rows.stop * per))


def measured(section: TrainSpec) -> dict[str, str]:
    """The values to measure, by label: the metrics, `loss` for what is minimized, and the losses of further
    objectives by their names.

    Where a metric is called `loss` and is another value, what is minimized has its own name as its label.
    """
    others = dict(zip(section.several[1:], section.losses[1:], strict=False))
    wanted = {**section.metrics, **others}
    other = wanted.get("loss", section.minimize) != section.minimize
    return {**wanted, section.minimize if other else "loss": section.minimize}


def evaluate(
    model: Model, dataset: Dataset, split: str = "test", *, fields: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The metrics (and the loss) over a whole split in evaluation mode: numbers, and arrays.

    A data set of one split is evaluated over that. Raises GraphError where the file has no `train` section.
    """
    section = section_of(model, "evaluate")
    if split not in ("train", "validation", "test"):
        parts = '"train", "validation" or "test"'
        raise ValueError(f'split is {parts}, the parts of a data set, not "{split}"')
    there = split if split in dataset.splits else "train"
    data = bind_columns(model, dataset.splits[there], fields, dataset.name, there)
    data.check([data.rows])
    metrics = SplitEvaluator(model, measured(section)).over(data, EVALUATION_BATCH)
    return {name: np.asarray(v) if isinstance(v, list) else v for name, v in metrics.items()}


def evaluate_on(
    model: Model, dataset: Dataset | None, arrays: Mapping[str, Any], split: str
) -> dict[str, Any]:
    """The metrics over arrays by input name where there are any, else over a data set, by default the
    file's."""
    if arrays:
        return evaluate(model, from_arrays(arrays), "train", fields={name: name for name in arrays})
    return evaluate(model, dataset or open_data(model, command="evaluate"), split)


def note_on_not_finite(dataset: Dataset, split: str, metrics: Mapping[str, Any]) -> str | None:
    """Where a nan or infinity among the metrics of a split may come from; None where there is none."""
    name = next((name for name, value in metrics.items() if not np.all(np.isfinite(value))), None)
    if name is None:
        return None
    there = split if split in dataset.splits else "train"
    computed = "all numbers of the data are finite, so look for an overflow, `log(0)` or a division by zero"
    is_what = "has nan or infinity" if np.ndim(metrics[name]) else f"is {metrics[name]}"
    return f"`{name}` over the {there} split {is_what}: {computed}"
