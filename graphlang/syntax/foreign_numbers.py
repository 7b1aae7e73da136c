"""Numbers as other languages write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.syntax import literals
from graphlang.syntax import lexer
from graphlang.syntax.surroundings import ErrorContext, Word, touch

_SUFFIX = re.compile(r"[fFlLdD]|[uU][lL]*")
_BASES = {"x": (16, "hexadecimal"), "b": (2, "binary"), "o": (8, "octal")}


def foreign_number(c: ErrorContext) -> Diagnostic | None:
    """A number, and what touches it: `1.5.2`, `1,000`, `0x10`, `1_000`, `1e`, `2.0f`."""
    word, previous = c.word, c.previous
    if previous and previous.text == "." and len(c.line) > 1 and c.line[-2].kind == lexer.NUMBER:
        whole = Span(c.line[-2].start, previous.end, c.source)
        return literals.ForeignNumber.several_points(whole, ()) if touch(c.line[-2], previous) else None
    if word is None or previous is None or previous.kind != lexer.NUMBER:
        return None
    after = c.after[1] if len(c.after) > 1 else None
    if word.text == "," and after and after.kind == lexer.NUMBER and touch(previous, word, after):
        return with_comma(Span(previous.start, after.end, c.source))
    if not touch(previous, word):
        return None
    whole = Span(previous.start, word.end, c.source)
    if word.kind == lexer.NUMBER or word.text == ".":
        return literals.ForeignNumber.several_points(whole, ())
    return _with_letters(c, whole, previous.text, word) if word.kind == lexer.NAME else None


def _with_letters(c: ErrorContext, whole: Span, digits: str, word: Word) -> Diagnostic | None:
    """A number with a name right behind it."""
    letters = word.text
    if digits == "0" and letters[:1].lower() in _BASES:
        return _other_base(whole, letters)
    if re.fullmatch(r"(?:_\d+)+(?:[eE]\d+)?", letters):
        return literals.RewrittenNumber.underscore(whole, *_rewritten(whole, whole.text.replace("_", "")))
    if letters in ("e", "E"):
        return literals.ForeignNumber.empty_exponent(whole, ())
    if "." in digits and _SUFFIX.fullmatch(letters):
        return literals.RewrittenNumber.suffix(whole, [Edit(c.span(word), "")], digits)
    return literals.ForeignNumber.complex_number(whole, ()) if letters == "j" else None


def _rewritten(whole: Span, written: str) -> tuple[Sequence[Edit], str]:
    return [Edit(whole, written)], written


def with_comma(whole: Span) -> Diagnostic:
    """`1,000` and `1,000.50`, where digits are grouped, and `3,5`; the span holds one comma."""
    if re.fullmatch(r"[1-9]\d{0,2},\d{3}(?:\.\d*)?", whole.text):
        rest = re.match(r"(?:,\d{3})*(?:\.\d+)?", whole.source.text[whole.end :])
        whole = whole._replace(end=whole.end + (rest.end() if rest else 0))
        return literals.RewrittenNumber.grouped_digits(whole, *_rewritten(whole, whole.text.replace(",", "")))
    return literals.RewrittenNumber.decimal_comma(whole, *_rewritten(whole, whole.text.replace(",", ".")))


def _other_base(whole: Span, letters: str) -> Diagnostic:
    base, name = _BASES[letters[0].lower()]
    try:
        value = str(int(letters[1:], base))
    except ValueError:
        return literals.WrongDigitsOfBase(whole, (), name)
    return literals.RewrittenNumber.other_base(whole, *_rewritten(whole, value))


def per_cent(c: ErrorContext) -> Diagnostic | None:
    """`tax = 10%`"""
    return None if c.word is not None and c.word.text not in (")", "]", "}", ",") else share(c, c.line)


def share(c: ErrorContext, words: list[Word]) -> Diagnostic | None:
    """A number of per cent that these words end with."""
    if len(words) < 2 or words[-1].text != "%" or words[-2].kind != lexer.NUMBER:
        return None
    whole = Span(words[-2].start, words[-1].end, c.source)
    value = f"{words[-2].text} / 100"
    return literals.RewrittenNumber.per_cent(whole, [Edit(whole, f"({value})")], value)
