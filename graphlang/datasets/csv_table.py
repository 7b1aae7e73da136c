"""A csv file as a table: its header is checked, and the rows of all pieces are counted."""

from __future__ import annotations

import csv as reader
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

import numpy as np

from graphlang.datasets.csv_blocks import (
    CellBlock,
    Form,
    TablePart,
    Unusual,
    block_of,
    blocks_of_records,
    counted_rows,
    records,
)
from graphlang.datasets.dataset import Array
from graphlang.datasets.reading import Reading
from graphlang.datasets.table import NUMBER, Table, by_threads
from graphlang.datasets.table_pieces import TablePiece, read_pieces
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import NoData, TooManyCells
from graphlang.diagnostics.tables import (
    ColumnTwice,
    CommentForHeader,
    NoColumnNames,
    OtherDelimiter,
    RaggedLine,
    SpreadsheetInstruction,
    WrongColumn,
    WrongHeader,
)
from graphlang.files.regular import RegularFile

_MEASURE = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+[eE][+-]?\d+)|[+-]\d+", re.ASCII)
"""A number with a point, an exponent or a sign, which is not a likely name of a column."""
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}
_LOOKED_AT = 10_000
"""In how many rows a name of the first line is looked for."""
T = TypeVar("T")


def read_csv(path: str, file: RegularFile, form: Form, most_cells: int) -> CsvTable:
    """The table in an open file; raises GraphError if it is malformed, or has more cells than that."""
    pieces = read_pieces(path, file, form.delimiter, most_cells, quotes=form.is_plain)
    body = _Body(path, pieces, form)
    if body.header is None:
        raise GraphError([NoData.empty_file(path)])
    header = body.header
    _check_delimiter(path, pieces[0].text.decode(), header, form.delimiter)
    rows = list(islice(body.rows(), 1))
    if header[0].lstrip().startswith("#") and rows and len(rows[0][1]) != len(header):
        raise GraphError([CommentForHeader(path, ",".join(header))])
    lines, ragged = body.counted(len(header))
    names = _names(path, header, body.rows)
    if ragged:
        raise GraphError([body.ragged(ragged[0], len(header), ragged[1])])
    if not len(lines):
        raise GraphError([NoData.header_alone(path)])
    if (len(lines) + 1) * len(names) > most_cells:
        raise GraphError([TooManyCells(path, (len(lines) + 1) * len(names), most_cells)])
    return CsvTable(path, names, lines, body)


class CsvTable(Table):
    """The table of a csv file, whose text is in memory."""

    def __init__(self, path: str, names: list[str], lines: Array, body: _Body) -> None:
        super().__init__(path, names, lines, body.form)
        self._body = body

    def mapped(self, function: Callable[[int, TablePart], T]) -> Iterator[T]:
        return self._body.mapped(function, len(self.names))


class _Body:
    """The records of a csv below its header."""

    def __init__(self, path: str, pieces: list[TablePiece], form: Form) -> None:
        self.path = path
        self.form = form
        self.header, after = _header_of(path, pieces, form)
        self._before = 0  # records of `_pieces` that are none of the body
        first = pieces[0] if pieces else TablePiece(b"", 1)
        if form.is_plain and after <= len(first.text):
            rest = TablePiece(first.text[after:], first.line + first.text.count(b"\n", 0, after))
            self._pieces = [rest, *pieces[1:]] if rest.text else pieces[1:]
            #: from this piece on, the reader of Python tells the cells apart
            self._unusual = len(self._pieces)
        else:
            self._pieces, self._unusual, self._before = pieces, 0, 1
        self._first_rows: list[int] = []

    def rows(self, start: int = 0) -> Iterator[tuple[int, list[str]]]:
        """The records from a piece on, as the reader of Python tells them apart."""
        skipped = self._before if start == 0 else 0
        return islice(records(self.path, self._pieces[start:], self.form), skipped, None)

    def counted(self, width: int) -> tuple[Array, tuple[int, int] | None]:
        """The line of each row; the line of the first ragged row, and how many there are."""
        lines: list[Array] = []
        ragged: list[int] = []
        usual = self._pieces[: self._unusual]
        reading = Reading(self.path, sum(len(piece.text) for piece in usual))
        done = 0
        for number, found in enumerate(by_threads(lambda p: _lines_in(p, self.form, width), usual)):
            if found is None:
                self._unusual = number
                break
            lines.append(found[0])
            ragged += found[0][found[1] != width].tolist() if len(found) > 1 else []
            done += len(usual[number].text)
            reading.told(done)
        self._first_rows = [0, *np.cumsum([len(part) for part in lines]).tolist()]
        more: list[int] = []
        for at, row in self.rows(self._unusual) if self._unusual < len(self._pieces) else ():
            more.append(at)
            if len(row) != width:
                ragged.append(at)
        lines.append(np.array(more, np.int64))
        return np.concatenate(lines), (ragged[0], len(ragged)) if ragged else None

    def mapped(self, function: Callable[[int, TablePart], T], width: int) -> Iterator[T]:
        starts = self._first_rows
        usual = [
            (starts[i], starts[i + 1] - starts[i], piece)
            for i, piece in enumerate(self._pieces[: self._unusual])
        ]
        reading = Reading(self.path, len(usual))

        def of_piece(item: tuple[int, int, TablePiece]) -> T:
            first, rows, piece = item
            return function(first, TablePart(rows, lambda: self._block(piece, width), piece))

        for number, value in enumerate(by_threads(of_piece, usual)):
            reading.told(number + 1)
            yield value
        if self._unusual < len(self._pieces):
            first = self._first_rows[-1]
            for block in blocks_of_records(self.rows(self._unusual)):
                yield function(first, TablePart.of(block))
                first += len(block.lines)

    def _block(self, piece: TablePiece, width: int) -> CellBlock:
        block = block_of(piece, self.form, width)
        if isinstance(block, CellBlock):
            return block
        ragged = block[0][block[1] != width]
        raise GraphError([self.ragged(int(ragged[0]), width, len(ragged))])

    def ragged(self, line: int, width: int, count: int) -> RaggedLine:
        """What is said of a row with too many or too few cells, of which there are so many."""
        row = next(row for at, row in self.rows() if at == line)
        return RaggedLine(self.path, line, width, row, count - 1)


