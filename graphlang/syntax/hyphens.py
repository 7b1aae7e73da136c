"""A declared name that is joined by hyphens, as `layer my-net = ...`, which the language joins by `_`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.syntax.characters import HyphenInName
from graphlang.syntax import lexer
from graphlang.syntax.surroundings import ErrorContext

_HYPHENATED = re.compile(r"[^\W\d]\w*(?:-[^\W\d]\w*)+")
_APART = re.compile(rf'#[^\n]*|"[^"\n]*"|(?<![\w-]){_HYPHENATED.pattern}(?![\w-])')
_DECLARATIONS = frozenset({"input", "param", "hyper", "layer", "def"})


def hyphen_in_name(c: ErrorContext) -> Diagnostic | None:
    """`-` right behind a name that is being declared."""
    before, line = c.previous, c.line
    if c.word is None or c.word.text != "-" or before is None or before.end != c.word.start:
        return None
    if before.kind != lexer.NAME or not line or line[0].text not in _DECLARATIONS:
        return None
    found = _HYPHENATED.match(c.source.text, before.start)
    if found is None or before.text in ("float", "int", "bool"):
        return None
    joined = found[0].replace("-", "_")
    changes = [Edit(place, joined) for place in _uses(c, found[0])]
    taken = re.search(rf"\b{joined}\b", c.source.text) is not None
    return HyphenInName(Span(found.start(), found.end(), c.source), joined, changes, not taken)


def _uses(c: ErrorContext, name: str) -> Iterator[Span]:
    """Every place of a name in the code, outside of comments and texts."""
    for match in _APART.finditer(c.source.text):
        if match[0] == name:
            yield Span(match.start(), match.end(), c.source)
