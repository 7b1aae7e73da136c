"""What stands between two tokens on a line: nothing or a space."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.formatting.pieces import OPERAND_ENDS, Piece

_NOTHING_BEFORE = frozenset(("COMMA", "RPAR", "RSQB", "COLON", "POW"))
_NOTHING_AFTER = frozenset(("LPAR", "LSQB", "DOT", "POW", "NEGATIVE"))
CALL, INDEX, FORMALS, GROUP, BLOCK, TOP = "call", "index", "formals", "group", "block", "top"


class Bracket:
    """An open bracket, and what of its contents decides about spaces."""

    __slots__ = ("kind", "typed")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        #: the parameter of a `def` that is being written has a type
        self.typed = False


def gaps(pieces: Sequence[Piece]) -> list[str]:
    """For each piece what stands before it, if that is on the same line."""
    open_brackets = [Bracket(TOP)]
    gaps = [""]
    options = False
    for i in range(1, len(pieces)):
        before, here = pieces[i - 1], pieces[i]
        kind = before.kind
        if kind in ("LPAR", "LSQB", "LBRACE"):
            open_brackets.append(Bracket(_kind_of(pieces, i - 1)))
        elif kind in ("RPAR", "RSQB", "RBRACE"):
            open_brackets.pop()
        inside = open_brackets[-1]
        if kind == "SCAN":
            options = True  # `scan x in xs, axis=0 carry h = 0 {`
        elif kind in ("CARRY", "LBRACE"):
            options = False
        elif kind == "COMMA":
            inside.typed = False
        elif kind == "COLON" and inside.kind == FORMALS:
            inside.typed = True
        gaps.append(_gap(before, here, inside, options))
    return gaps


def _kind_of(pieces: Sequence[Piece], i: int) -> str:
    if pieces[i].kind == "LBRACE":
        return BLOCK
    if i and pieces[i - 1].kind in OPERAND_ENDS:
        if pieces[i].kind == "LSQB":
            return INDEX
        return FORMALS if i > 1 and pieces[i - 2].kind == "DEF" else CALL
    return GROUP


def _gap(before: Piece, here: Piece, inside: Bracket, options: bool) -> str:
    kind, last = here.kind, before.kind
    if kind == "DOT":
        return " " if last == "NUMBER" else ""  # `3.T` is the number `3.` and a name
    if kind == "EQUAL" or last == "EQUAL":
        tight = options or inside.kind == CALL or (inside.kind == FORMALS and not inside.typed)
        return "" if tight else " "
    if kind in _NOTHING_BEFORE or last in _NOTHING_AFTER:
        return " " if kind == "COLON" and last == "COMMA" else ""  # `x[:, :3]`
    if last == "COLON":
        return "" if inside.kind == INDEX else " "
    if kind in ("LPAR", "LSQB"):
        return "" if last in OPERAND_ENDS else " "
    return "" if last == "LBRACE" and kind == "RBRACE" else " "
