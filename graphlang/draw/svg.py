"""A graph as one SVG image in the style of the book's figures: values above the lines, gradients below."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal
from xml.sax.saxutils import escape

from graphlang.draw.labels import Label, line_labels, operand_marks
from graphlang.draw.layout import Arrangement, Extent, arrange, place
from graphlang.draw.picture import Picture, PictureNode, closed
from graphlang.draw.width import character_width, printable

Theme = Literal["light", "dark", "auto"]
Point = tuple[float, float]

DIGITS = 6
TEXT, SIGN, SMALL = 13, 17, 11.5
RADIUS = 18
MARGIN = 28
PAD = 9
"""Between a number and the ends of its straight line."""
CLEAR = 16
ARROW, STUB = 9, 26
MARK = 6.5
CHANNEL = (46, 150)
GROUP_LEFT, GROUP_RIGHT = 26, 14
LEGEND = 46

PALETTES = {
    "light": {
        "back": "#ffffff",
        "ink": "#1c1917",
        "line": "#57534e",
        "node": "#f5f5f4",
        "value": "#1d4ed8",
        "gradient": "#c2410c",
        "group": "#a8a29e",
        "quiet": "#78716c",
    },
    "dark": {
        "back": "#0d1117",
        "ink": "#e6edf3",
        "line": "#9aa4af",
        "node": "#1c2330",
        "value": "#79b8ff",
        "gradient": "#ffa657",
        "group": "#6e7681",
        "quiet": "#8b949e",
    },
}
FONTS = (
    "Inter,'Segoe UI','Helvetica Neue',Arial,'DejaVu Sans','Noto Sans','Noto Sans CJK KR',"
    "'Apple SD Gothic Neo','Malgun Gothic',sans-serif"
)


def svg(picture: Picture, theme: Theme = "light") -> str:
    """The picture as a self-contained SVG; `auto` follows the reader's light or dark setting."""
    picture = closed(picture)
    return _Drawing(picture, arrange(picture, groups=True)).document(theme)


