"""Reads on after a mistake, so that one mistake hides no other.

A mistake whose fix is certain is read as if it were mended. Otherwise a hole, which the grammar calls
`broken`, replaces the innermost statement, setting or layer around the mistake; if reading cannot go on
within the block, the whole statement is left out. Each time, the text is read again from the start of the
top-level statement, with the change made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lark import UnexpectedToken

from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.base import Located
from graphlang.syntax import tree as t
from graphlang.syntax.lexer import Reader, Token
from graphlang.syntax.mistakes import mistake
from graphlang.syntax.patches import HOLE, LEXER, Patch, PatchedReader, PatchedSource
from graphlang.syntax.surroundings import ErrorContext, names_defined, words_of


class Read(NamedTuple):
    """What could be read of a file, and the mistakes in it."""

    statements: list[Any]
    problems: list[Diagnostic]
    #: whether the end was reached: reading stops at the limit of errors
    whole: bool


class Recovery:
    """One file that has mistakes."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.source = reader.source
        self.patches: list[Patch] = []
        self.statements: list[Any] = []
        self.problems: list[Diagnostic] = []
        #: where the innermost statements start in which a mistake has been reported
        self.reported: set[int] = set()

    def read(self, error: UnexpectedToken) -> Read:
        """All statements and mistakes of the file, from the first mistake on."""
        reader = self.reader
        while True:
            self.statements += _finished(error)
            start = self._after(error, reader)
            if start is None or len(self.problems) >= reader.limits.errors:
                return Read(self.statements, self.problems, start is None)
            result = self._parse(start, self.patches)
            if not isinstance(result[0], UnexpectedToken):
                self.statements += result[0]
                return Read(self.statements, self.problems, True)
            error, reader = result

    def _parse(self, start: int, patches: list[Patch]) -> tuple[Any, Reader]:
        """The statements from an offset on, or Lark's error, and the reader that read them."""
        from graphlang.syntax.parse_table import parser

        patched = PatchedSource(self.source, [p for p in patches if p.start >= start])
        reader = PatchedReader(patched, self.reader, start)
        try:
            result: Any = parser().parse(reader, LEXER)
        except UnexpectedToken as error:
            result = error
        self.reader.problems += [patched.diagnostic(problem) for problem in reader.problems]
        self.reader.unknown |= reader.unknown
        return result, reader

    def _after(self, error: UnexpectedToken, reader: Reader) -> int | None:
        """Reports the mistake and updates the patches; returns where to read on, or None at the end."""
        patched = reader.patched if isinstance(reader, PatchedReader) else PatchedSource(self.source, ())

        def mends(edits: Sequence[Edit]) -> bool:
            top, at = patched.back(context.top), patched.back(context.at)
            return self._mended(patched.edits(edits), top, at) is not None

        context = ErrorContext(error, reader, mends)
        found = mistake(context)
        problem = patched.diagnostic(found)
        at = problem.span
        inserted = isinstance(found, Located) and found.span.text and at is not None and not at.text
        if inserted:  # what an edit wrote is no mistake of the file
            return self._without_statement(context, patched)
        patches = self._reported(problem, context, patched) or self._with_hole(context, patched)
        if patches is None:
            return self._without_statement(context, patched)
        self.patches = patches
        return patched.back(context.top)

    def _reported(
        self, problem: Diagnostic, context: ErrorContext, patched: PatchedSource
    ) -> list[Patch] | None:
        """Reports a mistake once per statement; returns the patches that mend it, if its fix is certain."""
        place = patched.back(context.line[0].start if context.line else context.at)
        if place in self.reported and not problem.sure:
            return None
        if not any(problem.repeats(other) for other in self.problems):
            self.problems.append(problem)
        self.reported.add(place)
        if not problem.sure:
            return None
        return self._mended(problem.edits, patched.back(context.top), patched.back(context.at))

    def _mended(self, edits: Sequence[Edit], top: int, at: int) -> list[Patch] | None:
        """The patches with these edits among them, if reading then gets further than it did."""
        if not edits:
            return None
        new = [Patch(e.span.start, e.span.end, e.text) for e in edits]
        if any((a.start < b.end and b.start < a.end) or a[:2] == b[:2] for a in new for b in self.patches):
            return None
        # What the edits change further on may hold mistakes of its own.
        end = max((p.end for p in new if p.start <= at), default=at)
        return self._if_further([*self.patches, *new], top, end, at)

    def _with_hole(self, context: ErrorContext, patched: PatchedSource) -> list[Patch] | None:
        """The patches with a hole around the mistake, if reading then gets further than it did."""
        inner = context.hole or context.innermost()
        if inner is None:
            return None
        start, end = patched.back(inner[0]), patched.back(inner[1], inner[1] > inner[0])
        words = [w for w in words_of(patched.source, *inner, far=0) if w.start < inner[1]]
        hole = words[0].text if words else "", names_defined(words)
        patches = [p for p in self.patches if p.end < start or p.start > end]
        patches.append(Patch(start, end, "\n" + HOLE if context.hole else HOLE, hole))
        return self._if_further(patches, patched.back(context.top), end, patched.back(context.at))

    def _if_further(self, patches: list[Patch], top: int, end: int, at: int) -> list[Patch] | None:
        """These patches, if reading with them gets beyond both offsets."""
        problems, unknown = list(self.reader.problems), set(self.reader.unknown)
        result, reader = self._parse(top, patches)
        self.reader.problems, self.reader.unknown = problems, unknown
        if isinstance(result, UnexpectedToken):
            assert isinstance(reader, PatchedReader)
            ended = result.token.type == "$END"
            reached = len(self.source.text) if ended else reader.patched.back(reader.last.start)
            if reached <= max(end, at) and not (ended and max(end, at) < len(self.source.text)):
                return None
        return patches

    def _without_statement(self, context: ErrorContext, patched: PatchedSource) -> int | None:
        """Leaves out the whole statement; returns where the next one starts."""
        following = context.next_statement()
        end = len(patched.source.text) if following is None else following
        read = [*context.before, *context.after]
        if following is None:  # it goes on behind what was read to find out where it ends
            read = words_of(patched.source, context.top, end, far=0)
        words = [w for w in read if w.start < end]
        top = patched.back(context.top)
        last = max((w.end for w in words), default=context.top)
        span = Span(top, max(patched.back(last, True), top), self.source)
        self.statements.append(t.Broken(words[0].text if words else "", names_defined(words), span))
        back = len(self.source.text) if following is None else patched.back(following)
        return None if following is None or back <= top else back


def _finished(error: UnexpectedToken) -> list[Any]:
    """The statements that were read before the one that has the mistake."""
    interactive: Any = error.interactive_parser
    stack = interactive.parser_state.value_stack
    first = 1 if stack and getattr(stack[0], "type", "") == "_NL" else 0
    statements = stack[first] if len(stack) > first else None
    if not isinstance(statements, list) or any(isinstance(item, Token) for item in statements):
        return []
    return list(statements)
