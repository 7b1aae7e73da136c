"""Diagnostics as text: for people, in full or concise, and as annotations of GitHub."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from graphlang.diagnostics.base import LONGEST, Diagnostic, elided
from graphlang.diagnostics.more import MoreMistakes
from graphlang.diagnostics.places import Span, shown_name

#: columns of a source line that are shown; a longer line is cut around its caret
WIDTH = 120
_TAB = 4
_COLOURS = {"error": "1;31", "warning": "1;33", "note": "1;36", "gutter": "1;34", "help": "1;32", "bold": "1"}


def full(diagnostic: Diagnostic, color: bool = False) -> str:
    """The message, the lines that it is about with carets, and what to do."""
    paint = _painter(color)
    d = diagnostic
    head = f"{paint(d.severity, f'{d.severity}[{d.code}]')}{paint('bold', f': {_safe(d.message)}')}"
    if d.span is None:
        place = [f"  {paint('gutter', '-->')} {shown_name(d.file)}"] if d.file else []
        return "\n".join([head, *place, *_help(d, paint)])
    return "\n".join([head, *_snippets(d, d.span, paint), *_help(d, paint)])


def concise(diagnostic: Diagnostic) -> str:
    """One line: `path:line:col: error[GL201] message (help)`."""
    d = diagnostic
    help_ = f" ({_one_line(d.help or '')})" if d.help else ""
    place = _location(d.span) if d.span else shown_name(d.file or "")
    calls = "".join(f", in the use of `{name}` at {_location(span)}" for name, span in d.called[-3:][::-1])
    head = f"{place}: " if place else ""
    sizes = f", {d.sizes_told}" if d.sizes else ""
    return _safe(f"{head}{d.severity}[{d.code}] {_one_line(d.message)}{sizes}{calls}{help_}")


def github(diagnostic: Diagnostic) -> str:
    """A workflow command that GitHub shows beside the line."""
    d = diagnostic
    level = {"error": "error", "warning": "warning"}.get(d.severity, "notice")
    fields = {"file": d.file}
    if d.span:
        line, column = d.span.source.position(d.span.start)
        end_line, end_column = d.span.source.position(d.span.end)
        fields = {"file": d.span.source.name, "line": str(line), "endLine": str(end_line), "col": str(column)}
        # GitHub drops columns of an annotation that goes over several lines.
        fields |= {"endColumn": str(end_column)} if line == end_line else {}
    fields |= {"title": d.code}
    sizes = f"\nsizes: {d.sizes_told}" if d.sizes else ""
    text = elided(d.message, LONGEST) + sizes + (f"\nhelp: {elided(d.help, LONGEST)}" if d.help else "")
    properties = ",".join(f"{key}={_escaped(value, True)}" for key, value in fields.items() if value)
    return f"::{level} {properties}::{_escaped(text, False)}"


MOST_BYTES = 4096
"""The most that a refusal writes."""


def bounded(
    diagnostics: Sequence[Diagnostic], written: Callable[[Diagnostic], str], most: int = MOST_BYTES
) -> list[Diagnostic]:
    """The first of some diagnostics, whose texts take no more bytes than `most` together, and the number of
    the others."""
    shown: list[Diagnostic] = []
    more = sum(d.count for d in diagnostics if isinstance(d, MoreMistakes))
    mistakes = [d for d in diagnostics if not isinstance(d, MoreMistakes)]
    room = most - 200  # for the last line
    for diagnostic in mistakes:
        room -= len(written(diagnostic).encode("utf-8", "replace")) + 2
        if room < 0 and shown:
            break
        shown.append(diagnostic)
    more += len(mistakes) - len(shown)
    return [*shown, MoreMistakes(more)] if more else shown


# ---- full -----------------------------------------------------------------------------------------------


class _Mark(NamedTuple):
    """A place on a line that is underlined."""

    line: int
    span: Span
    sign: str
    text: str


def _painter(color: bool) -> Any:
    if not color:
        return lambda _style, text: text
    return lambda style, text: f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if text else ""


def _help(d: Diagnostic, paint: Any) -> list[str]:
    text = d.help
    sizes = [f"{paint('note', 'sizes')}: {_safe(d.sizes_told)}"] if d.sizes else []
    return [*sizes, f"{paint('help', 'help')}: {_safe(text)}"] if text else sizes


def _snippets(d: Diagnostic, span: Span, paint: Any) -> list[str]:
    """The lines of the diagnostic's own file in one snippet, then a snippet per other file."""
    files: dict[str, list[_Mark]] = {span.source.name: [_mark(span, "^", d.label)]}
    for related in d.related:
        message = elided(related.message)
        files.setdefault(related.span.source.name, []).append(_mark(related.span, "-", message))
    gutter = max(len(str(mark.line)) for marks in files.values() for mark in marks) + 1
    lines = []
    for i, marks in enumerate(files.values()):
        arrow = ":::" if i else "-->"
        lines.append(f"{' ' * gutter}{paint('gutter', arrow)} {_safe(_location(marks[0].span))}")
        lines += _snippet(marks, gutter, d.severity, paint)
    return lines


