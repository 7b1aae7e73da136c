"""Tables with aligned columns; rows and cells are never truncated."""

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
    """A table with headings, aligned decimal points, and long cells wrapped to the width."""
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
    """The text of a cell; a list of lines is kept as lines."""
    return "\n".join(cell) if isinstance(cell, list) else printable(short(cell))


def _across(cell: str) -> int:
    return max(map(width, cell.split("\n")))


def _aligned(cells: list[str]) -> list[str]:
    """The cells, with numbers padded to align their decimal points."""
    parts = [_NUMBER.fullmatch(cell) for cell in cells]
    whole = max((len(part[1]) for part in parts if part), default=0)
    rest = max((len(part[2]) for part in parts if part), default=0)
    return [
        part[1].rjust(whole) + part[2].ljust(rest) if part else cell
        for cell, part in zip(cells, parts, strict=True)
    ]


def _widths(columns: list[str], down: list[list[str]], most: int) -> list[int]:
    """The widths of the columns: natural ones, then the widest narrowed until the table fits, if it can."""
    widths = [max(map(_across, [name, *cells])) for name, cells in zip(columns, down, strict=True)]
    least = [
        max([width(name), *(width(word) for cell in cells if cell for word in _words(cell))])
        for name, cells in zip(columns, down, strict=True)
    ]
    floor = [min(w, max(NARROWEST, low)) for w, low in zip(widths, least, strict=True)]
    _narrow(widths, floor, most)
    # If words are too wide they are broken, but numbers never are.
    whole = [any(_NUMBER.fullmatch(cell.strip()) for cell in cells) for cells in down]
    _narrow(widths, [f if keep else min(f, NARROWEST) for f, keep in zip(floor, whole, strict=True)], most)
    # Last, columns of short words may become narrower than NARROWEST.
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
    """Narrows the widest column until the table fits or each column has reached its `floor`."""
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - most
    while excess > 0:
        widest = max(range(len(widths)), key=lambda i: (widths[i] - floor[i] > 0, widths[i]))
        give = min(excess, widths[widest] - floor[widest])
        if give <= 0:
            break
        widths[widest] -= 1
        excess -= 1


def _lines(cells: list[str], widths: list[int], right: list[bool]) -> list[str]:
    """The lines of one row; a cell that is too wide for its column is wrapped."""
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
    """The unbreakable parts of a cell: a number, `mean 0.1` in a summary, a word, a line of a matrix."""
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
