"""Where lines end.

A statement begins a line, and so does an entry of a block that is written over several lines. Inside a
statement the line ends of the text stay, as far as they stand where a line may end; a line that is too long
gets more (`long_lines`).
"""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.formatting.pieces import Piece

_NEVER_BEFORE = frozenset(("COMMA", "LBRACE", "EQUAL", "COLON", "DOT"))
_ITEM_AFTER = frozenset(("LSQB", "COMMA"))
"""After these a colon begins an index, as in `x[:, :3]`."""
_NEVER_AFTER = frozenset(("DOT", "NEGATIVE"))


def breaks_of(pieces: Sequence[Piece]) -> list[bool]:
    """For each piece whether it begins a line."""
    breaks = [_may_break(pieces, i) for i in range(len(pieces))]
    for i in outermost_statements(pieces):
        breaks[i] = True
    # From the inside out: a block with a block over several lines inside is one itself.
    for i in sorted((i for i, p in enumerate(pieces) if p.kind == "LBRACE"), reverse=True):
        last = pieces[i].match
        inside = direct(pieces, i)
        if breaks[last] or any(breaks[j] or _opens_lines(pieces, breaks, j) for j in inside):
            explode(pieces, breaks, i)
    return breaks


def outermost_statements(pieces: Sequence[Piece]) -> list[int]:
    """The numbers of the pieces that begin a statement which stands in no block."""
    starts, depth = [], 0
    for i, piece in enumerate(pieces):
        if piece.starts and not depth:
            starts.append(i)
        depth += (piece.kind == "LBRACE") - (piece.kind == "RBRACE")
    return starts


def _may_break(pieces: Sequence[Piece], i: int) -> bool:
    """Whether the text has a line end before a piece that stays."""
    piece = pieces[i]
    if not i:
        return True
    if piece.comments:
        return True
    if not piece.new_line:
        return False
    before = pieces[i - 1].kind
    if before in _NEVER_AFTER or (piece.kind in _NEVER_BEFORE and before not in _ITEM_AFTER):
        return False
    return not (piece.kind in ("LPAR", "LSQB") and not piece.starts and before in ("NAME", "RPAR", "RSQB"))


def _opens_lines(pieces: Sequence[Piece], breaks: Sequence[bool], i: int) -> bool:
    return pieces[i].kind == "LBRACE" and breaks[i + 1] and pieces[i].match > i + 1


def direct(pieces: Sequence[Piece], opener: int) -> list[int]:
    """The numbers of the pieces inside a bracket, without those inside brackets within it."""
    inside, i = [], opener + 1
    while i < pieces[opener].match:
        inside.append(i)
        if pieces[i].match > i:
            i = pieces[i].match
            inside.append(i)
        i += 1
    return inside


def explode(pieces: Sequence[Piece], breaks: list[bool], opener: int) -> None:
    """Writes what is inside a bracket in lines of its own: an entry, or an argument, to a line."""
    last = pieces[opener].match
    if last == opener + 1:
        return
    breaks[opener + 1] = breaks[last] = True
    for j in direct(pieces, opener):
        if pieces[j].starts or (pieces[opener].kind != "LBRACE" and pieces[j - 1].kind == "COMMA"):
            breaks[j] = True
