"""Makes the scene of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.draw.from_graph import NodeUses, sign_of
from graphlang.draw.numbers import short
from graphlang.engine.result import json_value, plain
from graphlang.spec.models import Position
from graphlang.spec.network import Node
from graphlang.view.boxes import Boxes, boxes_of_leaves
from graphlang.view.findings import dead_units, first_bad
from graphlang.view.images import image_forms, images
from graphlang.view.insides import add_insides
from graphlang.view.rules import LocalRules
from graphlang.view.scalar_program import javascript_of_run, owner_of_slot
from graphlang.view.scene import (
    VERSION,
    NodeKind,
    Rule,
    ScalarProgram,
    Scene,
    SceneEdge,
    SceneNode,
    Slot,
    SlotKey,
    Tensor,
    Token,
)
from graphlang.view.slots import Slots
from graphlang.view.tensors import heat_side, tensor

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.draw.from_graph import NodeUse
    from graphlang.engine.forward import Forward
    from graphlang.engine.result import Result


def _title(doc: str) -> str:
    """The first line of a comment, without a bracket that goes on below."""
    line = doc.partition("\n")[0]
    opened = line.rfind(" (")
    return line[:opened] if opened > 0 and ")" not in line[opened:] else line


def scene(
    graph: Graph,
    forward: Forward,
    result: Result,
    seed: Any = None,
    *,
    unfold: Collection[str] | None = None,
    program: bool = True,
) -> Scene:
    """The scene of a run: all that it computed, and the gradients of what backward started from.

    `unfold` names the operations whose inside is part of it, by default all that there is room for; without
    `program`, the page cannot compute by itself.
    """
    return _Builder(graph, forward, result).scene(seed, unfold, program)


class _Builder:
    def __init__(self, graph: Graph, forward: Forward, result: Result) -> None:
        self.graph = graph
        self.forward = forward
        self.result = result
        self.network = network = graph.network
        self.tape = forward._tape
        self.images = image_forms(graph, self.tape)
        self.side = heat_side(sum(1 for value in self.tape.values if np.ndim(value)))
        self.slots = Slots(self._summary)
        parts = forward.parts(result) if result.of is not None else []
        self.uses = NodeUses(parts)
        #: the values that hand one gradient on, which is theirs
        self.part_counts = Counter(part.source for part in parts)
        self.gradients = self._gradients()
        derived = result.of is not None and self.tape.through_grad(network.numbers[result.of])
        self.rules = LocalRules(self.tape, derived)
        self.boxes = Boxes(graph.spec)
        computed = [n for n in network.nodes if self.tape.values[n.number] is not None]
        self.box_of = {n.name: self.boxes.of_node(n) for n in computed}
        self.box_of |= boxes_of_leaves(network, self.box_of)
        self.outputs = {*graph.spec.outputs}
        self.locals: dict[int, dict[int | str, Any]] = {}
        self.nodes: list[SceneNode] = []
        self.edges: list[SceneEdge] = []
        self.ids = set(network.names)

    def _gradients(self) -> dict[str, Any]:
        """The gradient of every value that backward came by."""
        network, of = self.network, self.result.of
        if of is None:
            return {}
        reached = network.ancestors([network.numbers[of]])
        state = {name for name, spec in network.params.items() if not spec.trainable}
        return {
            name: np.asarray(self.result.grad._find(name))
            for number, name in enumerate(network.names)
            if reached[number] and name not in state and self.forward.is_float(name)
        }

    def scene(self, seed: Any, unfold: Collection[str] | None, program: bool) -> Scene:
        graph, spec = self.graph, self.graph.spec
        for number, name in enumerate(self.network.names):
            if self.tape.values[number] is not None:
                self._add(number, name)
        unfolded = self.nodes if unfold is None else [n for n in self.nodes if n["id"] in unfold]
        add_insides(unfolded, self.tape, self.gradients, self.slots, self.result.of)
        return {
            "version": VERSION,
            "title": _title(spec.doc) or graph.file or "",
            "file": graph.file or "",
            "sources": [{"name": s.name, "text": s.text} for s in spec.sources],
            "of": self.result.of,
            "hypers": [
                {"name": name, "value": json_value(value)}
                for name, value in spec.hypers.items()
                if isinstance(value, int | float | str)
            ],
            "seed": seed
            if seed is None or isinstance(seed, float | int)
            else str(json_value(np.asarray(seed))),
            "nodes": self.nodes,
            "edges": self.edges,
            "boxes": self.boxes.listed,
            "slots": self.slots.contents,
            "program": self._program(seed) if program else None,
            "bad": first_bad(self.tape, self.gradients, self._arriving()),
            "dead": dead_units(self.tape),
            "diagnostics": [],
        }

    def _summary(self, key: SlotKey, array: Any) -> Tensor:
        summary = tensor(array, self.side)
        form = self.images.get(key.node) if key.kind in ("value", "gradient") else None
        if form is not None:
            summary["images"] = images(array, form, gradient=key.kind == "gradient")
        return summary

    def _program(self, seed: Any) -> ScalarProgram | None:
        """What computes the slots anew when an input changes; None where the graph has arrays."""
        network, contents = self.network, self.slots.contents
        numbers = self.slots.numbers
        keys = {slot: key for key, slot in reversed(numbers.items()) if owner_of_slot(key, network)}
        arrays = [slot for slot in keys if isinstance(contents[slot], dict)]
        if np.ndim(seed or 0) or any(keys[slot].node in network.numbers for slot in arrays):
            return None
        slots = sorted(set(keys).difference(arrays))  # inside of an operation there may be arrays of one
        function = javascript_of_run(self.graph, self.result.of, seed, [keys[slot] for slot in slots])
        if function is None:
            return None
        return {"inputs": function.inputs, "code": function.code, "slots": slots}

    # ---- nodes ------------------------------------------------------------------------------------------

    def _add(self, number: int, name: str) -> None:
        """Adds a value with the edges into it."""
        network = self.network
        if number < network.first_node:
            kind: NodeKind = "input" if name in network.inputs else "param"
            self._add_node(number, name, kind, name, network.spec_of(name).at)
            return
        node = network.nodes[number - network.first_node]
        if node.spec.operation == "constant":
            value = self.tape.values[number]
            shown = name if node.spec.named or np.ndim(value) else short(plain(value))
            self._add_node(number, name, "constant", shown, node.spec.at, named=node.spec.named)
            return
        label, hidden = sign_of(node)
        for use in self.uses.of(node):
            if use.source is not None:
                self._add_edge(network.names[use.source], node, use)
            elif use.position != hidden:
                self._add_constant(node, use)
        self._add_node(number, name, "operation", label, node.spec.at, named=node.spec.named, node=node)

    def _add_node(
        self,
        number: int,
        name: str,
        kind: NodeKind,
        sign: str,
        at: Position | None,
        *,
        named: bool = True,
        node: Node | None = None,
    ) -> None:
        value = self.tape.values[number]
        self.nodes.append(
            {
                "id": name,
                "name": name if named else "",
                "op": "" if node is None else node.spec.operation,
                "sign": sign,
                "kind": kind,
                "box": self.box_of.get(name),
                "at": at,
                "line": self._line(at),
                "dtype": str(value.dtype),
                "shape": list(value.shape),
                "v": self.slots.add(SlotKey("value", name), value),
                "g": self._gradient(name),
                "forward": None if node is None else self.rules.forward(node, self._token),
                "output": name in self.outputs,
                "editable": kind == "input" and not value.shape,
                "doc": "" if node is None else self.rules.documentation(node),
                "inside": None,
            }
        )

    def _add_constant(self, node: Node, use: NodeUse) -> None:
        """Adds a constant that stands in an expression, and its edge."""
        name = f"{node.name} constant {use.position}"
        while name in self.ids:
            name += "'"
        self.ids.add(name)
        value = np.asarray(use.constant)
        self.nodes.append(
            {
                "id": name,
                "name": "",
                "op": "",
                "sign": short(use.constant),
                "kind": "constant",
                "box": self.box_of.get(node.name),
                "at": node.spec.at,
                "line": self._line(node.spec.at),
                "dtype": str(value.dtype),
                "shape": [],
                "v": self.slots.add(SlotKey("value", name), value),
                "g": None,
                "forward": None,
                "output": False,
                "editable": False,
                "doc": "",
                "inside": None,
            }
        )
        self.edges.append(
            {
                "from": name,
                "to": node.name,
                "place": use.place,
                "besides": False,
                "g": None,
                "rule": None,
                "local": None,
            }
        )

    def _line(self, at: Position | None) -> tuple[int, int] | None:
        if at is None or at[0] >= len(self.network.sources):
            return None
        return at[0], self.network.sources[at[0]].position(at[1])[0]

    def _gradient(self, name: str) -> Slot | None:
        array = self.gradients.get(name)
        return None if array is None else self.slots.add(SlotKey("gradient", name), array)

    # ---- edges ------------------------------------------------------------------------------------------

    def _add_edge(self, source: str, node: Node, use: NodeUse) -> None:
        self.edges.append(
            {
                "from": source,
                "to": node.name,
                "place": use.place,
                "besides": not isinstance(use.place, int),
                "g": self._part(source, node, use),
                "rule": self._rule(source, node, use),
                "local": self._local(source, node, use),
            }
        )

    def _rule(self, source: str, node: Node, use: NodeUse) -> Rule | None:
        """How a part of a gradient is computed."""
        if source not in self.gradients or node.name not in self.gradients:
            return None
        arriving: Token = {"g": self._gradient(node.name) or 0, "name": f"∂{self.result.of}/∂{node.name}"}
        return self.rules.backward(node, use.place, self._token, arriving, self._token(node.number))

    def _token(self, number: int) -> Token:
        """The value in a rule: a constant without a name is written as its number."""
        name, value = self.network.names[number], self.tape.values[number]
        if number >= self.network.first_node and not np.ndim(value):
            spec = self.network.nodes[number - self.network.first_node].spec
            if spec.operation == "constant" and not spec.named:
                return short(plain(value)).replace("-", "−", 1)
        return {"v": self.slots.add(SlotKey("value", name), value), "name": name}

    def _local(self, source: str, node: Node, use: NodeUse) -> Slot | None:
        """The factor by which a single number multiplies the gradient on its way back."""
        if source not in self.gradients or node.name not in self.gradients or use.place is None:
            return None
        if self.gradients[source].ndim or self.gradients[node.name].ndim or node.operation is None:
            return None
        if node.number not in self.locals:
            one = np.ones((), self.gradients[node.name].dtype)
            with self.graph.model.diagnosed():
                back = self.tape.passed_back(node, one, derived=self.rules.derived)
            self.locals[node.number] = {place: factor for _, place, factor in back}
        factor = self.locals[node.number].get(use.place, 0.0)
        return self.slots.add(SlotKey("local", node.name, source, use.place), factor)

    def _arriving(self) -> Iterator[str]:
        return (name for name in self.gradients if self.result.grad.arrives(name))

    def _part(self, source: str, node: Node, use: NodeUse) -> Slot | None:
        if source not in self.gradients or node.name not in self.gradients:
            return None
        number, key = self.network.numbers[source], SlotKey("part", node.name, source, use.place)
        if self.part_counts[number] == 1 and source != self.result.of:
            return self.slots.share(key, self._gradient(source) or 0)
        array = self.uses.part_of.get((number, node.number, use.place))
        if array is None:
            array = np.zeros_like(self.gradients[source])
        return self.slots.add(key, array)
