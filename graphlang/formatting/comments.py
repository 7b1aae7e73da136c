"""Where the comments behind code stand: in consecutive lines below one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_APART = 2
"""Spaces before a comment behind code."""


class Line:
    """A line of the result."""

    __slots__ = ("comment", "text")

    def __init__(self, text: str, comment: str = "") -> None:
        self.text = text
        #: behind the text; with an empty text it goes on with the comment of the line above
        self.comment = comment


def with_comments(lines: Sequence[Line]) -> Iterator[str]:
    """The lines with the comments behind them."""
    i = 0
    while i < len(lines):
        stop = i
        while stop < len(lines) and lines[stop].comment:
            stop += 1
        if stop == i:
            yield lines[i].text
            i += 1
            continue
        column = max(len(line.text) for line in lines[i:stop]) + _APART
        for line in lines[i:stop]:
            yield line.text.ljust(column) + line.comment
        i = stop
