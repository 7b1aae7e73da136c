"""Statements of Python and its kin: a file describes a graph and has no control flow of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.syntax.programs import METHODS_ELSEWHERE, MethodAsStatement
from graphlang.diagnostics.syntax.statements import PythonHead, PythonStatement
from graphlang.syntax import lexer
from graphlang.syntax.surroundings import ErrorContext, Word, line_end

STATEMENTS = frozenset(
    "for while if elif else class from print assert let var val const with lambda try except finally raise "
    "del pass break continue global async await switch do end".split()
)
_DECLARES = ("let", "var", "val", "const")
_NAME_AFTER = ("=", ",", ":", ".")
_BLANK, _BRACE = re.compile(r"\s*"), re.compile(r"[{}]")
_BRACKET = re.compile(r"[()\[\]{}]")
_HEAD = re.compile(r"def\s+(?P<name>[^\W\d]\w*)\s*\(")
_END_OF_HEAD = re.compile(r"(?P<result>\s*->\s*[^:={\n]+?)?\s*(?P<sign>[:{])[ \t]*(?P<rest>[^\n]*)")
_COMMA = re.compile(r",(?![^\[(]*[\])])")
_FORMAL = re.compile(r"[^\W\d]\w*\s*(?::\s*(?:float|int|bool)\b\s*(?:\[[^\]]*\])?)?\s*(?:=\s*[^=]+)?")
_END = re.compile(r"\s*\n[ \t]*end(?:[ \t]*def)?[ \t]*;?(?=\s*\n|\s*$)")


def statement(c: ErrorContext) -> Diagnostic | None:
    """A statement that starts with a word of Python."""
    first = c.line[0] if c.line else c.word
    following = (
        c.line[1] if len(c.line) > 1 else c.word if c.line else c.after[1] if len(c.after) > 1 else None
    )
    if first is None or (c.block is not None and c.block in lexer.STAGE_WORDS):
        return None
    if first.text == "import" and len(c.line) == 1:
        return PythonStatement(c.span(first), "import")
    if (
        first.text == "def"
        and c.previous
        and c.previous.text == ":"
        and (c.word is None or c.word.column >= 0)
    ):
        return _def(c, first)
    if first.text == "def" and c.kind == "_NL" and c.previous and c.previous.text == ")" and not c.in_list:
        return _def(c, first)
    if first.text not in STATEMENTS:
        return None
    named = first.text not in lexer.RESERVED and following and following.text in _NAME_AFTER
    if named and not _opens_block(c, first):
        return None
    if first.text in lexer.RESERVED and following and following.text == "=":
        return None
    if first.text in _DECLARES and following is not None and following.kind == lexer.NAME:
        between = Span(first.start, following.start, c.source)
        return PythonStatement(
            c.span(first), first.text, [Edit(between, "hyper " if first.text == "const" else "")]
        )
    c.resume = _end(c, first)
    return PythonStatement(c.span(first), first.text)


def _opens_block(c: ErrorContext, first: Word) -> bool:
    """Whether a word with a `:` is all that a line has, as `try:`."""
    line = c.source.text[first.end : line_end(c.source.text, first.end)]
    return line.partition("#")[0].strip() == ":"


def method(c: ErrorContext, first: Word, rest: Sequence[Word]) -> Diagnostic | None:
    """`model.fit(x, t)`, where `rest` is what follows the first word."""
    if len(rest) < 3 or rest[0].text != "." or rest[2].text != "(" or rest[1].text not in METHODS_ELSEWHERE:
        return None
    whole = Span(first.start, rest[-1].end, c.source)
    return MethodAsStatement(whole, first.text, rest[1].text)


def if_statement(c: ErrorContext) -> Diagnostic | None:
    """`if c {` on a line of its own: the line before goes on with it, as `a if c else b` may."""
    for i, word in enumerate([*c.line, *c.after[:1]]):
        if word.text != "if" or word.column < 0:
            continue
        line = c.source.text[word.start :].partition("\n")[0]
        code = line.partition("#")[0].rstrip()
        opens = code.endswith(("{", ":")) or ("{" in code and "}" in code)
        if opens and "else" not in [w.text for w in c.line[i:]]:
            c.hole = (word.start, _end(c, word))
            return PythonStatement(c.span(word), "if")
    return None


def _end(c: ErrorContext, first: Word) -> int:
    """The end of a compound statement: of its block in braces, or of the lines that are indented below it."""
    end = _after_braces(c.source.text, first.start)
    return indented_end(c.source.text, first.start) if end is None else end


def indented_end(text: str, start: int, home: int | None = None) -> int:
    """The end of the line that an offset is on, and of the lines indented below it (or below `home`)."""
    line = text[text.rfind("\n", 0, start) + 1 :]
    home = len(line) - len(line.lstrip()) if home is None else home
    end = line_end(text, start)
    while end < len(text):
        following = text[end + 1 : line_end(text, end + 1)]
        indent = len(following) - len(following.lstrip())
        again = following.strip().startswith(("else", "elif", "except", "finally"))
        if following.strip() and indent <= home and not (again and indent == home):
            break
        end = line_end(text, end + 1)
    return end


def _after_braces(text: str, start: int) -> int | None:
    """The end of the blocks that a line opens, with the `else` blocks behind them."""
    end, opening = None, text.find("{", start, line_end(text, start))
    while opening >= 0:
        close = _closing_brace(text, opening)
        if close is None:
            break
        end = close + 1
        at = _BLANK.match(text, end).end()  # type: ignore[union-attr]
        opening = text.find("{", at, line_end(text, at)) if text.startswith("else", at) else -1
    return end


def _closing_brace(text: str, opening: int) -> int | None:
    """The brace that closes the one at a place."""
    depth = 0
    for brace in _BRACE.finditer(text, opening):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start()
    return None


def _closing_bracket(text: str, opening: int) -> int | None:
    """The place of the bracket that closes one on the same line or below."""
    depth = 0
    for bracket in _BRACKET.finditer(text, opening):
        depth += 1 if bracket[0] in "([{" else -1
        if depth == 0:
            return bracket.start()
    return None


def head_of_def(c: ErrorContext) -> Diagnostic | None:
    """`def f(x: torch.Tensor, n: int = 2) -> torch.Tensor:`, where more than one thing is of Python."""
    first = c.line[0] if c.line else c.word
    if first is None or first.text != "def":
        return None
    text = c.source.text
    head = _HEAD.match(text, first.start)
    close = _closing_bracket(text, head.end() - 1) if head is not None else None
    end = _END_OF_HEAD.match(text, close + 1) if close is not None else None
    if head is None or close is None or end is None:
        return None
    formals = [formal.strip() for formal in _COMMA.split(text[head.end() : close]) if formal.strip()]
    foreign = [formal for formal in formals if not _FORMAL.fullmatch(formal)]
    if (end["sign"] == ":") + bool(end["result"]) + len(foreign) < 2 or len(foreign) + bool(
        end["result"]
    ) == 0:
        return None
    own = [formal for formal in map(_without_type, formals) if formal]
    written = f"def {head['name']}({', '.join(own)})"
    return _braced(c, first, end.start("sign"), end.end("sign"), written)


def _without_type(formal: str) -> str:
    """`n=2` for `n: int = 2`; nothing for `self`, `*args` and what only separates."""
    name, _, default = formal.partition("=")
    name = name.partition(":")[0].strip()
    if name == "self" or not name.isidentifier():
        return ""
    default = {"None": "none", "True": "true", "False": "false"}.get(default.strip(), default.strip())
    return f"{name}={default}" if default else name


def _braced(c: ErrorContext, first: Word, start: int, end: int, written: str) -> Diagnostic:
    """A `def` of Python whose head is `written` here; the sign before its body stands at `start`."""
    text = c.source.text
    home = first.start - (text.rfind("\n", 0, first.start) + 1)
    body = text[end : indented_end(text, end, home)].rstrip()
    edits = [Edit(Span(first.start, end, c.source), f"{written} {{")]
    if text[start:end] == ":" and body.strip():
        close = end + len(body)
        edits.append(Edit(Span(close, close, c.source), "\n}" if "\n" in body else " }"))
    return PythonHead(c.span(first), "def", edits, written)


def _def(c: ErrorContext, first: Word) -> Diagnostic:
    """`def f(x):` and lines that are indented below it: braces hold them together here."""
    text = c.source.text
    colon = c.previous
    assert colon is not None
    without = colon.text == ")"
    if without:
        colon = colon._replace(start=colon.end)
    end = _end(c, first)
    body = text[colon.end : end].rstrip()
    edits: Sequence[Edit] = ()
    ended = _END.match(text, colon.end + len(body))
    if body.strip() and ended is not None:  # as in Julia and Ruby
        edits = [
            Edit(Span(colon.start, colon.end, c.source), " {"),
            Edit(Span(ended.start(), ended.end(), c.source), "\n}"),
        ]
    elif body.strip():
        close = colon.end + len(body)
        edits = [
            Edit(Span(colon.start, colon.end, c.source), " {"),
            Edit(Span(close, close, c.source), "\n}" if "\n" in body else " }"),
        ]
    return PythonStatement(c.span(first), "def", edits)
