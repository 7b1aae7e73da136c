"""Makes the edits of diagnostics that are certain, and only these, in a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from graphlang.diagnostics import Diagnostic, Edit, edited

_ROUNDS = 50
"""Edits that uncover others are followed so far."""


class Fixed(NamedTuple):
    text: str
    #: how many mistakes were mended
    mended: int
    #: what is left
    problems: list[Diagnostic]


def fixed(text: str, check: Callable[[str], list[Diagnostic]]) -> Fixed:
    """A text with all certain edits made, also those that show only then."""
    problems, mended = check(text), 0
    for _ in range(_ROUNDS):
        certain = _certain(problems)
        if not certain:
            break
        new = edited(text, [edit for d in certain for edit in d.edits])
        left = check(new)
        if new == text or len(_certain(left)) > len(certain):
            break  # they lead nowhere
        text, problems, mended = new, left, mended + len(certain)
    return Fixed(text, mended, problems)


def _certain(problems: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Those whose edits are certain, all within one text, and do not touch those of another."""
    chosen: list[Diagnostic] = []
    taken: list[Edit] = []
    for problem in problems:
        own = list(problem.edits)
        if own and problem.sure and problem.span is not None and not _touch(own, taken):
            if any(edit.span.source is not problem.span.source for edit in own):
                continue
            if taken and own[0].span.source is not taken[0].span.source:
                continue
            chosen.append(problem)
            taken += own
    return chosen


def _touch(edits: Sequence[Edit], others: Sequence[Edit]) -> bool:
    return any(a.span.start <= b.span.end and b.span.start <= a.span.end for a in edits for b in others)
