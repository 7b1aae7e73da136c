"""Writes statements in the one layout."""

from __future__ import annotations

from itertools import pairwise

from graphlang.diagnostics.limits import DEFAULT, Limits
from graphlang.formatting.alignment import pads
from graphlang.formatting.breaks import breaks_of, outermost_statements
from graphlang.formatting.comments import Line, with_comments
from graphlang.formatting.long_lines import STEP, WIDTH, LongLines, Range
from graphlang.formatting.pieces import CLOSERS, OPENERS, Piece, pieces_of
from graphlang.formatting.spacing import gaps
from graphlang.syntax import operators

_CONTINUED = 4
"""Spaces before a line that goes on with an expression."""
_FARTHEST = 40
"""Columns up to which the arrows of a chain stand below its first one."""
_OPERATORS = frozenset(row.terminal for row in operators.BINARY.values()) - {"AND", "OR"}
"""Signs that stand below the `=`, so that their operands stand below one another."""


def laid_out(text: str, name: str = "<text>", limits: Limits = DEFAULT) -> str:
    """The text in the one layout; raises GraphError if it has a syntax error.

    Its tokens, its comments and the kind of its line ends stay as they are.
    """
    pieces = pieces_of(text, name, limits)
    layout = _Layout(pieces)
    end = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
    return "".join(f"{line}{end}" for line in with_comments(layout.lines()))


class _Layout:
    """The pieces of a text, with what is decided about each."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = pieces
        self.gaps = gaps(pieces)
        self.breaks = breaks_of(pieces)
        self.pads = pads(pieces)
        self._long = LongLines(pieces, self.gaps, self.breaks)

    def lines(self) -> list[Line]:
        """The lines; one that is too long is broken until it fits or cannot be broken further."""
        lines: list[Line] = []
        for start, stop in pairwise([*outermost_statements(self.pieces), len(self.pieces)]):
            writer = _Writer(self, start, stop)
            while sum(self._long.shorten(line) for line in writer.too_long):
                writer = _Writer(self, start, stop)
            if lines and writer.before:
                lines[-1].comment = writer.before
            lines += writer.lines
        while lines and not (lines[-1].text or lines[-1].comment):
            lines.pop()
        return lines


class _Open:
    """A bracket that is open: where the lines inside begin, and that of the closing bracket."""

    __slots__ = ("arrow", "closing", "equal", "inner", "is_block")

    def __init__(self, inner: int, closing: int, *, is_block: bool) -> None:
        self.inner, self.closing, self.is_block = inner, closing, is_block
        #: the column of the first arrow of the chain that is being written
        self.arrow: int | None = None
        #: the column of the `=` of the statement that is being written
        self.equal: int | None = None


class _Writer:
    """Writes the lines of one statement."""

    def __init__(self, layout: _Layout, start: int, stop: int) -> None:
        self._layout = layout
        self._start = start
        self._open = [_Open(0, 0, is_block=True)]
        self._words: list[str] = []
        self._column = self._indent = 0
        self._first = start
        self.lines: list[Line] = []
        #: the comment behind the statement before this one
        self.before = ""
        self.too_long: list[Range] = []
        for i in range(start, stop):
            self._write(i)
        self._end_line(stop)

    def _write(self, i: int) -> None:
        layout, piece = self._layout, self._layout.pieces[i]
        inside = self._open.pop() if piece.kind in CLOSERS else self._open[-1]
        if piece.starts:
            inside.equal = None
        if piece.starts or piece.kind == "ELSE":
            inside.arrow = None
        if layout.breaks[i]:
            self._new_line(i, piece, inside)
        else:
            self._go_on(i, piece)
        if piece.kind == "ARROW" and inside.arrow is None:
            inside.arrow = self._column if self._column <= _FARTHEST else inside.inner + _CONTINUED
        elif piece.kind == "COMMA" and not inside.is_block:
            inside.arrow = None
        elif piece.kind == "EQUAL" and inside.is_block and inside.equal is None:
            inside.equal = self._column if self._column <= _FARTHEST else None
        self._add(piece.text)
        if piece.kind in OPENERS:
            self._enter(i, piece)

    def _enter(self, i: int, piece: Piece) -> None:
        is_block = piece.kind == "LBRACE"
        if self._layout.breaks[i + 1]:
            self._open.append(_Open(self._indent + STEP, self._indent, is_block=is_block))
        else:
            self._open.append(_Open(self._column, self._column - 1, is_block=is_block))

    def _go_on(self, i: int, piece: Piece) -> None:
        """Writes what stands between the piece before and this one, on the same line."""
        start, pad = self._layout.pads.get(i, (i, 0))
        if pad and self._layout.breaks[start]:
            self._add(" " * pad)
        if piece.starts and self._layout.pieces[i - 1].kind != "LBRACE":
            self._add(";")
        self._add(self._layout.gaps[i])

    def _new_line(self, i: int, piece: Piece, inside: _Open) -> None:
        indent = self._indentation(i, piece, inside)
        self._end_line(i)
        comments = piece.comments
        behind = -1
        if comments and comments[0].trailing:
            if self.lines:
                self.lines[-1].comment = comments[0].text
            else:
                self.before = comments[0].text
            behind, comments = comments[0].column, comments[1:]
        first = i == 0 or self._layout.pieces[i - 1].kind == "LBRACE"
        margin = " " * (inside.inner if piece.kind in CLOSERS else indent)
        for comment in comments:
            goes_on = comment.column == behind and not comment.apart
            if goes_on:
                self.lines.append(Line("", comment.text))
                continue
            behind = -1
            self._blank_line(comment.apart and piece.starts and not first)
            self.lines.append(Line(margin + comment.text))
            first = False
        self._blank_line(piece.apart and piece.starts and not first)
        self._words, self._column, self._indent, self._first = [" " * indent], indent, indent, i

    def _blank_line(self, wanted: bool) -> None:
        if wanted:
            self.lines.append(Line(""))

    def _indentation(self, i: int, piece: Piece, inside: _Open) -> int:
        """Where a line begins whose first piece is this one."""
        before = self._layout.pieces[i - 1].kind
        if piece.kind in CLOSERS:
            return inside.closing
        if piece.starts:
            return inside.inner
        if piece.kind == "ARROW":
            return inside.inner + _CONTINUED if inside.arrow is None else inside.arrow
        if not inside.is_block:
            return inside.inner if before == "COMMA" or before in OPENERS else inside.inner + STEP
        if before == "EQUAL":
            inside.equal = None
            return inside.inner + STEP
        if inside.equal is None:
            return inside.inner + _CONTINUED
        return inside.equal if piece.kind in _OPERATORS else inside.equal + STEP

    def _end_line(self, stop: int) -> None:
        text = "".join(self._words).rstrip()
        if stop > self._start:
            self.lines.append(Line(text))
        if len(text) > WIDTH:
            self.too_long.append(Range(self._first, stop, self._indent))

    def _add(self, text: str) -> None:
        self._words.append(text)
        self._column += len(text)
