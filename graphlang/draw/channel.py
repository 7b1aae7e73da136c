"""Channel routing: assigns the vertical lines between two columns of text to tracks.

A net enters from the left on some rows and leaves to the right on some rows; its vertical joins them. If one
net enters on the row where another leaves, the vertical of the first must be left of the other (the vertical
constraints of channel routing, Hashimoto and Stevens 1971). A cycle of such constraints is broken by giving
one net two verticals, joined on a free row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple


class Net(NamedTuple):
    lefts: tuple[int, ...]
    rights: tuple[int, ...]

    @property
    def straight(self) -> bool:
        return self.lefts == self.rights and len(self.lefts) == 1


class Vertical(NamedTuple):
    """A vertical line of net number `net`, with the rows that enter from the left and leave to the right."""

    net: int
    lefts: tuple[int, ...]
    rights: tuple[int, ...]

    @property
    def rows(self) -> tuple[int, int]:
        ends = self.lefts + self.rights
        return min(ends), max(ends)


@dataclass(slots=True)
class Channel:
    """The verticals with their tracks, counted from the left, and the nets that go straight through."""

    tracks: int = 0
    verticals: list[tuple[int, Vertical]] = field(default_factory=list)
    straight: list[tuple[int, int]] = field(default_factory=list)
    """(net, row)"""


def route(nets: list[Net], flush_right: bool) -> Channel:
    """Assigns all nets to as few tracks as possible, packed to the left or the right end of the channel."""
    channel = Channel(straight=[(n, net.lefts[0]) for n, net in enumerate(nets) if net.straight])
    taken = {row for net in nets for row in net.lefts + net.rights}
    verticals = _without_cycles([Vertical(n, *net) for n, net in enumerate(nets) if not net.straight], taken)
    order = _order(verticals)
    tracks: dict[int, int] = {}
    for v in reversed(order) if flush_right else order:
        clash = [tracks[w] for w in tracks if _touch(verticals[v], verticals[w])]
        tracks[v] = max(clash, default=-1) + 1
    channel.tracks = max(tracks.values(), default=-1) + 1
    for v in order:
        track = channel.tracks - 1 - tracks[v] if flush_right else tracks[v]
        channel.verticals.append((track, verticals[v]))
    return channel


def _touch(v: Vertical, w: Vertical) -> bool:
    return v.rows[0] <= w.rows[1] and w.rows[0] <= v.rows[1]


def _must_precede(v: Vertical, w: Vertical) -> bool:
    """Whether v must be left of w: w leaves on the row where v enters, or w continues the net of v."""
    return bool(set(v.rights) & set(w.lefts) if v.net == w.net else set(v.lefts) & set(w.rights))


def _without_cycles(verticals: list[Vertical], taken: set[int]) -> list[Vertical]:
    while cycle := _cycle(verticals):
        split = verticals[cycle[0]]
        free = next(row for row in _outwards(sum(split.rows) // 2) if row not in taken)
        taken.add(free)
        rest = [v for v in verticals if v is not split]
        verticals = [
            *rest,
            Vertical(split.net, split.lefts, (free,)),
            Vertical(split.net, (free,), split.rights),
        ]
    return verticals


def _outwards(middle: int) -> Iterator[int]:
    for distance in count():
        yield middle + distance
        yield middle - distance


def _cycle(verticals: list[Vertical]) -> list[int]:
    """The verticals left after repeatedly removing those without a constraint on one side; tallest first."""
    left = set(range(len(verticals)))
    while True:
        free = {v for v in left if not any(w != v and _precedes(verticals, w, v) for w in left)} | {
            v for v in left if not any(w != v and _precedes(verticals, v, w) for w in left)
        }
        if not free:
            return sorted(left, key=lambda v: (verticals[v].rows[0] - verticals[v].rows[1], v))
        left -= free


def _precedes(verticals: list[Vertical], v: int, w: int) -> bool:
    return v != w and _must_precede(verticals[v], verticals[w])


def _order(verticals: list[Vertical]) -> list[int]:
    """The verticals from left to right; next comes always the allowed one with the fewest crossings."""
    left = list(range(len(verticals)))
    order = []
    while left:
        free = [v for v in left if not any(_precedes(verticals, w, v) for w in left)]
        best = min(free, key=lambda v: (sum(_cost(verticals[v], verticals[w]) for w in left if w != v), v))
        order.append(best)
        left.remove(best)
    return order


def _cost(v: Vertical, w: Vertical) -> int:
    """Crossings if v is left of w, minus crossings if w is left of v."""
    return _crossed(v, w) - _crossed(w, v)


def _crossed(v: Vertical, w: Vertical) -> int:
    (top, bottom), (upper, lower) = w.rows, v.rows
    return sum(top <= row <= bottom for row in v.rights) + sum(upper <= row <= lower for row in w.lefts)
