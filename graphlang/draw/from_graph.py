"""The picture of a run: what leads to the outputs, every value, and the gradient along every edge."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from graphlang.draw.numbers import short
from graphlang.draw.picture import Kind, Picture, PictureEdge, PictureNode
from graphlang.engine.result import plain
from graphlang.spec.network import Node, Ref
from graphlang.syntax.operators import BY_FUNCTION

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.engine.forward import Forward
    from graphlang.engine.result import Result


def drawable(graph: Graph, result: Result) -> list[str]:
    """The values to draw, in order: all that the outputs and the start of backward depend on.

    Empty where one of them is no scalar.
    """
    names = leading_to(graph, (*graph.outputs, *filter(None, [result.of])))
    return [] if any(np.ndim(result[name]) for name in names) else names


def leading_to(graph: Graph, ends: Iterable[str]) -> list[str]:
    """All values that some depend on, themselves included."""
    network = graph.network
    needed = network.ancestors([network.numbers[name] for name in ends])
    return [name for number, name in enumerate(network.names) if needed[number]]


def picture(graph: Graph, forward: Forward, result: Result, names: list[str]) -> Picture:
    """The drawing of these values."""
    network = graph.network
    reached = network.ancestors([] if result.of is None else [network.numbers[result.of]])
    gradients = {n: result.grad[n] for n in names if reached[network.numbers[n]] and forward.is_float(n)}
    gradient = gradients.get
    found = forward.parts(result) if result.of is not None else []
    parts = {(p.source, p.target, p.place): p.gradient for p in found}

    nodes: list[PictureNode] = []
    edges: list[PictureEdge] = []

    def edge(number: int, node: Node, place: int | str | None, operand: int) -> None:
        source = network.names[number]
        flows = source in gradients and node.name in gradients
        back = plain(parts.get((number, node.number, place), 0.0)) if flows else None
        besides = not isinstance(place, int)
        edges.append(PictureEdge(source, node.name, operand, result[source], back, besides))

    for name in names:
        number = network.numbers[name]
        if number < network.first_node:
            kind: Kind = "input" if name in network.inputs else "param"
            nodes.append(PictureNode(name, name, kind, result[name], gradient(name)))
            continue
        node = network.nodes[number - network.first_node]
        label, hidden = _label(node)
        if node.spec.operation == "constant":
            text = name if node.spec.named else short(result[name])
            nodes.append(PictureNode(name, text, "constant", result[name], gradient(name)))
            continue
        for position, operand in enumerate(node.operands):
            if position == hidden:
                continue
            if type(operand) is Ref:
                edge(operand.number, node, position, position)
            else:
                source = f"{name} constant {position}"
                nodes.append(PictureNode(source, short(operand), "constant", operand, group=node.spec.group))
                edges.append(PictureEdge(source, name, position, operand))
        others: list[tuple[int, str | None]] = [(n, role) for role, n in node.own.items()]
        others += [(p.source, None) for p in found if p.target == number and p.place is None]
        for i, (other, place) in enumerate(others, len(node.operands)):
            edge(other, node, place, i)
        shown = name if node.spec.named else ""
        nodes.append(
            PictureNode(name, label, "operation", result[name], gradient(name), node.spec.group, shown)
        )
    title = graph.spec.doc.partition("\n")[0] or graph.file or ""
    constants = {n.value for n in nodes if n.kind == "constant" and not isinstance(n.value, str)}
    hypers = {n: v for n, v in graph.spec.hypers.items() if isinstance(v, int | float) and v in constants}
    named = tuple(f"{name} = {short(value)}" for name, value in hypers.items())
    return Picture(title, tuple(nodes), tuple(edges), result.of or "", named)


def _label(node: Node) -> tuple[str, int | None]:
    """The sign of an operation, and the constant operand that the sign already shows."""
    name, operands = node.spec.operation, node.operands
    if name == "power" and type(operands[1]) in (int, float):
        return f"**{short(operands[1])}", 1
    if name == "divide" and type(operands[0]) in (int, float) and operands[0] == 1:
        return "1/x", 0
    row = BY_FUNCTION.get(name)
    return (row and row.sign) or name, None
