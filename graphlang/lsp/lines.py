"""Offsets in a text as lines and columns of the protocol, which counts columns in units of an encoding."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Literal, NamedTuple

Encoding = Literal["utf-8", "utf-16", "utf-32"]
_LINE_END = re.compile(r"\r\n|\n|\r")


class LineColumn(NamedTuple):
    """A line and a column, both from 0."""

    line: int
    column: int


class TextLines:
    """The lines of a text. What is outside of it means the closest place in it."""

    def __init__(self, text: str, encoding: Encoding = "utf-16") -> None:
        self.text = text
        self.encoding = encoding
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self.plain = text.isascii() or encoding == "utf-32"

    def where(self, offset: int) -> LineColumn:
        """The line and the column of an offset."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.starts, offset) - 1
        start = self.starts[line]
        return LineColumn(line, offset - start if self.plain else self._units(self.text[start:offset]))

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and a column; within a character, that of its start."""
        if line < 0:
            return 0
        if line >= len(self.starts):
            return len(self.text)
        start, text = self.starts[line], self.line(line)
        if self.plain:
            return start + max(0, min(column, len(text)))
        for i, character in enumerate(text):
            width = self._units(character)
            if column < width:
                return start + i
            column -= width
        return start + len(text)

    def line(self, number: int) -> str:
        """The text of a line, without its end."""
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[number] : end].rstrip("\r\n")

    def _units(self, text: str) -> int:
        if text.isascii():
            return len(text)
        if self.encoding == "utf-8":
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text) + sum(character > "\uffff" for character in text)
