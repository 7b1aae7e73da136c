"""The exception that carries diagnostics, and what gathers them until it is raised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from graphlang.diagnostics.base import Diagnostic
from graphlang.diagnostics.more import MoreMistakes

_NUMBER = re.compile("[0-9]+")
SAME_PLACE = 8
"""The most mistakes of one kind at one place, as for the copies of a loop, that are kept."""


class GraphError(Exception):
    """Every error that a user of graphlang can cause; `diagnostics` holds each mistake."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: list[Diagnostic] = list(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        from graphlang.diagnostics.render import bounded, full

        return "\n\n".join(full(d) for d in bounded(self.diagnostics, full))


class Collector:
    """Gathers the diagnostics of one stage; `finish` raises once when there is an error among them.

    Of more than `most` at different places it keeps the number alone.
    """

    def __init__(self, most: int | None = None) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.most = most
        #: the places with the codes of what is wrong there, and the number of those that are not kept
        self._places: dict[object, int] = {}
        self._more: set[object] = set()

    def add(self, diagnostic: Diagnostic) -> None:
        if self.most is None:
            self.diagnostics.append(diagnostic)
            return
        place = diagnostic.code, diagnostic.span
        count = self._places.get(place, 0)
        if not count and len(self._places) >= self.most:
            self._more.add(place)
        elif count < SAME_PLACE:
            self._places[place] = count + 1
            self.diagnostics.append(diagnostic)

    @property
    def failed(self) -> bool:
        return any(d.severity == "error" for d in self.diagnostics)

    def finish(self) -> None:
        if self.failed:
            diagnostics = distinct(self.diagnostics)
            if self._more:
                diagnostics.append(MoreMistakes(len(self._more)))
            raise GraphError(diagnostics) from next((d.cause for d in diagnostics if d.cause), None)


def distinct(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Each mistake once, though `repeat` and `def`s may have met it often, in the order of the text.

    In two uses of a `def` it is one mistake, also where its message has other sizes.
    """
    first: dict[object, Diagnostic] = {}
    for diagnostic in diagnostics:
        span = diagnostic.span
        place = (span.source.name, span.start, span.end) if span else (diagnostic.file, -1, -1)
        message = _NUMBER.sub("0", diagnostic.message) if diagnostic.called else diagnostic.message
        first.setdefault((diagnostic.code, message, place), diagnostic)
    order = {d.span.source.name: i for i, d in reversed(list(enumerate(diagnostics))) if d.span}
    return sorted(
        first.values(),
        key=lambda d: (order.get(d.span.source.name, 0), d.span.start) if d.span else (-1, 0),
    )
