"""The insides of operations in a scene."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphlang.engine.tape import Tape
from graphlang.spec.network import Node, Ref
from graphlang.view.inner_rules import InnerRules
from graphlang.view.scalar_program import BETWEEN
from graphlang.view.scene import Inside, InsideNode, SceneEdge, SceneNode, Slot, SlotKey, SlotKind
from graphlang.view.slots import Slots
from graphlang.view.unfold import Flow, InnerNode, Unfolding, unfolding

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
    of: str | None,
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
            item["inside"] = _Writer(run, node, slots, of or "").inside(inside, gradients.get(item["id"]))


def _kind(run: Tape, node: Node) -> Any:
    """What nodes without an inside have in common with others of their kind."""
    operands = [
        (np.shape(x), np.asarray(x).dtype) if type(o) is Ref else o
        for o, x in zip(node.operands, run.operands[node.number], strict=False)
    ]
    return node.spec.operation, repr(node.spec.attributes), repr(operands)


class _Writer:
    def __init__(self, run: Tape, node: Node, slots: Slots, of: str) -> None:
        self.run = run
        self.of = of
        self.node = node
        self.slots = slots
        #: for each node the number of its uses that pass a gradient back
        self.part_counts: Counter[int] = Counter()

    def inside(self, unfolding: Unfolding, gradient: Any) -> Inside:
        flow = unfolding.run(self.run.values, gradient)
        parts = zip(unfolding.edges, flow.parts, strict=True)
        self.part_counts = Counter(edge.source for edge, part in parts if part is not None)
        nodes = [self._node(unfolding, flow, place) for place in range(len(unfolding.nodes))]
        edges = [self._edge(unfolding, flow, place) for place in range(len(unfolding.edges))]
        InnerRules(unfolding, flow.values, self.node.name, self.of).fill(nodes, edges)
        return {"nodes": nodes, "edges": edges, "boxes": []}

    def _node(self, unfolding: Unfolding, flow: Flow, place: int) -> InsideNode:
        inner = unfolding.nodes[place]
        name = inner_id(self.node.name, str(place))
        value, gradient = np.asarray(flow.values[place]), flow.gradients[place]
        result: InsideNode = {
            "id": str(place),
            "name": self.node.name if inner.result and self.node.spec.named else inner.name,
            "op": inner.operation,
            "sign": inner.sign,
            "kind": inner.kind,
            "box": None,
            "at": None,
            "line": None,
            "dtype": str(value.dtype),
            "shape": list(value.shape),
            "v": self._number("value", inner, name, value),
            "g": None if gradient is None else self._number("gradient", inner, name, gradient),
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

    def _number(self, kind: SlotKind, inner: InnerNode, name: str, value: Any) -> Slot:
        """The slot of a value or a gradient. An operand has the value of what it stands for, and the result
        both of the operation."""
        key, names = SlotKey(kind, name), self.run.network.names
        same = self.node.name if inner.result else ""
        if inner.outer is not None and kind == "value":
            same = names[inner.outer]
        slot = self.slots.numbers.get(SlotKey(kind, same))
        return self.slots.add(key, value) if slot is None else self.slots.share(key, slot)

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

    def _slot(self, kind: SlotKind, source: int, target: int, place: int, value: Any) -> Slot | None:
        if value is None:
            return None
        source_name = inner_id(self.node.name, str(source))
        key = SlotKey(kind, inner_id(self.node.name, str(target)), source_name, place)
        whole = self.slots.numbers.get(SlotKey("gradient", source_name))
        if kind == "part" and whole is not None and self.part_counts[source] == 1:
            return self.slots.share(key, whole)
        return self.slots.add(key, value)
