"""Draws a graph in characters, as in the book: values above the lines, gradients below."""

from __future__ import annotations

import math
from dataclasses import dataclass

from graphlang.draw import canvas as cells
from graphlang.draw.canvas import Canvas
from graphlang.draw.channel import Channel, Net, Vertical, route
from graphlang.draw.layout import Arrangement, arrange, place
from graphlang.draw.line_labels import Label, line_labels, operand_marks
from graphlang.draw.numbers import DIGITS
from graphlang.draw.picture import Picture, PictureNode, closed
from graphlang.draw.prose import hanging
from graphlang.draw.width import printable, width
from graphlang.lazy import lazy

MOST_NODES = 60
"""The most nodes in a picture; more are easier to read in a table."""
FEWER_DIGITS = (DIGITS, 6, 4)
ROOMY = (3, 2, 1)
STYLES = {
    "node": "1",
    "end": "1",
    "constant": "",
    "name": "3",
    "line": "2",
    "value": "36",
    "gradient": "35",
    "note": "2",
}
ASCII_SIGNS = str.maketrans({"×": "*", "·": "*", "−": "-", "÷": "/", "²": "^2", "√": "sqrt"})
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def terminal(picture: Picture, width: int, color: bool, unicode: bool = True) -> str:
    """The picture as text, as spacious as the width allows; it exceeds the width only if `fits` is False."""
    drawing = _roomiest(picture, width, unicode)
    lines = drawing.canvas.lines(STYLES, color, unicode)
    legend = [_painted(line, color) for line in _legend(picture, width)]
    legend += [_painted([("note", line)], color) for line in drawing.remarks(width)]
    return "\n".join([*lines, "", *legend])


def fits(picture: Picture, width: int) -> bool:
    """Whether the picture fits the width and is small enough to be read."""
    return 0 < len(picture.nodes) <= MOST_NODES and least_width(picture, width) <= width


def least_width(picture: Picture, most: int = 0) -> int:
    """The least width of the picture, or some width that is at most `most`."""
    return max(_roomiest(picture, most, True).width, *map(_length, _legend(picture, most)))


Texts = list[tuple[str, str]]


def _legend(picture: Picture, width: int) -> list[Texts]:
    """The legend as styles and texts, on one line if it fits, else on two."""
    values = [("value", "values"), ("note", " above the lines")]
    gradients_of = [node.gradient for node in picture.nodes] + [edge.gradient for edge in picture.edges]
    if all(gradient is None for gradient in gradients_of):
        return [values]
    of = f" of {printable(picture.of)}" if picture.of else ""
    gradients = [("gradient", "gradients"), ("note", f"{of} below")]
    one_line = [*values, ("note", ", "), *gradients]
    return [one_line] if _length(one_line) <= width else [values, gradients]


def _length(texts: Texts) -> int:
    return sum(width(text) for _, text in texts)


def _painted(texts: Texts, color: bool) -> str:
    return "".join(f"\x1b[{STYLES[style]}m{text}\x1b[0m" if color else text for style, text in texts)


def _roomiest(picture: Picture, width: int, unicode: bool) -> _Drawing:
    picture = closed(picture)
    arrangement = arrange(picture)
    for digits in FEWER_DIGITS:
        for room in ROOMY:
            drawing = _Drawing(picture, arrangement, digits, room, unicode)
            if drawing.width <= width:
                return drawing
    return drawing


@dataclass(slots=True)
class _Zones:
    """The columns where the parts of a layer begin (arrows, nodes, lines, ...), and its end."""

    arrow: int
    node: int
    line: int
    split: int
    branch: int
    join: int
    end: int


