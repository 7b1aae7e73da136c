"""Output: data to stdout, everything else to stderr; colour only on a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from graphlang.diagnostics import Diagnostic

FORMATS = ("full", "concise", "json", "sarif", "github")
WITHOUT_TERMINAL = 120
"""The number of columns in a file or a pipe."""


def out(text: str) -> None:
    """Writes data to stdout, one or several lines."""
    sys.stdout.write(f"{text}\n")


def err(text: str) -> None:
    """Writes anything else to stderr; control characters are replaced."""
    sys.stderr.write("\n".join([*map(shown, text.split("\n")), ""]))


def shown(line: str) -> str:
    """A line without control characters."""
    if line.isprintable():
        return line
    from graphlang.draw.width import printable

    return printable(line)


_shows_notes = ContextVar("shows notes", default=True)


@contextmanager
def notes_shown(shown: bool) -> Iterator[None]:
    """Whether notes are written until the block ends."""
    before = _shows_notes.set(shown)
    try:
        yield
    finally:
        _shows_notes.reset(before)


def note(text: str) -> None:
    """Writes a note to stderr, wrapped between words if stderr is a terminal."""
    if not _shows_notes.get():
        return
    if not text.isprintable():  # it may quote a file
        text = "".join(c if c.isprintable() else "\ufffd" for c in text)
    if sys.stderr.isatty():
        from graphlang.draw.prose import hanging

        text = "\n".join(hanging(text, columns() - len("note: "), "  "))
    sys.stderr.write(f"{_paint('1;36', 'note', sys.stderr)}: ")
    err(text)


def say(text: str) -> None:
    """Writes a sentence to stdout, wrapped between words on a terminal."""
    out(prose(text) if sys.stdout.isatty() else text)


def print_json(value: Any) -> None:
    """Writes one JSON value to stdout."""
    out(_escaped(json.dumps(value, ensure_ascii=False, allow_nan=False)))


def document(text: str) -> None:
    """Writes what another program reads, as a page or a spec, to stdout: in UTF-8 and with its own ends of
    lines, whatever the system prefers. On a terminal it is written as any text."""
    stream: Any = sys.stdout
    if not stream.isatty() and hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    stream.write(text)


def color(stream: TextIO) -> bool:
    """Whether the stream is a terminal with colours, and the user has not turned them off."""
    return not os.environ.get("NO_COLOR") and obeys_escapes(stream)


def obeys_escapes(stream: TextIO) -> bool:
    """Whether the stream is a terminal that can write in colours and above what it has written."""
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return False
    if sys.platform != "win32":
        return True
    from graphlang.cli import windows_console

    return windows_console.obeys_escapes(stream)


def unicode(stream: TextIO) -> bool:
    """Whether the stream can encode box-drawing lines and arrows."""
    return (stream.encoding or "ascii").lower().replace("-", "").startswith("utf")


def columns() -> int:
    """The width of the terminal."""
    from shutil import get_terminal_size

    return max(40, get_terminal_size((WITHOUT_TERMINAL, 24)).columns)


def reading_width() -> int:
    """The width of prose in columns: that of the terminal, but at most 100; 80 in a file."""
    from shutil import get_terminal_size

    return min(max(40, get_terminal_size((80, 24)).columns), 100)


def prose(text: str) -> str:
    """A text wrapped to the reading width."""
    from graphlang.draw.prose import folded

    return folded(text, reading_width())


def print_table(rows: Sequence[Sequence[Any]], heads: Sequence[str], width: int | None = None) -> None:
    """Writes a table to stdout, wrapped to the width of the terminal by default, unlimited in a file."""
    from graphlang.draw.table import table as draw_table

    width = width or (columns() if sys.stdout.isatty() else 10**6)
    out(draw_table(rows, heads, width, color(sys.stdout), unicode(sys.stdout)))


def heading(name: str, first: bool) -> str:
    """The line above the output for one of several files, as `head` and `tail` write it."""
    return ("" if first else "\n") + f"==> {file_name(name)} <=="


def file_name(path: object) -> str:
    """The name of a file or folder on one line."""
    from graphlang.diagnostics.places import shown_name

    return shown_name(str(path))


def print_arrays(rows: Sequence[Sequence[Any]], heads: Sequence[str], *, full: bool) -> None:
    """Writes a table of names and values; larger arrays follow in full, or a note says how to see them."""
    from graphlang.draw.array_tables import arrays as shown
    from graphlang.draw.array_tables import in_full

    width = columns() if sys.stdout.isatty() else 10**6
    cells, left_out = shown(rows, width)
    print_table(cells, heads, width)
    for row in left_out if full else ():
        out("\n".join(in_full(row, heads, width)))
    if left_out and not full:
        note("of larger arrays the table has statistics: --full prints all their numbers")


def good(text: str) -> str:
    """The text in the colour of success, if stdout has colours."""
    return _paint("32", text, sys.stdout)


def bad(text: str) -> str:
    """The text in the colour of failure, if stdout has colours."""
    return _paint("1;31", text, sys.stdout)


def strong(text: str) -> str:
    """The text in bold letters, if stdout has them."""
    return _paint("1", text, sys.stdout)


def _paint(style: str, text: str, stream: TextIO) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if color(stream) else text


def report_notes(notes: Iterable[Diagnostic], form: str) -> None:
    """Writes the notes on a file to stderr."""
    if _shows_notes.get():
        report(notes, form, sys.stderr)


def report(diagnostics: Iterable[Diagnostic], form: str, stream: TextIO) -> None:
    """Writes diagnostics in one of FORMATS."""
    text = formatted(list(diagnostics), form, color(stream), bounded=True)
    if text:
        stream.write(f"{text}\n")


def formatted(diagnostics: Sequence[Diagnostic], form: str, colored: bool, *, bounded: bool = False) -> str:
    """The text of diagnostics in one of FORMATS: a JSON array, a SARIF log, or one after the other.

    If it is bounded, those that are too much are counted.
    """
    from graphlang.diagnostics.render import bounded as first_of

    diagnostics = [d.replaced(shell=True) for d in diagnostics]  # noqa: S604 - starts no shell
    if bounded:
        diagnostics = first_of(diagnostics, lambda d: _formatted([d], form, colored, helps=False))
    return _formatted(diagnostics, form, colored, helps=not bounded)


def _formatted(diagnostics: Sequence[Diagnostic], form: str, colored: bool, *, helps: bool) -> str:
    from graphlang.diagnostics import render

    if form == "json":
        return _json_text([d.as_json() for d in diagnostics])
    if form == "sarif":
        from graphlang.diagnostics.sarif import sarif
        from graphlang.spec.version import __version__

        return _json_text(sarif(diagnostics, version=__version__, helps=helps))
    if form == "github":
        return "\n".join(render.github(d) for d in diagnostics)
    if form == "concise":
        return "\n".join(render.concise(d) for d in diagnostics)
    return "\n\n".join(render.full(d, colored) for d in diagnostics)


def _json_text(value: Any) -> str:
    """JSON on several lines."""
    return _escaped(json.dumps(value, ensure_ascii=False, indent=1))


def _escaped(text: str) -> str:
    """JSON in which what a terminal would obey or hide is escaped; in another encoding than UTF-8 whatever is
    not ASCII, since JSON is read as UTF-8."""
    if text.isascii() and "\x7f" not in text:  # JSON escapes the other control characters itself
        return text
    others = any(stream.encoding and not unicode(stream) for stream in (sys.stdout, sys.stderr))
    most = "\x7e" if others else "\U0010ffff"
    return "".join(c if c == "\n" or (c.isprintable() and c <= most) else json.dumps(c)[1:-1] for c in text)


def counted(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
