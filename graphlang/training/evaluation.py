"""Scalars of a graph over all rows of a split: by blocks while rows are independent, then over all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import CannotRun
from graphlang.engine.executable import Executable, built
from graphlang.engine.garbage import collection_paused
from graphlang.engine.recording import Recording, record_forward
from graphlang.engine.row_split import GatheredValue, RowSplit, SlicedConstant

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.training.batches import Feed


class Evaluator:
    """Some scalars of a graph in evaluation mode; its programs are kept for every feed that it has seen."""

    def __init__(self, graph: Graph, metrics: Mapping[str, str]) -> None:
        self.graph = graph
        self.numbers = {label: graph.network.numbers[name] for label, name in metrics.items()}
        self._kept: dict[tuple[Feed, int], _AtOnce | _ByBlocks] = {}

    def over(self, feed: Feed, size: int) -> dict[str, float]:
        """Each scalar over every row, as if all were one batch. What is computed row by row goes in blocks of
        `size` rows, so that memory is bounded by a block where the rows are reduced at once."""
        found = self._kept.get((feed, size))
        if found is None:
            with self.graph._diagnosed():
                made = _AtOnce if feed.rows <= size else _ByBlocks
                found = self._kept[feed, size] = made(self.graph, feed, self.numbers, size)
        try:
            executable = found.run()
        except (ValueError, IndexError, TypeError, ArithmeticError) as error:
            raise GraphError([CannotRun("the metrics", str(error))]) from error
        return {label: float(executable.output(label)) for label in self.numbers}


def recorded(graph: Graph, feed: Feed, numbers: Mapping[str, int], rows: int) -> Recording:
    """Scalars of a graph on a batch of so many rows of a feed."""
    dtype = graph.params.dtype
    return record_forward(graph.network, feed.storage(rows), dtype, feed.sizes(rows), numbers)


class _AtOnce:
    """All rows in one program."""

    def __init__(self, graph: Graph, feed: Feed, numbers: Mapping[str, int], size: int) -> None:
        self._feed = feed
        given = {**graph.params, **feed.constants()}
        self._program = built(lambda: recorded(graph, feed, numbers, feed.rows), given, graph.threads)

    def run(self) -> Executable:
        self._feed.gather(slice(0, self._feed.rows), self._program.inputs)
        self._program.run()
        return self._program


class _ByBlocks:
    """A program for blocks of rows, and one that takes what comes of them."""

    def __init__(self, graph: Graph, feed: Feed, numbers: Mapping[str, int], size: int) -> None:
        self._graph, self._feed = graph, feed
        self._given = {**graph.params, **feed.constants()}
        self._columns = {feed.names[number]: column for number, column in feed.columns.items()}
        self._starts = range(0, feed.rows, size)
        with collection_paused():
            program = recorded(graph, feed, numbers, feed.rows).program
            self._split = RowSplit(program, self._columns, feed.rows)
        self._blocks = {
            count: self._built(self._split.blocks(count))
            for count in dict.fromkeys(min(size, feed.rows - start) for start in self._starts)
        }
        rest = self._split.rest(len(self._starts))
        whole = {n: c.load() for n, c in self._columns.items() if n in rest.inputs}
        self._rest = self._built(rest, {n: np.require(a, requirements=["C", "A"]) for n, a in whole.items()})
        self._size = size

    def _built(self, program: Any, more: Mapping[str, Any] | None = None) -> Executable:
        given = {n: a for n, a in {**self._given, **(more or {})}.items() if n in program.inputs}
        return built(lambda: Recording(program, ()), given, self._graph.threads)

    def run(self) -> Executable:
        split, rest = self._split, self._rest
        for place, start in enumerate(self._starts if split.gathered or split.partials else ()):
            rows = slice(start, min(start + self._size, self._feed.rows))
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
    """Where some rows lie in an array of all."""
    axis, per = of.rows
    return (*(slice(None),) * axis, slice(rows.start * per, rows.stop * per))
