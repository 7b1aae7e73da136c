"""A graph as one SVG image in the style of the book's figures: values above the lines, gradients below."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from graphlang.draw.layout import Arrangement, Extent, arrange, place
from graphlang.draw.line_labels import Label, line_labels, operand_marks
from graphlang.draw.picture import Picture, PictureNode, closed
from graphlang.draw.svg_elements import (
    ARROW,
    Point,
    arrow,
    bend,
    escaped,
    label_elements,
    label_width,
    text_element,
    text_width,
    xy,
)
from graphlang.draw.svg_style import SIGN, SMALL, TEXT, Theme, style_sheet
from graphlang.draw.width import printable
from graphlang.lazy import lazy

DIGITS = 6
RADIUS = 18
MARGIN = 28
PAD = 9
"""The space between a number and the ends of its straight line."""
CLEAR = 16
STUB = 26
MARK = 6.5
CHANNEL = (46, 150)
GROUP_LEFT, GROUP_RIGHT = 26, 14
LEGEND = 46


def svg(picture: Picture, theme: Theme = "light") -> str:
    """The picture as a self-contained SVG; `auto` follows the reader's light or dark setting."""
    picture = closed(picture)
    return _Drawing(picture, arrange(picture, groups=True)).document(theme)


@dataclass(slots=True)
class _Zones:
    """The x coordinates where the parts of a layer begin, and where the next layer begins."""

    node: float
    line: float
    split: float
    branch: float
    join: float
    end: float


