"""What a column of a table holds, as its cells tell: numbers, words, dates, and what is missing."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

import numpy as np

from graphlang.datasets.csv_blocks import Form
from graphlang.datasets.dataset import Array
from graphlang.datasets.table import NUMBER, with_point
from graphlang.diagnostics.tables import is_missing

Kind = Literal["numbers", "words", "dates", "nothing", "unreadable"]
_MARKS = frozenset(["", "?", "na", "n/a", "nan", "null", "#n/a"])
"""What is no word either: `none` and `-` may be classes."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?", re.ASCII)
LARGEST = 1e30
"""Larger numbers have no place in float32 with what is computed of them."""


class Cells(NamedTuple):
    """A column as it was read: cells as texts, or numbers with nan for gaps, or neither."""

    name: str
    texts: Sequence[str] | None
    numbers: Array | None = None
    #: why neither could be read
    why: str = ""


class ColumnLook(NamedTuple):
    """A column of which every cell was looked at, or a part of them."""

    name: str
    kind: Kind
    rows: int
    gaps: int
    #: how many cells have each text that is no gap; of columns of numbers only, their numbers
    counts: Counter[str]
    values: Array
    #: of a column that is not read: what it holds
    why: str = ""
    #: the first row without a value
    first_gap: int = 0

    @property
    def different(self) -> int:
        return len(np.unique(self.values)) if self.kind == "numbers" else len(self.counts)

    @property
    def is_whole(self) -> bool:
        """Whether all numbers are whole."""
        return self.kind == "numbers" and bool((self.values == np.floor(self.values)).all())

    @property
    def share_of_gaps(self) -> float:
        return self.gaps / max(1, self.rows)


def marks_in(cells: Sequence[str], form: Form) -> set[str]:
    """The cells that say that there is no value: more of them where all others are numbers."""
    counts = {cell.strip() for cell in cells}
    likely = {cell for cell in counts if is_missing(cell)}
    if all(is_numeral(cell, form) for cell in counts - likely):
        return likely
    return {cell for cell in counts if cell.lower() in _MARKS}


def look(cells: Cells, form: Form, marks: set[str]) -> ColumnLook:
    """What a column holds."""
    if cells.numbers is not None:
        numbers = np.asarray(cells.numbers, np.float64)
        return _of_numbers(cells.name, numbers, len(numbers), int(np.argmax(np.isnan(numbers))))
    if cells.texts is None:
        return ColumnLook(cells.name, "unreadable", 0, 0, Counter(), np.zeros(0), cells.why)
    filled = Counter(cell for cell in map(str.strip, cells.texts) if cell not in marks)
    rows = len(cells.texts)
    gaps = rows - filled.total()
    first = next((row for row, cell in enumerate(cells.texts) if cell.strip() in marks), 0)
    if not filled:
        return ColumnLook(cells.name, "nothing", rows, gaps, filled, np.zeros(0))
    if all(is_numeral(cell, form) for cell in filled):
        values = np.array([float(with_point(cell, form)) for cell in filled.elements()])
        return _of_numbers(cells.name, values, rows, first)
    kind: Kind = "dates" if all(map(_is_date, filled)) else "words"
    return ColumnLook(cells.name, kind, rows, gaps, filled, np.zeros(0), first_gap=first)


def _of_numbers(name: str, numbers: Array, rows: int, first_gap: int) -> ColumnLook:
    values = numbers[~np.isnan(numbers)]
    gaps = rows - len(values)
    kind: Kind = "numbers" if len(values) else "nothing"
    if len(values) and not np.abs(values).max() <= LARGEST:
        return ColumnLook(name, "unreadable", rows, gaps, Counter(), values, "holds numbers beyond 1e30")
    return ColumnLook(name, kind, rows, gaps, Counter(), values, first_gap=first_gap)


def is_numeral(cell: str, form: Form) -> bool:
    """Whether a cell is a number for the sources of tables."""
    text = with_point(cell, form)
    return NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def _is_date(cell: str) -> bool:
    try:
        return _DAY.fullmatch(cell) is not None and date.fromisoformat(cell[:10]) is not None
    except ValueError:
        return False
