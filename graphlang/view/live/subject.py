"""What a live page shows: a file with the options of the command, which knows how to read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.datasets.dataset import Dataset


@dataclass(frozen=True)
class LoadedSpec:
    """A graph with all that a run and a training need."""

    graph: Graph
    #: values by the names of inputs: given with the command, or samples of the data
    inputs: Mapping[str, Any]
    #: the data that training uses; raises GraphError
    dataset: Callable[[], Dataset]
    #: what it was read from, beside the sources of the graph
    files: frozenset[Path]


class Subject(Protocol):
    """A spec on disk."""

    @property
    def path(self) -> str: ...

    @property
    def of(self) -> str | None:
        """The value that backward starts from; None where the file says it."""

    @property
    def seed(self) -> Any:
        """The gradient there."""

    def load(self, hypers: Mapping[str, Any]) -> LoadedSpec:
        """Reads the files, with other values of some `hyper`s. Raises GraphError."""

    def files(self) -> Iterable[Path]:
        """The files that the command names."""