class _Drawing:
    """A picture laid out with a given number of digits, and of columns around each number."""

    def __init__(
        self, picture: Picture, arrangement: Arrangement, digits: int, room: int, unicode: bool
    ) -> None:
        self.picture = picture
        self.arrangement = arrangement
        self.room = room
        self.unicode = unicode
        self.labels = line_labels(picture, arrangement, digits)
        self.texts = [self._node_text(node) for node in picture.nodes]

    @lazy
    def rows(self) -> list[int]:
        """The rows of the items; half rows are all rounded in the same direction, which keeps distances."""
        extents = [self._extent(i) for i in range(len(self.labels))]
        return [math.floor(y + 0.5) for y in place(self.arrangement, extents, 1 + 1)]

    @lazy
    def channels(self) -> list[Channel]:
        """The routing between each column and the next; lines divide early and join late."""
        return [route(nets, flush_right=c % 2 == 1) for c, nets in enumerate(self.nets)]

    @lazy
    def nets(self) -> list[list[Net]]:
        return [self._nets(c) for c in range(len(self.arrangement.columns))]

    @lazy
    def zones(self) -> list[_Zones]:
        zones: list[_Zones] = []
        for layer in range(len(self.arrangement.columns) // 2):
            zones.append(self._zones(layer, zones[-1].end if zones else 0))
        return zones

    @lazy
    def width(self) -> int:
        return self.zones[-1].line if self.zones else 0

    @lazy
    def canvas(self) -> Canvas:
        canvas = Canvas()
        for c, column in enumerate(self.arrangement.columns):
            for i in column:
                if c % 2:
                    self._draw_branch(canvas, i)
                elif self.arrangement.items[i].kind == "node":
                    self._draw_node(canvas, i)
                else:
                    self._draw_passing(canvas, i)
            self._draw_channel(canvas, c)
        self._draw_marks(canvas)
        return canvas

    def remarks(self, width_: int) -> list[str]:
        """Remarks on the picture, wrapped to the width."""
        remarks = []
        if operand_marks(self.picture, self.arrangement, self.rows):
            marks = "1 2".translate(SUPERSCRIPTS) if self.unicode else "1 2"
            remarks.append(f"{marks} number the operands")
        if any(edge.besides and self._is_grad(edge.target) for edge in self.picture.edges):
            remarks.append("lines into grad without a number: what the derivative contains")
        if self.picture.hypers:
            remarks.append(f"hyper {printable(', '.join(self.picture.hypers))}")
        return [line for text in remarks for line in hanging(text, width_, "  ")]

    def _is_grad(self, target: str) -> bool:
        return any(node.id == target and node.label == "grad" for node in self.picture.nodes)

    # Measures

    def _node_text(self, node: PictureNode) -> str:
        label = printable(node.label)
        if node.kind == "operation":
            return f"({label})" if self.unicode else f"({label.translate(ASCII_SIGNS)})"
        return f" {label}" if node.kind == "output" else f"{label} "

    def _extent(self, i: int) -> tuple[int, int]:
        label = self.labels[i]
        return bool(label.value) + bool(self._name(i)), int(bool(label.gradient))

    def _name(self, i: int) -> str:
        return printable(self.picture.nodes[i].name) if self.arrangement.items[i].kind == "node" else ""

    def _nets(self, column: int) -> list[Net]:
        """The nets after a column: one per source where values divide, one per target where operands join."""
        items, rows = self.arrangement, self.rows
        if column + 1 == len(items.columns):
            return []
        if column % 2:
            joins = [(items.before[j], [j]) for j in items.columns[column + 1] if items.before[j]]
        else:
            joins = [([i], items.after[i]) for i in items.columns[column] if items.after[i]]
        return [Net(tuple(sorted(rows[i] for i in a)), tuple(sorted(rows[j] for j in b))) for a, b in joins]

    def _zones(self, layer: int, start: int) -> _Zones:
        items = self.arrangement
        nodes = [i for i in items.columns[2 * layer] if items.items[i].kind == "node"]
        arrow = min(self.room, 2) if any(items.before[i] for i in nodes) else 0
        node_width = max((width(self.texts[i]) for i in nodes), default=0)
        node = start + arrow
        line = node + node_width
        last = 2 * layer + 2 == len(items.columns)
        line_width = 0 if last and not any(any(self.labels[i]) for i in nodes) else self._line_width(nodes)
        names = [
            self._node_column(node, node_width, i) + width(self._name(i)) + 1 for i in nodes if self._name(i)
        ]
        split = max([line + line_width, *names])
        branch = split + max(0, 2 * self.channels[2 * layer].tracks - 1)
        branches = [i for i in items.columns[2 * layer + 1] if items.items[i].kind == "branch"]
        join = branch + (self._line_width(branches) if branches else 0)
        end = join + max(0, 2 * self.channels[2 * layer + 1].tracks - 1)
        return _Zones(arrow=start, node=node, line=line, split=split, branch=branch, join=join, end=end)

    def _line_width(self, items: list[int]) -> int:
        widest = max((max(map(width, self.labels[i])) for i in items), default=0)
        return widest + 2 * self.room if widest else 2

    def _node_column(self, start: int, size: int, i: int) -> int:
        """The column where a node starts: operations are centred, names are next to their lines."""
        spare = size - width(self.texts[i])
        kind = self.picture.nodes[i].kind
        return start + (spare // 2 if kind == "operation" else 0 if kind == "output" else spare)

    # Drawing

    def _draw_node(self, canvas: Canvas, i: int) -> None:
        zones, row, node = (
            self.zones[self.arrangement.items[i].column // 2],
            self.rows[i],
            self.picture.nodes[i],
        )
        column = self._node_column(zones.node, zones.line - zones.node, i)
        style = "node" if node.kind == "operation" else "constant" if node.kind == "constant" else "end"
        canvas.text(row, column, self.texts[i], style)
        if self.arrangement.before[i]:
            canvas.horizontal(row, zones.arrow, column - 2, ("item", i))
            canvas.text(row, column - 1, "▶" if self.unicode else ">", "line")
        if self.arrangement.after[i] or any(self.labels[i]):
            canvas.horizontal(row, column + width(self.texts[i]), zones.split - 1, ("item", i))
        self._draw_label(canvas, row, zones.line, zones.split, self.labels[i])
        if self._name(i):
            canvas.text(row - 1 - bool(self.labels[i].value), column, self._name(i), "name")

    def _draw_branch(self, canvas: Canvas, i: int) -> None:
        zones, row = self.zones[self.arrangement.items[i].column // 2], self.rows[i]
        canvas.horizontal(row, zones.branch, zones.join - 1, ("item", i))
        self._draw_label(canvas, row, zones.branch, zones.join, self.labels[i])

    def _draw_passing(self, canvas: Canvas, i: int) -> None:
        zones = self.zones[self.arrangement.items[i].column // 2]
        canvas.horizontal(self.rows[i], zones.arrow, zones.split - 1, ("item", i))

    def _draw_label(self, canvas: Canvas, row: int, start: int, end: int, label: Label) -> None:
        for text, style, at in ((label.value, "value", row - 1), (label.gradient, "gradient", row + 1)):
            canvas.text(at, start + (end - start - width(text)) // 2, text, style)

    def _draw_channel(self, canvas: Canvas, c: int) -> None:
        start, end = self._channel_ends(c)
        channel, nets = self.channels[c], self.nets[c]
        for net, row in channel.straight:
            canvas.horizontal(row, start, end - 1, (c, net))
        for track, vertical in channel.verticals:
            column, owner = start + 2 * track, (c, vertical.net)
            canvas.vertical(column, *vertical.rows, owner)
            for row in vertical.lefts:
                canvas.stroke(row, column, cells.LEFT, owner)
                if row in nets[vertical.net].lefts:
                    canvas.horizontal(row, start, column - 1, owner)
            for row in vertical.rights:
                canvas.stroke(row, column, cells.RIGHT, owner)
                inner = _partner(channel, vertical, row) if row not in nets[vertical.net].rights else None
                canvas.horizontal(row, column + 1, end - 1 if inner is None else start + 2 * inner - 1, owner)

    def _channel_ends(self, c: int) -> tuple[int, int]:
        zones = self.zones[c // 2]
        return (zones.join, zones.end) if c % 2 else (zones.split, zones.branch)

    def _draw_marks(self, canvas: Canvas) -> None:
        """Draws the numbers of operands out of order, each just before its line joins the others."""
        for edge, number in operand_marks(self.picture, self.arrangement, self.rows).items():
            chain = self.arrangement.chains[edge]
            c = self.arrangement.items[chain[-1]].column - 1
            row, start = self.rows[chain[-2]], self._channel_ends(c)[0]
            track = next(
                t
                for t, v in self.channels[c].verticals
                if row in v.lefts and row in self.nets[c][v.net].lefts
            )
            mark = str(number).translate(SUPERSCRIPTS) if self.unicode else str(number)
            canvas.text(row, start + 2 * track - len(mark), mark, "node")


def _partner(channel: Channel, vertical: Vertical, row: int) -> int:
    """The track of the second vertical of a net that has two."""
    return next(track for track, v in channel.verticals if v.net == vertical.net and row in v.lefts)
