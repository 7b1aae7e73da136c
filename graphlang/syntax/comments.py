"""Comments as other languages write them."""

from __future__ import annotations

import re

from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.syntax.characters import FenceOfMarkdown
from graphlang.diagnostics.syntax.foreign import ForeignComment
from graphlang.syntax.surroundings import ErrorContext, Word, line_end

_SIGNS = ("//", "--", "%")


def comment(c: ErrorContext) -> Diagnostic | None:
    """`// note`, `/* note */`, `-- note`, where reading gets past the mistake with a `#` instead."""
    text = c.source.text
    first = c.line[0] if c.line else c.word
    if first is not None and text[first.start : first.start + 3] in ('"""', "'''"):
        return _docstring(c, first.start)
    around = [*c.before, *c.after[:2]]
    for i, word in enumerate(around):
        if text.startswith("/*", word.start) and word.start <= c.here.start <= word.start + 2:
            return _block_comment(c, word.start)
        sign = next((sign for sign in _SIGNS if text.startswith(sign, word.start)), None)
        if sign and (i == 0 or around[i - 1].end <= word.start) and _may_be_comment(c, word, sign):
            span = Span(word.start, word.start + len(sign), c.source)
            edits = [Edit(span, "#")]
            if c.mends(edits):
                return ForeignComment(span, edits)
    return None


def _may_be_comment(c: ErrorContext, word: Word, sign: str) -> bool:
    """Whether the mistake is behind a sign that starts a line or has prose behind it."""
    if c.block is not None and not c.in_block:
        return False
    end = line_end(c.source.text, word.start)
    leads = word.column >= 0 or word.fresh
    return end >= c.here.start >= word.start and (
        leads or _is_prose(c.source.text[word.start + len(sign) : end])
    )


def _is_prose(text: str) -> bool:
    """Whether it is words side by side, as no expression has them."""
    return re.match(r"\s*[^\W\d]\w*[,.]?\s+[^\W\d]\w*", text) is not None


def _block_comment(c: ErrorContext, start: int) -> Diagnostic:
    end = c.source.text.find("*/", start + 2)
    span = Span(start, start + 2, c.source)
    if end < 0:
        return ForeignComment.block(span, ())
    whole = Span(start, end + 2, c.source)
    return ForeignComment.block(span, [Edit(whole, _as_comment(c, start + 2, end, 2))])


def _docstring(c: ErrorContext, start: int) -> Diagnostic:
    text = c.source.text
    span = Span(start, start + 3, c.source)
    end = text.find(span.text, start + 3)
    c.resume = len(text) if end < 0 else end + 3
    if end < 0:
        return ForeignComment.block(span, ())
    whole = Span(start, end + 3, c.source)
    return ForeignComment.block(span, [Edit(whole, _as_comment(c, start + 3, end, 3))])


def _as_comment(c: ErrorContext, start: int, end: int, closing: int) -> str:
    """The lines of a text, each behind a `#`."""
    text = c.source.text
    lines = text[start:end].strip().split("\n")
    written = "\n".join(f"# {line.strip().removeprefix('*').strip()}".rstrip() for line in lines)
    rest = text[end + closing : line_end(text, end + closing)].strip()
    return f"{written}\n" if rest else written


def fence(c: ErrorContext) -> Diagnostic | None:
    """The fences around a block of code, as Markdown has them."""
    text = c.source.text
    if c.kind != "STRAY" or not text.startswith("```", c.at):
        return None
    found = list(re.finditer(r"(?m)^[ \t]*(```|~~~)[^\n]*\n?", text))
    if not any(f.start() <= c.at < f.end() for f in found):
        return None
    whole = Span(c.at, line_end(text, c.at), c.source)
    return FenceOfMarkdown(whole, [c.edit(f.start(), f.end(), "") for f in found])
