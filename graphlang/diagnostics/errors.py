"""The exception that carries diagnostics, and what gathers them until it is raised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graphlang.diagnostics.base import Diagnostic


class GraphError(Exception):
    """Every error that a user of graphlang can cause; `diagnostics` holds each mistake."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: list[Diagnostic] = list(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        from graphlang.diagnostics.render import full

        return "\n\n".join(full(d) for d in self.diagnostics)


class Collector:
    """Gathers the diagnostics of one stage; `finish` raises once when there is an error among them."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def add(self, diagnostic: Diagnostic) -> None:
        self.diagnostics.append(diagnostic)

    @property
    def failed(self) -> bool:
        return any(d.severity == "error" for d in self.diagnostics)

    def finish(self) -> None:
        if self.failed:
            diagnostics = distinct(self.diagnostics)
            raise GraphError(diagnostics) from next((d.cause for d in diagnostics if d.cause), None)


def distinct(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Each mistake once, though `repeat` and `def`s may have met it often, in the order of the text."""
    first: dict[object, Diagnostic] = {}
    for diagnostic in diagnostics:
        span = diagnostic.span
        place = (span.source.name, span.start, span.end) if span else (diagnostic.file, -1, -1)
        first.setdefault((diagnostic.code, diagnostic.message, place), diagnostic)
    order = {d.span.source.name: i for i, d in reversed(list(enumerate(diagnostics))) if d.span}
    return sorted(
        first.values(),
        key=lambda d: (order.get(d.span.source.name, 0), d.span.start) if d.span else (-1, 0),
    )
