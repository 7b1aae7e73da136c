"""The layout of a picture: layers from left to right, the order within each layer, and heights.

After Sugiyama, Tagawa, Toda 1981: layers by longest paths, dummy items wherever an edge passes a layer, and
median sweeps to reduce crossings. Items that should lie on a straight line (an edge until shortly before its
target, the main line of a chain) form a block with a single height, as in Brandes and Köpf 2001.

Layer k has two columns: 2k holds the nodes with the start of their lines, 2k+1 the branches of values that
are used more than once.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from graphlang.draw.picture import Picture

ItemKind = Literal["node", "branch", "line", "top", "bottom"]
MOST_LINES = 20_000
"""The most dummy items; beyond it, the longest edges are drawn without routing."""
SWEEPS = 40
WORK = 20_000
"""About the number of sweeps times items: large graphs get fewer sweeps."""
STILL = 0.01
Extent = tuple[float, float]


@dataclass(slots=True)
class Item:
    """A node, or a dummy item where an edge or the border of a group passes a column."""

    kind: ItemKind
    column: int
    node: int = -1
    edge: int = -1
    group: str = ""


@dataclass(slots=True)
class Arrangement:
    """The items of each column from top to bottom, and their connections from left to right."""

    items: list[Item]
    columns: list[list[int]]
    chains: list[list[int]]
    """The items of each edge: source, dummy items, target."""
    before: list[list[int]]
    after: list[list[int]]
    floating: list[bool]
    """For each node, whether it depends only on constants and parameters."""
    groups: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The first and the last column of each group."""


def arrange(picture: Picture, groups: bool = False) -> Arrangement:
    """Assigns layers and orders; with `groups`, members of a group are adjacent, between border items."""
    layer, floating = _layers(picture)
    arrangement = _items(picture, layer, floating)
    _first_order(arrangement)
    _fewer_crossings(arrangement)
    if groups:
        _gather_groups(arrangement, picture)
    return arrangement


def place(arrangement: Arrangement, extents: Sequence[Extent], clear: float) -> list[float]:
    """The height of every item, downwards from 0.

    `extents[i]` is the space that item i needs above and below its height; `clear` is the gap between items.
    """
    block = _blocks(arrangement)
    above, below = _separations(arrangement, block, extents, clear)
    order = _topological(above, below)
    y = [0.0] * len(above)
    for b in order:
        y[b] = max((y[a] + gap for a, gap in above[b]), default=0.0)
    _relax(arrangement, block, above, below, order, y)
    top = min((y[block[i]] - extents[i][0] for i in range(len(block))), default=0.0)
    return [y[b] - top for b in block]


# Layers


def _layers(picture: Picture) -> tuple[list[int], list[bool]]:
    """The layer of each node, and whether it floats: it needs no input, so it may be placed near its use."""
    number = {node.id: i for i, node in enumerate(picture.nodes)}
    after: list[list[int]] = [[] for _ in picture.nodes]
    missing = [0] * len(picture.nodes)
    for edge in picture.edges:
        after[number[edge.source]].append(number[edge.target])
        missing[number[edge.target]] += 1
    layer = [0] * len(missing)
    floating = [node.kind != "input" for node in picture.nodes]
    ready = deque(i for i, count in enumerate(missing) if not count)
    order = []
    while ready:
        i = ready.popleft()
        order.append(i)
        for j in after[i]:
            layer[j] = max(layer[j], layer[i] + 1)
            floating[j] = floating[j] and floating[i]
            missing[j] -= 1
            if not missing[j]:
                ready.append(j)
    assert len(order) == len(missing), "a picture has no cycles"
    inputs_at_left = (
        sum(max((layer[j] for j in after[i]), default=0) for i in order if not layer[i]) <= MOST_LINES // 4
    )
    for i in reversed(order):
        if after[i] and (floating[i] or (not layer[i] and not inputs_at_left)):
            layer[i] = min(layer[j] for j in after[i]) - 1
    return layer, floating


