"""Which value of one graph corresponds to which value of another.

A colour is a number for everything that is known of a value: its operation, and the colours of its operands
in order (what it is computed from), or the colours and places of its uses (what is computed from it). Equal
colours mean equal structure. As operands are ordered and the graph has no circles, one pass in each
direction is complete, and no search is needed. A matched pair gets a colour of its own, so that a difference
on one side of it does not show on the other.

Two graphs of equal structure are matched by structure alone; names tell only which input is which. Elsewhere
a name that both files give identifies a value, and the rest is matched from what surrounds it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import count
from typing import Literal

from graphlang.compare.neighbours import match_neighbours
from graphlang.compare.pairs import Pairs
from graphlang.compare.structure import OUTPUT, Slot, Structure, Vertex

ROUNDS = 20
"""The most passes over the graph that match with care; each matches whatever it can, and a few are usual."""

Side = Literal["both", "from", "into"]


def matched(a: Structure, b: Structure) -> Pairs:
    """The pairs of values that correspond."""
    pairs = isomorphism(a, b)
    return pairs if pairs is not None else _nearest(a, b)


def isomorphism(a: Structure, b: Structure) -> Pairs | None:
    """The pairs of two graphs of equal structure, attributes and shapes; None where they are not."""
    if len(a.values) != len(b.values):
        return None
    pairs = Pairs(a, b)
    _match_names(pairs, lambda v, w: v.named and w.named and _is_interface(v) and _is_interface(w))
    colours = _Colours(pairs, exact=True)
    if not colours.alike():
        return None
    for rounds in count(1):
        matches = _match_colours(pairs, colours, "both")
        if pairs.complete():
            break
        colours = _Colours(pairs, exact=True)
        if matches:
            continue
        # A pair of twins may decide about others: one at a time, unless there are very many.
        if not _match_twins(pairs, exact=True, most=1 if rounds < ROUNDS else None):
            break
        colours = _Colours(pairs, exact=True)
    return pairs if pairs.complete() and pairs.preserve_operands() else None


def _nearest(a: Structure, b: Structure) -> Pairs:
    pairs = Pairs(a, b)
    _match_names(pairs, lambda v, w: v.named and w.named)
    for exact in (True, False):
        for _ in range(ROUNDS):
            colours = _Colours(pairs, exact, rooted=True)
            sides: tuple[Side, ...] = ("both", "from", "into")
            if not any(_match_colours(pairs, colours, side) for side in sides):
                break
            pairs.match_sources()
    match_neighbours(pairs)
    for exact in (True, False):
        while _match_twins(pairs, exact):
            pass
    _match_names(pairs, lambda v, w: v.operation == w.operation)
    match_neighbours(pairs)
    return pairs


def _is_interface(value: Vertex) -> bool:
    return not value.is_node or OUTPUT in value.marks


def _match_names(pairs: Pairs, fits: Callable[[Vertex, Vertex], bool]) -> None:
    """Matches what has one name on both sides, outside of bodies, where it fits."""
    for name, number in pairs.a.numbers.items():
        other = pairs.b.numbers.get(name)
        if other is not None and fits(pairs.a.values[number], pairs.b.values[other]):
            pairs.match(number, other)


def _match_colours(pairs: Pairs, colours: _Colours, side: Side) -> bool:
    """Matches values whose colour no other value has, or none of the same name; whether there were any."""
    of_b = colours.classes(1, side)
    before = len(pairs)
    for colour, numbers in colours.classes(0, side).items():
        others = of_b.get(colour, [])
        if len(numbers) == len(others) == 1:
            pairs.match(numbers[0], others[0])
        elif others:
            by_name = {pairs.b.values[n].name: n for n in others}
            for number in numbers:
                other = by_name.get(pairs.a.values[number].name)
                if other is not None:
                    pairs.match(number, other)
    return len(pairs) > before


def _match_twins(pairs: Pairs, exact: bool, most: int | None = None) -> bool:
    """Matches values of equal colour of which there are several, in order, with their operands."""
    colours = _Colours(pairs, exact)
    of_b = colours.classes(1, "both")
    before = len(pairs)
    classes = sorted(colours.classes(0, "both").items(), key=lambda item: -item[1][-1])
    twins = [pair for colour, numbers in classes for pair in zip(numbers, of_b.get(colour, []), strict=False)]
    for number, other in twins[:most]:
        _match_with_operands(pairs, number, other)
    return len(pairs) > before


def _match_with_operands(pairs: Pairs, number: int, other: int) -> None:
    """Matches two values, and what they are computed from: operands are ordered, so there is no choice."""
    waiting = [(number, other)]
    while waiting:
        number, other = waiting.pop()
        value, counterpart = pairs.a.values[number], pairs.b.values[other]
        if not pairs.match(number, other) or len(value.operands) != len(counterpart.operands):
            continue
        for (_, x), (_, y) in zip(value.operands, counterpart.operands, strict=True):
            if isinstance(x, Slot) and isinstance(y, Slot):
                same = pairs.a.values[x.number].operation == pairs.b.values[y.number].operation
                waiting += [(x.number, y.number)] if same else []


class _Colours:
    """The colours of all values of two graphs, with what is matched at one moment."""

    def __init__(self, pairs: Pairs, exact: bool, *, rooted: bool = False) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._exact = exact
        self._pairs = pairs
        graphs = ((pairs.a, pairs.to_b), (pairs.b, pairs.to_a))
        # Of a parameter of a layer, or a constant, the colours tell less than what it is used for.
        self._free = [
            [v.number for v in g.values if partners[v.number] is None and (v.rooted or not rooted)]
            for g, partners in graphs
        ]
        matched = [
            [None if other is None else (n if side == 0 else other) for n, other in enumerate(partners)]
            for side, (_, partners) in enumerate(graphs)
        ]
        self._from = [self._computed_from(g, m) for (g, _), m in zip(graphs, matched, strict=True)]
        self._into = [self._computed_into(g, m) for (g, _), m in zip(graphs, matched, strict=True)]

    def _number(self, key: Hashable) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def _own(self, value: Vertex) -> Hashable:
        return (value.operation, value.details) if self._exact else value.operation

    def _computed_from(self, graph: Structure, matched: list[int | None]) -> list[int]:
        colours: list[int] = []
        for value, pair in zip(graph.values, matched, strict=True):
            operands = tuple(
                [(p, colours[o.number] if isinstance(o, Slot) else o) for p, o in value.operands]
            )
            key = (self._own(value), operands) if pair is None else ("pair", pair)
            colours.append(self._number(key))
        return colours

    def _computed_into(self, graph: Structure, matched: list[int | None]) -> list[int]:
        colours = [0] * len(graph.values)
        for value in reversed(graph.values):
            pair = matched[value.number]
            if pair is None:
                uses = sorted((colours[n], str(place)) for n, place in value.uses)
                marks = tuple(sorted(value.marks)) if self._exact else ()
                colours[value.number] = self._number(("into", self._own(value), tuple(uses), marks))
            else:
                colours[value.number] = self._number(("pair", pair))
        return colours

    def _colour(self, graph: int, number: int, side: Side) -> Hashable:
        if side == "from":
            return self._from[graph][number]
        into = self._into[graph][number]
        return into if side == "into" else (self._from[graph][number], into)

    def classes(self, graph: int, side: Side) -> dict[Hashable, list[int]]:
        """The values that are not matched, by their colours."""
        partners = self._pairs.to_a if graph else self._pairs.to_b
        classes: dict[Hashable, list[int]] = {}
        for number in self._free[graph]:
            if partners[number] is None:
                classes.setdefault(self._colour(graph, number, side), []).append(number)
        return classes

    def alike(self) -> bool:
        """Whether both graphs have equally many values of every colour, as graphs of equal structure have."""

        def counts(graph: int) -> dict[Hashable, int]:
            return {colour: len(numbers) for colour, numbers in self.classes(graph, "both").items()}

        return counts(0) == counts(1)
