"""Aligned columns for what is too much for a picture; no row and no cell is ever cut off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from graphlang.draw.numbers import short
from graphlang.draw.width import character_width, printable, width

GAP = "  "
NARROWEST = 12
_NUMBER = re.compile(r"(-?(?:\d+|nan|inf))((?:\.\d+)?(?:e[+-]?\d+)?)")


def table(
    rows: Sequence[Sequence[Any]], columns: Sequence[str], width: int, color: bool, unicode: bool = True
) -> str:
    """Rows under headings; decimal points stand in line; long cells are folded to the width."""
    assert all(len(row) == len(columns) for row in rows), f"a row per {columns}"
    cells = [[_text(cell) for cell in row] for row in rows]
    down = [_aligned([row[i] for row in cells]) for i in range(len(columns))]
    widths = _widths(list(columns), down, width)
    right = [
        bool(rows) and all(_NUMBER.fullmatch(row[i]) for row in cells if row[i]) for i in range(len(columns))
    ]
    head = _lines([printable(name) for name in columns], widths, right)
    lines = [f"\x1b[1m{line}\x1b[0m" for line in head] if color else head
    rule = GAP.join(("─" if unicode else "-") * size for size in widths)
    lines.append(f"\x1b[2m{rule}\x1b[0m" if color else rule)
    for i in range(len(cells)):
        lines += _lines([column[i] for column in down], widths, [False] * len(columns))
    return "\n".join(lines)


def _text(cell: Any) -> str:
    """A cell; a list of lines stays as it is."""
    return "\n".join(cell) if isinstance(cell, list) else printable(short(cell))


def _across(cell: str) -> int:
    return max(map(width, cell.split("\n")))


def _aligned(cells: list[str]) -> list[str]:
    """Numbers padded so that their decimal points meet; other texts as they are."""
    parts = [_NUMBER.fullmatch(cell) for cell in cells]
    whole = max((len(part[1]) for part in parts if part), default=0)
    rest = max((len(part[2]) for part in parts if part), default=0)
    return [
        part[1].rjust(whole) + part[2].ljust(rest) if part else cell
        for cell, part in zip(cells, parts, strict=True)
    ]


def _widths(columns: list[str], down: list[list[str]], most: int) -> list[int]:
    """Natural widths, the widest made narrower one after the other until the table fits or nothing gives."""
    widths = [max(map(_across, [name, *cells])) for name, cells in zip(columns, down, strict=True)]
    least = [
        max([width(name), *(width(word) for cell in cells if cell for word in _words(cell))])
        for name, cells in zip(columns, down, strict=True)
    ]
    floor = [min(w, max(NARROWEST, low)) for w, low in zip(widths, least, strict=True)]
    _narrow(widths, floor, most)
    # Where words are too wide they are taken apart, but no numbers.
    whole = [any(_NUMBER.fullmatch(cell.strip()) for cell in cells) for cells in down]
    _narrow(widths, [f if keep else min(f, NARROWEST) for f, keep in zip(floor, whole, strict=True)], most)
    # At last no column is wider than its longest word.
    longest = [
        max(
            [
                0,
                *(width(word) for word in name.split()),
                *(width(w) for cell in cells if cell for w in _words(cell)),
            ]
        )
        for name, cells in zip(columns, down, strict=True)
    ]
    _narrow(widths, [min(w, low) for w, low in zip(widths, longest, strict=True)], most)
    return widths


def _narrow(widths: list[int], floor: list[int], most: int) -> None:
    """Takes from the widest column until the table fits, or each is as narrow as it may be."""
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - most
    while excess > 0:
        widest = max(range(len(widths)), key=lambda i: (widths[i] - floor[i] > 0, widths[i]))
        give = min(excess, widths[widest] - floor[widest])
        if give <= 0:
            break
        widths[widest] -= 1
        excess -= 1


def _lines(cells: list[str], widths: list[int], right: list[bool]) -> list[str]:
    """One row; a cell too wide for its column goes on below."""
    folded = [_fold(cell, size) for cell, size in zip(cells, widths, strict=True)]
    lines = []
    for depth in range(max(map(len, folded), default=0)):
        texts = [part[depth] if depth < len(part) else "" for part in folded]
        padded = [
            " " * (size - width(text)) + text if flush else text + " " * (size - width(text))
            for text, size, flush in zip(texts, widths, right, strict=True)
        ]
        lines.append(GAP.join(padded).rstrip())
    return lines


def _words(cell: str) -> list[str]:
    """What is not taken apart: a number, `mean 0.1` of a summary, a word, a line of a matrix."""
    if "\n" in cell:
        return cell.split("\n")
    return [cell] if _NUMBER.fullmatch(cell.strip()) else cell.split("  " if "  " in cell else " ")


def _fold(cell: str, size: int) -> list[str]:
    if "\n" in cell:
        return [line for row in cell.split("\n") for line in _chop(row, size)]
    if width(cell) <= size:
        return [cell]
    gap = "  " if "  " in cell else " "
    lines = [""]
    for word in _words(cell):
        joined = lines[-1] + gap + word if lines[-1] else word
        if width(joined) <= size:
            lines[-1] = joined
            continue
        *full, last = _chop(word, size)
        lines += [*full, last]
    return [line for line in lines if line]


def _chop(word: str, size: int) -> list[str]:
    pieces, room = [""], size
    for character in word:
        room -= character_width(character)
        if room < 0:
            pieces.append("")
            room = size - character_width(character)
        pieces[-1] += character
    return pieces
