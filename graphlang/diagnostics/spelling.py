"""Names to suggest: the closest spelling, and one that is free."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any

from graphlang.diagnostics.places import Span

LONGEST = 60
"""Names longer than this are compared as they are: nobody mistypes them by hand."""
COMPARED = 2_000
"""The most candidates that are compared with one name."""
SEARCHED = 50
"""The most names of one file for which a closest one is looked for."""

_ALIKE = str.maketrans("01i", "oll")

_left: ContextVar[list[int] | None] = ContextVar("searches_left", default=None)


@contextmanager
def few_searches() -> Iterator[None]:
    """Looks for the closest of other names `SEARCHED` times at most until the block ends: with a file of
    unknown names it would take a time that is the square of its length."""
    token = _left.set([SEARCHED])
    try:
        yield
    finally:
        _left.reset(token)


def searches_left() -> bool:
    """Whether the closest of other names may still be looked for."""
    left = _left.get()
    return left is None or left[0] > 0


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `name` was most likely meant to be, or None.

    A slip is one letter too many, too few or wrong, or two letters in the wrong order. A name may have one,
    from seven letters on two (from six, where the letters are the same), from twelve on three. One of up to
    four letters keeps its first letter, one of up to three has no other letter; and no digit is a slip:
    `W1` is not meant for `W2`, nor `log2` for `log`.
    """
    left = _left.get()
    if left is not None:
        if left[0] <= 0:
            return None
        left[0] -= 1
    pool = list(dict.fromkeys(islice(candidates, COMPARED)))
    folded = {_folded(c): c for c in reversed(pool)}
    if _folded(name) in folded:
        return folded[_folded(name)]
    if len(name) > LONGEST:
        return None
    alike = {_look(c): c for c in reversed(pool)} if len(name) > 2 else {}
    if _look(name) in alike:
        return alike[_look(name)]
    best: tuple[int, bool, int] | None = None
    for position, candidate in enumerate(pool):
        slips = _slips(_folded(name), _folded(candidate))
        if slips is not None:
            key = slips, candidate[:1].casefold() != name[:1].casefold(), position
            best = key if best is None else min(best, key)
    return None if best is None else pool[best[2]]


def _folded(name: str) -> str:
    """A name as it is compared: capitals and `_` are no part of the spelling, and a syllable has letters."""
    folded = name.casefold().replace("_", "")
    return folded if folded.isascii() else unicodedata.normalize("NFD", folded)


def _look(name: str) -> str:
    """A name with one sign for those that look alike in print: `r1sk`, `dep0h`."""
    return _folded(name).translate(_ALIKE)


def _slips(a: str, b: str) -> int | None:
    """How many slips turn one into the other; None where they are too many."""
    short, long = sorted((len(a), len(b)))
    allowed = 1 if short <= 5 else 2 if short <= 11 else 3
    if not short or long - short > allowed or long > LONGEST:
        return None
    if short == 1 and not (long == 2 and a[0] == b[0]):
        return None
    if _digits(a) not in ("", _digits(b)):
        return None
    slips = distance(a, b)
    swapped = sorted(a) == sorted(b)
    if slips > allowed or (long <= 3 and len(a) == len(b) and not swapped):
        return None
    if short == 6 and slips == 2 and not swapped:
        return None
    if short <= 4 and a[0] != b[0] and not swapped:
        return None
    return slips


def _digits(name: str) -> str:
    return "".join(c for c in name if c.isdigit())


def distance(a: str, b: str) -> int:
    """The least number of letters inserted, left out, replaced or swapped with their neighbour."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def closest_of_kind(name: str, candidates: Collection[str]) -> str | None:
    """The closest of the layers for a capital name, else of the functions; else what differs in capitals."""
    capital = name[:1].isupper()
    match = closest(name, [c for c in candidates if c[:1].isupper() == capital])
    if match is None:
        plain = name.casefold().replace("_", "")
        match = next((c for c in candidates if c.casefold().replace("_", "") == plain), None)
    return closest(name, candidates) if match is None and len(name) > 4 else match


def closest_of(name: str, candidates: str, search: Callable[[str, Any], str | None] = closest) -> Any:
    """A property of a diagnostic: the one of its candidates that the name was most likely meant to be.

    It is looked for once; the message, the help and the edit all ask for it.
    """

    def match(facts: Any) -> str | None:
        kept: dict[Any, str | None] = vars(facts).setdefault("_matches", {})
        key = getattr(facts, name), id(getattr(facts, candidates))
        if key not in kept:
            kept[key] = search(getattr(facts, name), getattr(facts, candidates))
        return kept[key]

    return property(match)


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """The usual help of an unknown name."""
    match = closest(name, candidates)
    return f"did you mean `{match}`?" if match else None


def free_size(span: Span) -> str:
    """A name for a size that stands at a place: `N` for the first of a shape, as of a batch."""
    text = span.source.text
    if text[: span.start].rstrip().endswith("["):
        return "N"
    used = set(re.findall(r"[^\W\d]\w*", text))
    return next((n for n in "DTKLMHWC" if n not in used), "D1")
