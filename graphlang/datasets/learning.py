"""What preparing fields learns from the training split, as JSON keeps it: means, ranges, classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlang.datasets.dataset import Array, Column
from graphlang.datasets.table import NUMBER
from graphlang.datasets.word_ids import Vocabulary
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.prepared import (
    CellWithoutClass,
    DamagedLearned,
    NoDate,
    NoTexts,
    NothingKnown,
    OtherFill,
    UnseenClass,
)


@dataclass(frozen=True)
class Scaled:
    """`standardize` and `minmax`: each column less a number, divided by another."""

    less: list[float]
    by: list[float]

    def fits(self, columns: int) -> bool:
        """Whether it was learned from so many columns."""
        return len(self.less) == len(self.by) == columns

    def applied(self, array: Array) -> Array:
        return np.asarray((array - _of_row(self.less, array)) / _of_row(self.by, array))

    def as_json(self) -> dict[str, Any]:
        return {"less": self.less, "by": self.by}


@dataclass(frozen=True)
class Filled:
    """`impute`: what takes the place of a missing number, for each column."""

    value: list[float]

    def fits(self, columns: int) -> bool:
        """Whether it was learned from so many columns."""
        return len(self.value) == columns

    def applied(self, array: Array) -> Array:
        return np.where(np.isnan(array), _of_row(self.value, array), array)

    def as_json(self) -> dict[str, Any]:
        return {"value": self.value}


def _of_row(numbers: list[float], array: Array) -> Array:
    return np.asarray(numbers).reshape(array.shape[1:])


def learned_of(name: str, array: Array, part: Mapping[str, Any]) -> Scaled | Filled:
    """What `standardize`, `minmax` or `impute` learns from the finite numbers of an array of the training
    split: rows without a value teach nothing."""
    rows = array.reshape(len(array), -1)
    if name == "impute" and isinstance(part["with"], int | float):
        return Filled([float(part["with"])] * rows.shape[1])
    known = np.isfinite(rows)
    if not known.any(axis=0).all():
        raise GraphError([NothingKnown(part["text"])])
    columns = [column[k] for column, k in zip(rows.T, known.T, strict=True)]
    if name == "impute":
        way = np.mean if part["with"] == "mean" else np.median
        return Filled([float(way(column)) for column in columns])
    with np.errstate(all="ignore"):
        if name == "minmax":
            less, by = np.array([c.min() for c in columns]), np.array([np.ptp(c) for c in columns])
        elif known.all():
            less, by = rows.mean(axis=0), rows.std(axis=0)
        else:
            less, by = np.array([c.mean() for c in columns]), np.array([c.std() for c in columns])
    less[~np.isfinite(less)] = 0.0  # numbers whose sum or range no float holds stay as they are
    by[~np.isfinite(by) | (by == 0)] = 1.0  # a column of one number becomes zeros
    return Scaled(less.tolist(), by.tolist())


class Categories:
    """`category`: the classes, sorted; those of numbers by size.

    With `impute` inside, `fill` is the class of a row whose cell is missing.
    """

    def __init__(self, kept: Any, text: str) -> None:
        classes = kept.get("classes") if isinstance(kept, dict) else None
        if not isinstance(classes, list) or not (_all(classes, str) or _all(classes, int | float)):
            raise GraphError([DamagedLearned(text)])
        self.classes: list[Any] = classes
        self.fill: Any = kept.get("fill")
        if self.fill is not None and self.fill not in classes:
            raise GraphError([DamagedLearned(text)])

    @classmethod
    def learned(cls, field: str, column: Column, part: Mapping[str, Any]) -> Categories:
        """The classes of a column: numbers where all of its cells are."""
        cells = None if column.texts is None else column.texts()
        fills, fill = "fill" in part, part.get("fill")
        numbers = cells is None or all(NUMBER.fullmatch(cell) or (fills and not cell) for cell in cells)
        if not numbers and not fills:
            _check_cells(field, column, cells or [])
        if not fills:
            if numbers:
                _check_numbers(field, column)
            known = np.unique(_numbers(column)).tolist() if numbers else sorted(set(cells or ()))
            return cls({"classes": known}, field)
        values = _numbers(column).tolist() if numbers else cells or []
        counts = Counter(v for v in values if (v and v == v) or v == 0)  # noqa: PLR0124 - nan
        if fill is None and not counts:
            raise GraphError([NothingKnown(part["text"])])
        if fill is None:
            fill = max(sorted(counts), key=counts.__getitem__)
        elif isinstance(fill, str) is numbers:
            raise GraphError([OtherFill(part["text"], str(fill), "numbers" if numbers else "texts")])
        return cls({"classes": sorted({*counts, fill}), "fill": fill}, field)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(map(str, self.classes))

    def as_json(self) -> dict[str, Any]:
        return {"classes": self.classes} | ({} if self.fill is None else {"fill": self.fill})

    def numbers(self, field: str, column: Column, unknown: int | None) -> Array:
        """The number of each row's class; raises GraphError for another one, unless it has a number."""
        places = {name: i for i, name in enumerate(self.classes)}
        values: Sequence[Any]
        if _all(self.classes, str):
            cells = [str(v) for v in column.load().tolist()] if column.texts is None else column.texts()
            values = cells if self.fill is None else [cell or self.fill for cell in cells]
            _check_cells(field, column, values)
        else:
            values = column.load().tolist()
            if self.fill is None:
                _check_numbers(field, column)
            else:
                values = [self.fill if value != value else value for value in values]  # noqa: PLR0124 - nan
        ids = [places.get(value, -1) for value in values]
        if -1 in ids and unknown is None:
            row = ids.index(-1)
            raise GraphError([UnseenClass.of(field, str(values[row]), _place(column, row), self.names)])
        return np.array([unknown if i < 0 else i for i in ids], np.int64)


