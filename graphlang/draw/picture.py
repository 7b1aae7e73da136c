"""The data of a drawing: nodes, and edges with a value going forward and a gradient coming back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

NodeKind = Literal["input", "param", "constant", "operation", "output"]
Shown = float | str | None
"""A number is rounded for the drawing, a text is kept as it is, None is left out."""


@dataclass(frozen=True, slots=True)
class PictureNode:
    """A node: a name at an end of the graph, or an operation with its sign.

    `gradient` is the total gradient of the value, summed over all its uses. `name` is the name of an
    operation's result in the file; `group` is the named group that it belongs to.
    """

    id: str
    label: str
    kind: NodeKind
    value: Shown = None
    gradient: Shown = None
    group: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class PictureEdge:
    """An edge into operand `operand` (from 0) of its target, with the gradient that comes back along it.

    `besides` marks an edge that is not an operand in the text: a parameter of a layer, or a value that a
    derivative contains.
    """

    source: str
    target: str
    operand: int = 0
    value: Shown = None
    gradient: Shown = None
    besides: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole drawing; `of` names the value whose gradients are shown."""

    title: str
    nodes: tuple[PictureNode, ...]
    edges: tuple[PictureEdge, ...]
    of: str = ""
    hypers: tuple[str, ...] = ()
    """names of numbers in the picture, as `rate = 0.1`"""

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(node.id for node in self.nodes).items() if count > 1]
        assert not twice, f"nodes with one id: {twice}"
        ids = {node.id for node in self.nodes}
        loose = [edge for edge in self.edges if edge.source not in ids or edge.target not in ids]
        assert not loose, f"edges without a node at an end: {loose}"


def closed(picture: Picture) -> Picture:
    """The picture with an output node after every result; the output has the result's name.

    The value whose gradients are shown gets one too, where the gradient enters.
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
