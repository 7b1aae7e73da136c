"""Holds a data source of one's own to what the built-in ones promise."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from graphlang.datasets.dataset import DataSource
from graphlang.datasets.number_checks import not_finite, place_text
from graphlang.testing.agreement import require


def check_source(source: DataSource, folder: str | os.PathLike[str] = ".") -> None:
    """Holds a data source to the contract, with its files below `folder`: columns with equally many rows in
    each split, all finite, the same whenever it is opened. Raises AssertionError with what does not hold."""
    if not isinstance(source, DataSource):
        raise TypeError(f"check_source takes a data source, as waves(rows=40), not {source!r}")
    name = type(source).__name__
    first, again = source.open(Path(folder)), source.open(Path(folder))
    require("train" in first.splits, f"{name} has no `train` split, but {', '.join(first.splits) or 'none'}")
    for split, columns in first.splits.items():
        require(
            columns.keys() == first.train.keys(),
            f"{name} has other fields in its {split} split than in training",
        )
        rows = {field: column.shape[0] for field, column in columns.items()}
        require(len(set(rows.values())) <= 1, f"{name} has columns of different lengths: {rows}")
        for field, column in columns.items():
            values = column.load()
            place = not_finite(values) if values.dtype.kind == "f" else None
            where = "" if place is None else place_text(place)
            require(place is None, f"`{field}` of {name} is not finite{where}")
            require(
                np.array_equal(values, again.splits[split][field].load()),
                f"`{field}` of {name} has other numbers when it is opened again: draw them from a seed",
            )
