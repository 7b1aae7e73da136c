"""The lexer for Pygments, by which Sphinx, MkDocs, rich and Jupyter show a `.graph` text in colours.

Pygments finds it by its name, `graph` or `graphlang`, through the entry point in pyproject.toml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from pygments.lexer import Lexer
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Token,
    Whitespace,
)

from graphlang.highlighting.kinds import KindOfToken, kinds_of
from graphlang.syntax.lexer import INNER_WORDS, STAGE_WORDS, STATEMENT_WORDS
from graphlang.syntax.operators import SIGNS, WORDS

__all__ = ["GraphlangLexer"]

_TYPES: dict[str, Any] = {
    **dict.fromkeys([*STAGE_WORDS.values(), *INNER_WORDS.values(), "IF", "ELSE"], Keyword),
    **dict.fromkeys(STATEMENT_WORDS.values(), Keyword.Declaration),
    **dict.fromkeys(("RETURN", "NEXT", "YIELD", "LAST"), Keyword),
    **dict.fromkeys(("GRAPHLANG", "IMPORT", "AS"), Keyword.Namespace),
    **dict.fromkeys(("TRUE", "FALSE", "NONE"), Keyword.Constant),
    **dict.fromkeys(SIGNS.values(), Operator),
    **dict.fromkeys(("ARROW", "APPROX", "EQUAL", "ELLIPSIS"), Operator),
    **dict.fromkeys(WORDS.values(), Operator.Word),
    **dict.fromkeys(
        ("LPAR", "RPAR", "LSQB", "RSQB", "LBRACE", "RBRACE", "COMMA", "COLON", "DOT", "SEMICOLON"),
        Punctuation,
    ),
    "DTYPE": Keyword.Type,
    "COMMENT": Comment.Single,
    "SPACE": Whitespace,
    "STRAY": Error,
}
_is_called = re.compile(r"[ \t]*+\(").match
_is_set = re.compile(r"[ \t]*+=(?!=)").match
_is_labelled = re.compile(r"[ \t]*+:").match
_parts_of_string = re.compile(r"\\.|[^\\]+|\\").finditer


class GraphlangLexer(Lexer):
    """The `.graph` files of graphlang: computational graphs as formulas and chains of layers."""

    name = "graphlang"
    aliases: ClassVar = ["graphlang", "graph"]
    filenames: ClassVar = ["*.graph"]
    mimetypes: ClassVar = ["text/x-graphlang"]

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """The tokens of any text: offset, type, text."""
        for token in kinds_of(text):
            if token.kind == "STRING":
                for part in _parts_of_string(token.text):
                    escape = len(part[0]) == 2 and part[0][0] == "\\"
                    yield token.start + part.start(), String.Escape if escape else String.Double, part[0]
            else:
                yield token.start, _type(token, text), token.text


def _type(token: KindOfToken, text: str) -> Any:
    if token.kind == "NAME":
        return _of_name(token, text)
    if token.kind == "NUMBER":
        return Number.Integer if token.text.isdecimal() else Number.Float
    return _TYPES.get(token.kind, Token)


def _of_name(token: KindOfToken, text: str) -> Any:
    end = token.start + len(token.text)
    if token.before == "DEF":
        return Name.Function
    if token.before != "DOT" and (token.before == "ARROW" or _is_called(text, end)):
        return Name.Class if token.text[0].isupper() else Name.Function
    if token.before == "DOT" or (token.starts and token.block == "section" and _is_set(text, end)):
        return Name.Attribute
    if token.starts and token.block == "entries":
        if _is_labelled(text, end):
            return Name.Label
        return Name.Class if token.text[0].isupper() else Name.Function
    return Name
