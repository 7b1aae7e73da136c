"""A grid of characters with texts and lines, which derives corners, joins and crossings by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from itertools import groupby

from graphlang.draw.width import character_width

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
BOX = " ││││"[:4] + "─╯╮┤─╰╭├─┴┬┼"
ASCII = " |||-+++-+++-+++"


class Canvas:
    """Texts and strokes by row and column; lines of different owners cross but never join."""

    def __init__(self) -> None:
        self._texts: dict[tuple[int, int], tuple[str, str]] = {}
        self._strokes: defaultdict[tuple[int, int], dict[Hashable, int]] = defaultdict(dict)
        self.collisions: list[tuple[int, int]] = []
        """Cells claimed by two texts, or by two lines that do not cross there."""

    def text(self, row: int, column: int, text: str, style: str) -> None:
        for character in text:
            if not character_width(character):
                # A combining character belongs to the cell before it.
                before, its_style = self._texts[row, column - 1]
                self._texts[row, column - 1] = before + character, its_style
                continue
            for cell in range(column, column + character_width(character)):
                if (row, cell) in self._texts:
                    self.collisions.append((row, cell))
                self._texts[row, cell] = ("", style)
            self._texts[row, column] = (character, style)
            column += character_width(character)

    def stroke(self, row: int, column: int, directions: int, owner: Hashable) -> None:
        cell = self._strokes[row, column]
        cell[owner] = cell.get(owner, 0) | directions

    def horizontal(self, row: int, first: int, last: int, owner: Hashable) -> None:
        for column in range(first, last + 1):
            self.stroke(row, column, LEFT | RIGHT, owner)

    def vertical(self, column: int, top: int, bottom: int, owner: Hashable) -> None:
        for row in range(top, bottom):
            self.stroke(row, column, DOWN, owner)
            self.stroke(row + 1, column, UP, owner)

    def lines(self, styles: dict[str, str], color: bool, unicode: bool) -> list[str]:
        """The rows from the first used to the last; `styles` maps each style to its SGR parameters."""
        cells = {place: (self._joint(place, unicode), "line") for place in self._strokes} | self._texts
        if not cells:
            return []
        by_row: defaultdict[int, dict[int, tuple[str, str]]] = defaultdict(dict)
        for (row, column), cell in cells.items():
            by_row[row][column] = cell
        return [_row(by_row[row], styles if color else {}) for row in range(min(by_row), max(by_row) + 1)]

    def _joint(self, place: tuple[int, int], unicode: bool) -> str:
        masks = list(self._strokes[place].values())
        if len(masks) > 1 and sorted(masks) != [UP | DOWN, LEFT | RIGHT]:
            self.collisions.append(place)
        # At a crossing, draw the vertical line in front.
        return (BOX if unicode else ASCII)[min(masks)]


def _row(cells: dict[int, tuple[str, str]], styles: dict[str, str]) -> str:
    row = [cells.get(column, (" ", "")) for column in range(max(cells, default=-1) + 1)]
    parts = []
    for style, run in groupby(row, key=lambda cell: cell[1]):
        text = "".join(character for character, _ in run)
        parts.append(f"\x1b[{styles[style]}m{text}\x1b[0m" if styles.get(style) else text)
    return "".join(parts).rstrip()
