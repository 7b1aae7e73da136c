"""A text as its tokens, each with the comments and line ends that stand before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from graphlang.diagnostics.limits import DEFAULT, Limits
from graphlang.syntax.lexer import GraphLexer
from graphlang.syntax.parse import parse

OPERAND_ENDS = frozenset("NAME NUMBER STRING TRUE FALSE NONE RPAR RSQB RBRACE ELLIPSIS DTYPE".split())
OPENERS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
CLOSERS = {closer: opener for opener, closer in OPENERS.items()}
END = "END"
"""The kind of the last piece, which has no text: comments at the end of a file stand before it."""


class Comment(NamedTuple):
    text: str
    #: it stands behind code, on the same line
    trailing: bool
    #: a blank line stands before it
    apart: bool
    #: where it begins on its line, from 0
    column: int


class Piece:
    """A token of a text and what stands before it."""

    __slots__ = ("apart", "comments", "kind", "match", "new_line", "starts", "text")

    def __init__(self, kind: str, text: str) -> None:
        #: its terminal in the grammar; `NEGATIVE` for a minus with one operand
        self.kind = kind
        self.text = text
        self.comments: tuple[Comment, ...] = ()
        #: a line ends before it
        self.new_line = False
        #: a blank line stands right before it
        self.apart = False
        #: the text, or a block, has a new statement or entry here
        self.starts = False
        #: of a bracket: the number of its other half
        self.match = -1


def pieces_of(text: str, name: str, limits: Limits = DEFAULT) -> list[Piece]:
    """The pieces of a text, the last one of kind END; raises GraphError if the text has a syntax error."""
    recorder = _Recorder()
    source = parse(text, name, limits, recorder).source
    return list(_pieces(source.text, recorder.tokens))


class _Recorder(GraphLexer):
    """The lexer of the language, which keeps its tokens."""

    def __init__(self) -> None:
        super().__init__(None)
        self.tokens: list[Any] = []

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        for token in super().lex(lexer_state, parser_state):
            self.tokens.append(token)
            yield token


def _pieces(text: str, tokens: list[Any]) -> Iterator[Piece]:
    end, fresh, before = 0, True, END
    opened: list[tuple[int, Piece]] = []
    number = 0
    for kind, _, span in tokens:
        if kind == "_NL":
            fresh = True
            continue
        piece = Piece(kind, text[span[0] : span[1]])
        if kind == "MINUS" and before not in OPERAND_ENDS:
            piece.kind = "NEGATIVE"
        _look_between(piece, text, end, span[0])
        piece.starts = fresh or before == "LBRACE"
        if kind in OPENERS:
            opened.append((number, piece))
        elif kind in CLOSERS:
            piece.match, opener = opened.pop()
            opener.match = number
            piece.starts = False
        yield piece
        end, fresh, before, number = span[1], False, kind, number + 1
    last = Piece(END, "")
    _look_between(last, text, end, len(text))
    last.starts = True
    yield last


_run = re.compile(r"#[^\r\n]*|\r\n?|\n").finditer


def _look_between(piece: Piece, text: str, start: int, stop: int) -> None:
    """Notes the comments and line ends between the piece before and this one."""
    if stop - start < 2 and text[start:stop] in ("", " "):
        return
    comments, lines, trailing = [], 0, start > 0
    for match in _run(text, start, stop):
        if match[0][0] == "#":
            column = match.start() - (text.rfind("\n", 0, match.start()) + 1)
            comments.append(Comment(match[0].rstrip(), trailing and not lines, lines > 1, column))
            lines, trailing = 0, False
        else:
            lines += 1
    piece.comments = tuple(comments)
    piece.new_line = lines > 0
    piece.apart = lines > 1
