"""Misspelt words of statements, such as `inptu`, and those of other languages for the same thing.

Names of layers and functions that nobody knows are `resolve/unknown_calls.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from graphlang.diagnostics import Diagnostic, Edit, closest
from graphlang.diagnostics.syntax.brackets import UnknownBlock
from graphlang.diagnostics.syntax.statements import UnknownStatement
from graphlang.syntax import lexer
from graphlang.syntax.surroundings import ErrorContext, Word

INSIDE = {
    None: frozenset(lexer.STATEMENT_WORDS) - {"return", "next", "yield"},
    "def": frozenset({"param", "layer", "return"}),
    "scan": frozenset({"next", "yield", "last"}),
}
"""The words that start a statement, by the block that it stands in."""

STATEMENTS_ELSEWHERE = {
    **dict.fromkeys("function func fun fn define defun".split(), "def"),
    **dict.fromkeys("parameter weight trainable".split(), "param"),
    **dict.fromkeys("const constant hyperparameter".split(), "hyper"),
    **dict.fromkeys("placeholder".split(), "input"),
    **dict.fromkeys("result print".split(), "output"),
    **dict.fromkeys("include use using".split(), "import"),
    **dict.fromkeys("assert check".split(), "expect"),
    **dict.fromkeys("training trainer fit".split(), "train"),
    **dict.fromkeys("dataset".split(), "data"),
    **dict.fromkeys("emit".split(), "yield"),
}
STAGES_ELSEWHERE = {
    **dict.fromkeys("loop times".split(), "repeat"),
    **dict.fromkeys("foreach".split(), "for"),
    **dict.fromkeys("skip shortcut".split(), "residual"),
    **dict.fromkeys("sequential stack seq".split(), "layers"),
}


def misspelt(c: ErrorContext) -> Diagnostic | None:
    """A word near the mistake with which reading gets further, once it is written as it is meant."""
    for word, meant, starts in _candidates(c):
        if word.text != meant and c.mends([Edit(c.span(word), meant)]):
            kind = UnknownStatement if starts else UnknownStatement.inside
            return kind(c.span(word), meant)
    return None


def unknown_block(c: ErrorContext) -> Diagnostic | None:
    """A block that belongs to no word of the language."""
    if c.word is None or c.word.text != "{" or c.previous is None or c.previous.kind != lexer.NAME:
        return None
    if len(c.line) == 1 and c.block is None:
        return UnknownBlock(c.span(c.previous), ("data", "train", "gradcheck"))
    if _is_stage(c, len(c.line) - 1):
        return UnknownBlock(c.span(c.previous), ("layers", "repeat", "for", "residual"))
    return None


def _candidates(c: ErrorContext) -> Iterator[tuple[Word, str, bool]]:
    """Words, what each may be meant for, and whether it starts a statement."""
    if c.line and c.line[0].kind == lexer.NAME and c.block in INSIDE:
        yield from _meant(c.line[0], INSIDE[c.block], STATEMENTS_ELSEWHERE, True)
    for i, word in enumerate(c.line):
        if word.kind != lexer.NAME:
            continue
        if _is_stage(c, i):
            yield from _meant(word, lexer.STAGE_WORDS, STAGES_ELSEWHERE)
        elif i and c.line[i - 1].text == "=":
            yield from _meant(word, ["scan"])
    if c.word is not None and c.word.kind == lexer.NAME and c.word.text not in lexer.WORDS:
        here = [spelling for spelling, kind in lexer.WORDS.items() if kind in c.accepts]
        yield from _meant(c.word, [w for w in here if w not in ("float", "int", "bool")])


def _is_stage(c: ErrorContext, i: int) -> bool:
    """Whether a layer, or a list of layers, can start with this word of the line."""
    if i < 0:
        return False
    before = c.line[i - 1].text if i else ""
    return before == "->" or (c.block in lexer.STAGE_WORDS and before in ("", ":"))


def _meant(
    word: Word, words: Collection[str], elsewhere: dict[str, str] | None = None, starts: bool = False
) -> Iterator[tuple[Word, str, bool]]:
    translated = (elsewhere or {}).get(word.text.lower())
    close = closest(word.text, words)
    for meant in (close, translated if translated in words else None):
        if meant is not None:
            yield word, meant, starts
