"""The lines of a spec that define a value, for the comments of what is exported."""

from __future__ import annotations

from graphlang.diagnostics import Span

MOST = 12
"""How many lines of one definition are told."""


def spec_lines(span: Span | None, told: set[tuple[int, int]]) -> tuple[str, ...]:
    """The lines around a span that have not been told yet; they are entered among those that have been."""
    if span is None:
        return ()
    text = span.source.text
    first = text.count("\n", 0, span.start)
    last = text.count("\n", 0, max(span.start, span.end - 1))
    lines = text.split("\n")
    last = _continued(lines, last)
    chosen = []
    for number in range(first, min(last, first + MOST - 1) + 1):
        place = (id(span.source), number)
        if place not in told:
            told.add(place)
            chosen.append(lines[number].rstrip())
    return tuple(line for line in chosen if line.strip())


def _continued(lines: list[str], last: int) -> int:
    """The number of the last line of a chain that goes on below."""
    while last + 1 < len(lines) and lines[last + 1].lstrip().startswith("->"):
        last += 1
    return last
