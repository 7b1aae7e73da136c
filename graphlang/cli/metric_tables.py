"""Metrics in the terminal: numbers as one table, and a table for each array."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from graphlang.cli import console
from graphlang.draw.numbers import short

CONFUSION = "confusion"
"""The metric whose rows are what is true and whose columns are what is answered."""


def print_metrics(metrics: Mapping[str, Any]) -> None:
    """Writes metrics to stdout."""
    numbers = [[name, short(value, 6)] for name, value in metrics.items() if not np.ndim(value)]
    if numbers:
        console.print_table(numbers, ["metric", "value"])
    print_arrays(metrics)


def print_arrays(metrics: Mapping[str, Any], write: Callable[[str], None] = console.out) -> None:
    """Writes the metrics that are arrays, each as a table below its name."""
    from graphlang.draw.table import table

    for name, value in metrics.items():
        array = np.asarray(value)
        if array.ndim:
            rows = array.reshape(-1, array.shape[-1] if array.ndim > 1 else 1)
            corner = f"{name}: true, taken for" if name.startswith(CONFUSION) else name
            heads = [corner, *(map(str, range(rows.shape[1])) if array.ndim > 1 else ["value"])]
            cells = [
                [place, *[short(v, 6) for v in row]] for place, row in zip(_places(array), rows, strict=True)
            ]
            write(f"\n{table(cells, heads, 10**6, False)}")


def _places(array: Any) -> list[str]:
    """What stands before each row: its place along all axes but the last."""
    lead = array.shape[:-1] if array.ndim > 1 else array.shape
    return [", ".join(map(str, place)) for place in np.ndindex(*lead)]
