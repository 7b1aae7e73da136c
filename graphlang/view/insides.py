"""The insides of operations in a scene."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphlang.engine.tape import Tape
from graphlang.spec.network import Node, Ref
from graphlang.view.scalar_program import BETWEEN
from graphlang.view.scene import Inside, InsideNode, SceneEdge, SceneNode, Slot, SlotKey
from graphlang.view.slots import Slots
from graphlang.view.unfold import Flow, Unfolding, unfolding

BUDGET = 2000
"""The most nodes inside of all operations of a scene together."""


def inner_id(node: str, inner: str) -> str:
    """The name of a node inside another one, apart from it."""
    return f"{node}{BETWEEN}{inner}"


def add_insides(
    nodes: Iterable[SceneNode],
    run: Tape,
    gradients: Mapping[str, Any],
    slots: Slots,
    budget: int = BUDGET,
) -> None:
    """Puts the insides of operations into a scene, until there are too many nodes."""
    network = run.network
    empty: set[Any] = set()
    for item in nodes:
        number = network.numbers.get(item["id"], -1)
        if item["kind"] != "operation" or number < network.first_node:
            continue
        node = network.nodes[number - network.first_node]
        key = _kind(run, node)
        inside = None if key in empty else unfolding(run, node)
        if inside is None:
            empty.add(key)
        elif len(inside.nodes) <= budget:
            budget -= len(inside.nodes)
            item["inside"] = _Writer(run, node, slots).inside(inside, gradients.get(item["id"]))


def _kind(run: Tape, node: Node) -> Any:
    """What nodes without an inside have in common with others of their kind."""
    operands = [
        (np.shape(x), np.asarray(x).dtype) if type(o) is Ref else o
        for o, x in zip(node.operands, run.operands[node.number], strict=False)
    ]
    return node.spec.operation, repr(node.spec.attributes), repr(operands)


class _Writer:
    def __init__(self, run: Tape, node: Node, slots: Slots) -> None:
        self.run = run
        self.node = node
        self.slots = slots

    def inside(self, unfolding: Unfolding, gradient: Any) -> Inside:
        flow = unfolding.run(self.run.values, gradient)
        return {
            "nodes": [self._node(unfolding, flow, place) for place in range(len(unfolding.nodes))],
            "edges": [self._edge(unfolding, flow, place) for place in range(len(unfolding.edges))],
            "boxes": [],
        }

    def _node(self, unfolding: Unfolding, flow: Flow, place: int) -> InsideNode:
        inner = unfolding.nodes[place]
        name = inner_id(self.node.name, str(place))
        value, gradient = np.asarray(flow.values[place]), flow.gradients[place]
        result: InsideNode = {
            "id": str(place),
            "name": inner.name,
            "op": inner.operation,
            "sign": inner.sign,
            "kind": inner.kind,
            "box": None,
            "at": None,
            "line": None,
            "dtype": str(value.dtype),
            "shape": list(value.shape),
            "v": self.slots.add(SlotKey("value", name), value),
            "g": None if gradient is None else self.slots.add(SlotKey("gradient", name), gradient),
            "forward": None,
            "output": False,
            "editable": False,
            "doc": "",
            "inside": None,
            "result": inner.result,
        }
        if inner.outer is not None:
            result["outer"] = self.run.network.names[inner.outer]
        return result

    def _edge(self, unfolding: Unfolding, flow: Flow, place: int) -> SceneEdge:
        edge = unfolding.edges[place]
        part = flow.parts[place]
        local = None if part is None else unfolding.local(flow, edge)
        return {
            "from": str(edge.source),
            "to": str(edge.target),
            "place": edge.place,
            "besides": False,
            "g": self._slot("part", edge.source, edge.target, edge.place, part),
            "rule": None,
            "local": self._slot("local", edge.source, edge.target, edge.place, local),
        }

    def _slot(self, kind: Any, source: int, target: int, place: int, value: Any) -> Slot | None:
        if value is None:
            return None
        ends = inner_id(self.node.name, str(target)), inner_id(self.node.name, str(source))
        return self.slots.add(SlotKey(kind, *ends, place), value)
