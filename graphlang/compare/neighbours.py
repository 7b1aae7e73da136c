"""Matches what is left by its neighbours: with other attributes, of another operation, in another place."""

from __future__ import annotations

from collections.abc import Iterator

from graphlang.compare.pairs import Pairs
from graphlang.compare.structure import Slot, Vertex

SAME_OPERATION, NEIGHBOUR, SAME_DETAILS, SAME_NAME, SAME_PLACES = 2.0, 1.5, 1.0, 0.5, 0.25
LIKENESSES = (SAME_OPERATION + NEIGHBOUR, 2 * NEIGHBOUR, NEIGHBOUR)
"""How alike a pair has to be: first of one operation beside a pair, at last only beside a pair."""
MOST_CANDIDATES = 40
"""How many uses of one value are looked at; a value with more tells little about any of them."""


def match_neighbours(pairs: Pairs) -> None:
    """Matches each value that is left with the most alike of those that stand beside the same pairs."""
    for least in LIKENESSES:
        while _pass(pairs, least):
            pass


def _pass(pairs: Pairs, least: float) -> bool:
    before = len(pairs)
    for number, other in enumerate(pairs.to_b):
        if other is not None:
            continue
        value = pairs.a.values[number]
        candidates = dict.fromkeys(_candidates(pairs, value))
        best = max(candidates, key=lambda n: _likeness(pairs, value, pairs.b.values[n]), default=None)
        if best is not None and _likeness(pairs, value, pairs.b.values[best]) >= least:
            pairs.match(number, best)
    pairs.match_sources()
    return len(pairs) > before


def _candidates(pairs: Pairs, value: Vertex) -> Iterator[int]:
    """The values of the other graph that are not matched, and beside the counterpart of a neighbour."""
    for _, operand in value.operands:
        other = pairs.to_b[operand.number] if isinstance(operand, Slot) else None
        if other is not None:
            yield from _fitting(pairs, value, [n for n, _ in pairs.b.values[other].uses[:MOST_CANDIDATES]])
    for user, _ in value.uses[:MOST_CANDIDATES]:
        other = pairs.to_b[user]
        if other is not None:
            operands = [o.number for _, o in pairs.b.values[other].operands if isinstance(o, Slot)]
            yield from _fitting(pairs, value, operands)


def _fitting(pairs: Pairs, value: Vertex, numbers: list[int]) -> Iterator[int]:
    for number in numbers:
        other = pairs.b.values[number]
        fits = value.is_node == other.is_node and (value.is_node or value.operation == other.operation)
        if pairs.to_a[number] is None and fits:
            yield number


def _likeness(pairs: Pairs, value: Vertex, other: Vertex) -> float:
    likeness = SAME_OPERATION * (value.operation == other.operation)
    likeness += SAME_NAME * (value.name == other.name) + SAME_DETAILS * (value.details == other.details)
    theirs = dict(other.operands)
    likeness += SAME_PLACES * ([place for place, _ in value.operands] == list(theirs))
    for place, operand in value.operands:
        if isinstance(operand, Slot) and place in theirs and pairs.same(operand, theirs[place]):
            likeness += NEIGHBOUR
    uses = set(other.uses)
    likeness += sum(NEIGHBOUR for n, place in value.uses[:MOST_CANDIDATES] if (pairs.to_b[n], place) in uses)
    return likeness
