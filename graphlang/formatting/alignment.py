"""The `=` of statements and settings that follow one another stand below one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphlang.formatting.pieces import Piece

MOST = 16
"""The most spaces that are added before a `=`."""


def pads(pieces: Sequence[Piece]) -> dict[int, tuple[int, int]]:
    """For the `=` of a statement, by number: the number of its first piece, and spaces to add before it.

    Statements are in one group if no blank line stands between them, all give a value to one name or all name
    a layer, and their names are of about one length.
    """
    found: dict[int, tuple[int, int]] = {}
    for group in _groups(pieces):
        most = max(len(pieces[equal - 1].text) for _, equal in group)
        for start, equal in group:
            found[equal] = start, most - len(pieces[equal - 1].text)
    return found


def _groups(pieces: Sequence[Piece]) -> Iterator[list[tuple[int, int]]]:
    """The first pieces and the `=` of the statements of each group."""
    #: for each block that is open, the group that may go on and its kind
    blocks: list[tuple[str, list[tuple[int, int]]]] = [("", [])]
    for i, piece in enumerate(pieces):
        if piece.starts:
            kind, group = blocks[-1]
            equal = _equal_of(pieces, i)
            own = piece.kind
            if equal is None or own != kind or _is_apart(piece) or _differs(pieces, group, equal):
                yield from [group] if group else []
                group = []
            if equal is not None:
                group.append((i, equal))
            blocks[-1] = own, group
        if piece.kind == "LBRACE":
            blocks.append(("", []))
        elif piece.kind == "RBRACE":
            yield from [blocks[-1][1]] if blocks[-1][1] else []
            blocks.pop()
    yield from [blocks[0][1]] if blocks[0][1] else []


def _equal_of(pieces: Sequence[Piece], start: int) -> int | None:
    """The `=` of `y =` or `layer f =`, if the statement is one of these."""
    equal = start + (2 if pieces[start].kind == "LAYER" else 1)
    named = pieces[start].kind in ("NAME", "LAYER") and equal < len(pieces)
    return equal if named and pieces[equal].kind == "EQUAL" else None


def _differs(pieces: Sequence[Piece], group: Sequence[tuple[int, int]], equal: int) -> bool:
    """Whether the name before a `=` is much longer or shorter than one of a group."""
    lengths = [len(pieces[other - 1].text) for _, other in group]
    own = len(pieces[equal - 1].text)
    return bool(group) and max(*lengths, own) - min(*lengths, own) > MOST


def _is_apart(piece: Piece) -> bool:
    return piece.apart or any(comment.apart for comment in piece.comments)
