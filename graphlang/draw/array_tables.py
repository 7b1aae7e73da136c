"""Arrays in a table: small ones in full, larger ones as statistics, with their numbers below on request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from graphlang.draw.numbers import BLOCK, ELEMENT_DIGITS, FULL, is_block, rows
from graphlang.draw.table import GAP, NARROWEST
from graphlang.draw.width import width as columns

FEWER_DIGITS = (ELEMENT_DIGITS, 4, 3)


class Arrays(NamedTuple):
    """The rows of a table, with small arrays as lists of lines, and the rows that it only summarizes."""

    cells: list[list[Any]]
    left_out: list[Sequence[Any]]


def arrays(table: Sequence[Sequence[Any]], width: int) -> Arrays:
    """Formats rows of a name and values: small arrays are written out as long as the table fits the width."""
    names = max((columns(row[0]) for row in table), default=0)
    written = [i for i, row in enumerate(table) if any(map(is_block, row[1:]))]
    blocks = _blocks(table, written, FEWER_DIGITS[0])
    for digits in FEWER_DIGITS:
        blocks = _blocks(table, written, digits)
        if _width(names, blocks) <= width:
            break
    while blocks and _width(names, blocks) > width:
        del blocks[max(blocks, key=lambda i: _width(names, {i: blocks[i]}))]
    cells = [[row[0], *blocks.get(i, row[1:])] for i, row in enumerate(table)]
    left = [row for i, row in enumerate(table) if i not in blocks and any(map(_is_large, row[1:]))]
    return Arrays(cells, left)


def in_full(row: Sequence[Any], heads: Sequence[str], width: int) -> list[str]:
    """All numbers of the large arrays in a row, each under its heading."""
    lines = []
    for head, value in zip(heads[1:], row[1:], strict=True):
        if _is_large(value):
            lines += ["", f"{row[0]}, {head}:", *rows(value, width=width)]
    return lines


def _is_large(value: Any) -> bool:
    return bool(getattr(value, "size", 1) > FULL)


def _blocks(table: Sequence[Sequence[Any]], written: list[int], digits: int) -> dict[int, list[Any]]:
    return {i: [rows(v, digits, most=BLOCK) if is_block(v) else v for v in table[i][1:]] for i in written}


def _width(names: int, blocks: dict[int, list[Any]]) -> int:
    """The least width of the table without wrapping any block."""
    across = zip(*blocks.values(), strict=True)
    widest = [
        max(max(map(columns, cell)) if isinstance(cell, list) else NARROWEST for cell in c) for c in across
    ]
    return names + sum(len(GAP) + max(w, NARROWEST) for w in widest)
