"""Reads on after a mistake, so that one mistake hides no other.

A mistake whose fix is certain is read as if it were mended. Else the innermost statement, setting or layer
that it stands in becomes a hole, which the grammar calls `broken`; what cannot be mended within its block
takes the whole statement with it. Either way the text is read again from the start of the top-level
statement, with the change made, and every token keeps its place in the original.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from lark import UnexpectedToken
from lark.lexer import Lexer

from graphlang.diagnostics import Diagnostic, Edit, Source, Span
from graphlang.syntax import tree as t
from graphlang.syntax.lexer import GraphLexer, Reader, Token
from graphlang.syntax.mistakes import mistake
from graphlang.syntax.surroundings import Context, Word, names_defined, words_of

HOLE = "\0"


class Read(NamedTuple):
    """What could be read of a file, and the mistakes that were found on the way."""

    statements: list[Any]
    problems: list[Diagnostic]
    #: whether the end was reached: reading stops at the limit of errors
    whole: bool


class _Patch(NamedTuple):
    start: int
    end: int
    text: str
    hole: tuple[str, tuple[str, ...]] | None = None


class _Patched:
    """A source with some places replaced, and the way back to the places of the original."""

    def __init__(self, source: Source, patches: Sequence[_Patch]) -> None:
        self.original = source
        pieces: list[str] = []
        #: per piece: where it starts, here and in the original, and where it ends there if it was replaced
        self.starts: list[int] = []
        self.pieces: list[tuple[int, int | None]] = []
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

    def here(self, offset: int) -> int:
        """The place of an offset of the original, before what is put in there."""
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
        start = self.back(span.start)
        return Span(start, max(start, self.back(span.end, span.end > span.start)), self.original)


class _PatchedReader(Reader):
    """A reader of a patched source, whose tokens have their places in the original."""

    def __init__(self, patched: _Patched, reader: Reader, start: int) -> None:
        super().__init__(patched.source, reader.limits, patched.here(start))
        self.patched = patched
        self.last = Span(start, start, patched.source)

    def place_of(self, token: Any) -> int:
        return self.last.start


class _PatchedLexer(Lexer):
    """Hands on the tokens of a patched source with their places in the original."""

    __future_interface__ = 2

    def __init__(self, _conf: object) -> None:
        self.inner = GraphLexer(None)

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        reader: _PatchedReader = lexer_state.text
        patched = reader.patched
        for kind, value, span in self.inner.lex(lexer_state, parser_state):
            reader.last = span
            if value == HOLE and span.start in patched.holes:
                yield Token("BROKEN", patched.holes[span.start], patched.span(span))
            else:
                yield Token(kind, value, patched.span(span))


_LEXER = _PatchedLexer(None)


class Recovery:
    """One file that has mistakes."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.source = reader.source
        self.patches: list[_Patch] = []
        self.statements: list[Any] = []
        self.found: list[Diagnostic] = []
        #: the innermost statements in which a mistake has been reported, by where they start
        self.reported: set[int] = set()

    def read(self, error: UnexpectedToken) -> Read:
        """Everything after the first mistake, too."""
        reader = self.reader
        while True:
            self.statements += _finished(error)
            start = self._after(error, reader)
            if start is None or len(self.found) >= reader.limits.errors:
                return Read(self.statements, self.found, start is None)
            result = self._parse(start, self.patches)
            if not isinstance(result[0], UnexpectedToken):
                self.statements += result[0]
                return Read(self.statements, self.found, True)
            error, reader = result

    def _parse(self, start: int, patches: list[_Patch]) -> tuple[Any, Reader]:
        """The statements from a place on, or Lark's error, and the reader that read them."""
        from graphlang.syntax.parse_table import parser

        patched = _Patched(self.source, [p for p in patches if p.start >= start])
        reader = _PatchedReader(patched, self.reader, start)
        try:
            result: Any = parser().parse(reader, _LEXER)
        except UnexpectedToken as error:
            result = error
        self.reader.problems += [_moved(problem, patched) for problem in reader.problems]
        self.reader.unknown |= reader.unknown
        return result, reader

    def _after(self, error: UnexpectedToken, reader: Reader) -> int | None:
        """Reports the mistake and says where to read on, with what patched; None at the end of the file."""
        patched = reader.patched if isinstance(reader, _PatchedReader) else _Patched(self.source, ())

        def mends(edits: Sequence[Edit]) -> bool:
            moved = [Edit(patched.span(e.span), e.text) for e in edits]
            return self._mends(moved, patched.back(context.top), patched.back(context.at)) is not None

        context = Context(error, reader, mends)
        problem = mistake(context)
        inner = context.hole or context.innermost()
        first = context.line[0].start if context.line else context.at
        place = patched.back(first)
        problem = _moved(problem, patched)
        again = place in self.reported
        top = patched.back(context.top)
        if not again or problem.sure:
            self.found.append(problem)
            self.reported.add(place)
            mended = self._mends(problem.edits, top, patched.back(context.at)) if problem.sure else None
            if mended is not None:
                self.patches = mended
                return top
        if inner is not None:
            hole = Span(patched.back(inner[0]), patched.back(inner[1], inner[1] > inner[0]), self.source)
            dug = self._dig(
                hole,
                words_of(patched.source, inner[0], inner[1]),
                inner,
                top,
                patched.back(context.at),
                "\n" if context.hole else "",
            )
            if dug is not None:
                self.patches = dug
                return top
        following = context.next_statement()
        end = len(patched.source.text) if following is None else following
        words = [w for w in words_of(patched.source, context.top, end) if w.start < end]
        back = len(self.source.text) if following is None else patched.back(following)
        last = max((w.end for w in words), default=context.top)
        span = Span(top, max(patched.back(last, True), top), self.source)
        self.statements.append(t.Broken(words[0].text if words else "", names_defined(words), span))
        return None if following is None or back <= top else back

    def _mends(self, edits: Sequence[Edit], top: int, at: int) -> list[_Patch] | None:
        """What is patched with these edits made, where reading then gets further than it did."""
        if not edits:
            return None
        new = [_Patch(e.span.start, e.span.end, e.text) for e in edits]
        if any((a.start < b.end and b.start < a.end) or a[:2] == b[:2] for a in new for b in self.patches):
            return None
        return self._gets_further([*self.patches, *new], top, max(p.end for p in new), at)

    def _dig(
        self, hole: Span, words: list[Word], inner: tuple[int, int], top: int, at: int, before: str
    ) -> list[_Patch] | None:
        """What is patched with a hole made, where reading then gets further than it did."""
        inside = [w for w in words if w.start < inner[1]]
        known = inside[0].text if inside else "", names_defined(inside)
        kept = [p for p in self.patches if p.end < hole.start or p.start > hole.end]
        kept.append(_Patch(hole.start, hole.end, before + HOLE, known))
        return self._gets_further(kept, top, hole.end, at)

    def _gets_further(self, patches: list[_Patch], top: int, end: int, at: int) -> list[_Patch] | None:
        problems, unknown = list(self.reader.problems), set(self.reader.unknown)
        result, reader = self._parse(top, patches)
        self.reader.problems, self.reader.unknown = problems, unknown
        if isinstance(result, UnexpectedToken):
            assert isinstance(reader, _PatchedReader)
            ended = result.token.type == "$END"
            reached = len(self.source.text) if ended else reader.patched.back(reader.last.start)
            if reached <= max(end, at) and not (ended and max(end, at) < len(self.source.text)):
                return None
        return patches


def _moved(problem: Diagnostic, patched: _Patched) -> Diagnostic:
    """A diagnostic of the patched source, with its places in the original."""
    if patched.source is patched.original:
        return problem
    facts: dict[str, object] = {}
    for name, value in vars(problem).items():
        if isinstance(value, Span) and value.source is patched.source:
            facts[name] = patched.span(value)
        elif isinstance(value, list) and value and isinstance(value[0], Edit):
            facts[name] = [Edit(patched.span(edit.span), edit.text) for edit in value]
    return problem.replaced(**facts)


def _finished(error: UnexpectedToken) -> list[Any]:
    """The statements that were read before the one that has the mistake."""
    interactive: Any = error.interactive_parser
    stack = interactive.parser_state.value_stack
    first = 1 if stack and getattr(stack[0], "type", "") == "_NL" else 0
    made = stack[first] if len(stack) > first else None
    if not isinstance(made, list) or any(isinstance(item, Token) for item in made):
        return []
    return list(made)
