"""The sizes of the data in a graph: a `hyper` that such a size follows is set to what the data asks for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from graphlang.api import Graph
from graphlang.diagnostics import GraphError
from graphlang.sklearn.loading import SpecFile
from graphlang.spec.models import InputSpec

Size = Callable[[Graph], int | None]
"""A size in a graph; None where it is not a number."""


class SizedGraph:
    """A graph and the settings with which it was loaded."""

    def __init__(self, file: SpecFile, settings: Mapping[str, Any], seed: int | None) -> None:
        self._file, self._seed = file, seed
        self._given = frozenset(settings)
        self._settings = dict(settings)
        self.graph = file.graph(settings, seed)

    def adapt(self, size: Size, wanted: int, name: str | None = None) -> bool:
        """Loads the graph anew with a size as it is wanted; False where the file does not allow it.

        That is by the first `hyper` that the size follows, of those that are not given, or by the one that
        is named.
        """
        if size(self.graph) == wanted:
            return True
        hypers = self.graph.spec.hypers
        for hyper in [n for n in hypers if n not in self._settings] if name is None else [name]:
            for value in self._values(hyper, size, wanted):
                graph = self._with(hyper, value)
                if graph is not None and size(graph) == wanted:
                    self.graph = graph
                    self._settings[hyper] = value
                    return True
        return False

    def _values(self, hyper: str, size: Size, wanted: int) -> Iterator[int]:
        """What a `hyper` may be set to: the size itself, or where a line through two values meets it."""
        value = self.graph.spec.hypers.get(hyper)
        if not isinstance(value, int) or isinstance(value, bool):
            return
        yield wanted
        now, more = size(self.graph), self._with(hyper, value + 1)
        then = None if more is None else size(more)
        if now is None or then is None or then == now or (wanted - now) % (then - now):
            return
        yield value + (wanted - now) // (then - now)

    def _with(self, hyper: str, value: int) -> Graph | None:
        """The graph with another value of a `hyper`; None where the file does not allow it."""
        try:
            return self._file.graph({**self._settings, hyper: value}, self._seed)
        except GraphError:
            return None


def row_width(spec: InputSpec) -> int | None:
    """How many numbers a row of an input has; None where that is left to the data."""
    sizes = (spec.shape or ())[1:]
    return (
        math.prod(s for s in sizes if isinstance(s, int)) if all(isinstance(s, int) for s in sizes) else None
    )


def as_input(array: np.ndarray[Any, Any], spec: InputSpec, what: str) -> np.ndarray[Any, Any]:
    """A table as an input takes it, row by row: in its type, and in its shape."""
    sizes = (spec.shape or ("N",))[1:]
    known = math.prod(s for s in sizes if isinstance(s, int))
    free = sum(not isinstance(s, int) for s in sizes)
    rows, columns = len(array), math.prod(array.shape[1:])
    if (not free and columns != known) or (free and (free > 1 or columns % known)):
        raise ValueError(f"{what} has {columns} columns, which do not fit {_declared(spec)}")
    shape = (rows, *(s if isinstance(s, int) else columns // known for s in sizes))
    return _typed(array, spec, what).reshape(shape)


def _typed(array: np.ndarray[Any, Any], spec: InputSpec, what: str) -> np.ndarray[Any, Any]:
    if spec.dtype == "float":
        return array.astype(np.float64, copy=False)
    kind = np.int64 if spec.dtype == "int" else np.bool_
    converted: np.ndarray[Any, Any] = array.astype(kind)
    if not np.array_equal(converted, array):
        raise ValueError(f"{what} has numbers that are no {spec.dtype}s, as {_declared(spec)} takes them")
    return converted


def _declared(spec: InputSpec) -> str:
    sizes = ", ".join(map(str, spec.shape or ()))
    return f"`{spec.name}: {spec.dtype}[{sizes}]`"