class _Drawing:
    def __init__(self, picture: Picture, arrangement: Arrangement) -> None:
        self.picture = picture
        self.arrangement = arrangement
        self.labels = line_labels(picture, arrangement, DIGITS)

    @lazy
    def y(self) -> list[float]:
        extents = [self._extent(i) for i in range(len(self.arrangement.items))]
        return [MARGIN + y for y in place(self.arrangement, extents, CLEAR)]

    @lazy
    def zones(self) -> list[_Zones]:
        zones: list[_Zones] = []
        for layer in range(len(self.arrangement.columns) // 2):
            zones.append(self._zones(layer, zones[-1].end if zones else self._left_margin()))
        return zones

    @lazy
    def box(self) -> tuple[float, float]:
        bottoms = [y + self._extent(i)[1] for i, y in enumerate(self.y)]
        legend = MARGIN * 2 + sum(text_width(text, SMALL) + 16 for _, text in self._legend())
        right = self.zones[-1].line if self.zones else 0.0
        return max(right, self._right_of_groups(), legend) + MARGIN, max(bottoms, default=MARGIN) + LEGEND

    # Measures

    def _extent(self, i: int) -> Extent:
        item = self.arrangement.items[i]
        if item.kind == "line":
            return 0, 0
        if item.kind in ("top", "bottom"):
            return (10, 20) if item.kind == "top" else (2, 10)
        above = 20 if self.labels[i].value else 0
        below = 20 if self.labels[i].gradient else 0
        if item.kind == "branch":
            return above, below
        body = RADIUS if self.picture.nodes[i].kind == "operation" else 9
        return max(above, body + (17 if self.picture.nodes[i].name else 0)), max(below, body)

    def _half(self, node: PictureNode) -> float:
        return max(RADIUS, text_width(node.label, SIGN if _is_sign(node) else TEXT) / 2 + 12)

    def _node_width(self, i: int) -> float:
        node = self.picture.nodes[i]
        return (
            2 * self._half(node) if node.kind == "operation" else text_width(node.label, TEXT, bold=True) + 8
        )

    def _zones(self, layer: int, start: float) -> _Zones:
        items = self.arrangement
        nodes = [i for i in items.columns[2 * layer] if items.items[i].kind == "node"]
        line = start + max(map(self._node_width, nodes), default=0)
        last = 2 * layer + 2 == len(items.columns)
        indent = self._group_indent(2 * layer, start, line)
        room = 0 if last and not any(any(self.labels[i]) for i in nodes) else self._line_width(nodes)
        names = [start + text_width(self.picture.nodes[i].name, SMALL) + RADIUS + PAD for i in nodes]
        split = max([line + indent + room, *names])
        branch = split + self._channel(2 * layer, 0)
        branches = [i for i in items.columns[2 * layer + 1] if items.items[i].kind == "branch"]
        join = branch + (self._line_width(branches) if branches else 0)
        return _Zones(start, line + indent, split, branch, join, join + self._channel(2 * layer + 1, STUB))

    def _line_width(self, items: list[int]) -> float:
        widest = max((label_width(self.labels[i]) for i in items), default=0)
        return widest + 2 * PAD if widest else PAD

    def _channel(self, c: int, straight: float) -> float:
        """The width of the channel after column c: wide enough that no line is steep."""
        items = self.arrangement
        if c + 1 == len(items.columns):
            return 0
        climbs = [
            abs(self.y[i] - self.y[j])
            for i in items.columns[c]
            for j in items.after[i]
            if items.items[i].node >= 0
        ]
        entered = any(first == c + 1 for first, _ in items.groups.values())
        least = GROUP_LEFT + 14 if entered else straight
        climb = max(climbs, default=0)
        return max(least, min(CHANNEL[1], CHANNEL[0] + 0.28 * climb)) if climb > 0.5 else least

    def _left_margin(self) -> float:
        return MARGIN + (GROUP_LEFT if any(not first for first, _ in self.arrangement.groups.values()) else 0)

    def _group_indent(self, column: int, start: float, line: float) -> float:
        """Space for the right border of groups that end here, and for the names of narrow groups."""
        ending = [(name, first) for name, (first, last) in self.arrangement.groups.items() if last == column]
        narrow = [text_width(name, SMALL) + 12 - (line - start) for name, first in ending if first == column]
        return GROUP_RIGHT + 4 + max([0, *narrow]) if ending else 0

    def _right_of_groups(self) -> float:
        ends = [self.zones[last // 2].line for _, last in self.arrangement.groups.values()]
        return max(ends, default=0)

    # The document

    def document(self, theme: Theme) -> str:
        width, height = math.ceil(self.box[0]), math.ceil(self.box[1])
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
            f' height="{height}" role="img" class="graphlang">',
            f"<title>{escaped(self.picture.title)}</title>",
            f"<desc>{escaped(self._description())}</desc>",
            f"<style>{style_sheet(theme)}</style>",
            f'<rect class="back" width="{width}" height="{height}" rx="8"/>',
            *self._groups(),
            *self._edges(),
            *self._nodes(),
            *self._legend_texts(height - 18),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _description(self) -> str:
        """The picture in words: inputs and outputs with their values and gradients."""
        numbers = {i: self.labels[i] for i in range(len(self.picture.nodes))}
        outputs = {chain[-1]: self.labels[chain[0]] for chain in self.arrangement.chains}
        sentences = []
        for word, kinds, labels in (
            ("Inputs", ("input", "param"), numbers),
            ("Outputs", ("output",), outputs),
        ):
            ends = [
                _in_words(node.label, labels.get(i, Label()))
                for i, node in enumerate(self.picture.nodes)
                if node.kind in kinds
            ]
            if ends:
                sentences.append(f"{word}: {', '.join(ends)}.")
        return " ".join(["A computational graph.", *sentences])

    def _groups(self) -> list[str]:
        borders: dict[str, list[float]] = {}
        for i, item in enumerate(self.arrangement.items):
            if item.group:
                borders.setdefault(item.group, []).append(self.y[i])
        parts = []
        for name, (first, last) in self.arrangement.groups.items():
            left = self.zones[first // 2].node - GROUP_LEFT
            right = self.zones[last // 2].line - 4
            top, bottom = min(borders[name]), max(borders[name])
            parts.append(
                f'<rect class="group" x="{xy(left)}" y="{xy(top)}" width="{xy(right - left)}"'
                f' height="{xy(bottom - top)}" rx="12"/>'
            )
            parts.append(text_element(left + GROUP_LEFT, top + 16, name, "group-name"))
        return parts

    # Lines

    def _edges(self) -> list[str]:
        parts = []
        for i, node in enumerate(self.picture.nodes):
            if self.arrangement.after[i] or any(self.labels[i]):
                parts += self._trunk(i, node)
        entries = self._entries()
        marks = operand_marks(self.picture, self.arrangement, self.y)
        for edge, chain in enumerate(self.arrangement.chains):
            source, target = self.picture.edges[edge].source, self.picture.edges[edge].target
            parts.append(f'<g class="edge" data-from="{escaped(source)}" data-to="{escaped(target)}">')
            parts += self._path(chain, *entries[edge])
            if self.arrangement.items[chain[1]].kind == "branch":
                zones = self._zones_of(chain[1])
                parts += label_elements(zones.branch, zones.join, self.y[chain[1]], self.labels[chain[1]])
            if edge in marks:
                parts += self._mark(chain[-2], marks[edge])
            parts.append("</g>")
        return parts

    def _zones_of(self, i: int) -> _Zones:
        return self.zones[self.arrangement.items[i].column // 2]

    def _trunk(self, i: int, node: PictureNode) -> list[str]:
        """The line of a value up to where it divides, with its label."""
        zones, y = self._zones_of(i), self.y[i]
        start = self._right_edge(i, node)
        parts = [f'<path class="line" d="M{xy(start)} {xy(y)}H{xy(zones.split)}"/>']
        if len(self.arrangement.after[i]) > 1:
            parts.append(f'<circle class="dot" cx="{xy(zones.split)}" cy="{xy(y)}" r="2.5"/>')
        return parts + label_elements(zones.line, zones.split, y, self.labels[i])

    def _right_edge(self, i: int, node: PictureNode) -> float:
        zones = self._zones_of(i)
        if node.kind == "operation":
            return zones.node + 2 * self._half(node)
        return zones.node + max(map(self._node_width, self._nodes_beside(i)))

    def _nodes_beside(self, i: int) -> list[int]:
        column = self.arrangement.columns[self.arrangement.items[i].column]
        return [j for j in column if self.arrangement.items[j].kind == "node"]

    def _entries(self) -> list[tuple[Point, float]]:
        """For each edge the point where it enters its target, and its angle there.

        An edge from further above enters further up, and likewise below; entries keep a distance.
        """
        into: dict[int, list[int]] = {}
        for edge, chain in enumerate(self.arrangement.chains):
            into.setdefault(chain[-1], []).append(edge)
        entries: list[tuple[Point, float]] = [((0.0, 0.0), 0.0)] * len(self.arrangement.chains)
        for node, edges in into.items():
            edges.sort(key=lambda e: (self.y[self.arrangement.chains[e][-2]], e))
            drops = [self.y[self.arrangement.chains[e][-2]] - self.y[node] for e in edges]
            for edge, angle in zip(
                edges, _spread([max(-50.0, min(50.0, 0.9 * drop)) for drop in drops]), strict=True
            ):
                entries[edge] = self._entry(node, math.radians(angle)), math.radians(angle)
        return entries

    def _entry(self, i: int, angle: float) -> Point:
        node, zones = self.picture.nodes[i], self._zones_of(i)
        if node.kind != "operation":
            return zones.node, self.y[i]
        half = self._half(node)
        return zones.node + RADIUS * (1 - math.cos(angle)) - 1, self.y[i] + min(half, RADIUS) * math.sin(
            angle
        )

    def _path(self, chain: list[int], tip: Point, angle: float) -> list[str]:
        """The path of an edge, from where the value's line divides to the arrow at its target."""
        x, y = self._zones_of(chain[0]).split, self.y[chain[0]]
        d = [f"M{xy(x)} {xy(y)}"]
        for i, after in pairwise(chain[1:]):
            item, zones = self.arrangement.items[i], self._zones_of(i)
            start, end = (zones.branch, zones.join) if item.column % 2 else (zones.node, zones.split)
            d.append(bend(x, y, start, self.y[i]))
            if self.arrangement.items[after].kind == "node":
                # No text is on the line up to here, so it may bend at once.
                end = zones.join if item.column % 2 else zones.split
            if end > start:
                d.append(f"H{xy(end)}")
            x, y = end, self.y[i]
        ux, uy = math.cos(angle), -math.sin(angle)
        foot = tip[0] - (ARROW - 2) * ux, tip[1] - (ARROW - 2) * uy
        if abs(foot[1] - y) < 0.05 and abs(angle) < 0.01:
            d.append(f"H{xy(foot[0])}")
        else:
            reach = (foot[0] - x) * 0.5
            d.append(
                f"C{xy(x + reach)} {xy(y)} {xy(foot[0] - reach * ux)} {xy(foot[1] - reach * uy)}"
                f" {xy(foot[0])} {xy(foot[1])}"
            )
        return [f'<path class="line" d="{"".join(d)}"/>', arrow(tip, ux, uy)]

    def _mark(self, i: int, number: int) -> list[str]:
        """The number of an operand, on the level part of its line."""
        x, y = self._zones_of(i).join + MARK, self.y[i]
        badge = f'<circle class="badge" cx="{xy(x)}" cy="{xy(y)}" r="{MARK}"/>'
        return [badge, text_element(x, y + 3.5, str(number), "mark", "middle")]

    # Nodes

    def _nodes(self) -> list[str]:
        parts = []
        for i, node in enumerate(self.picture.nodes):
            parts.append(f'<g class="node" data-node="{escaped(node.id)}">')
            parts += self._operation(i, node) if node.kind == "operation" else [self._end(i, node)]
            parts.append("</g>")
        return parts

    def _operation(self, i: int, node: PictureNode) -> list[str]:
        x, y, half = self._zones_of(i).node, self.y[i], self._half(node)
        shape = (
            f'<circle class="shape" cx="{xy(x + RADIUS)}" cy="{xy(y)}" r="{RADIUS}"/>'
            if half == RADIUS
            else f'<rect class="shape" x="{xy(x)}" y="{xy(y - RADIUS)}" width="{xy(2 * half)}"'
            f' height="{2 * RADIUS}" rx="{RADIUS}"/>'
        )
        sign = _is_sign(node)
        parts = [
            shape,
            text_element(
                x + half, y + (6 if sign else 4.5), node.label, "sign" if sign else "word", "middle"
            ),
        ]
        if node.name:
            parts.append(text_element(x + RADIUS - 8, y - RADIUS - 7, node.name, "name"))
        return parts

    def _end(self, i: int, node: PictureNode) -> str:
        style = "constant" if node.kind == "constant" else "end"
        if node.kind == "output":
            return text_element(self._zones_of(i).node + 7, self.y[i] + 4.5, node.label, style)
        return text_element(self._right_edge(i, node) - 8, self.y[i] + 4.5, node.label, style, "end")

    # Legend

    def _legend(self) -> list[tuple[str, str]]:
        gradients = any(label.gradient for label in self.labels)
        of = f" of {printable(self.picture.of)}" if self.picture.of else ""
        values = [("legend value", "value →")] if any(label.value for label in self.labels) else []
        marks = operand_marks(self.picture, self.arrangement, self.y)
        order = [("legend", "1, 2: the operands in order")] if marks else []
        return values + ([("legend gradient", f"← gradient{of}")] if gradients else []) + order

    def _legend_texts(self, y: float) -> list[str]:
        parts = []
        x = float(MARGIN)
        for style, text in self._legend():
            parts.append(text_element(x, y, text, style))
            x += text_width(text, SMALL) + 16
        return parts


def _spread(angles: list[float], apart: float = 24.0) -> list[float]:
    """Spreads angles, sorted from above to below, to a least distance; a level line stays level."""
    if len(angles) > 4:
        return [100 * (n / (len(angles) - 1) - 0.5) for n in range(len(angles))]
    spread = list(angles)
    for _ in range(8):
        for n in range(len(spread) - 1):
            lack = max(0.0, apart - (spread[n + 1] - spread[n]))
            upper = 0.0 if not angles[n] else 1.0 if not angles[n + 1] else 0.5
            spread[n] -= upper * lack
            spread[n + 1] += (1 - upper) * lack
    return spread


def _in_words(name: str, label: Label) -> str:
    gradient = f" (gradient {label.gradient})" if label.gradient else ""
    return f"{name} {label.value}{gradient}".strip()


def _is_sign(node: PictureNode) -> bool:
    return len(node.label) == 1 and not node.label.isalnum()
