"""Settings of sections, and lists of them, as YAML and JSON have them."""

from __future__ import annotations

from collections.abc import Iterator

from graphlang.diagnostics import Diagnostic, Edit
from graphlang.diagnostics.syntax.programs import (
    ColonsForEquals,
    SectionWithin,
    SectionWithinItself,
    SettingInQuotes,
    SettingsInBlock,
)
from graphlang.syntax import lexer
from graphlang.syntax.surroundings import PAIRS, SECTIONS, ErrorContext, Word, closing


def _in_this_block(c: ErrorContext) -> Iterator[tuple[int, Word]]:
    """The words from the mistake to the end of its block, outside of inner brackets, by their indices."""
    depth = 0
    for i, word in enumerate(c.after):
        if depth == 0 and word.text in PAIRS:
            return
        if depth == 0:
            yield i, word
        depth += (word.text in "([{") - (word.text in PAIRS)


def commas(c: ErrorContext) -> list[Edit]:
    """The edits that write `;` for the commas between entries behind the one at the mistake."""
    return [c.replaced(word, ";") for i, word in _in_this_block(c) if i and word.text == ","]


def colons(c: ErrorContext, first: Word) -> Diagnostic | None:
    """`batch: 10`, and further settings like it."""
    edits = [c.edit(w.start, w.end, " =") for _, w in _in_this_block(c) if w.text == ":"]
    if len(edits) < 2 or c.block is None:
        return None
    return ColonsForEquals(c.here, first.text, c.block, edits)


def in_quotes(c: ErrorContext) -> Diagnostic | None:
    """`"batch": 10,`"""
    word = c.word
    if word is None or word.kind != lexer.STRING or c.block not in SECTIONS or c.line:
        return None
    if c.following is None or c.following.text not in (":", "="):
        return None
    edits: list[Edit] = []
    words = c.after
    for i, at in _in_this_block(c):
        follows = words[i + 1].text if i + 1 < len(words) else ""
        if at.kind == lexer.STRING and follows in (":", "=") and at.text[1:-1].isidentifier():
            edits.append(c.edit(at.start, words[i + 1].end, f"{at.text[1:-1]} ="))
        elif at.kind == lexer.STRING and words[i - 1].text == ":" and at.text[1:-1].isidentifier():
            edits.append(c.replaced(at, at.text[1:-1]))
        elif at.text == ",":
            edits.append(c.replaced(at, ";"))
    return SettingInQuotes(c.here, word.text[1:-1], edits)


_EXAMPLES = {"optimizer": "Adam(lr=0.01)", "schedule": "cosine(epochs=10)"}


def in_block(c: ErrorContext) -> Diagnostic | None:
    """`optimizer { name = Adam; lr = 0.01 }`"""
    word, line = c.word, c.line
    if word is None or word.text != "{" or len(line) != 1 or c.block not in SECTIONS:
        return None
    name = line[0].text
    if name in SECTIONS:
        return _section_within(c, line[0])
    return SettingsInBlock(c.span(line[0]), name, _EXAMPLES.get(name, "..."))


def _section_within(c: ErrorContext, name: Word) -> Diagnostic | None:
    """A section in a section; None where the one around it lacks its `}`."""
    close = closing(c.after, "{")
    rest = [word.text for word in c.after if close is not None and word.start > close.start]
    depth = 0
    for text in rest:
        depth += (text == "{") - (text == "}")
        if depth < 0:
            kind = SectionWithinItself if name.text == c.block else SectionWithin
            return kind(c.span(name), name.text, "", c.block or "")
    return None
