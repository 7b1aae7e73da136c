"""A curve as lines of text: dots of braille, or plain characters where the terminal has no braille."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from graphlang.draw.numbers import short

BINS = 1024
"""As many means as a curve keeps at most; two become one where there are more."""
DECADES = 1.5
"""Numbers that span more decades than this, all of them positive, are drawn on a logarithmic scale."""
_DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
"""The bits of a braille character, for its left and its right column, from the bottom to the top."""
_PLAIN = "_.-'"
"""The characters for the four heights in a cell, from the bottom to the top."""


class Samples:
    """The means of equally many numbers each, which stay few however many numbers there are."""

    def __init__(self) -> None:
        self.means: list[float] = []
        #: how many numbers a mean is of
        self.each = 1
        self._sum = 0.0
        self._count = 0

    def add(self, number: float) -> None:
        self._sum += number
        self._count += 1
        if self._count == self.each:
            self.means.append(self._sum / self.each)
            self._sum, self._count = 0.0, 0
            if len(self.means) == 2 * BINS:
                pairs = zip(self.means[::2], self.means[1::2], strict=True)
                self.means = [(a + b) / 2 for a, b in pairs]
                self.each *= 2

    def extend(self, numbers: Iterable[float]) -> None:
        for number in numbers:
            self.add(number)


def curve(means: Sequence[float], width: int, height: int, *, braille: bool) -> list[str]:
    """The lines of a curve with its largest and its smallest number at the left; none without numbers."""
    finite = [y for y in means if math.isfinite(y)]
    if not finite:
        return []
    low, high = min(finite), max(finite)
    labels = {0: short(high, 3), height - 1: short(low, 3)}
    margin = max(map(len, labels.values()))
    wall, tick = ("│", "┤") if braille else ("|", "+")
    columns = max(1, width - margin - 2)
    cells = _cells(means, (low, high), columns, height, braille=braille)
    return [
        f"{labels.get(row, ''):>{margin}} {tick if row in labels else wall}{line}".rstrip()
        for row, line in enumerate(cells)
    ]


def _cells(
    means: Sequence[float], ends: tuple[float, float], columns: int, height: int, *, braille: bool
) -> list[str]:
    per_cell = 2 if braille else 1
    heights = _heights(means, ends, columns * per_cell, 4 * height)
    rows = [[" "] * columns for _ in range(height)]
    bits = [[0] * columns for _ in range(height)]
    before: int | None = None
    for place, level in enumerate(heights):
        if level is None:
            before = None
            continue
        start = level if before is None else before + (level > before) - (level < before)
        for y in range(min(start, level), max(start, level) + 1):
            row, column = height - 1 - y // 4, place // per_cell
            bits[row][column] |= _DOTS[place % per_cell][y % 4]
            rows[row][column] = chr(0x2800 + bits[row][column]) if braille else _plain(start, level, y)
        before = level
    return ["".join(row) for row in rows]


def _plain(start: int, level: int, y: int) -> str:
    return "|" if abs(level - start) > 3 and y // 4 != level // 4 else _PLAIN[y % 4]


def _heights(means: Sequence[float], ends: tuple[float, float], dots: int, levels: int) -> list[int | None]:
    """For every column of dots the level, from 0 at the bottom; None where there is no number."""
    low, high = ends
    scale = math.log if low > 0 and high / low > 10**DECADES else float
    bottom, top = scale(low), scale(high)
    heights: list[int | None] = []
    for y in _resampled(means, dots):
        if not math.isfinite(y):
            heights.append(None)
            continue
        share = 0.0 if top == bottom else (scale(y) - bottom) / (top - bottom)
        heights.append(min(max(round(share * (levels - 1)), 0), levels - 1))
    return heights


def _resampled(means: Sequence[float], count: int) -> list[float]:
    """As many numbers as there are columns: means of several, or between two where there are fewer."""
    size = len(means)
    if size == 1:
        return [means[0]] * count
    if size >= count:
        starts = [size * i // count for i in range(count + 1)]
        return [sum(means[a:b]) / (b - a) for a, b in pairwise(starts)]
    numbers = []
    for i in range(count):
        place = i * (size - 1) / max(1, count - 1)
        left = min(int(place), size - 2)
        share = place - left
        numbers.append(means[left] * (1 - share) + means[left + 1] * share)
    return numbers
