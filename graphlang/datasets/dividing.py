"""Divides a data set as the `data` section says: parts of the training split become splits of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from graphlang.datasets.dataset import Array, Column, Dataset, checked_splits, named_fields
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data_fields import UnknownField
from graphlang.diagnostics.prepared import NoSplit, OtherLabels, SplitFieldWithoutTexts, TooFewRows
from graphlang.lazy import lazy

Splits = dict[str, dict[str, Column]]
NAMES = ("train", "validation", "test")


class _Chosen(Column):
    """Some rows of a column; it reads no more than that column does."""

    def __init__(self, whole: Column, rows: Array) -> None:
        values = self.__dict__
        values.update(stored=(len(rows), *whole.stored[1:]), pixels=whole.pixels, flatten=whole.flatten)
        values.update(alone=None if whole.alone is None else _Chosen(whole.alone, rows), in_file=0)
        values.update(read=lambda: whole.load()[rows], whole=whole)
        values["together"] = whole.together
        values["lines"] = None if whole.lines is None else whole.lines[rows]
        texts = whole.texts
        values["texts"] = None if texts is None else lambda: _at(texts(), rows)

    @lazy
    def storage(self) -> np.dtype[np.generic]:
        whole: Column = self.__dict__["whole"]
        return whole.storage


def _at(texts: object, rows: Array) -> list[str]:
    return [texts[row] for row in rows.tolist()]  # type: ignore[index]


def with_share(dataset: Dataset, split: str, share: float, seed: int) -> Dataset:
    """The data set with a share of the training rows as another split; the same ones for the same seed.

    With a share of 0 there is no such split.
    """
    if share == 0:
        return replace(dataset, splits={name: s for name, s in dataset.splits.items() if name != split})
    n = next(iter(dataset.train.values())).shape[0]
    if share_of(n, share) >= n:
        raise GraphError([TooFewRows(dataset.name, n, split)])
    kept, taken = divided_rows(n, split, share, seed)
    return _divided(dataset, {"train": kept, split: taken})


def share_of(n: int, share: float) -> int:
    """How many of n rows a share is, which is not 0."""
    return max(1, round(n * share))


def divided_rows(n: int, split: str, share: float, seed: int) -> tuple[Array, Array]:
    """The numbers of the rows that stay, and of those that become another split, both in order."""
    count = share_of(n, share)
    # NumPy guarantees the stream of a bit generator across versions, but not that of `permutation`.
    order = np.argsort(np.random.PCG64([seed, NAMES.index(split)]).random_raw(n), kind="stable")
    return np.sort(order[count:]), np.sort(order[:count])


def by_field(dataset: Dataset, field: str) -> Dataset:
    """The data set with the splits that a field of the training rows names."""
    column = dataset.train.get(field)
    if column is None:
        fields = named_fields(dataset.train)
        raise GraphError([UnknownField("validation", field, *fields, dataset.name, None)])
    if column.texts is None:
        raise GraphError([SplitFieldWithoutTexts(field)])
    names = np.array(column.texts())
    wrong = np.flatnonzero(~np.isin(names, NAMES))
    if wrong.size:
        row = int(wrong[0])
        place = f"line {column.lines[row]}" if column.lines is not None else f"row {row}"
        raise GraphError([NoSplit(field, str(names[row]), place)])
    rows = {name: np.flatnonzero(names == name) for name in NAMES}
    return _divided(dataset, {name: those for name, those in rows.items() if len(those) or name == "train"})


def _divided(dataset: Dataset, rows: Mapping[str, Array]) -> Dataset:
    splits: Splits = dict(dataset.splits)
    for split, those in rows.items():
        splits[split] = {name: _Chosen(column, those) for name, column in dataset.train.items()}
    return replace(dataset, splits=checked_splits(dataset.name, splits))


def with_source(dataset: Dataset, split: str, other: Dataset, taken: set[str], plain: set[str]) -> Dataset:
    """The data set with all rows of another source as a split, which has the fields that are taken.

    Those that are `plain`, and not computed, must have their labels numbered alike.
    """
    for field in plain:
        classes = dataset.classes.get(field, ()), other.classes.get(field, ())
        if classes[0] != classes[1]:
            raise GraphError([OtherLabels(field, dataset.name, other.name)])
    columns = {name: c for name, c in other.train.items() if name in taken & dataset.train.keys()}
    compared = {name: dataset.train[name] for name in columns}
    checked_splits(other.name, {"train": compared, "test": columns})
    files = (*dataset.files, *other.files)
    return replace(dataset, splits={**dataset.splits, split: columns}, files=files)
