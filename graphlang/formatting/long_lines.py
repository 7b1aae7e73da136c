"""Breaks lines that are too long.

A chain is broken before its arrows, a bracket into a line for each of its entries, and a definition behind
its `=`; what then is still too long is broken further inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from graphlang.formatting.breaks import explode
from graphlang.formatting.pieces import Piece

WIDTH = 110
"""The most characters of a line, without a comment behind it."""
STEP = 2
"""Spaces of an indentation."""


class Range(NamedTuple):
    """The pieces of a line, or of what will be one, and its indentation."""

    first: int
    stop: int
    indent: int


class LongLines:
    """Breaks the lines of a text."""

    def __init__(self, pieces: Sequence[Piece], gaps: Sequence[str], breaks: list[bool]) -> None:
        self._pieces = pieces
        self._breaks = breaks
        widths = [len(gap) + len(piece.text) + piece.starts for gap, piece in zip(gaps, pieces, strict=True)]
        self._before = [0, *accumulate(widths)]

    def shorten(self, line: Range) -> bool:
        """Breaks a line that is too long, and its parts in turn; False if it cannot be broken."""
        waiting, broken = [line], False
        while waiting:
            part = waiting.pop()
            if part != line and part.indent + self._before[part.stop] - self._before[part.first] <= WIDTH:
                continue
            inside = self._break(part)
            if inside is None:
                continue
            broken = True
            waiting += inside
        return broken

    def _break(self, line: Range) -> list[Range] | None:
        """Breaks a line in one place: the lines that this makes in a bracket; None where nothing can be."""
        pieces, breaks = self._pieces, self._breaks
        equal, arrows, brackets = self._places(line)
        if pieces[line.first].kind == "DEF" and equal is not None and equal + 1 < line.stop:
            breaks[equal + 1] = True
            return []
        if len(arrows) > 1 or (arrows and not brackets):
            begun = pieces[line.first].kind == "ARROW"
            for i in arrows if begun or len(arrows) == 1 else arrows[1:]:
                breaks[i] = True
            return []
        if not brackets:
            return None
        opener = max(brackets, key=lambda i: (min(pieces[i].match, line.stop) - i, i))
        explode(pieces, breaks, opener)
        last = pieces[opener].match
        starts = [i for i in range(opener + 1, last + 1) if breaks[i]] if last < line.stop else []
        return [Range(a, b, line.indent + STEP) for a, b in pairwise(starts)]

    def _places(self, line: Range) -> tuple[int | None, list[int], list[int]]:
        """The first `=` of a line, and its arrows and brackets that stand in the fewest others."""
        equal: int | None = None
        arrows: dict[int, list[int]] = {}
        brackets: dict[int, list[int]] = {}
        depth, i = 0, line.first
        while i < line.stop:
            piece = self._pieces[i]
            if piece.match > i + 1:
                if not self._breaks[i + 1]:
                    brackets.setdefault(depth, []).append(i)
                if piece.match < line.stop:
                    i = piece.match
                else:
                    depth += 1
            elif 0 <= piece.match < line.first:
                depth -= 1
            elif piece.kind == "ARROW" and i > line.first:
                arrows.setdefault(depth, []).append(i)
            elif piece.kind == "EQUAL" and equal is None and not depth:
                equal = i
            i += 1
        return equal, arrows[min(arrows)] if arrows else [], brackets[min(brackets)] if brackets else []
