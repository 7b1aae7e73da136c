"""Parses a csv file into cells by column, and cells into numbers; errors name line, column and cause."""

from __future__ import annotations

import csv as reader
import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from graphlang.datasets.dataset import Array
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import DamagedCsv, NoData
from graphlang.diagnostics.tables import (
    BadCell,
    ColumnTwice,
    CommentForHeader,
    NoColumnNames,
    OtherDelimiter,
    RaggedLine,
    SpreadsheetInstruction,
    WrongColumn,
    WrongHeader,
    is_missing,
    plain_number,
)

NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_INTEGER = re.compile(r"\s*[+-]?\d{1,18}\s*", re.ASCII)
_MEASURE = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+[eE][+-]?\d+)|[+-]\d+", re.ASCII)
"""A number with a point, an exponent or a sign, which is not a likely name of a column."""
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Form:
    """How a table is written: what stands between cells and in numbers, and which cells have no value."""

    delimiter: str = ","
    decimal: str = "."
    missing: frozenset[str] = frozenset()


COMMAS = Form()


@dataclass(frozen=True)
class Table:
    """The cells of a csv file by column, and the line where each sample starts."""

    path: str
    names: list[str]
    cells: dict[str, tuple[str, ...]]
    lines: list[int]
    form: Form = COMMAS


def parse_csv(path: str, text: str, form: Form = COMMAS) -> Table:
    """The table in a text; raises GraphError if it is malformed."""
    records = _records(path, text, form.delimiter)
    _, header = next(records, (0, None))
    if header is None:
        raise GraphError([NoData.empty_file(path)])
    _check_delimiter(path, text, header, form.delimiter)
    rows = list(records)
    if header[0].lstrip().startswith("#") and rows and len(rows[0][1]) != len(header):
        raise GraphError([CommentForHeader(path, ",".join(header))])
    names = _names(path, header, [row for _, row in rows])
    _check_lengths(path, len(names), rows)
    if not rows:
        raise GraphError([NoData.header_alone(path)])
    columns = zip(names, zip(*(row for _, row in rows), strict=True), strict=True)
    return Table(path, names, dict(columns), [line for line, _ in rows], form)


def are_labels(table: Table, name: str) -> bool:
    """Whether the cells of a target are labels.

    They are if no cell is empty or a number, unless all are numbers in a form that is not supported, such as
    `1,5` or `20%`: treating those as labels would train on nonsense.
    """
    cells = _with_points(table, name)
    if table.form.missing and not table.form.missing.isdisjoint(cell.strip() for cell in table.cells[name]):
        return False
    return all(cell.strip() and not NUMBER.fullmatch(cell) for cell in cells) and not _are_numbers(cells)


def _with_points(table: Table, name: str) -> Sequence[str]:
    """The cells of a column, with points in numbers; what has a point already is no number."""
    cells = table.cells[name]
    if table.form.decimal == ".":
        return cells
    return [cell.replace(",", ".") if "." not in cell else f"{cell}," for cell in cells]


def _are_numbers(cells: Sequence[str]) -> bool:
    """Whether all cells that are not empty are numbers in some form."""
    return all(plain_number(cell) or is_missing(cell) for cell in cells)


def numbers(table: Table, name: str, *, target: bool = False) -> Array:
    """A column as numbers; the GraphError names the first cell that is not one, and counts them."""
    cells, written, missing = _with_points(table, name), table.cells[name], table.form.missing
    if all(map(_INTEGER.fullmatch, cells)):
        return np.array([int(cell) for cell in cells], dtype=np.int64)
    # float() would also accept `1_000`, `nan` and digits of other scripts.
    values = [float(cell) if NUMBER.fullmatch(cell) else math.nan for cell in cells]
    bad = [i for i, v in enumerate(values) if not math.isfinite(v) and written[i].strip() not in missing]
    if bad:
        if target and not any(map(NUMBER.fullmatch, cells)) and not _are_numbers(cells):  # labels, but for
            bad = [i for i in bad if not cells[i].strip()]  # cells that are empty
        line, cell = table.lines[bad[0]], written[bad[0]]
        raise GraphError([BadCell(table.path, line, name, cell, len(bad), len(cells), target=target)])
    return np.array(values, dtype=np.float64)


def _records(path: str, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records that are not empty, each with the number of its first line."""
    blanks = delimiter != " "
    text_file = io.StringIO(text, newline="")
    source = reader.reader(text_file, strict=True, skipinitialspace=blanks, delimiter=delimiter)
    start = 1
    try:
        for row in source:
            if row:
                yield start, row
            start = source.line_num + 1
    except reader.Error as error:
        raise GraphError([DamagedCsv(path, start, _cause(str(error)))]) from None


def _cause(error: str) -> str:
    if "unexpected end of data" in error:
        return "a quote is opened there, and closed nowhere"
    if "expected after" in error:
        return "after a closing quote comes something other than a comma (a quote inside a cell is doubled)"
    if "field limit" in error:
        return "a cell is longer than 131,072 characters: a quote is opened there, and closed far below"
    return error


def _check_delimiter(path: str, text: str, header: list[str], expected: str) -> None:
    if len(header) > 1 or expected != ",":
        return
    if re.fullmatch(r"sep=.", header[0].strip() or header[0]):
        raise GraphError([SpreadsheetInstruction(path, header[0])])
    later = next((line for line in text.splitlines()[1:] if line.strip()), "")
    for delimiter, called in _DELIMITERS.items():
        if delimiter in header[0].strip() and (delimiter in later or not later):
            raise GraphError([OtherDelimiter(path, called, header[0])])
    cells = later.split()
    if 1 < len(cells) == len(header[0].split()) and any(map(NUMBER.fullmatch, cells)):
        raise GraphError([OtherDelimiter(path, "blanks", header[0])])


def _names(path: str, header: list[str], rows: list[list[str]]) -> list[str]:
    names = [name.strip() for name in header]
    number = next((name for name in names if _MEASURE.fullmatch(name)), None)
    if number is None and all(NUMBER.fullmatch(name) for name in names):
        number = names[0]
    if number is not None:
        raise GraphError([NoColumnNames.number(path, number)])
    if any(NUMBER.fullmatch(name) for name in names):
        label = _label_among(names, rows)
        if label is not None:
            raise GraphError([NoColumnNames.sample(path, label)])
    if len(names) > 1 and names[-1] == "" and not any("".join(row[len(names) - 1 :]).strip() for row in rows):
        raise GraphError([WrongColumn.empty(path, len(names))])
    if "" in names:
        index = names.index("")
        raise GraphError(
            [WrongColumn.nameless(path, index + 1) if index else WrongHeader.nameless_index(path)]
        )
    if len(set(names)) < len(names):
        counts = Counter(names)
        twice = next(name for name in names if counts[name] > 1)
        numbers = [i + 1 for i, name in enumerate(names) if name == twice]
        raise GraphError([ColumnTwice(path, twice, numbers)])
    return names


def _label_among(names: list[str], rows: list[list[str]]) -> str | None:
    """A name in the first line that its column repeats, next to numbers: that line is a sample itself."""
    for i, name in enumerate(names):
        below = [row[i].strip() for row in rows if len(row) > i]
        if name and not NUMBER.fullmatch(name) and name in below:
            return name
    return None


def _check_lengths(path: str, expected: int, rows: list[tuple[int, list[str]]]) -> None:
    ragged = [(line, row) for line, row in rows if len(row) != expected]
    if ragged:
        line, row = ragged[0]
        raise GraphError([RaggedLine(path, line, expected, row, len(ragged) - 1)])
