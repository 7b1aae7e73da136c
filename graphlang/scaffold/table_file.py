"""Opens a table for which a spec is to be written, and tells which source reads it, with which options."""

from __future__ import annotations

import csv as reader
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from graphlang.datasets.csv import csv
from graphlang.datasets.csv_blocks import Form, TablePart
from graphlang.datasets.files import Files
from graphlang.datasets.json_lines import json_lines
from graphlang.datasets.parquet import parquet
from graphlang.datasets.table import Columns, Table
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.limits import Limits
from graphlang.scaffold.column_look import Cells

_HEAD = 2**16
"""How many bytes tell what stands between cells."""
_DELIMITERS = ",;\t|"
_COMMA, _POINT = re.compile(r"[+-]?\d+,\d+", re.ASCII), re.compile(r"[+-]?\d+\.\d+", re.ASCII)
CELLS = 1_000_000
"""How many cells are looked at."""
FEWEST_ROWS = 1_000


class TableFile(NamedTuple):
    """A table, its source in a spec, and what its cells are like."""

    source: str
    #: options of the source that are not the usual ones, as a spec writes them
    options: dict[str, str]
    form: Form
    table: Columns


def opened_table(place: Path, limits: Limits) -> TableFile:
    """The table at a place; raises GraphError where it cannot be read."""
    path, suffix = str(place), place.suffix.lower()
    file = Files(Path(), anywhere=True, limits=limits).find(path)
    if suffix == ".parquet":
        return TableFile("parquet", {}, Form(), parquet(path=path).parsed(file, limits))
    if suffix in (".jsonl", ".ndjson"):
        return TableFile("json_lines", {}, Form(), json_lines(path=path).parsed(file, limits))
    with file.open() as opened:
        lines = _first_lines(opened.stream.read(_HEAD))
    delimiter = _delimiter_of(lines, "\t" if suffix in (".tsv", ".tab") else ",")
    decimal = _decimal_of(lines, delimiter)
    table = csv(path=path, delimiter=delimiter, decimal=decimal).parsed(file, limits)
    options = {} if delimiter == "," else {"delimiter": {"\t": r'"\t"'}.get(delimiter, f'"{delimiter}"')}
    if decimal == ",":
        options["decimal"] = '","'
    return TableFile("csv", options, Form(delimiter, decimal), table)


# ---- how a csv is written ----------------------------------------------------------------------------------


def _first_lines(head: bytes) -> list[str]:
    lines = head.decode("utf-8-sig", "replace").splitlines(keepends=True)
    return lines[:-1] if len(head) == _HEAD and len(lines) > 1 else lines


def _delimiter_of(lines: list[str], usual: str) -> str:
    """What stands between the cells: what makes rows as long as the first one, and the longest ones."""

    def fit(delimiter: str) -> tuple[float, int, bool]:
        widths = [len(row) for row in _rows(lines, delimiter)]
        if not widths or widths[0] < 2:
            return 0, 0, delimiter == usual
        return sum(width == widths[0] for width in widths) / len(widths), widths[0], delimiter == usual

    best = max(_DELIMITERS, key=fit)
    return best if fit(best)[0] > 0.5 else usual


def _decimal_of(lines: list[str], delimiter: str) -> str:
    if delimiter == ",":
        return "."
    cells = [cell.strip() for row in _rows(lines, delimiter) for cell in row]
    commas, points = (sum(map(bool, map(form.fullmatch, cells))) for form in (_COMMA, _POINT))
    return "," if commas > points else "."


def _rows(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    try:
        yield from (row for row in reader.reader(lines, delimiter=delimiter) if row)
    except reader.Error:  # the source says it with its line
        return


# ---- cells -------------------------------------------------------------------------------------------------


def step_between_rows(table: Columns) -> int:
    """Every how many rows one is looked at: every row of most tables."""
    rows = max(FEWEST_ROWS, CELLS // len(table.names))
    return -(-table.rows // rows)


def cells_of(table: Columns, step: int) -> list[Cells]:
    """The columns of a table, every so many rows of them."""
    if not isinstance(table, Table):
        return [_column(table, name, step) for name in table.names]
    columns: list[list[str]] = [[] for _ in table.names]
    for part in table.mapped(lambda first, part: _chosen(first, part, step, len(columns))):
        for column, cells in zip(columns, part, strict=True):
            column += cells
    return [Cells(name, cells) for name, cells in zip(table.names, columns, strict=True)]


def _chosen(first: int, part: TablePart, step: int, width: int) -> list[list[str]]:
    block = part.block
    if step == 1:
        return [block.cells(column) for column in range(width)]
    rows = range(-first % step, part.rows, step)
    return [[block.cell(row, column) for row in rows] for column in range(width)]


def _column(table: Columns, name: str, step: int = 1) -> Cells:
    try:
        if table.has_texts(name):
            return Cells(name, table.texts(name)[::step])
        return Cells(name, None, table.numbers([name], None)(name)[::step])
    except GraphError as error:
        return Cells(name, None, None, error.diagnostics[0].message)


def whole_column(table: Columns, name: str) -> Cells:
    """All rows of a column."""
    return _column(table, name) if not isinstance(table, Table) else Cells(name, table.texts(name))
