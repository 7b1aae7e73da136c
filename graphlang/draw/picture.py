"""What a drawing is made from: nodes, and edges with a value that flows and a gradient that comes back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["input", "param", "constant", "operation", "output"]
Value = float | str | None
"""A number is written as short as the drawing needs; a text stands as it is; None is left out."""


@dataclass(frozen=True, slots=True)
class PictureNode:
    """A node: a name at an end of the graph, or an operation with its sign.

    `gradient` is the whole gradient of the value, the sum over everything that uses it.
    `name` is the name the file gives to an operation's result; `group` is the named group it is part of.
    """

    id: str
    label: str
    kind: Kind
    value: Value = None
    gradient: Value = None
    group: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class PictureEdge:
    """An edge into operand `operand` (from 0) of its target; `gradient` comes back along this edge.

    `besides` marks one that is no operand of the text: a layer's parameter, or what a derivative contains.
    """

    source: str
    target: str
    operand: int = 0
    value: Value = None
    gradient: Value = None
    besides: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole drawing; `of` names the value whose gradients are shown."""

    title: str
    nodes: tuple[PictureNode, ...]
    edges: tuple[PictureEdge, ...]
    of: str = ""
    hypers: tuple[str, ...] = ()
    """what the numbers in it may be that the file has a name for, as `rate = 0.1`"""

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(node.id for node in self.nodes).items() if count > 1]
        assert not twice, f"nodes with one id: {twice}"
        known = {node.id for node in self.nodes}
        loose = [edge for edge in self.edges if edge.source not in known or edge.target not in known]
        assert not loose, f"edges without a node at an end: {loose}"


def closed(picture: Picture) -> Picture:
    """The same picture, where every result leaves it through an output, which then bears the name.

    So does the value whose gradients are shown: there they come in.
    """
    used = {edge.source for edge in picture.edges}
    ids = {node.id: node for node in picture.nodes}
    ends = {
        (edge.source, ids[edge.target].label) for edge in picture.edges if ids[edge.target].kind == "output"
    }
    nodes: list[PictureNode] = []
    outputs: list[PictureNode] = []
    edges = list(picture.edges)
    for node in picture.nodes:
        if node.kind != "operation" or (node.id in used and node.id != picture.of):
            nodes.append(replace(node, name="") if (node.id, node.name) in ends else node)
            continue
        end = f"{node.id} out"
        while end in ids:
            end += "'"
        nodes.append(replace(node, name=""))
        outputs.append(PictureNode(end, node.name, "output", node.value, node.gradient))
        edges.append(PictureEdge(node.id, end, 0, node.value, node.gradient))
    return replace(picture, nodes=(*nodes, *outputs), edges=tuple(edges))