def _items(picture: Picture, layer: list[int], floating: list[bool]) -> Arrangement:
    number = {node.id: i for i, node in enumerate(picture.nodes)}
    ends = [(number[edge.source], number[edge.target]) for edge in picture.edges]
    uses = [0] * len(layer)
    for source, _ in ends:
        uses[source] += 1
    items = [Item("node", 2 * layer[i], i) for i in range(len(layer))]
    routed = _routed([2 * (layer[target] - layer[source]) for source, target in ends])
    chains = []
    for edge, (source, target) in enumerate(ends):
        chain = [source]
        first, last = 2 * layer[source] + 1, 2 * layer[target]
        for column in range(first, last if routed[edge] else first + 1):
            kind: ItemKind = "branch" if column == first and uses[source] > 1 else "line"
            chain.append(len(items))
            items.append(Item(kind, column, source, edge))
        chains.append([*chain, target])
    before: list[list[int]] = [[] for _ in items]
    after: list[list[int]] = [[] for _ in items]
    for edge in sorted(range(len(ends)), key=lambda e: (ends[e][1], picture.edges[e].operand, e)):
        for left, right in pairwise(chains[edge]):
            before[right].append(left)
            after[left].append(right)
    columns: list[list[int]] = [[] for _ in range(2 * max(layer, default=-1) + 2)]
    for i, item in enumerate(items):
        columns[item.column].append(i)
    return Arrangement(items, columns, chains, before, after, floating)


def _routed(lengths: list[int]) -> list[bool]:
    """Which edges get a dummy item in each column they pass: all, or not the longest if too many."""
    routed = [True] * len(lengths)
    total = sum(lengths)
    for edge in sorted(range(len(lengths)), key=lambda e: -lengths[e]):
        if total <= MOST_LINES + 4 * len(lengths):
            break
        routed[edge] = False
        total -= lengths[edge]
    return routed


# Order


def _first_order(arrangement: Arrangement) -> None:
    """Orders columns depth first from the results, so that operands appear in the order of the text."""
    seen = [False] * len(arrangement.items)
    place_in_column = [0] * len(seen)
    count = 0
    results = [
        i for i, item in enumerate(arrangement.items) if item.kind == "node" and not arrangement.after[i]
    ]
    for result in sorted(results, key=lambda i: (not arrangement.before[i], i)):
        stack = [result]
        while stack:
            i = stack.pop()
            if not seen[i]:
                seen[i] = True
                place_in_column[i] = count
                count += 1
                stack.extend(reversed(arrangement.before[i]))
    for column in arrangement.columns:
        column.sort(key=lambda i: place_in_column[i])


