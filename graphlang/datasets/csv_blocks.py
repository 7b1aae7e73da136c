"""The cells of a piece of a csv: where each begins and ends, found in all of its bytes at once.

Where quotes do not stand around whole cells, the reader of Python decides what they mean, for the rest of
the file: that is a matter of its rules alone.
"""

from __future__ import annotations

import csv as reader
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from graphlang.datasets.dataset import Array
from graphlang.datasets.decimal_cells import Decimals, Words, read_decimals
from graphlang.datasets.table_pieces import NEWLINE, QUOTE, TablePiece, within_quotes
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import DamagedCsv

MOST_OF_CELL = reader.field_size_limit()
ROWS = 4096
"""How many rows the reader of Python hands on at once."""


class Unusual(Exception):  # noqa: N818 - it is no mistake
    """Quotes that do not stand around whole cells, or a very long cell."""


class Form(NamedTuple):
    """How a table is written: what stands between cells and in numbers, and which cells have no value."""

    delimiter: str = ","
    decimal: str = "."
    missing: frozenset[str] = frozenset()

    @property
    def skips_blanks(self) -> bool:
        """Whether blanks before a cell are left out."""
        return self.delimiter != " "

    @property
    def is_plain(self) -> bool:
        """Whether cells can be told apart by single bytes."""
        return self.delimiter.isascii() and self.delimiter not in '"\r\n'


class CellBlock(NamedTuple):
    """Rows of cells in a text: where each cell begins and ends, or a first ragged row."""

    text: bytes
    #: [rows, columns]
    starts: Array
    ends: Array
    #: the line of each row
    lines: Array
    #: for each column whose cells all have a decimal point: where it is
    points: dict[int, Array]
    quoted: bool
    skips_blanks: bool

    def cell(self, row: int, column: int) -> str:
        return self._decoded(int(self.starts[row, column]), int(self.ends[row, column]))

    def cells(self, column: int) -> list[str]:
        """The cells of a column as they are written, without quotes around them."""
        places = zip(self.starts[:, column].tolist(), self.ends[:, column].tolist(), strict=True)
        if self.quoted or (self.skips_blanks and b" " in self.text):
            return [self._decoded(start, end) for start, end in places]
        text = self.text
        return [text[start:end].decode() for start, end in places]

    def _decoded(self, start: int, end: int) -> str:
        cell = self.text[start:end]
        if self.skips_blanks:
            cell = cell.lstrip(b" ")
        if self.quoted and cell.startswith(b'"'):
            cell = cell[1:-1].replace(b'""', b'"')
        return cell.decode()

    def decimals(self, columns: list[int], point: str) -> Decimals:
        """The cells of some columns as numbers, [rows, columns]."""
        starts, ends = self.starts[:, columns].ravel(), self.ends[:, columns].ravel()
        points: Array | None = None
        if not self.quoted and all(column in self.points for column in columns):
            points = np.stack([self.points[column] for column in columns], axis=1).ravel()
        if self.quoted or b" " in self.text:
            starts, ends = self._stripped(starts, ends)
            points = None
        decimals = read_decimals(Words(self.text), starts, ends, point, points)
        shape = (len(self.lines), len(columns))
        return Decimals(*(part.reshape(shape) for part in decimals))

    def _stripped(self, starts: Array, ends: Array) -> tuple[Array, Array]:
        """Without quotes and some blanks around; what is still there is no number at first sight."""
        array = np.frombuffer(self.text, np.uint8)
        for byte, both in ((ord(" "), False), (QUOTE, True), (ord(" "), False)):
            for _ in range(1 if both else 8):
                front = (array.take(starts, mode="clip") == byte) & (starts < ends)
                back = (array.take(ends - 1, mode="clip") == byte) & (starts < ends)
                if both:
                    front = back = front & back & (starts + 1 < ends)
                if not (front.any() or back.any()):
                    break
                starts = starts + front
                ends = np.maximum(ends - back, starts)
        return starts, ends


