"""Places in a text: spans of a source, and the edits that change what stands there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, NamedTuple

from graphlang.lazy import lazy


class Source:
    """The text of one file and its name; turns offsets into lines and columns (both from 1)."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    @lazy
    def _line_starts(self) -> list[int]:
        starts = [0]
        find = self.text.find
        position = find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = find("\n", position + 1)
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """The line and the column of an offset, both counted from 1."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (from 1), without its end."""
        starts = self._line_starts
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def lines_of(self, span: Span) -> str:
        """The whole lines that a span is on."""
        end = self.text.find("\n", span.end)
        return self.text[self.text.rfind("\n", 0, span.start) + 1 : None if end < 0 else end]

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self.text)} characters)"


class Span(NamedTuple):
    """A half-open range of character offsets in a source."""

    start: int
    end: int
    source: Source

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def __format__(self, spec: str) -> str:
        """The text; with `short` its first line, cut where it would make a message unreadable."""
        if spec != "short":
            return self.text
        line = self.text.partition("\n")[0]
        return line if len(line) <= 40 else f"{line[:37]}..."

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of the other."""
        return Span(self.start, other.end, self.source)


LONGEST_NAME = 300
"""The longest name of a file that is shown whole, in characters."""


def shown_name(name: str) -> str:
    """The name of a file on one line: what would break or reorder the line is escaped."""
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME // 2]}...{name[-LONGEST_NAME // 4 :]}"
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


class Place:
    """Where something stands: the file, and the lines and columns (from 1) where a span is known."""

    span: Span | None = None
    _file: str | None = None

    @property
    def file(self) -> str | None:
        """The file that it stands in."""
        return self.span.source.name if self.span is not None else self._file

    @file.setter
    def file(self, name: str | None) -> None:
        object.__setattr__(self, "_file", name)

    @property
    def own_file(self) -> str | None:
        """The file that it is about, where a span says that another one names it."""
        return self._file

    @property
    def line(self) -> int | None:
        return self._start[0]

    @property
    def column(self) -> int | None:
        return self._start[1]

    @property
    def end_line(self) -> int | None:
        return self._end[0]

    @property
    def end_column(self) -> int | None:
        return self._end[1]

    @property
    def _start(self) -> tuple[int, int] | tuple[None, None]:
        return self.span.source.position(self.span.start) if self.span is not None else (None, None)

    @property
    def _end(self) -> tuple[int, int] | tuple[None, None]:
        if self.span is None:
            return None, None
        return self.span.source.position(max(self.span.start, self.span.end))

    def _place_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("file", "line", "column", "end_line", "end_column")}


class Related(Place):
    """Another place that belongs to a diagnostic, and what it has to do with it."""

    span: Span

    def __init__(self, span: Span, message: str) -> None:
        self.span = span
        self.message = message

    def as_json(self) -> dict[str, Any]:
        return {"message": self.message, **self._place_json()}

    def __repr__(self) -> str:
        return f"Related({self.file}:{self.line}:{self.column}: {self.message})"


class KnownSize(NamedTuple):
    """The size behind a name in a shape, and what says so; None where it is open."""

    name: str
    size: int | None
    source: str = ""

    def __str__(self) -> str:
        known = "?" if self.size is None else str(self.size)
        return f"{self.name} = {known}" + (f" ({self.source})" if self.source else "")

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "size": self.size, "from": self.source or None}


class Edit(NamedTuple):
    """A change of the text that mends a mistake: `text` takes the place of what `span` covers."""

    span: Span
    text: str

    def as_json(self) -> dict[str, Any]:
        place = Related(self.span, "")._place_json()
        return {**place, "text": self.text}


def edited(text: str, edits: Iterable[Edit]) -> str:
    """A text with the edits made in it; they do not overlap."""
    for edit in sorted(edits, key=lambda e: e.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text