def _fewer_crossings(arrangement: Arrangement) -> None:
    """Reduces crossings by median sweeps to the right and back; keeps the best order."""
    columns = arrangement.columns
    best, fewest = columns, _crossings(arrangement, columns)
    rounds = max(2, min(12, WORK // (len(arrangement.items) + 1)))
    for round_ in range(rounds):
        if not fewest:
            break
        columns = [list(column) for column in columns]
        rightwards = round_ % 2 == 0
        steps = range(1, len(columns)) if rightwards else range(len(columns) - 2, -1, -1)
        neighbours = arrangement.before if rightwards else arrangement.after
        for c in steps:
            columns[c] = _by_median(columns[c], columns[c - 1 if rightwards else c + 1], neighbours)
        crossings = _crossings(arrangement, columns)
        if crossings < fewest:
            best, fewest = columns, crossings
    arrangement.columns = best


def _by_median(column: list[int], fixed: list[int], neighbours: list[list[int]]) -> list[int]:
    position = {i: p for p, i in enumerate(fixed)}
    medians: dict[int, float] = {}
    for p, i in enumerate(column):
        places = sorted(position[j] for j in neighbours[i] if j in position)
        half = len(places) // 2
        medians[i] = (places[half] + places[~half]) / 2 if places else float(p)
    return sorted(column, key=medians.__getitem__)


def _crossings(arrangement: Arrangement, columns: list[list[int]]) -> int:
    total = 0
    for left, right in pairwise(columns):
        position = {i: p for p, i in enumerate(right)}
        ends = [p for i in left for p in sorted(position[j] for j in arrangement.after[i] if j in position)]
        total += _inversions(ends, len(right))
    return total


def _inversions(values: list[int], size: int) -> int:
    """The number of pairs out of order, counted with a Fenwick tree."""
    tree = [0] * (size + 1)
    total = 0
    for seen, value in enumerate(values):
        total += seen
        i = value + 1
        while i:
            total -= tree[i]
            i &= i - 1
        i = value + 1
        while i <= size:
            tree[i] += 1
            i += i & -i
    return total


# Groups


def _gather_groups(arrangement: Arrangement, picture: Picture) -> None:
    """Makes the members of each group adjacent in every column, between a top and a bottom border."""
    spans, ranks = _group_spans(arrangement, picture)
    arrangement.groups = spans
    if not spans:
        return
    borders: dict[tuple[str, int], tuple[int, int]] = {}
    for name, (first, last) in spans.items():
        for number in range(first, last + 1):
            borders[name, number] = (
                _border(arrangement, "top", number, name),
                _border(arrangement, "bottom", number, name),
            )
        for left, right in pairwise(range(first, last + 1)):
            for a, b in zip(borders[name, left], borders[name, right], strict=True):
                arrangement.after[a].append(b)
                arrangement.before[b].append(a)
    for number, column in enumerate(arrangement.columns):
        present = [name for name, (first, last) in spans.items() if first <= number <= last]
        if present:
            units = _units(arrangement, picture, column, present, ranks)
            with_borders = [
                [borders[name, number][0], *unit, borders[name, number][1]] if name else unit
                for name, unit in units
            ]
            arrangement.columns[number] = [i for unit in with_borders for i in unit]


def _border(arrangement: Arrangement, kind: ItemKind, column: int, name: str) -> int:
    arrangement.items.append(Item(kind, column, group=name))
    arrangement.before.append([])
    arrangement.after.append([])
    return len(arrangement.items) - 1


def _group_spans(
    arrangement: Arrangement, picture: Picture
) -> tuple[dict[str, tuple[int, int]], dict[str, float]]:
    """The first and last column of each group, and its mean relative height over all columns."""
    spans: dict[str, tuple[int, int]] = {}
    heights: defaultdict[str, list[float]] = defaultdict(list)
    for number, column in enumerate(arrangement.columns):
        for p, i in enumerate(column):
            item = arrangement.items[i]
            name = picture.nodes[item.node].group
            if item.kind == "node" and name:
                spans[name] = (spans.get(name, (number, 0))[0], number)
                heights[name].append((p + 0.5) / len(column))
    return spans, {name: sum(places) / len(places) for name, places in heights.items()}


def _units(
    arrangement: Arrangement, picture: Picture, column: list[int], present: list[str], ranks: dict[str, float]
) -> list[tuple[str, list[int]]]:
    """A column as single items and whole groups; these keep one order, or their borders would cross."""
    members: dict[str, list[int]] = {name: [] for name in present}
    keyed: list[tuple[float, str, list[int]]] = []
    heights: dict[str, list[int]] = {name: [] for name in present}
    for p, i in enumerate(column):
        name = next((g for g in _groups_of(arrangement, picture, i) if g in members), "")
        if name:
            members[name].append(i)
            heights[name].append(p)
        else:
            keyed.append((float(p), "", [i]))
    middle = {
        name: sum(places) / len(places) if places else ranks[name] * len(column)
        for name, places in heights.items()
    }
    in_order = sorted(present, key=lambda name: (ranks[name], name))
    keyed += [
        (height, name, members[name]) for height, name in zip(sorted(middle.values()), in_order, strict=True)
    ]
    return [(name, unit) for _, name, unit in sorted(keyed, key=lambda unit: unit[0])]


def _groups_of(arrangement: Arrangement, picture: Picture, i: int) -> Iterable[str]:
    item = arrangement.items[i]
    if item.node >= 0:
        yield picture.nodes[item.node].group
    if item.edge >= 0:
        target = arrangement.items[arrangement.chains[item.edge][-1]].node
        yield picture.nodes[target].group


# Heights


def _blocks(arrangement: Arrangement) -> list[int]:
    """The block number of each item; the items of a block lie on one straight line."""
    block = list(range(len(arrangement.items)))
    for left, right in pairwise(arrangement.columns):
        position = {i: p for p, i in enumerate(right)}
        borders: list[tuple[int, int]] = []
        links: list[tuple[int, int]] = []
        for p, i in enumerate(left):
            for j in arrangement.after[i]:
                if j in position and _straight(arrangement, i, j):
                    (borders if arrangement.items[i].kind in ("top", "bottom") else links).append(
                        (p, position[j])
                    )
        tops, bottoms = [p for p, _ in borders], [q for _, q in borders]
        links = [(p, q) for p, q in links if bisect_left(tops, p) == bisect_left(bottoms, q)]
        for p, q in borders + _without_crossings(links):
            block[right[q]] = block[left[p]]
    numbers: dict[int, int] = {}
    return [numbers.setdefault(b, len(numbers)) for b in block]


def _straight(arrangement: Arrangement, i: int, j: int) -> bool:
    if arrangement.items[i].kind == "node":
        return len(arrangement.after[i]) == 1
    if arrangement.items[j].kind == "node":
        return _main(arrangement, j) == [i]
    return True


def _main(arrangement: Arrangement, node: int) -> list[int]:
    """The operands that a node is aligned with: those that depend on inputs, or else all."""
    operands = arrangement.before[node]
    main = [i for i in operands if not arrangement.floating[arrangement.items[i].node]]
    return main or operands


def _without_crossings(links: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The largest set of links without a crossing: the longest increasing subsequence."""
    ends: list[int] = []
    last: list[int] = []
    previous = [-1] * len(links)
    for n, (_, q) in enumerate(links):
        length = bisect_left(ends, q)
        previous[n] = last[length - 1] if length else -1
        ends[length:] = [q] if length == len(ends) else [q, *ends[length + 1 :]]
        last[length:] = [n] if length == len(last) else [n, *last[length + 1 :]]
    kept = []
    n = last[-1] if last else -1
    while n >= 0:
        kept.append(links[n])
        n = previous[n]
    return kept[::-1]


Neighbours = list[list[tuple[int, float]]]


def _separations(
    arrangement: Arrangement, block: list[int], extents: Sequence[Extent], clear: float
) -> tuple[Neighbours, Neighbours]:
    """For each block its neighbours directly above and below, with the least distance to each."""
    gaps: dict[tuple[int, int], float] = {}
    for column in arrangement.columns:
        for upper, lower in pairwise(column):
            pair = block[upper], block[lower]
            gaps[pair] = max(gaps.get(pair, 0.0), extents[upper][1] + extents[lower][0] + clear)
    count = max(block, default=-1) + 1
    above: Neighbours = [[] for _ in range(count)]
    below: Neighbours = [[] for _ in range(count)]
    for (upper, lower), gap in gaps.items():
        above[lower].append((upper, gap))
        below[upper].append((lower, gap))
    return above, below


def _topological(above: Neighbours, below: Neighbours) -> list[int]:
    missing = [len(neighbours) for neighbours in above]
    ready = deque(b for b, count in enumerate(missing) if not count)
    order = []
    while ready:
        b = ready.popleft()
        order.append(b)
        for lower, _ in below[b]:
            missing[lower] -= 1
            if not missing[lower]:
                ready.append(lower)
    assert len(order) == len(above), "blocks do not cross, so one is topmost"
    return order


def _relax(
    arrangement: Arrangement,
    block: list[int],
    above: Neighbours,
    below: Neighbours,
    order: list[int],
    y: list[float],
) -> None:
    """Moves each block towards its neighbours within the free space, in alternating sweeps."""
    pulls = _pulls(arrangement, block, len(above))
    movable = [b for b in order if pulls[b].middles or pulls[b].limit is not None]
    for _ in range(max(4, min(SWEEPS, WORK // (len(order) + 1)))):
        moved = 0.0
        for b in (*reversed(movable), *movable):
            low = max((y[a] + gap for a, gap in above[b]), default=-math.inf)
            high = min((y[c] - gap for c, gap in below[b]), default=math.inf)
            height = max(low, min(_wish(pulls[b], y), high))
            moved = max(moved, abs(height - y[b]))
            y[b] = height
        if moved < STILL:
            break


@dataclass(slots=True)
class _Pull:
    """The desired height of a block: the middle of others, or as far up or down as possible."""

    middles: list[list[int]]
    limit: float | None = None


def _wish(pull: _Pull, y: list[float]) -> float:
    if pull.limit is not None:
        return pull.limit
    total = 0.0
    for middle in pull.middles:
        heights = [y[b] for b in middle]
        total += (min(heights) + max(heights)) / 2
    return total / len(pull.middles)


def _pulls(arrangement: Arrangement, block: list[int], count: int) -> list[_Pull]:
    starts, ends = [-1] * count, [-1] * count
    for column in arrangement.columns:
        for i in column:
            ends[block[i]] = i
            if starts[block[i]] < 0:
                starts[block[i]] = i
    return [_pull(arrangement, block, starts[b], ends[b]) for b in range(count)]


def _pull(arrangement: Arrangement, block: list[int], start: int, end: int) -> _Pull:
    kind = arrangement.items[start].kind
    if kind in ("top", "bottom"):
        return _Pull([], 1e12 if kind == "top" else -1e12)
    left = [block[i] for i in (_main(arrangement, start) if kind == "node" else arrangement.before[start])]
    right = [block[i] for i in arrangement.after[end]]
    if left and (kind == "node" or arrangement.items[end].kind == "node"):
        return _Pull([left])
    return _Pull([blocks for blocks in (left, right) if blocks])
