"""Batches of rows of a data set, as arrays for the inputs of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from graphlang.datasets.dataset import Column
from graphlang.datasets.number_checks import place_text
from graphlang.diagnostics import Collector, Diagnostic
from graphlang.engine.recording import Storage
from graphlang.inputs.binary_labels import no_binary_label
from graphlang.inputs.index_bounds import first_not_allowed, wrong_index
from graphlang.inputs.input_values import Binder, no_largest_index
from graphlang.spec.network import Network
from graphlang.trace import NoSize


class Origin(NamedTuple):
    """Where rows come from: the name of the data, and which of its splits."""

    source: str
    split: str = "train"

    def of_number(self, column: Column, row: int) -> str:
        """The place of a number, for a message."""
        if column.lines is not None:
            return f"line {column.lines[row]} of `{self.source}`"
        return f"row {row}{self._of_split}"

    def of_label(self, column: Column, place: tuple[int, ...]) -> str | None:
        """The place of a label, where its indices alone do not tell it."""
        if column.lines is not None:
            return f" in {self.of_number(column, place[0])}"
        return f"{place_text(place)}{self._of_split}" if self._of_split else None

    @property
    def _of_split(self) -> str:
        return f" of the {self.split} split" if self.split != "train" else ""


class BatchSource:
    """Columns bound to the inputs of a graph, and the batches of their rows.

    The columns go by the number of the input; all have the same number of rows.
    """

    def __init__(
        self, network: Network, columns: dict[int, Column], fixed: dict[int, Any], origin: Origin
    ) -> None:
        self._network = network
        self._origin = origin
        self.names = network.names
        self.columns = columns
        #: inputs that are the same in every batch: those with a default
        self.fixed = fixed
        self.rows = next(iter(columns.values())).shape[0] if columns else 1
        self._sizes: dict[int, dict[str, int]] = {}

    def batch(self, rows: Any, dtype: Any) -> dict[int, Any]:
        """The inputs' arrays for some rows, scaled and in the run's precision."""
        arrays = dict(self.fixed)
        for number, column in self.columns.items():
            arrays[number] = column.take(rows, dtype if column.dtype == "float" else np.int64)
        return arrays

    def storage(self, rows: int) -> dict[int, Storage]:
        """How a batch of so many rows is stored: a program takes it in the type of the data and scales it."""
        storage = {n: Storage(a.shape, a.dtype) for n, a in self.fixed.items()}
        for number, column in self.columns.items():
            storage[number] = Storage((rows, *column.shape[1:]), column.storage, column.scale)
        return storage

    def constants(self) -> dict[str, Any]:
        """The inputs that are the same in every batch, by name."""
        return {self.names[n]: a for n, a in self.fixed.items()}

    def gather(self, rows: Any, into: Mapping[str, Any]) -> None:
        """Copies the stored rows of every column into a program's inputs."""
        for number, column in self.columns.items():
            column.gather(rows, into[self.names[number]])

    def sizes(self, rows: int) -> dict[str, int]:
        """The named dimensions for a batch of so many rows."""
        if rows not in self._sizes:
            self._sizes[rows] = self._bind_sizes(rows)[0]
        return dict(self._sizes[rows])

    def accepts(self, rows: int) -> bool:
        """Whether the inputs fit together in a batch of so many rows."""
        return not self._bind_sizes(rows)[1]

    def check(self, batches: Iterable[int]) -> None:
        """Checks all batches of so many rows before the first one is used.

        Raises GraphError where the inputs do not fit together in them, or hold an index that such a batch
        does not allow.
        """
        collector = Collector()
        for rows in dict.fromkeys(batches):
            for problem in self._bind_sizes(rows)[1]:
                collector.add(problem)
            collector.finish()
            for problem in self._wrong_indices(self.sizes(rows)):
                collector.add(problem)
            collector.finish()
        for problem in self._no_binary_labels():
            collector.add(problem)
        collector.finish()

    def _bind_sizes(self, rows: int) -> tuple[dict[str, int], list[Diagnostic]]:
        """The named dimensions for a batch of so many rows, and why the inputs do not fit together in it."""
        network, values = self._network, dict(self.fixed)
        for number, column in self.columns.items():
            kind = {"float": np.float64, "int": np.int64, "bool": np.bool_}[column.dtype]
            values[number] = np.broadcast_to(np.zeros((), kind), (rows, *column.shape[1:]))
        batch = f" in a batch of {rows} {'row' if rows == 1 else 'rows'}"
        binder = Binder(network, "" if rows == self.rows else batch)
        bound = {network.numbers[n]: spec for n, spec in network.inputs.items()}
        matched = [binder.match(spec, values[n]) for n, spec in bound.items() if n in values]
        problems = [p for p in matched if p is not None] or binder.expressions(values)
        return {**_sizes_of_defaults(network), **binder.sizes}, problems

    def _wrong_indices(self, sizes: Mapping[str, int]) -> list[Diagnostic]:
        """The labels of all rows that are out of range, so that no single batch has to be checked."""
        problems: list[Diagnostic] = []
        for number, column in self.columns.items():
            name = self.names[number]
            try:
                below = first_not_allowed(self._network.inputs[name], sizes)
            except NoSize as error:
                problems.append(no_largest_index(self._network, name, error))
                continue
            if below is not None:
                ignored = self._network.inputs[name].ignored
                wrong = wrong_index(self._network, name, column.load(), below, ignored)
                if wrong is not None:
                    problems.append(wrong.replaced(where=self._origin.of_label(column, wrong.place)))
        return problems

    def _no_binary_labels(self) -> Iterator[Diagnostic]:
        """The targets of all rows that are neither 0 nor 1 where a metric asks for yes or no."""
        for number, column in self.columns.items():
            if column.pixels is None:
                wrong = no_binary_label(self._network, self.names[number], column.load)
                if wrong is not None:
                    yield wrong.replaced(where=self._origin.of_label(column, wrong.place))


def _sizes_of_defaults(network: Network) -> dict[str, int]:
    """The named dimensions in the defaults of inputs, also of inputs that nothing needs."""
    sizes: dict[str, int] = {}
    for spec in network.inputs.values():
        if spec.default is not None and spec.shape is not None:
            named = zip(network.axes[spec.name], np.shape(spec.default), strict=False)
            sizes.update({axis: size for axis, size in named if axis is not None})
    return sizes
