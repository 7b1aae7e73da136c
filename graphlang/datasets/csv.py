"""The source `csv`: a table with named columns, split by a rule that depends on nothing but its seed."""

from __future__ import annotations

import csv as reader
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from graphlang.datasets.dataset import Array, Column, Dataset, Source, check_size, checked
from graphlang.datasets.files import Files, readable
from graphlang.datasets.text_format import decoded
from graphlang.diagnostics.base import Collector, GraphError
from graphlang.diagnostics.data import BadCell, NoData, RaggedLine, UnknownColumn, WrongFormat, WrongHeader

#: how many bad lines or cells are reported before reading gives up
_REPORTED = 10

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_INTEGER = re.compile(r"\s*[+-]?\d{1,18}\s*", re.ASCII)


class csv(Source):
    """A table in a text file: the first line names the columns, each further line is a sample.

    Fields: one for each column, by its name, [N]; `x` is all columns but the target, [N, D], in the file's
            order; `t` is the target, [N]. `x` and `t` mean these two even where a column has that name.
            Without `target` the target is the column called `t`; where there is none, `x` is all columns
            and there is no `t`.
    Splits: train and test. A fraction `test` of the lines is drawn for testing, always the same ones for
            the same `seed` and number of lines; both parts keep the file's order. `test=0` leaves all
            lines for training.
    Types:  a column is int when all its cells are written as integers, else float; `x` is float. A target
            without any number is a column of labels: its ids count the different labels in sorted order
            (`classes` names them).
    Format: UTF-8, commas; quotes as in RFC 4180. Empty lines are skipped. Such a file has no header that
            gives its size, so it is read when it is opened.
    Source: RFC 4180
    """

    path: str = Field(description="the file, relative to the spec's folder")
    target: str | None = Field(default=None, description="the column to predict; else the column `t`")
    test: float = Field(default=0.2, ge=0, lt=1, description="the fraction of lines for testing")
    seed: int = Field(default=0, ge=0, description="which lines are drawn for testing")

    def read(self, files: Files) -> Dataset:
        file = files.find(self.path)
        check_size(self.path, "the table", file.stat().st_size)
        with readable(self.path):
            table = _parse(self.path, decoded(self.path, file.read_bytes()))
        target = self._target(table.names)
        fields, labels = _fields(self.path, table, target)
        splits = {split: _columns(fields, rows) for split, rows in self._rows(len(table.lines)).items()}
        classes = dict.fromkeys(("t", target), labels) if labels and target else {}
        return Dataset(file.name, checked(self.path, splits), (file,), classes)

    def _target(self, names: list[str]) -> str | None:
        if self.target is None:
            return "t" if "t" in names else None
        if self.target not in names:
            raise GraphError([UnknownColumn(self.path, self.target, names)])
        return self.target

    def _rows(self, n: int) -> dict[str, Array]:
        count = min(n - 1, max(1, round(n * self.test))) if self.test else 0
        if count == 0:
            return {"train": np.arange(n)}
        # Raw bits, because NumPy promises the stream of a bit generator, not that of `permutation`.
        order = np.argsort(np.random.PCG64(self.seed).random_raw(n), kind="stable")
        return {"train": np.sort(order[count:]), "test": np.sort(order[:count])}


@dataclass(frozen=True)
class _Table:
    """The cells of a csv by column, and the line that each sample starts in."""

    names: list[str]
    cells: list[tuple[str, ...]]
    lines: list[int]


def _parse(path: str, text: str) -> _Table:
    records = _records(path, text)
    _, header = next(records, (0, None))
    if header is None:
        raise GraphError([NoData(path, "the file is empty")])
    names = _names(path, header)
    rows, lines, faults = [], [], Collector()
    for line, row in records:
        if len(row) != len(names):
            faults.add(RaggedLine(path, line, len(names), len(row)))
            if len(faults.diagnostics) == _REPORTED:
                break
        rows.append(row)
        lines.append(line)
    faults.finish()
    if not rows:
        raise GraphError([NoData(path, "there is no line after the first")])
    return _Table(names, list(zip(*rows, strict=True)), lines)


def _records(path: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that hold something, each with the number of the line where it starts."""
    source = reader.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for row in source:
            if row:
                yield start, row
            start = source.line_num + 1
    except reader.Error as error:
        raise GraphError([WrongFormat(path, "a sound csv file", f"line {start}: {error}")]) from None


def _names(path: str, header: list[str]) -> list[str]:
    names = [name.strip() for name in header]
    if all(_NUMBER.fullmatch(name) for name in names):
        raise GraphError([WrongHeader(path, f"found the number `{names[0]}`")])
    if "" in names:
        raise GraphError([WrongHeader(path, f"column {names.index('') + 1} has no name")])
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise GraphError([WrongHeader(path, f"`{twice}` is there twice")])
    return names


def _fields(path: str, table: _Table, target: str | None) -> tuple[dict[str, Array], tuple[str, ...]]:
    """The fields over all lines, and the labels of the target where it has labels."""
    labels: tuple[str, ...] = ()
    columns: dict[str, Array] = {}
    faults = Collector()
    for name, cells in zip(table.names, table.cells, strict=True):
        if name == target and _are_labels(cells):
            labels, columns[name] = _ids(cells)
        else:
            columns[name] = _numbers(path, name, cells, table.lines, faults)
    faults.finish()
    x = [column for name, column in columns.items() if name != target]
    fields = dict(columns)
    if x:
        fields["x"] = np.stack(x, axis=1).astype(np.float64)
    if target is not None:
        fields["t"] = columns[target]
    return fields, labels


def _are_labels(cells: tuple[str, ...]) -> bool:
    return all(cell.strip() and not _NUMBER.fullmatch(cell) for cell in cells)


def _ids(cells: tuple[str, ...]) -> tuple[tuple[str, ...], Array]:
    words = [cell.strip() for cell in cells]
    labels = tuple(sorted(set(words)))
    ids = {label: i for i, label in enumerate(labels)}
    return labels, np.array([ids[word] for word in words], dtype=np.int64)


def _numbers(path: str, name: str, cells: tuple[str, ...], lines: list[int], faults: Collector) -> Array:
    if all(map(_INTEGER.fullmatch, cells)):
        return np.array([int(cell) for cell in cells], dtype=np.int64)
    # float() alone would take `1_000`, `nan` and digits of other scripts.
    values = [float(cell) if _NUMBER.fullmatch(cell) else math.nan for cell in cells]
    for line, cell, value in zip(lines, cells, values, strict=True):
        if not math.isfinite(value) and len(faults.diagnostics) < _REPORTED:
            faults.add(BadCell(path, line, name, cell))
    return np.array(values, dtype=np.float64)


def _columns(fields: dict[str, Array], rows: Array) -> dict[str, Column]:
    return {name: _column(values, rows) for name, values in fields.items()}


def _column(values: Array, rows: Array) -> Column:
    return Column((len(rows), *values.shape[1:]), values.dtype, lambda: values[rows])