@dataclass(slots=True)
class _Zones:
    """Where the parts of a layer begin, from left to right, and where the next layer begins."""

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

    @cached_property
    def y(self) -> list[float]:
        extents = [self._extent(i) for i in range(len(self.arrangement.items))]
        return [MARGIN + y for y in place(self.arrangement, extents, CLEAR)]

    @cached_property
    def zones(self) -> list[_Zones]:
        zones: list[_Zones] = []
        for layer in range(len(self.arrangement.columns) // 2):
            zones.append(self._zones(layer, zones[-1].end if zones else self._left_margin()))
        return zones

    @cached_property
    def box(self) -> tuple[float, float]:
        bottoms = [y + self._extent(i)[1] for i, y in enumerate(self.y)]
        legend = MARGIN * 2 + sum(_text_width(text, SMALL) + 16 for _, text in self._legend())
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
        return max(RADIUS, _text_width(node.label, SIGN if _is_sign(node) else TEXT) / 2 + 12)

    def _node_width(self, i: int) -> float:
        node = self.picture.nodes[i]
        return (
            2 * self._half(node) if node.kind == "operation" else _text_width(node.label, TEXT, bold=True) + 8
        )

    def _zones(self, layer: int, start: float) -> _Zones:
        items = self.arrangement
        nodes = [i for i in items.columns[2 * layer] if items.items[i].kind == "node"]
        line = start + max(map(self._node_width, nodes), default=0)
        last = 2 * layer + 2 == len(items.columns)
        indent = self._group_indent(2 * layer, start, line)
        room = 0 if last and not any(any(self.labels[i]) for i in nodes) else self._line_width(nodes)
        names = [start + _text_width(self.picture.nodes[i].name, SMALL) + RADIUS + PAD for i in nodes]
        split = max([line + indent + room, *names])
        branch = split + self._channel(2 * layer, 0)
        branches = [i for i in items.columns[2 * layer + 1] if items.items[i].kind == "branch"]
        join = branch + (self._line_width(branches) if branches else 0)
        return _Zones(start, line + indent, split, branch, join, join + self._channel(2 * layer + 1, STUB))

    def _line_width(self, items: list[int]) -> float:
        widest = max((_label_width(self.labels[i]) for i in items), default=0)
        return widest + 2 * PAD if widest else PAD

    def _channel(self, c: int, straight: float) -> float:
        """Wide enough that no line has to climb steeply."""
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
        """Room for the right border of groups that end here, and for the names of those that are narrow."""
        ending = [(name, first) for name, (first, last) in self.arrangement.groups.items() if last == column]
        narrow = [_text_width(name, SMALL) + 12 - (line - start) for name, first in ending if first == column]
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
            f"<title>{_escaped(self.picture.title)}</title>",
            f"<desc>{_escaped(self._description())}</desc>",
            f"<style>{_style(theme)}</style>",
            f'<rect class="back" width="{width}" height="{height}" rx="8"/>',
            *self._groups(),
            *self._edges(),
            *self._nodes(),
            *self._legend_texts(height - 18),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _description(self) -> str:
        """The picture in words: what goes in and what comes out, with values and gradients."""
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
                f'<rect class="group" x="{_n(left)}" y="{_n(top)}" width="{_n(right - left)}"'
                f' height="{_n(bottom - top)}" rx="12"/>'
            )
            parts.append(_text(left + GROUP_LEFT, top + 16, name, "group-name"))
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
            parts.append(f'<g class="edge" data-from="{_escaped(source)}" data-to="{_escaped(target)}">')
            parts += self._path(chain, *entries[edge])
            if self.arrangement.items[chain[1]].kind == "branch":
                zones = self._zones_of(chain[1])
                parts += _label(zones.branch, zones.join, self.y[chain[1]], self.labels[chain[1]])
            if edge in marks:
                parts += self._mark(chain[-2], marks[edge])
            parts.append("</g>")
        return parts

    def _zones_of(self, i: int) -> _Zones:
        return self.zones[self.arrangement.items[i].column // 2]

    def _trunk(self, i: int, node: PictureNode) -> list[str]:
        """The line of a value until it divides, with its numbers."""
        zones, y = self._zones_of(i), self.y[i]
        start = self._right_edge(i, node)
        parts = [f'<path class="line" d="M{_n(start)} {_n(y)}H{_n(zones.split)}"/>']
        if len(self.arrangement.after[i]) > 1:
            parts.append(f'<circle class="dot" cx="{_n(zones.split)}" cy="{_n(y)}" r="2.5"/>')
        return parts + _label(zones.line, zones.split, y, self.labels[i])

    def _right_edge(self, i: int, node: PictureNode) -> float:
        zones = self._zones_of(i)
        if node.kind == "operation":
            return zones.node + 2 * self._half(node)
        return zones.node + max(map(self._node_width, self._nodes_beside(i)))

    def _nodes_beside(self, i: int) -> list[int]:
        column = self.arrangement.columns[self.arrangement.items[i].column]
        return [j for j in column if self.arrangement.items[j].kind == "node"]

    def _entries(self) -> list[tuple[Point, float]]:
        """For each edge the point where it enters its target, and the angle at which it rises there.

        The further above or below it comes from, the further up or down it enters; no two close together.
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
        """From where the value divides along all places that the edge passes to the arrow at its target."""
        x, y = self._zones_of(chain[0]).split, self.y[chain[0]]
        d = [f"M{_n(x)} {_n(y)}"]
        for i, after in pairwise(chain[1:]):
            item, zones = self.arrangement.items[i], self._zones_of(i)
            start, end = (zones.branch, zones.join) if item.column % 2 else (zones.node, zones.split)
            d.append(_bend(x, y, start, self.y[i]))
            if self.arrangement.items[after].kind == "node":
                # Nothing else is level with the line until here, so it may begin to turn at once.
                end = zones.join if item.column % 2 else zones.split
            if end > start:
                d.append(f"H{_n(end)}")
            x, y = end, self.y[i]
        ux, uy = math.cos(angle), -math.sin(angle)
        foot = tip[0] - (ARROW - 2) * ux, tip[1] - (ARROW - 2) * uy
        if abs(foot[1] - y) < 0.05 and abs(angle) < 0.01:
            d.append(f"H{_n(foot[0])}")
        else:
            reach = (foot[0] - x) * 0.5
            d.append(
                f"C{_n(x + reach)} {_n(y)} {_n(foot[0] - reach * ux)} {_n(foot[1] - reach * uy)}"
                f" {_n(foot[0])} {_n(foot[1])}"
            )
        return [f'<path class="line" d="{"".join(d)}"/>', _arrow(tip, ux, uy)]

    def _mark(self, i: int, number: int) -> list[str]:
        """On the line itself, where it is still level."""
        x, y = self._zones_of(i).join + MARK, self.y[i]
        badge = f'<circle class="badge" cx="{_n(x)}" cy="{_n(y)}" r="{MARK}"/>'
        return [badge, _text(x, y + 3.5, str(number), "mark", "middle")]

    # Nodes

    def _nodes(self) -> list[str]:
        parts = []
        for i, node in enumerate(self.picture.nodes):
            parts.append(f'<g class="node" data-node="{_escaped(node.id)}">')
            parts += self._operation(i, node) if node.kind == "operation" else [self._end(i, node)]
            parts.append("</g>")
        return parts

    def _operation(self, i: int, node: PictureNode) -> list[str]:
        x, y, half = self._zones_of(i).node, self.y[i], self._half(node)
        shape = (
            f'<circle class="shape" cx="{_n(x + RADIUS)}" cy="{_n(y)}" r="{RADIUS}"/>'
            if half == RADIUS
            else f'<rect class="shape" x="{_n(x)}" y="{_n(y - RADIUS)}" width="{_n(2 * half)}"'
            f' height="{2 * RADIUS}" rx="{RADIUS}"/>'
        )
        sign = _is_sign(node)
        parts = [
            shape,
            _text(x + half, y + (6 if sign else 4.5), node.label, "sign" if sign else "word", "middle"),
        ]
        if node.name:
            parts.append(_text(x + RADIUS - 8, y - RADIUS - 7, node.name, "name"))
        return parts

    def _end(self, i: int, node: PictureNode) -> str:
        style = "constant" if node.kind == "constant" else "end"
        if node.kind == "output":
            return _text(self._zones_of(i).node + 7, self.y[i] + 4.5, node.label, style)
        return _text(self._right_edge(i, node) - 8, self.y[i] + 4.5, node.label, style, "end")

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
            parts.append(_text(x, y, text, style))
            x += _text_width(text, SMALL) + 16
        return parts


def _spread(angles: list[float], apart: float = 24.0) -> list[float]:
    """The angles, from above to below, pushed apart where they are too close; a level line stays level."""
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


def _bend(x: float, y: float, to_x: float, to_y: float) -> str:
    if abs(to_y - y) < 0.05:
        return f"H{_n(to_x)}" if to_x > x else ""
    middle = (x + to_x) / 2
    return f"C{_n(middle)} {_n(y)} {_n(middle)} {_n(to_y)} {_n(to_x)} {_n(to_y)}"


def _arrow(tip: Point, ux: float, uy: float) -> str:
    x, y = tip
    foot_x, foot_y = x - ARROW * ux, y - ARROW * uy
    left = foot_x + 3.6 * uy, foot_y - 3.6 * ux
    right = foot_x - 3.6 * uy, foot_y + 3.6 * ux
    points = "L".join(f"{_n(px)} {_n(py)}" for px, py in (tip, left, right))
    return f'<path class="arrow" d="M{points}Z"/>'


def _label(start: float, end: float, y: float, label: Label) -> list[str]:
    middle = (start + end) / 2
    parts = []
    if label.value:
        parts.append(_text(middle, y - 6, label.value, "value", "middle"))
    if label.gradient:
        parts.append(_text(middle, y + 16, f"← {label.gradient}", "gradient", "middle"))
    return parts


def _text(x: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{style}" x="{_n(x)}" y="{_n(y)}"{at}>{_escaped(text)}</text>'


def _in_words(name: str, label: Label) -> str:
    gradient = f" (gradient {label.gradient})" if label.gradient else ""
    return f"{name} {label.value}{gradient}".strip()


def _is_sign(node: PictureNode) -> bool:
    return len(node.label) == 1 and not node.label.isalnum()


def _label_width(label: Label) -> float:
    return max(
        _text_width(label.value, TEXT), _text_width(f"← {label.gradient}", TEXT) if label.gradient else 0
    )


def _text_width(text: str, size: float, bold: bool = False) -> float:
    """An upper estimate that holds for the common sans-serif fonts."""
    return size * (1.06 if bold else 1.0) * sum(map(_em, text))


def _em(character: str) -> float:
    if character_width(character) != 1:
        return 1.0 if character_width(character) else 0.0
    if character in "ijl.,:;|!'() []":
        return 0.38
    return 0.9 if character in "mwMW@←→" else 0.72 if character.isupper() else 0.63


def _style(theme: Theme) -> str:
    sizes = (
        f".graphlang text{{font:{TEXT}px {FONTS}}}"
        ".graphlang .line{fill:none;stroke-width:1.4;stroke-linecap:round}"
        ".graphlang .shape{stroke-width:1.4}"
        ".graphlang .group{fill:none;stroke-width:1.2;stroke-dasharray:5 4}"
        f".graphlang .sign{{font-size:{SIGN}px}}"
        ".graphlang .end{font-weight:600}"
        f".graphlang .name,.graphlang .group-name,.graphlang .legend{{font-size:{SMALL}px}}"
        ".graphlang .mark{font-size:10px}"
        ".graphlang .gradient{font-style:italic}"
    )
    if theme == "auto":
        return f"{sizes}{_colors('light')}@media (prefers-color-scheme:dark){{{_colors('dark')}}}"
    return sizes + _colors(theme)


def _colors(theme: str) -> str:
    palette = PALETTES[theme]
    fills = {
        ".back,.graphlang .badge": "back",
        "text": "ink",
        ".name": "quiet",
        ".mark": "ink",
        ".group-name": "quiet",
        ".value": "value",
        ".gradient": "gradient",
        ".arrow": "line",
        ".dot": "line",
    }
    strokes = {".line": "line", ".group": "group"}
    rules = [f".graphlang {what}{{fill:{palette[color]}}}" for what, color in fills.items()]
    rules += [f".graphlang {what}{{stroke:{palette[color]}}}" for what, color in strokes.items()]
    rules.append(f".graphlang .shape{{fill:{palette['node']};stroke:{palette['line']}}}")
    return "".join(rules)


def _n(number: float) -> str:
    """A coordinate to a tenth, so that a picture is the same on every machine."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _escaped(text: str) -> str:
    return escape(printable(text), {'"': "&quot;"})
