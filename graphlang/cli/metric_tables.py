"""Metrics in the terminal: numbers as one table, and a table for each array."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.cli import console
from graphlang.draw.numbers import short

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.datasets.dataset import Dataset

CONFUSION = "confusion"
"""The metric whose rows are what is true and whose columns are what is answered."""


def print_metrics(metrics: Mapping[str, Any], classes: Sequence[Sequence[str]] = ()) -> None:
    """Writes metrics to stdout; `classes` are names for tables of confusion."""
    numbers = [[name, short(value, 6)] for name, value in metrics.items() if not np.ndim(value)]
    if numbers:
        console.print_table(numbers, ["metric", "value"])
    print_arrays(metrics, classes)


def print_arrays(
    metrics: Mapping[str, Any],
    classes: Sequence[Sequence[str]] = (),
    write: Callable[[str], None] = console.out,
) -> None:
    """Writes the metrics that are arrays, each as a table below its name."""
    from graphlang.draw.table import table

    for name, value in metrics.items():
        array = np.asarray(value)
        if not array.ndim:
            continue
        rows = array.reshape(-1, array.shape[-1] if array.ndim > 1 else 1)
        corner, places = name, _places(array)
        heads = list(map(str, range(rows.shape[1]))) if array.ndim > 1 else ["value"]
        if name.startswith(CONFUSION):
            corner = f"{name}: true, taken for"
            names = _names_of(len(array), classes) if array.ndim == 2 else None
            places, heads = (names, names) if names else (places, heads)
        cells = [[place, *[short(v, 6) for v in row]] for place, row in zip(places, rows, strict=True)]
        write(f"\n{table(cells, [corner, *heads], 10**6, False)}")


def classes_of_fields(graph: Graph, dataset: Dataset) -> list[Sequence[str]]:
    """The names of classes that fields stand for; of targets alone, where there are any."""
    section = graph.spec.data
    fields = {n: f for n, f in (section.fields if section else {}).items() if f in dataset.classes}
    needed = graph.network.inputs_of(graph.spec.outputs)
    targets = [field for name, field in fields.items() if name not in needed]
    return [dataset.classes[field] for field in dict.fromkeys(targets or fields.values())]


def _names_of(count: int, classes: Sequence[Sequence[str]]) -> list[str] | None:
    """The names of so many classes; None where no field, or more than one, has as many."""
    fitting = [names for names in classes if len(names) == count]
    return [console.shown(name) for name in fitting[0]] if len(fitting) == 1 else None


def _places(array: Any) -> list[str]:
    """What stands before each row: its place along all axes but the last."""
    lead = array.shape[:-1] if array.ndim > 1 else array.shape
    return [", ".join(map(str, place)) for place in np.ndindex(*lead)]