class TablePart:
    """Some rows of a table, whose cells are told apart when they are asked for."""

    def __init__(self, rows: int, make: Callable[[], CellBlock], piece: TablePiece | None = None) -> None:
        self.rows = rows
        #: the text of the rows, where all quotes in it are as usual
        self.piece = piece
        self._make = make

    @classmethod
    def of(cls, block: CellBlock) -> TablePart:
        """The rows of a block that is there."""
        return cls(len(block.lines), lambda: block)

    @property
    def block(self) -> CellBlock:
        """The cells; a call tells them apart anew."""
        return self._make()


def counted_rows(piece: TablePiece, form: Form, width: int) -> Array:
    """The line of each row of a piece that is not empty, [1, rows], or with its number of cells, [2, rows].

    Raises Unusual where the quotes are not as usual. Where only the sum of the cells was counted, a row with
    too many may go with one that has too few: telling the cells apart notices it.
    """
    array = np.frombuffer(piece.text, np.uint8)
    if not piece.is_quoted:
        ends = np.flatnonzero(array == NEWLINE)
        lengths = np.diff(ends, prepend=-1)
        cells = np.count_nonzero(array == ord(form.delimiter)) + len(ends)
        short = not len(ends) or int(lengths.max()) <= MOST_OF_CELL
        if short and cells == width * len(ends) and int(lengths.min(initial=2)) > 1:
            return (piece.line + np.arange(len(ends)))[None]
    block = block_of(piece, form, width)
    return block.lines[None] if isinstance(block, CellBlock) else block


def block_of(piece: TablePiece, form: Form, width: int) -> CellBlock | Array:
    """The rows of a piece that are not empty, or how many cells each has where these are not `width`.

    Raises Unusual where this is not certain.
    """
    array = np.frombuffer(piece.text, np.uint8)
    point, delimiter = ord(form.decimal), ord(form.delimiter)
    chosen = array == NEWLINE
    mark = array == delimiter
    np.logical_or(chosen, mark, out=chosen)
    if point != delimiter:
        np.equal(array, point, out=mark)
        np.logical_or(chosen, mark, out=chosen)
    if piece.is_quoted:
        within = within_quotes(array)
        _check_quotes(array, within, form)
        chosen &= ~within
    marks = np.flatnonzero(chosen)
    kinds = array.take(marks)
    return _regular(piece, form, width, marks, kinds) or _irregular(piece, form, width, marks, kinds)


def _regular(piece: TablePiece, form: Form, width: int, marks: Array, kinds: Array) -> CellBlock | None:
    """The block of a piece whose rows have all the same marks, and no newline in a cell."""
    first = int(np.argmax(kinds == NEWLINE)) + 1
    pattern = kinds[:first]
    cells = (
        np.flatnonzero(pattern != ord(form.decimal)) if form.decimal != form.delimiter else np.arange(first)
    )
    if len(marks) % first or len(cells) != width:
        return None
    if not bool((kinds.reshape(-1, first) == pattern).all()):
        return None
    places = marks.reshape(-1, first)
    ends = places[:, cells]
    starts = np.empty_like(ends)
    starts[:, 1:] = ends[:, :-1] + 1
    starts[0, 0] = 0
    starts[1:, 0] = ends[:-1, -1] + 1
    if width == 1 and bool((starts == ends).any()):
        return None  # empty lines
    if piece.is_quoted and piece.text.count(b"\n") != len(ends):
        return None
    _check_lengths(starts, ends)
    points = {}
    before = np.diff(cells, prepend=-1)
    if bool((before <= 2).all()):
        points = {i: places[:, cells[i] - 1] if before[i] == 2 else ends[:, i] for i in range(width)}
    lines = piece.line + np.arange(len(ends))
    return CellBlock(piece.text, starts, ends, lines, points, piece.is_quoted, form.skips_blanks)