def _snippet(marks: list[_Mark], gutter: int, severity: str, paint: Any) -> list[str]:
    bar = paint("gutter", f"{' ' * gutter} |")
    lines = [bar]
    shown = 0
    for mark in sorted(marks, key=lambda m: (m.line, m.span.start)):
        text, under = _underlined(mark)
        if mark.line != shown:
            lines.append(f"{paint('gutter', f'{mark.line:>{gutter}} |')} {text}".rstrip())
            shown = mark.line
        style = severity if mark.sign == "^" else "gutter"
        spaces = len(under) - len(under.lstrip(" "))
        label = f" {_safe(mark.text)}" if mark.text else ""
        lines.append(f"{bar} {' ' * spaces}{paint(style, under[spaces:] + label)}")
    return [*lines, bar]


def _mark(span: Span, sign: str, text: str) -> _Mark:
    return _Mark(span.source.position(span.start)[0], span, sign, text)


def _underlined(mark: _Mark) -> tuple[str, str]:
    """A line as a terminal shows it, and the line of carets below it."""
    source, span = mark.span.source, mark.span
    line = source.line(mark.line)
    start = source.position(span.start)[1] - 1
    end = min(start + max(span.end - span.start, 1), max(len(line), start + 1))
    before, within, after = (_shown(part) for part in (line[:start], line[start:end], line[end:]))
    left, width = _width(before), max(_width(within), 1)
    if left + width + _width(after) > WIDTH:
        before, within, after, left, width = _cut(before, within, after)
    return before + within + after, " " * left + mark.sign * width


def _cut(before: str, within: str, after: str) -> tuple[str, str, str, int, int]:
    """A long line, reduced to what is around its caret."""
    if _width(within) > WIDTH // 2:
        within, after = f"{_head(within, WIDTH // 2)}...", ""
    room = WIDTH - _width(within)
    if _width(before) > room // 2 + max(room // 2 - _width(after), 0):
        keep = room // 2 + max(room // 2 - _width(after), 0)
        before = "..." + _head(before[::-1], keep - 3)[::-1]
    room -= _width(before)
    if _width(after) > room:
        after = f"{_head(after, room - 3)}..."
    return before, within, after, _width(before), max(_width(within), 1)


def _head(text: str, width: int) -> str:
    """As many characters from the start of a text as fit into a width."""
    taken = 0
    for i, c in enumerate(text):
        taken += _width(c)
        if taken > width:
            return text[:i]
    return text


def _shown(text: str) -> str:
    """Tabs as spaces, and what a terminal would obey or hide as U+FFFD, one for one."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(c) for c in text)


def _safe(text: str) -> str:
    """A message, whose names may come from strangers: further lines are set in, so that none looks like the
    start of another message."""
    return "\n  ".join(map(_shown, elided(text, LONGEST).split("\n")))


def _visible(c: str) -> str:
    if c == "\t":
        return " " * _TAB
    return "\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c


def _width(text: str) -> int:
    """The columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(c) for c in text)


def _columns(c: str) -> int:
    if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1


def _location(span: Span) -> str:
    line, column = span.source.position(span.start)
    return f"{shown_name(span.source.name)}:{line}:{column}"


# ---- for machines -----------------------------------------------------------------------------------------


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str, is_property: bool) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    text = _shown(text)
    return text.replace(":", "%3A").replace(",", "%2C") if is_property else text
