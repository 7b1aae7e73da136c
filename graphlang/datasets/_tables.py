"""What the sources of tables have in common: named columns, split into train and test by a seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pydantic import Field

from graphlang.datasets.dataset import Array, Column, Dataset, DataSource, checked_splits
from graphlang.datasets.files import Files, FoundFile
from graphlang.datasets.table import Columns
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.limits import Limits
from graphlang.diagnostics.tables import UnknownColumn
from graphlang.lazy import lazy


class _TableSource(DataSource):
    """A source of named columns: what the kinds of table files have in common."""

    path: str = Field(description="the file, relative to the spec's folder")
    target: str | None = Field(default=None, description="the column to predict; else the column `t`")
    test: float = Field(default=0.2, ge=0, lt=1, description="the fraction of lines for testing")
    seed: int = Field(default=0, ge=0, description="which lines are drawn for testing")

    def parsed(self, file: FoundFile, limits: Limits) -> Columns:
        """The table in a file; raises GraphError where it is malformed or too large."""
        raise NotImplementedError

    def read(self, files: Files) -> Dataset:
        file = files.find(self.path)
        table = self.parsed(file, files.limits)
        target = self._target(table.names, files)
        fields, labels = _fields(table, target, files)
        chosen = drawn_rows(table.rows, self.test, self.seed)
        splits = {split: _columns(fields, rows) for split, rows in chosen.items()}
        names = [target] if "t" in table.names else ["t", target]
        classes = {name: labels for name in names if name is not None and labels}
        return Dataset(file.place.name, checked_splits(self.path, splits), (file.place,), classes)

    def _target(self, names: list[str], files: Files) -> str | None:
        if self.target is None:
            return "t" if "t" in names else None
        if self.target not in names:
            if files.anywhere and not (files.uses("t") or files.uses(self.target)):
                return None  # rows to predict a target for have none
            raise GraphError([UnknownColumn(self.path, self.target, names)])
        return self.target


def drawn_rows(n: int, share: float, seed: int) -> dict[str, Array]:
    """The rows of train and test, both in order: a share of them is drawn for testing."""
    count = min(n - 1, max(1, round(n * share))) if share else 0
    if count == 0:
        return {"train": np.arange(n)}
    # NumPy guarantees the stream of a bit generator across versions, but not that of `permutation`.
    order = np.argsort(np.random.PCG64(seed).random_raw(n), kind="stable")
    return {"train": np.sort(order[count:]), "test": np.sort(order[:count])}


class _Values:
    """A column over all lines of the table, converted to numbers on first use."""

    def __init__(self, table: Columns, name: str, numbers: Callable[[str], Array]) -> None:
        self.table = table
        self.name = name
        self.numbers = numbers

    @lazy
    def array(self) -> Array:
        """The numbers; raises GraphError for a cell that is not a number."""
        return self.numbers(self.name)

    def chosen(self, rows: Array) -> Array:
        """The numbers of some rows, in order; not copied where these are all."""
        return self.array if len(rows) == self.table.rows else self.array[rows]

    @lazy
    def cells(self) -> list[str]:
        """The cells; empty where they say that there is no value."""
        return self.table.texts(self.name)

    def texts(self, rows: Array) -> list[str]:
        """The cells of some rows."""
        cells = self.cells
        return [cells[row] for row in rows.tolist()]

    @property
    def has_texts(self) -> bool:
        """Whether the cells are known as they are written."""
        return self.table.has_texts(self.name)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return self.array.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return ()


class _Ids(_Values):
    """A column of labels, as their ids."""

    @lazy
    def array(self) -> Array:
        ids = {label: i for i, label in enumerate(self.labels)}
        return np.array([ids[cell] for cell in self.cells], dtype=np.int64)

    @lazy
    def labels(self) -> tuple[str, ...]:
        """The distinct labels, sorted."""
        return tuple(sorted(set(self.cells)))


class _Features(_Values):
    """Several columns side by side."""

    def __init__(self, table: Columns, columns: list[_Values]) -> None:
        super().__init__(table, "x", columns[0].numbers)
        self.columns = columns

    @lazy
    def array(self) -> Array:
        return self.table.matrix([column.name for column in self.columns])

    @property
    def has_texts(self) -> bool:
        return False

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return np.dtype(np.float64)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.columns),)


class _Lines(Column):
    """A selection of a column's lines; its type is known only after reading."""

    def __init__(
        self, values: _Values, rows: Array, lines: Array | None, alone: Column | None = None
    ) -> None:
        self.__dict__.update(stored=(len(rows), *values.shape), pixels=None, flatten=False, alone=alone)
        self.__dict__["together"] = isinstance(values, _Features)
        self.__dict__.update(values=values, read=lambda: values.chosen(rows), lines=lines)
        self.__dict__["texts"] = (lambda: values.texts(rows)) if values.has_texts else None

    @lazy
    def storage(self) -> np.dtype[np.generic]:
        values: _Values = self.__dict__["values"]
        return values.array.dtype


def _fields(table: Columns, target: str | None, files: Files) -> tuple[dict[str, _Values], tuple[str, ...]]:
    """The fields over all lines, and the labels of the target, if it has labels."""
    used = [name for name in table.names if files.fields is not None and name in files.fields]
    if target is not None and files.fields is not None and "t" in files.fields and "t" not in table.names:
        used.append(target)
    numbers = table.numbers(used, target)
    columns: dict[str, _Values] = {name: _Values(table, name, numbers) for name in table.names}
    labels: tuple[str, ...] = ()
    if target is not None and table.holds_labels(target):
        ids = columns[target] = _Ids(table, target, numbers)
        labels = ids.labels
    features = [column for name, column in columns.items() if name != target]
    fields = dict(columns)
    if features:
        fields["x"] = _Features(table, features)
    if target is not None:
        fields.setdefault("t", columns[target])
    return fields, labels


def _columns(fields: dict[str, _Values], rows: Array) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    table = next(iter(fields.values())).table
    lines = None if table.lines is None else table.lines[rows]
    for name, values in fields.items():
        alone = None
        if isinstance(values, _Features) and name in values.table.names:
            alone = _Lines(_column_of(values, name), rows, lines)
        columns[name] = _Lines(values, rows, lines, alone)
    return columns


def _column_of(features: _Features, name: str) -> _Values:
    """The one column called `name` itself, not the features of that name."""
    return next((c for c in features.columns if c.name == name), None) or _Values(
        features.table, name, features.numbers
    )
