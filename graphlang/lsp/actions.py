"""The edits that messages advise, one by one and all that are certain at once."""

from __future__ import annotations

from typing import NamedTuple

from graphlang.diagnostics import Diagnostic, Edit
from graphlang.diagnostics.fixes import fixed
from graphlang.lsp.analysis import Analysis


class Action(NamedTuple):
    title: str
    edits: tuple[Edit, ...]
    #: the mistake that it mends; None for all that are certain
    problem: Diagnostic | None
    #: whether it is certainly what is meant
    sure: bool


def actions(analysis: Analysis, start: int, end: int) -> list[Action]:
    """What can be done about the mistakes in a part of the text."""
    found = []
    for problem in analysis.problems:
        span = problem.span
        edits = tuple(problem.edits) if span is not None else ()
        if not edits or span is None or span.source.name != analysis.name:
            continue
        if (
            span.start <= end
            and start <= span.end
            and all(e.span.source.name == analysis.name for e in edits)
        ):
            found.append(Action(_title(problem, edits), edits, problem, bool(problem.sure)))
    return found


def fix_all(analysis: Analysis) -> str | None:
    """The text with all certain edits made, as `graphlang check --fix` makes them; None if there are none."""
    if not any(p.sure and p.edits for p in analysis.problems):
        return None

    def mistakes(text: str) -> list[Diagnostic]:
        again = Analysis(text, analysis.name, analysis._importer, analysis.limits).examine()
        return [p for p in again.problems if p.span is not None and p.span.source.text == text]

    result = fixed(analysis.text, mistakes)
    return result.text if result.mended else None


def _title(problem: Diagnostic, edits: tuple[Edit, ...]) -> str:
    if len(edits) == 1:
        edit = edits[0]
        before, after = (" ".join(text.split()) for text in (edit.span.text, edit.text))
        if len(before) <= 40 and len(after) <= 40:
            if not before:
                return f"Insert `{after}`"
            return f"Replace `{before}` with `{after}`" if after else f"Remove `{before}`"
    words = (problem.help or problem.message).strip()
    return (words[:1].upper() + words[1:])[:100]
