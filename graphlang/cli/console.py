"""What goes to the terminal: data to stdout, everything else to stderr, colour only where somebody looks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from graphlang.diagnostics import Diagnostic

FORMATS = ("full", "concise", "json", "sarif", "github")
WITHOUT_TERMINAL = 120
"""Columns of what is written into a file or a pipe."""


def out(text: str) -> None:
    """Data: a line, or several, on stdout."""
    sys.stdout.write(f"{text}\n")


def err(text: str) -> None:
    """Anything else, on stderr; what would steer a terminal is replaced."""
    from graphlang.draw.width import printable

    lines = [line if line.isprintable() else printable(line) for line in text.split("\n")]
    sys.stderr.write("\n".join([*lines, ""]))


def note(text: str) -> None:
    """A remark on what was done; folded where a terminal would break it within a word."""
    if sys.stderr.isatty():
        from graphlang.draw.prose import hanging

        text = "\n".join(hanging(text, columns() - len("note: "), "  "))
    sys.stderr.write(f"{_paint('1;36', 'note', sys.stderr)}: ")
    err(text)


def data(value: Any) -> None:
    """One JSON value on stdout."""
    out(json.dumps(value, ensure_ascii=False, allow_nan=False))


def color(stream: TextIO) -> bool:
    """Whether a terminal that shows colours is at the other end, and nobody asked for none."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def unicode(stream: TextIO) -> bool:
    """Whether lines and arrows beyond ASCII can be written."""
    return (stream.encoding or "ascii").lower().replace("-", "").startswith("utf")


def columns() -> int:
    """The width of the terminal."""
    from shutil import get_terminal_size

    return max(40, get_terminal_size((WITHOUT_TERMINAL, 24)).columns)


def reading_width() -> int:
    """The columns of prose: those of the terminal, where a line is not too long for the eye; 80 in a file."""
    from shutil import get_terminal_size

    return min(max(40, get_terminal_size((80, 24)).columns), 100)


def prose(text: str) -> str:
    """A text for a reader, folded to what is comfortable to read."""
    from graphlang.draw.prose import folded

    return folded(text, reading_width())


def table(rows: Sequence[Sequence[Any]], heads: Sequence[str], width: int | None = None) -> None:
    """A table on stdout; folded to a width, by default to the terminal, and as wide as it likes in a file."""
    from graphlang.draw.table import table as drawn

    width = width or (columns() if sys.stdout.isatty() else 10**6)
    out(drawn(rows, heads, width, color(sys.stdout), unicode(sys.stdout)))


def heading(name: str, first: bool) -> str:
    """The line above what comes of one of several files, as `head` and `tail` write it."""
    from graphlang.draw.width import printable

    return ("" if first else "\n") + f"==> {printable(name)} <=="


def arrays(rows: Sequence[Sequence[Any]], heads: Sequence[str], *, full: bool) -> None:
    """A table of names and values; what it has no room for follows in full, or a note says how to see it."""
    from graphlang.draw.arrays import arrays as shown
    from graphlang.draw.arrays import in_full

    width = columns() if sys.stdout.isatty() else 10**6
    cells, left_out = shown(rows, width)
    table(cells, heads, width)
    for row in left_out if full else ():
        out("\n".join(in_full(row, heads, width)))
    if left_out and not full:
        note("of larger arrays the table has statistics: --full prints all their numbers")


def good(text: str) -> str:
    """A word in the colour of success, where stdout has colours."""
    return _paint("32", text, sys.stdout)


def bad(text: str) -> str:
    """A word in the colour of failure."""
    return _paint("1;31", text, sys.stdout)


def _paint(style: str, text: str, stream: TextIO) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if color(stream) else text


def report(diagnostics: Iterable[Diagnostic], form: str, stream: TextIO) -> None:
    """Diagnostics in one of FORMATS."""
    found = list(diagnostics)
    text = formatted(found, form, color(stream))
    if text:
        stream.write(f"{text}\n")


def formatted(diagnostics: Sequence[Diagnostic], form: str, colored: bool) -> str:
    """The text of diagnostics: for JSON an array, for SARIF a log, else one after the other."""
    from graphlang.diagnostics import render

    diagnostics = [d.replaced(shell=True) for d in diagnostics]  # noqa: S604 - starts no shell
    if form == "json":
        return json.dumps([d.as_json() for d in diagnostics], ensure_ascii=False, indent=1)
    if form == "sarif":
        return json.dumps(render.sarif(diagnostics), ensure_ascii=False, indent=1)
    if form == "github":
        return "\n".join(render.github(d) for d in diagnostics)
    if form == "concise":
        return "\n".join(render.concise(d) for d in diagnostics)
    return "\n\n".join(render.full(d, colored) for d in diagnostics)


def counted(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
