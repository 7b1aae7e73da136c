"""The labels in a picture: values and gradients on the lines, and numbers for operands out of order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graphlang.draw.layout import Arrangement
from graphlang.draw.numbers import short
from graphlang.draw.picture import Picture, Shown
from graphlang.draw.width import printable

COMMUTATIVE = frozenset("×+·*")


class Label(NamedTuple):
    """The value above a line and the gradient below it."""

    value: str = ""
    gradient: str = ""


def line_labels(picture: Picture, arrangement: Arrangement, digits: int) -> list[Label]:
    """The label of the line that leaves each item.

    A value that is used once has its value and gradient on its line. A value that is used more often has the
    value and the total gradient before its line divides, and each branch has its share of the gradient.
    """
    labels = [Label()] * len(arrangement.items)
    only = {
        chain[0]: edge
        for edge, chain in enumerate(arrangement.chains)
        if len(arrangement.after[chain[0]]) == 1
    }
    for i, node in enumerate(picture.nodes):
        if node.kind == "output":
            continue
        edge = picture.edges[only[i]] if i in only else None
        value = _text(node.value if edge is None or edge.value is None else edge.value, digits)
        gradient = _text(node.gradient if edge is None or edge.gradient is None else edge.gradient, digits)
        labels[i] = Label("" if node.kind == "constant" and value == node.label else value, gradient)
    for edge_, chain in zip(picture.edges, arrangement.chains, strict=True):
        if arrangement.items[chain[1]].kind == "branch":
            value = _text(edge_.value, digits)
            whole = labels[chain[0]].value or picture.nodes[chain[0]].label
            labels[chain[1]] = Label("" if value == whole else value, _text(edge_.gradient, digits))
    return labels


def _text(value: Shown, digits: int) -> str:
    return printable(short(value, digits))


def operand_marks(picture: Picture, arrangement: Arrangement, y: Sequence[float]) -> dict[int, int]:
    """Operand numbers, from 1, for the edges into a node whose operands are drawn out of order.

    Operands are numbered too if a node has other edges besides, as the node of `grad` may have.
    """
    edges_into: dict[int, list[int]] = {}
    for edge, chain in enumerate(arrangement.chains):
        edges_into.setdefault(chain[-1], []).append(edge)
    marks = {}
    for node, edges in edges_into.items():
        edges.sort(key=lambda e: y[arrangement.chains[e][-2]])
        own = [e for e in edges if not picture.edges[e].besides]
        operands = [picture.edges[e].operand for e in own]
        mixed = len(own) > 1 and len(own) < len(edges)
        if (operands != sorted(operands) or mixed) and picture.nodes[node].label not in COMMUTATIVE:
            marks.update({e: picture.edges[e].operand + 1 for e in own})
    return marks
