"""Names of columns that are no names of the language, written as they are in a `data` section."""

from __future__ import annotations

from graphlang.diagnostics import Diagnostic, Span
from graphlang.diagnostics.syntax.operators import ColumnOfSeveralWords, ColumnsWithoutComma
from graphlang.syntax import lexer
from graphlang.syntax.surroundings import ErrorContext, Word


def column_of_several_words(c: ErrorContext) -> Diagnostic | None:
    """`x = [age, visits per month]`, `x = [2nd]`"""
    if c.block != "data" or c.word is None or not c.before or not _is_word(c.word) or c.word.fresh:
        return None
    first = len(c.before)
    while first and _is_word(c.before[first - 1]):
        first -= 1
        if c.before[first].fresh:
            break
    run = c.before[first:]
    if len(run) == 1 and run[0].kind == lexer.NUMBER and run[0].end != c.word.start:
        return None  # `2 a` is a product
    if (
        not run
        or not first
        or c.before[first - 1].text not in _BEFORE
        or (c.following and c.following.text == "=")
    ):
        return None
    for i, word in enumerate(c.after):
        if not _is_word(word) or word.fresh or (i + 1 < len(c.after) and c.after[i + 1].text == "="):
            break
        run.append(word)
    whole = Span(run[0].start, run[-1].end, c.source)
    named = [w.text for w in c.before[first - 2 : first]] == ["field", "("]
    facts = c.here, c.span(c.before[-1]), whole, f'"{whole.text}"', named
    if not named and c.in_list and all(word.kind == lexer.NAME for word in run):
        return ColumnsWithoutComma(*facts, ", ".join(word.text for word in run))
    return ColumnOfSeveralWords(*facts)


_BEFORE = frozenset("= [ ( , + - * / ** // % < > <= >= == != and or not".split())


def _is_word(word: Word) -> bool:
    return word.kind in (lexer.NAME, lexer.NUMBER) and word.text not in ("if", "else", "and", "or", "not")