def _lines_in(piece: TablePiece, form: Form, width: int) -> Array | None:
    """What `counted_rows` gives, or None for unusual quotes."""
    try:
        return counted_rows(piece, form, width)
    except Unusual:
        return None


def _header_of(path: str, pieces: list[TablePiece], form: Form) -> tuple[list[str] | None, int]:
    """The first record that is not empty, and where it ends in the text."""
    rows = records(path, pieces, form)
    first = next(rows, None)
    if first is None:
        return None, 0
    text = pieces[0].text
    place = 0
    # Empty lines come before it.
    for _ in range(first[0] - pieces[0].line):
        place = text.find(b"\n", place) + 1
    lines = io.StringIO(text[place:].decode(), newline="\n")
    source = reader.reader(lines, skipinitialspace=form.skips_blanks, delimiter=form.delimiter)
    if next(source, None) != first[1]:
        return first[1], len(text) + 1  # it goes on in the next piece
    for _ in range(source.line_num):
        place = text.find(b"\n", place) + 1
    return first[1], place


def _check_delimiter(path: str, text: str, header: list[str], expected: str) -> None:
    """Refuses a table whose cells are separated by something else than is said."""
    if len(header) > 1:
        return
    if expected == "," and re.fullmatch(r"sep=.", header[0].strip() or header[0]):
        raise GraphError([SpreadsheetInstruction(path, header[0])])
    said = _DELIMITERS.get(expected, f"`{expected}`")
    later = next((line for line in text.splitlines()[1:] if line.strip()), "")
    for delimiter, called in _DELIMITERS.items():
        there = delimiter in header[0].strip() and (delimiter in later or not later)
        if delimiter == ",":  # which may be the sign of decimals, or part of a name
            there = header[0].count(",") == later.count(",") > 0
        if there and delimiter != expected:
            options = _options_of(delimiter, later)
            raise GraphError([OtherDelimiter(path, called, header[0], said, options)])
    cells = later.split()
    if 1 < len(cells) == len(header[0].split()) and any(map(NUMBER.fullmatch, cells)):
        single = not re.search(r"\S[ ]{2,}\S", later)
        options = ['delimiter=" "'] if single and "\t" not in later else []
        raise GraphError([OtherDelimiter(path, "blanks", header[0], said, options)])


def _options_of(delimiter: str, row: str) -> list[str]:
    """The options of the source for a table with a row like this."""
    written = json.dumps(delimiter)
    decimals = delimiter != "," and any(re.fullmatch(r"\s*-?\d*,\d+\s*", c) for c in row.split(delimiter))
    return [f"delimiter={written}", *(['decimal=","'] if decimals else [])]


def _names(path: str, header: list[str], rows: Callable[[], Iterator[tuple[int, list[str]]]]) -> list[str]:
    names = [name.strip() for name in header]
    number = next((name for name in names if _MEASURE.fullmatch(name)), None)
    if number is None and all(NUMBER.fullmatch(name) for name in names):
        number = names[0]
    if number is not None:
        raise GraphError([NoColumnNames.number(path, number)])
    if any(NUMBER.fullmatch(name) for name in names):
        label = _label_among(names, [row for _, row in islice(rows(), _LOOKED_AT)])
        if label is not None:
            raise GraphError([NoColumnNames.sample(path, label)])
    last = len(names) - 1
    if last and names[-1] == "" and not any("".join(row[last:]).strip() for _, row in rows()):
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
