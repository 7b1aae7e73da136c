"""In words, what stands at a mistake that no rule recognises, and what could stand there instead."""

from __future__ import annotations

from graphlang.syntax import lexer
from graphlang.syntax.operators import BINARY
from graphlang.syntax.surroundings import ErrorContext

_WORDS_FOR = {
    "EQUAL": "`=`", "COLON": "`:`", "COMMA": "`,`", "DOT": "`.`", "LPAR": "`(`", "RPAR": "`)`", "LSQB": "`[`",
    "RSQB": "`]`", "LBRACE": "`{`", "RBRACE": "`}`", "ARROW": "`->`", "APPROX": "`~=`", "ELLIPSIS": "`...`",
    "NUMBER": "a number", "STRING": "a string", "NAME": "a name",
    "DTYPE": "a type (`float`, `int` or `bool`)", "_NL": "the end of the line",
}  # fmt: skip
_VALUES = {"NAME", "NUMBER", "STRING", "TRUE", "FALSE", "NONE", "LPAR", "LSQB", "MINUS", "NOT", "SCAN"}
_AFTER_VALUES = {row.terminal for row in BINARY.values()} | {"IF", "ARROW", "DOT", "LPAR", "LSQB"}


def expected(accepts: set[str]) -> list[str]:
    """What could stand at a place, in words."""
    left = accepts - {"$END", "BROKEN"}
    words = []
    if {"HYPER", "IMPORT"} <= left:
        return ["a statement"]
    if {"RETURN", "PARAM"} <= left:
        return ["a value's name, `param`, `layer` or `return`"]
    if {"NUMBER", "LPAR"} <= left:
        words += ["a name", "a number", "`(`"]
        left -= _VALUES
    if "LAYERS" in left:
        words.append("a layer")
        left -= {"NAME", *lexer.STAGE_WORDS.values()}
    if {"LPAR", "LSQB", "DOT"} <= left:
        if "PLUS" in left:
            words.append("an operator")
        left -= _AFTER_VALUES if "PLUS" in left else {"LPAR", "LSQB", "DOT"}
    words += [_WORDS_FOR.get(kind, f"`{kind.lower()}`") for kind in sorted(left)]
    return words[:6]


def offender(c: ErrorContext) -> str:
    """What stands at the mistake, in words."""
    if c.kind == "$END":
        return "the end of the file"
    if c.word is None:
        return "the end of the line"
    kinds = {lexer.NUMBER: "the number ", lexer.STRING: "the string "}
    return f"{kinds.get(c.word.kind, '')}{_quoted(c.word.text)}"


def _quoted(text: str) -> str:
    return f"`{text}`" if len(text) <= 40 else f"`{text[:37]}...`"