def _numbers(column: Column) -> Array:
    """The numbers of a column; truth values are 0 and 1."""
    array = column.load()
    return array.astype(np.int64) if array.dtype.kind == "b" else array


def _check_cells(field: str, column: Column, cells: Sequence[str]) -> None:
    row = next((i for i, cell in enumerate(cells) if not cell), None)
    if row is not None:
        raise GraphError([CellWithoutClass(field, _place(column, row))])


def _check_numbers(field: str, column: Column) -> None:
    gaps = np.isnan(column.load()) if column.storage.kind == "f" else np.zeros(0, bool)
    if gaps.any():
        raise GraphError([CellWithoutClass(field, _place(column, int(gaps.argmax())))])


def _place(column: Column, row: int) -> str:
    return f"line {column.lines[row]}" if column.lines is not None else f"row {row}"


def restored(part: Mapping[str, Any], kept: Any) -> Any:
    """What a call learned, from its JSON; raises GraphError where it is damaged."""
    name, text = part["call"], part["text"]
    if name == "category":
        return Categories(kept, text)
    if name == "words":
        return Vocabulary(kept, part)
    wanted = ("value",) if name == "impute" else ("less", "by")
    if not isinstance(kept, dict) or not all(_all(kept.get(key), int | float) for key in wanted):
        raise GraphError([DamagedLearned(text)])
    return Filled(kept["value"]) if name == "impute" else Scaled(kept["less"], kept["by"])


def _all(values: Any, kind: Any) -> bool:
    return isinstance(values, list) and all(isinstance(v, kind) and not isinstance(v, bool) for v in values)


def days(field: str, column: Column) -> Array:
    """Dates as days since the first of January 1970; nan where a cell has no value."""
    if column.texts is None:
        raise GraphError([NoTexts(field, "date")])
    from datetime import date

    numbers: list[float] = []
    for row, cell in enumerate(column.texts()):
        try:
            numbers.append(date.fromisoformat(cell[:10]).toordinal() - 719163 if cell else np.nan)
        except ValueError:
            raise GraphError([NoDate(field, cell, _place(column, row))]) from None
    return np.array(numbers)