def _irregular(piece: TablePiece, form: Form, width: int, marks: Array, kinds: Array) -> CellBlock | Array:
    if form.decimal != form.delimiter:
        marks, kinds = marks[kinds != ord(form.decimal)], kinds[kinds != ord(form.decimal)]
    starts = np.concatenate([np.zeros(1, marks.dtype), marks[:-1] + 1])
    newline = kinds == NEWLINE
    opens = np.concatenate([[True], newline[:-1]])
    empty = newline & opens & (starts == marks)
    marks, starts, newline, opens = (part[~empty] for part in (marks, starts, newline, opens))
    lasts, firsts = np.flatnonzero(newline), np.flatnonzero(opens)
    counts = lasts - firsts + 1
    _check_lengths(starts, marks)
    all_lines = np.flatnonzero(np.frombuffer(piece.text, np.uint8) == NEWLINE)
    lines = piece.line + np.searchsorted(all_lines, starts[firsts])
    if bool((counts != width).any()):
        return np.stack([lines, counts])
    shape = (len(counts), width)
    starts, ends = starts.reshape(shape), marks.reshape(shape)
    return CellBlock(piece.text, starts, ends, lines, {}, piece.is_quoted, form.skips_blanks)


def _check_lengths(starts: Array, ends: Array) -> None:
    if ends.size and int((ends - starts).max()) > MOST_OF_CELL:
        raise Unusual


def _check_quotes(array: Array, within: Array, form: Form) -> None:
    """Raises Unusual unless every quote opens a cell, closes one, or is one of a pair inside."""
    quotes = np.flatnonzero(array == QUOTE)
    opening = within[quotes]
    opened, closed = quotes[opening], quotes[~opening]
    if len(opened) != len(closed):
        raise Unusual
    delimiter = ord(form.delimiter)
    before = array.take(opened - 1, mode="clip")
    fine = (opened == 0) | (before == delimiter) | (before == NEWLINE) | (before == QUOTE)
    after = array.take(closed + 1, mode="clip")
    if not (fine.all() and ((after == delimiter) | (after == NEWLINE) | (after == QUOTE)).all()):
        raise Unusual


# ---- by the reader of Python -------------------------------------------------------------------------------


def records(path: str, pieces: Iterable[TablePiece], form: Form) -> Iterator[tuple[int, list[str]]]:
    """The records that are not empty, each with the number of its first line."""
    pieces = list(pieces)
    before = pieces[0].line - 1 if pieces else 0
    lines = (line for piece in pieces for line in io.StringIO(piece.text.decode(), newline="\n"))
    source = reader.reader(lines, strict=True, skipinitialspace=form.skips_blanks, delimiter=form.delimiter)
    start = 1
    try:
        for row in source:
            if row:
                yield before + start, row
            start = source.line_num + 1
    except reader.Error as error:
        raise GraphError([DamagedCsv(path, before + start, _cause(str(error)))]) from None


def _cause(error: str) -> str:
    if "unexpected end of data" in error:
        return "a quote is opened there, and closed nowhere"
    if "expected after" in error:
        return "after a closing quote comes something other than a comma (a quote inside a cell is doubled)"
    if "field limit" in error:
        return "a cell is longer than 131,072 characters: a quote is opened there, and closed far below"
    return error


def blocks_of_records(rows: Iterable[tuple[int, list[str]]]) -> Iterator[CellBlock]:
    """Blocks of rows that another reader has told apart."""
    group: list[tuple[int, list[str]]] = []
    for row in rows:
        group.append(row)
        if len(group) == ROWS:
            yield block_of_rows(group)
            group = []
    if group:
        yield block_of_rows(group)


def block_of_rows(rows: list[tuple[int, list[str]]]) -> CellBlock:
    """A block of rows of cells that are known."""
    cells = [cell.encode() for _, row in rows for cell in row]
    lengths = np.array([len(cell) for cell in cells], np.int64).reshape(len(rows), -1)
    ends = (np.cumsum(lengths.ravel() + 1) - 1).reshape(lengths.shape)
    text: Any = b"\n".join(cells) + b"\n"
    lines = np.array([line for line, _ in rows], np.int64)
    return CellBlock(text, ends - lengths, ends, lines, {}, quoted=False, skips_blanks=False)
