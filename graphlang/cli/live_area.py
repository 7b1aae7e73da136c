"""Lines at the bottom of a terminal that are drawn anew, below lines that stay.

Nothing is hidden or switched in the terminal, so that nothing is left behind however a program ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from shutil import get_terminal_size
from typing import TextIO

from graphlang.draw.width import width

ERASE_BELOW = "\x1b[J"


class LiveArea:
    """The lines last drawn, and how to write above them or in their place."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._widths: list[int] = []

    def draw(self, lines: Sequence[str]) -> None:
        """Draws lines, none wider than the terminal, in place of those before."""
        self._write(self._back(), lines)

    def above(self, text: str, lines: Sequence[str]) -> None:
        """Writes text that stays, and the lines below it."""
        self._write(f"{self._back()}{text.rstrip()}\n", lines)

    def clear(self) -> None:
        """Takes the lines away."""
        self._write(self._back(), ())

    def forget(self) -> None:
        """Takes the lines away, where there are some; writes nothing else."""
        if self._widths:
            self.clear()

    def _write(self, start: str, lines: Sequence[str]) -> None:
        self._widths = [width(line) for line in lines]
        self._stream.write(start + "".join(f"{line}\n" for line in lines))
        self._stream.flush()

    def _back(self) -> str:
        """Moves to the first of the lines and erases them. A terminal that has become narrower has wrapped
        them."""
        columns = max(1, get_terminal_size().columns)
        rows = sum(max(1, -(-size // columns)) for size in self._widths)
        return (f"\x1b[{rows}F" if rows else "\r") + ERASE_BELOW
