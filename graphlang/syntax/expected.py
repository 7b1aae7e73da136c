"""In words, what stands at a mistake that no rule recognises, and what could stand there instead."""

from __future__ import annotations

from typing import NamedTuple

from graphlang.syntax import lexer
from graphlang.syntax.operators import BINARY
from graphlang.syntax.surroundings import SECTIONS, ErrorContext, is_type, is_value

_WORDS_FOR = {
    "EQUAL": "`=`", "COLON": "`:`", "COMMA": "`,`", "DOT": "`.`", "LPAR": "`(`", "RPAR": "`)`", "LSQB": "`[`",
    "RSQB": "`]`", "LBRACE": "`{`", "RBRACE": "`}`", "ARROW": "`->`", "APPROX": "`~=`", "ELLIPSIS": "`...`",
    "NUMBER": "a number", "STRING": "a string", "NAME": "a name",
    "PLUS": "`+`", "MINUS": "`-`", "MULOP": "`*`", "POW": "`**`", "CMP": "`==`", "SECTION": "`train`",
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


class Construct(NamedTuple):
    """A part of the language, as it is named, and as it is written."""

    where: str
    form: str


def construct(c: ErrorContext) -> Construct:
    """The part of the language that the mistake is in."""
    if c.in_list:
        return _brackets(c)
    if not c.line:
        return Construct(
            f"in the block of `{c.block}`" if c.block else "where a statement starts", _BLOCKS[c.block]
        )
    head = c.line[0].text
    texts = [word.text for word in c.line]
    if "scan" in texts[2:]:
        return _SCAN
    if head in _STATEMENTS:
        return _STATEMENTS[head]
    if head in SECTIONS:
        return Construct(f"in the section `{head}`", f"{head} {{ {_BLOCKS[head]} }}")
    if "->" in texts:
        stage = texts[len(texts) - texts[::-1].index("->") :][:1]
        return _LOOPS.get(stage[0], _CHAIN) if stage else _CHAIN
    if "=" in texts:
        return Construct(f"in the value of {_quoted(head)}", "y = x * 2")
    inside = f" in the block of `{c.block}`" if c.block else ""
    return Construct(f"in what begins with {_quoted(head)}{inside}", _BLOCKS[c.block])


_BLOCKS: dict[str | None, str] = {
    None: "y = x * 2", "": "y = x * 2", "def": "h = x * 2; return h", "train": "batch = 10", "data": "x = x",
    "gradcheck": "batch = 3", "scan": "next h = h + x; yield h",
    **dict.fromkeys(lexer.STAGE_WORDS, "Affine(10); Relu"),
}  # fmt: skip
"""What stands in a block, by the word that it belongs to; for a file, None."""
_STATEMENTS = {
    "input": Construct("in an `input`", "input x: float[N, 3], n = 2"),
    "param": Construct("in a `param`", "param W: float[3, 2] = he"),
    "hyper": Construct("in a `hyper`", "hyper n = 3"),
    "output": Construct("in an `output`", "output y, z"),
    "import": Construct("in an `import`", 'import "blocks.graph" as blocks'),
    "expect": Construct("in an `expect`", "expect y ~= 2"),
    "def": Construct("in the head of a `def`", "def f(x) = x * 2"),
    "layer": Construct("in a `layer`", "layer fc = Affine(3)"),
    "next": Construct("in a `next`", "next h = h + x"),
    "yield": Construct("in a `yield`", "yield h"),
    "last": Construct("in a `last`", "last h"),
    "return": Construct("in a `return`", "return h"),
    "graphlang": Construct("in the line of the version", "graphlang 1"),
}
"""Statements, by the word that they begin with."""
_SCAN = Construct("in the head of a `scan`", "scan x in xs carry h = h0 { next h = h + x; yield h }")
_LOOPS = {
    "for": Construct("in the head of a `for`", "x -> for n in [8, 4] { Affine(n); Relu }"),
    "repeat": Construct("in the head of a `repeat`", "x -> repeat 3 { Affine(8); Relu }"),
}
_CHAIN = Construct("in a chain", "x -> Affine(10) -> Relu")


def _brackets(c: ErrorContext) -> Construct:
    """What the innermost round or square brackets are that are open."""
    place = c.open[-1]
    opened, before = c.before[place], c.before[place - 1] if place else None
    if opened.text == "[":
        if is_type(before):
            return Construct("in the shape of a type", "float[N, 3]")
        return (
            Construct("in an index", "x[0, 1:3]") if is_value(before) else Construct("in a list", "[1, 2, 3]")
        )
    if before is None or before.kind != lexer.NAME or not is_value(before) or before.text in _STATEMENTS:
        return Construct("in round brackets", "(x + 1) * 2")
    if place > 1 and c.before[place - 2].text == "def":
        return Construct(f"in the formals of `def {before.text}`", "def f(x, y: float[N]) = x * y")
    return Construct(f"in the call of {_quoted(before.text)}", "f(x, n=3)")


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
