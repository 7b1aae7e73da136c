"""A table of named columns in a text file, and its columns as numbers; errors name line, column and cause."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np

from graphlang.datasets.arrow_numbers import ArrowReader
from graphlang.datasets.csv_blocks import CellBlock, Form, TablePart, block_of_rows
from graphlang.datasets.dataset import Array
from graphlang.datasets.decimal_cells import Decimals
from graphlang.datasets.table_pieces import keep_freed_memory
from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.diagnostics.tables import BadCell, is_missing, plain_number
from graphlang.lazy import alone

NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_INTEGER = re.compile(r"\s*[+-]?\d{1,18}\s*", re.ASCII)
ROWS = 4096
"""How many rows of cells that are known are made numbers of at once."""
_DIFFERENT = 100_000
"""How many different texts of a column are kept once for all rows that have them."""
S = TypeVar("S")
T = TypeVar("T")


class Columns:
    """A table of named columns, whatever its file is."""

    path: str
    names: list[str]
    rows: int
    #: the line of each row, where the file has lines
    lines: Array | None = None

    def numbers(self, likely: Sequence[str], target: str | None) -> Callable[[str], Array]:
        """A function that gives a column as numbers; those that are likely to be asked for may go together.

        It raises GraphError for a column that holds others; of the target it says what labels look like.
        """
        raise NotImplementedError

    def matrix(self, names: Sequence[str]) -> Array:
        """Columns side by side as floats; raises GraphError with every column that holds others."""
        raise NotImplementedError

    def has_texts(self, name: str) -> bool:
        """Whether the cells of a column are known as texts."""
        return True

    def texts(self, name: str) -> list[str]:
        """The cells of a column as texts, empty where they have no value."""
        raise NotImplementedError

    def holds_labels(self, name: str) -> bool:
        """Whether the cells of a target are labels."""
        raise NotImplementedError


class Table(Columns):
    """A table of text: its columns, and the line where each row starts."""

    lines: Array

    def __init__(self, path: str, names: Sequence[str], lines: Array, form: Form) -> None:
        self.path = path
        self.names = list(names)
        self.lines = lines
        self.rows = len(lines)
        self.form = form

    def numbers(self, likely: Sequence[str], target: str | None) -> Callable[[str], Array]:
        return NumberColumns(self, likely, target).of

    def matrix(self, names: Sequence[str]) -> Array:
        return number_matrix(self, names)

    def texts(self, name: str) -> list[str]:
        return texts(self, name)

    def holds_labels(self, name: str) -> bool:
        return are_labels(self, name)

    def mapped(self, function: Callable[[int, TablePart], T]) -> Iterator[T]:
        """What a function gives for every block and the number of its first row, in order."""
        raise NotImplementedError

    def cells(self, name: str) -> Iterator[list[str]]:
        """The cells of a column, block by block, as they are written."""
        column = self.names.index(name)
        return self.mapped(lambda _, part: part.block.cells(column))


class CellTable(Table):
    """A table whose cells are texts in memory."""

    def __init__(self, path: str, cells: dict[str, list[str]], lines: list[int], form: Form) -> None:
        super().__init__(path, list(cells), np.array(lines, np.int64), form)
        self._cells = cells

    def mapped(self, function: Callable[[int, TablePart], T]) -> Iterator[T]:
        for first in range(0, len(self.lines), ROWS):
            columns = [cells[first : first + ROWS] for cells in self._cells.values()]
            rows = [list(row) for row in zip(*columns, strict=True)]
            lines = self.lines[first : first + ROWS].tolist()
            block = block_of_rows(list(zip(lines, rows, strict=True)))
            yield function(first, TablePart.of(block))


def by_threads(function: Callable[[S], T], items: Sequence[S]) -> Iterator[T]:
    """The results for all items, computed by several threads where there are cores for them."""
    keep_freed_memory()
    threads = min(4, _cores(), len(items))
    if threads < 2:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[T]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


# ---- numbers -----------------------------------------------------------------------------------------------


class _Bad(NamedTuple):
    """The cells of a column in a block that are no numbers: how many, and the first."""

    cells: int
    row: int
    cell: str


class _OfBlock(NamedTuple):
    """What a block tells of its columns: which are whole numbers, what is wrong, how many are numbers."""

    whole: list[bool]
    bad: list[_Bad | None]
    numbers: list[int]


class NumberColumns:
    """The columns of a table as numbers, int where all cells are written as integers.

    Those that are likely to be asked for are read together, in one pass over the text.
    """

    def __init__(self, table: Table, likely: Sequence[str] = (), target: str | None = None) -> None:
        self._table = table
        self._likely = dict.fromkeys(likely)
        self._target = target
        self._read: dict[str, Array | Diagnostic] = {}

    def of(self, name: str) -> Array:
        """A column; raises GraphError with the first cell that is no number, and how many there are.

        Where the column may have been meant for labels, it says too what these look like.
        """
        with alone((id(self), "numbers")):
            if name not in self._read:
                self._read.update(_read_columns(self._table, self._names_with(name), self._target))
            column = self._read[name]
        if isinstance(column, Diagnostic):
            raise GraphError([column])
        return column

    def _names_with(self, name: str) -> list[str]:
        """A column, and the others that are to be read with it: not those of texts, by their first rows."""
        others = [other for other in self._likely if other not in self._read and other != name]
        if name not in self._likely or not others:
            return [name]
        numbers = [other for other in others if _begins_with_numbers(self._table, other)]
        return [name, *numbers]


def _begins_with_numbers(table: Table, name: str) -> bool:
    cells = next(table.cells(name))[:100]
    return all(NUMBER.fullmatch(with_point(c, table.form)) or c.strip() in table.form.missing for c in cells)


def _read_columns(table: Table, names: Sequence[str], target: str | None) -> dict[str, Array | Diagnostic]:
    columns = [table.names.index(name) for name in names]
    rows = len(table.lines)
    kept = [np.empty(rows, np.int64) for _ in names]
    parts: list[tuple[int, int, list[bool]]] = []

    arrow = ArrowReader(table.form, len(table.names), columns, len(table.lines))

    def filled(first: int, part: TablePart) -> _OfBlock:
        decimals, told = _completed(table.form, part, first, columns, arrow)
        after = first + part.rows
        parts.append((first, after, told.whole))
        for i, whole in enumerate(told.whole):
            kept[i][first:after] = (decimals.ints if whole else decimals.floats.view(np.int64))[:, i]
        return told

    told = list(table.mapped(filled))
    read: dict[str, Array | Diagnostic] = {}
    for i, name in enumerate(names):
        problem = _problem(table, name, i, told, target=name == target)
        read[name] = problem or _one_type(kept[i], [(a, b, whole[i]) for a, b, whole in parts])
    return read


def _one_type(bits: Array, parts: list[tuple[int, int, bool]]) -> Array:
    """A column of which some parts are int64 and others float64 in the same bytes, as one of these."""
    if all(whole for _, _, whole in parts):
        return bits
    floats = bits.view(np.float64)
    for first, after, whole in parts:
        if whole:
            floats[first:after] = bits[first:after].copy()
    return floats


def number_matrix(table: Table, names: Sequence[str]) -> Array:
    """Columns side by side as floats; raises GraphError with every bad column."""
    columns = [table.names.index(name) for name in names]
    matrix = np.empty((len(table.lines), len(names)), np.float64)

    arrow = ArrowReader(table.form, len(table.names), columns, len(table.lines))

    def filled(first: int, part: TablePart) -> _OfBlock:
        decimals, told = _completed(table.form, part, first, columns, arrow)
        matrix[first : first + part.rows] = decimals.floats
        return told

    told = list(table.mapped(filled))
    found = [_problem(table, name, i, told, target=False) for i, name in enumerate(names)]
    problems = [problem for problem in found if problem is not None]
    if problems:
        raise GraphError(problems)
    return matrix


def _completed(
    form: Form, part: TablePart, first: int, columns: list[int], arrow: ArrowReader
) -> tuple[Decimals, _OfBlock]:
    """The numbers of some rows, with nan for cells without a value, and what is wrong."""
    by_arrow = None if part.piece is None else arrow.decimals(part.piece, part.rows)
    if by_arrow is not None:
        whole = _all_rows(by_arrow.whole)
        return by_arrow, _OfBlock(whole, [None] * len(columns), [part.rows] * len(columns))
    decimals, told = _of_block(form, part.block, first, columns)
    if not any(told.bad):
        arrow.learn(told.whole)
    return decimals, told


def _of_block(form: Form, block: CellBlock, first: int, columns: list[int]) -> tuple[Decimals, _OfBlock]:
    """The same, those of an unusual form included, by this package alone."""
    decimals = block.decimals(columns, form.decimal)
    read, whole, _, floats = decimals
    bad: list[_Bad | None] = [None] * len(columns)
    for row, i in zip(*(part.tolist() for part in np.nonzero(~read)), strict=True):
        cell = block.cell(row, columns[i])
        text = with_point(cell, form)
        if cell.strip() in form.missing or not NUMBER.fullmatch(text):
            floats[row, i], whole[row, i] = np.nan, False
        else:
            floats[row, i], whole[row, i] = float(text), bool(_INTEGER.fullmatch(text))
            read[row, i] = True
        if whole[row, i]:
            decimals.ints[row, i] = int(text)
        elif not np.isfinite(floats[row, i]) and cell.strip() not in form.missing:
            before = bad[i]
            bad[i] = _Bad(1, first + row, cell) if before is None else before._replace(cells=before.cells + 1)
    _take_marks_out(form, block, columns, decimals)
    return decimals, _OfBlock(_all_rows(whole), bad, read.sum(axis=0).tolist())


def _take_marks_out(form: Form, block: CellBlock, columns: list[int], decimals: Decimals) -> None:
    """Numbers such as -999 that stand for no value become nan."""
    for mark in form.missing:
        text = with_point(mark, form)
        if NUMBER.fullmatch(text):
            for row, i in zip(*(p.tolist() for p in np.nonzero(decimals.floats == float(text))), strict=True):
                if block.cell(row, columns[i]).strip() == mark:
                    decimals.floats[row, i], decimals.whole[row, i] = np.nan, False


def _all_rows(truths: Array) -> list[bool]:
    """For each column, whether all rows are true."""
    return [bool(truth) for truth in np.asarray(truths.all(axis=0))]


def with_point(cell: str, form: Form) -> str:
    """A cell with the decimal point that Python reads; what has a point already becomes no number."""
    if form.decimal == ".":
        return cell
    return cell.replace(",", ".") if "." not in cell else f"{cell},"


def _problem(
    table: Table, name: str, column: int, told: list[_OfBlock], *, target: bool
) -> Diagnostic | None:
    """The first bad cell of a column; None where there is none."""
    bad = [of_block.bad[column] for of_block in told]
    those = [b for b in bad if b is not None]
    if not those:
        return None
    count, first = sum(b.cells for b in those), those[0]
    if target and not any(block.numbers[column] for block in told):
        count, first = _of_labels(table, name) or (count, first)
    line, rows = int(table.lines[first.row]), len(table.lines)
    texts = None if any(block.numbers[column] for block in told) else _texts_and_gaps(table, name)
    return BadCell(table.path, line, name, first.cell, count, rows, target, *(texts or (False, False)))


def _texts_and_gaps(table: Table, name: str) -> tuple[bool, bool]:
    """Whether a column without numbers has texts, and whether it has cells without a value."""
    texts = gaps = False
    for cells in table.cells(name):
        for cell in cells:
            if cell.strip() in table.form.missing or is_missing(cell):
                gaps = True
            elif plain_number(cell) is None:
                texts = True
    return texts, gaps


def _of_labels(table: Table, name: str) -> tuple[int, _Bad] | None:
    """The empty cells of a column of labels; None where it is one of numbers in another form."""
    empty, first, numbers, row = 0, None, True, 0
    for cells in table.cells(name):
        for cell in cells:
            text = with_point(cell, table.form)
            numbers = numbers and bool(plain_number(text) or is_missing(text))
            if not cell.strip() and "" not in table.form.missing:
                first = first or _Bad(1, row, cell)
                empty += 1
            row += 1
    return None if numbers or first is None else (empty, first)


# ---- texts -------------------------------------------------------------------------------------------------


def are_labels(table: Table, name: str) -> bool:
    """Whether the cells of a target are labels.

    They are if no cell is empty or a number, unless all are numbers in a form that is not supported, such as
    `1,5` or `20%`: treating those as labels would train on nonsense.
    """
    others = False
    for cells in table.cells(name):
        for cell in set(cells):
            text = with_point(cell, table.form)
            if not cell.strip() or NUMBER.fullmatch(text) or cell.strip() in table.form.missing:
                return False
            others = others or not (plain_number(text) or is_missing(text))
    return others


def texts(table: Table, name: str) -> list[str]:
    """The cells of a column; empty where they say that there is no value."""
    missing, seen = table.form.missing, dict[str, str]()
    cells: list[str] = []
    for block in table.cells(name):
        for cell in block:
            text = seen.get(cell)
            if text is None:
                text = "" if cell.strip() in missing else cell.strip()
                if len(seen) < _DIFFERENT:
                    seen[cell] = text
            cells.append(text)
    return cells
