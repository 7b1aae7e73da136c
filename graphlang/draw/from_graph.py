"""Builds the picture of a run, with every value and the gradient along every edge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphlang.draw.numbers import short
from graphlang.draw.picture import NodeKind, Picture, PictureEdge, PictureNode
from graphlang.engine.result import plain
from graphlang.spec.network import Node, Ref
from graphlang.syntax.operators import BY_FUNCTION

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.engine.forward import Forward
    from graphlang.engine.model import Model
    from graphlang.engine.parts import Part
    from graphlang.engine.result import Result


class NodeUse(NamedTuple):
    """Something that a node is computed from: a value of the graph, or a constant."""

    source: int | None
    """the number of the value; None for a constant"""
    constant: Any
    place: int | str | None
    """as in a `Part`"""
    position: int
    """where its edge enters the node, from the top"""


def drawable(graph: Graph | Model, result: Result) -> list[str]:
    """The values to draw, in order: the outputs, the value that backward starts from, and their ancestors.

    Empty if one of them is not a scalar.
    """
    names = leading_to(graph, (*graph.outputs, *filter(None, [result.of])))
    return [] if any(np.ndim(result[name]) for name in names) else names


def leading_to(graph: Graph | Model, ends: Iterable[str]) -> list[str]:
    """The values `ends` and all that they depend on, in order."""
    network = graph.network
    needed = network.ancestors([network.numbers[name] for name in ends])
    return [name for number, name in enumerate(network.names) if needed[number]]


def picture(graph: Graph | Model, forward: Forward, result: Result, names: list[str]) -> Picture:
    """The picture of the values `names`."""
    drawing = _Drawing(graph, forward, result, names)
    for name in names:
        drawing.add(name)
    nodes, spec = drawing.nodes, graph.spec
    title = spec.doc.partition("\n")[0] or graph.file or ""
    constants = {n.value for n in nodes if n.kind == "constant" and not isinstance(n.value, str)}
    hypers = {n: v for n, v in spec.hypers.items() if isinstance(v, int | float) and v in constants}
    named = tuple(f"{name} = {short(value)}" for name, value in hypers.items())
    return Picture(title, tuple(nodes), tuple(drawing.edges), result.of or "", named)


class NodeUses:
    """What every node of a run is computed from, and what a gradient passes back along each edge."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.part_of = {(p.source, p.target, p.place): p.gradient for p in parts}
        self._beside: dict[int, list[int]] = defaultdict(list)
        for part in parts:
            if part.place is None:
                self._beside[part.target].append(part.source)

    def of(self, node: Node) -> Iterator[NodeUse]:
        """The operands in order, then parameters, then what else a `grad` depends on."""
        for position, operand in enumerate(node.operands):
            if type(operand) is Ref:
                yield NodeUse(operand.number, None, position, position)
            elif operand is not None:
                yield NodeUse(None, operand, position, position)
        others: list[tuple[int, str | None]] = [(number, role) for role, number in node.own.items()]
        others += [(number, None) for number in self._beside.get(node.number, ())]
        for position, (number, place) in enumerate(others, len(node.operands)):
            yield NodeUse(number, None, place, position)


class _Drawing:
    """The nodes and edges of a picture, value by value."""

    def __init__(self, graph: Graph | Model, forward: Forward, result: Result, names: list[str]) -> None:
        self.network = network = graph.network
        self.result = result
        reached = network.ancestors([] if result.of is None else [network.numbers[result.of]])
        self.gradients = {
            name: result.grad[name]
            for name in names
            if reached[network.numbers[name]] and forward.is_float(name)
        }
        self.uses = NodeUses(forward.parts(result) if result.of is not None else [])
        self.nodes: list[PictureNode] = []
        self.edges: list[PictureEdge] = []

    def add(self, name: str) -> None:
        """Adds a value, and the edges into it."""
        network, value, gradient = self.network, self.result[name], self.gradients.get(name)
        number = network.numbers[name]
        if number < network.first_node:
            kind: NodeKind = "input" if name in network.inputs else "param"
            self.nodes.append(PictureNode(name, name, kind, value, gradient))
            return
        node = network.nodes[number - network.first_node]
        if node.spec.operation == "constant":
            text = name if node.spec.named else short(value)
            self.nodes.append(PictureNode(name, text, "constant", value, gradient))
            return
        label, hidden = sign_of(node)
        self._add_operands(node, hidden)
        shown = name if node.spec.named else ""
        self.nodes.append(PictureNode(name, label, "operation", value, gradient, node.spec.group, shown))

    def _add_operands(self, node: Node, hidden: int | None) -> None:
        """Adds the edges into a node, and its constant operands."""
        for use in self.uses.of(node):
            if use.source is not None:
                self._add_edge(use.source, node, use)
            elif use.position != hidden:
                self._add_constant(use.constant, node, use.position)

    def _add_constant(self, constant: Any, node: Node, position: int) -> None:
        source, group = f"{node.name} constant {position}", node.spec.group
        self.nodes.append(PictureNode(source, short(constant), "constant", constant, group=group))
        self.edges.append(PictureEdge(source, node.name, position, constant))

    def _add_edge(self, number: int, node: Node, use: NodeUse) -> None:
        source = self.network.names[number]
        flows = source in self.gradients and node.name in self.gradients
        part = self.uses.part_of.get((number, node.number, use.place), 0.0)
        besides = not isinstance(use.place, int)
        self.edges.append(
            PictureEdge(
                source, node.name, use.position, self.result[source], plain(part) if flows else None, besides
            )
        )


def sign_of(node: Node) -> tuple[str, int | None]:
    """The sign of an operation, and the position of a constant operand that is part of the sign."""
    name, operands = node.spec.operation, node.operands
    if name == "power" and type(operands[1]) in (int, float):
        return f"**{short(operands[1])}", 1
    if name == "divide" and type(operands[0]) in (int, float) and operands[0] == 1:
        return "1/x", 0
    row = BY_FUNCTION.get(name)
    return (row and row.sign) or name, None
