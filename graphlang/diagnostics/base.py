"""The one base of every diagnostic: a code, a place, a message, other places and a fix."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple

from graphlang.diagnostics.spelling import closest

Severity = Literal["error", "warning", "note"]


class Source:
    """The text of one file and its name; turns offsets into lines and columns (both from 1)."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    @cached_property
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

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of the other."""
        return Span(self.start, other.end, self.source)


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
        self._file = name

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


class Diagnostic(Place):
    """A mistake as a class with facts: a subclass takes its facts in `__init__`, `message` makes the text.

    The docstring of a subclass is what `graphlang explain CODE` prints: why, a wrong example, the fix.
    """

    code: ClassVar[str] = "GL000"
    severity: Severity = "error"
    #: the calls of `def`s that led here, outermost first: (name of the `def`, the call)
    called: Sequence[tuple[str, Span]] = ()
    #: the Python exception behind it, raised by the code of a layer of one's own
    cause: BaseException | None = None
    #: whether a reader may take its edits for what is meant, and go on with them
    sure: bool = False
    #: whether it is told at the command line, and so in its words: `--set x=3` for `set={"x": 3}`
    shell: bool = False

    @property
    def message(self) -> str:
        """One sentence that says what is wrong, without a full stop."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """A few words beside the caret, or nothing."""
        return ""

    @property
    def help(self) -> str | None:
        """What to do about it."""
        return None

    @property
    def edits(self) -> Sequence[Edit]:
        """What `help` advises as changes of the text, where it says exactly what to write."""
        return ()

    @property
    def also(self) -> Sequence[Related]:
        """The other places that its own facts name."""
        return ()

    @property
    def related(self) -> list[Related]:
        """The other places that have to do with it, and the innermost calls that led into a `def`."""
        own = list(self.also)
        calls = [Related(span, f"in this use of `{name}`") for name, span in self.called[-3:]]
        places = {_where(place.span) for place in (self, *own) if place.span is not None}
        return [*own, *(call for call in calls if _where(call.span) not in places)]

    def as_json(self) -> dict[str, Any]:
        """The diagnostic as plain data: the record of `--format json`."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            **self._place_json(),
            "help": self.help,
            "edits": [edit.as_json() for edit in self.edits],
            "related": [place.as_json() for place in self.related],
        }

    def __repr__(self) -> str:
        return f"<{self.code} {self.message}>"


def _where(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.source.name


class GraphError(Exception):
    """Every error that a user of graphlang can cause; `diagnostics` holds each mistake."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: list[Diagnostic] = list(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        from graphlang.diagnostics.render import full

        return "\n\n".join(full(d) for d in self.diagnostics)


class Collector:
    """Gathers the diagnostics of one stage; `finish` raises once when there is an error among them."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def add(self, diagnostic: Diagnostic) -> None:
        self.diagnostics.append(diagnostic)

    @property
    def failed(self) -> bool:
        return any(d.severity == "error" for d in self.diagnostics)

    def finish(self) -> None:
        if self.failed:
            found = distinct(self.diagnostics)
            raise GraphError(found) from next((d.cause for d in found if d.cause is not None), None)


def distinct(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Each mistake once, though `repeat` and `def`s may have met it often, in the order of the text."""
    found: dict[object, Diagnostic] = {}
    for diagnostic in diagnostics:
        span = diagnostic.span
        place = (span.source.name, span.start, span.end) if span else (diagnostic.file, -1, -1)
        found.setdefault((diagnostic.code, diagnostic.message, place), diagnostic)
    order = {d.span.source.name: i for i, d in reversed(list(enumerate(diagnostics))) if d.span}
    return sorted(
        found.values(),
        key=lambda d: (order.get(d.span.source.name, 0), d.span.start) if d.span else (-1, 0),
    )


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """The usual help of an unknown name."""
    match = closest(name, candidates)
    return f"did you mean `{match}`?" if match else None
