"""What each word of a text is, for colours: more than a grammar of patterns can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from graphlang.lsp.analysis import Analysis
from graphlang.lsp.names import Occurrence
from graphlang.syntax import lexer

TYPES = (
    "namespace", "type", "class", "parameter", "variable", "property", "enumMember", "function", "keyword",
    "comment", "string", "number", "operator",
)  # fmt: skip
MODIFIERS = ("declaration", "readonly", "defaultLibrary")


class Colour(NamedTuple):
    start: int
    end: int
    type: str
    modifiers: tuple[str, ...] = ()


_COMMENT = re.compile(r"#[^\r\n]*")
_BY_KIND = {
    "input": ("parameter", ()),
    "formal": ("parameter", ()),
    "parameter": ("variable", ()),
    "value": ("variable", ()),
    "variable": ("variable", ()),
    "hyper": ("variable", ("readonly",)),
    "size": ("variable", ("readonly",)),
    "function": ("function", ()),
    "layer": ("class", ()),
    "label": ("property", ()),
    "import": ("namespace", ()),
}


def colours(analysis: Analysis, start: int = 0, end: int | None = None) -> list[Colour]:
    """The words of a part of a text, in order."""
    text = analysis.text
    last = len(text) if end is None else end
    by_start = {o.span.start: o for o in analysis.names.occurrences}
    return [c for c in _all(analysis, text, by_start) if c.end > start and c.start < last]


def _all(analysis: Analysis, text: str, by_start: dict[int, Occurrence]) -> Iterator[Colour]:
    before = 0
    for match in lexer.pattern_for(text).finditer(text):
        kind = match.lastindex or lexer.END
        start, end = match.span(kind)
        if kind == lexer.LINE_END:
            continue
        yield from (Colour(*m.span(), "comment") for m in _COMMENT.finditer(text, before, start))
        before = end
        if kind == lexer.END:
            break
        colour = _of_word(analysis, match[kind], kind, by_start.get(start))
        if colour is not None:
            yield Colour(start, end, *colour)


def _of_word(
    analysis: Analysis, word: str, kind: int, occurrence: Occurrence | None
) -> tuple[str, tuple[str, ...]] | None:
    if kind == lexer.NUMBER:
        return "number", ()
    if kind == lexer.STRING:
        return "string", ()
    if kind == lexer.SYMBOL:
        return ("operator", ()) if word not in "()[]{},.:" else None
    if kind != lexer.NAME:
        return None
    if occurrence is not None:
        return _of_name(occurrence)
    if word in lexer.WORDS:
        return ("type" if lexer.WORDS[word] == "DTYPE" else "keyword"), ()
    binding = analysis.names.file.bindings.get(word)  # in a statement that cannot be read
    return _BY_KIND[binding.kind] if binding is not None else None


def _of_name(occurrence: Occurrence) -> tuple[str, tuple[str, ...]]:
    if occurrence.role in ("setting", "keyword", "member"):
        return "property", ()
    if occurrence.role == "field":
        return "enumMember", ()
    binding = occurrence.binding
    if binding is None:
        is_layer = occurrence.name[:1].isupper()
        return ("class" if is_layer else "function"), ("defaultLibrary",)
    type_, modifiers = _BY_KIND[binding.kind]
    return type_, (("declaration", *modifiers) if occurrence.role == "definition" else modifiers)
