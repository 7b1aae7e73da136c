"""A source that is read with changes made to it, while every token keeps its place in the original."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from lark.lexer import Lexer

from graphlang.diagnostics import Diagnostic, Edit, Source, Span
from graphlang.syntax.lexer import GraphLexer, Reader, Token

HOLE = "\0"


class Patch(NamedTuple):
    """A text in place of what stands from `start` to `end` of the original."""

    start: int
    end: int
    text: str
    #: where the text is a hole: the first word of what it replaces, and the names that it may define
    hole: tuple[str, tuple[str, ...]] | None = None


class PatchedSource:
    """A source with patches applied, and the map from its offsets back to those of the original."""

    def __init__(self, source: Source, patches: Sequence[Patch]) -> None:
        self.original = source
        pieces: list[str] = []
        #: where each piece starts in the patched text
        self.starts: list[int] = []
        #: where each piece starts in the original; a patch also has an end there
        self.pieces: list[tuple[int, int | None]] = []
        #: the holes by their offset in the patched text
        self.holes: dict[int, tuple[str, tuple[str, ...]]] = {}
        at = length = 0
        for patch in sorted(patches):
            for text, start, end in (
                (source.text[at : patch.start], at, None),
                (patch.text, patch.start, patch.end),
            ):
                self.starts.append(length)
                self.pieces.append((start, end))
                pieces.append(text)
                if end is not None and patch.hole is not None:
                    self.holes[length + len(text) - 1] = patch.hole
                length += len(text)
            at = patch.end
        self.starts.append(length)
        self.pieces.append((at, None))
        pieces.append(source.text[at:])
        self.source = Source(source.name, "".join(pieces)) if patches else source

    def forward(self, offset: int) -> int:
        """The offset in the patched text for one of the original, before a patch that starts there."""
        for begin, (start, end) in zip(self.starts, self.pieces, strict=True):
            if end is not None and start == offset:
                return begin
        for begin, (start, end) in zip(reversed(self.starts), reversed(self.pieces), strict=True):
            if end is None and start <= offset:
                return begin + offset - start
        return offset

    def back(self, offset: int, ending: bool = False) -> int:
        """The offset in the original; within a replacement, its start, or its end for the end of a span."""
        probe = offset - 1 if ending and offset else offset
        piece = max(bisect_right(self.starts, probe) - 1, 0)
        start, end = self.pieces[piece]
        if end is not None:
            return end if ending else start
        return start + offset - self.starts[piece]

    def span(self, span: Span) -> Span:
        """The span in the original for one of the patched text."""
        start = self.back(span.start)
        return Span(start, max(start, self.back(span.end, span.end > span.start)), self.original)

    def edits(self, edits: Iterable[Edit]) -> list[Edit]:
        return [Edit(self.span(edit.span), edit.text) for edit in edits]

    def diagnostic(self, problem: Diagnostic) -> Diagnostic:
        """A diagnostic of the patched text, with its places in the original."""
        if self.source is self.original:
            return problem
        facts: dict[str, object] = {}
        for name, value in vars(problem).items():
            if isinstance(value, Span) and value.source is self.source:
                facts[name] = self.span(value)
            elif isinstance(value, list) and value and isinstance(value[0], Edit):
                facts[name] = self.edits(value)
        return problem.replaced(**facts)


class PatchedReader(Reader):
    """A reader of a patched source, whose tokens have their places in the original."""

    def __init__(self, patched: PatchedSource, reader: Reader, start: int) -> None:
        super().__init__(patched.source, reader.limits, patched.forward(start))
        self.patched = patched
        self.last = Span(start, start, patched.source)

    def place_of(self, token: Any) -> int:
        return self.last.start


class PatchedLexer(Lexer):
    """The lexer of a patched source: tokens have their places in the original, and holes are tokens."""

    __future_interface__ = 2

    def __init__(self, _conf: object) -> None:
        self.inner = GraphLexer(None)

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        reader: PatchedReader = lexer_state.text
        patched = reader.patched
        for kind, value, span in self.inner.lex(lexer_state, parser_state):
            reader.last = span
            if value == HOLE and span.start in patched.holes:
                yield Token("BROKEN", patched.holes[span.start], patched.span(span))
            else:
                yield Token(kind, value, patched.span(span))


LEXER = PatchedLexer(None)
