"""The structure of a graph: every value, what it is computed from and what uses it, all by number.

The body of a `scan` is part of the same graph: its inputs are values that the operands of the scan enter, and
the scan is computed from its results besides.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from graphlang.compare.attributes import attributes_of, used
from graphlang.spec.models import InputSpec, NodeSpec, Operand, ParamSpec, Spec, Use
from graphlang.spec.network import Network, Node
from graphlang.spec.sizes import Dimension

OUTPUT = "output"
Place = int | str
"""The position of an operand, the role of a parameter, or which result of a body."""


class Constant(NamedTuple):
    """An operand that is a number. Its type counts: `x / 2` and `x / 2.0` may differ, `True` is not 1."""

    kind: str
    value: bool | int | float


class Slot(NamedTuple):
    """A value as an operand: its number."""

    number: int


@dataclass(slots=True)
class Vertex:
    """One value of a graph."""

    number: int
    name: str
    #: `input`, `param`, `entry` (an input of the body of a `scan`), or the name of the operation
    operation: str
    model: InputSpec | ParamSpec | NodeSpec
    #: whether the file gives this name, so that it identifies the value
    named: bool
    operands: list[tuple[Place, Slot | Constant]] = field(default_factory=list)
    #: what uses it: the number of the value, and at which place
    uses: list[tuple[int, Place]] = field(default_factory=list)
    #: what the file says of it besides: `output`, `train.minimize`
    marks: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    #: what has to agree for an exact match, beside the operation and the operands
    details: Hashable = None
    #: whether it depends on a value that has a name of its own; else it is like any other of its kind, as the
    #: parameters of layers and the constants of one `def` are
    rooted: bool = False

    @property
    def is_node(self) -> bool:
        return isinstance(self.model, NodeSpec)

    @property
    def of_layer(self) -> bool:
        """Whether it is a parameter that a layer owns."""
        return self.operation == "param" and not self.named


class Structure:
    """The values of a graph, in an order in which they can be computed."""

    def __init__(self, network: Network) -> None:
        self.spec = spec = network.spec
        self._catalog = network.catalog
        self.values: list[Vertex] = []
        self._bodies: dict[Hashable, dict[str, int]] = {}
        self._starts: dict[str, str] = {}
        #: the number of every value of the file itself, by name
        self.numbers: dict[str, int] = {}
        of_layers = {name for node in spec.nodes for name in node.parameters.values()}
        for item in spec.inputs:
            self.numbers[item.name] = self._add(item.name, "input", item, named=True)
        for param in spec.params:
            named = param.name not in of_layers
            self.numbers[param.name] = self._add(param.name, "param", param, named=named)
        self._add_nodes(network.nodes)
        for name, mark in _marks(spec):
            self.values[self.numbers[name]].marks.append(mark)

    def _add(self, name: str, operation: str, model: InputSpec | ParamSpec | NodeSpec, *, named: bool) -> int:
        value = Vertex(len(self.values), name, operation, model, named, rooted=named)
        if isinstance(model, NodeSpec):
            value.attributes = attributes_of(self._catalog, model)
        value.details = self._details(model, value.attributes)
        self.values.append(value)
        return value.number

    def _details(self, model: InputSpec | ParamSpec | NodeSpec, attributes: dict[str, Any]) -> Hashable:
        shape = None if model.shape is None else tuple(map(_size_text, model.shape))
        if isinstance(model, NodeSpec):
            return model.dtype, shape, json.dumps(attributes, sort_keys=True) if attributes else ""
        if isinstance(model, InputSpec):
            return model.dtype, shape, repr(model.default), str(model.below), model.ignored
        return model.dtype, shape, self._start(model.init), model.trainable

    def _start(self, init: Use) -> str:
        """One text for equal starts; made once for each, since many parameters start alike."""
        key = repr(init)
        if key not in self._starts:
            self._starts[key] = json.dumps(used(init), sort_keys=True)
        return self._starts[key]

    def _add_nodes(self, nodes: list[Node]) -> None:
        """Adds nodes with their operands; those of a body come before its `scan`, by a stack."""
        waiting = [(node, self.numbers) for node in reversed(nodes)]
        while waiting:
            node, scope = waiting.pop()
            inner = None if node.loop is None else self._entered(node, node.loop.body, scope)
            if inner is None or node.loop is None:
                self._add_node(node.spec, scope)
            else:
                waiting.append((node, scope))
                waiting += [(n, inner) for n in reversed(node.loop.body.nodes)]

    def _entered(self, node: Node, body: Network, scope: dict[str, int]) -> dict[str, int] | None:
        """The names in a new body; None where its nodes are there, as a `scan` may have several results."""
        key = _key(node.spec)
        if key in self._bodies:
            return None
        inner = self._bodies[key] = {}
        for item, operand in zip(body.spec.inputs, node.spec.operands, strict=True):
            inner[item.name] = self._add(item.name, "entry", item, named=False)
            self._link(inner[item.name], 0, operand, scope)
        return inner

    def _add_node(self, node: NodeSpec, scope: dict[str, int]) -> None:
        named = node.named and not node.group
        number = scope[node.name] = self._add(node.name, node.operation, node, named=named)
        for place, operand in enumerate(node.operands):
            self._link(number, place, operand, scope)
        for role, name in sorted(node.parameters.items()):
            self._link(number, role, name, scope)
        if node.body is not None:
            inner = self._bodies[_key(node)]
            for word, names in (("next", node.body.following), ("yield", node.body.yields)):
                for i, name in enumerate(names, 1):
                    self._link(number, f"{word} {i}", name, inner)

    def _link(self, number: int, place: Place, operand: Operand, scope: dict[str, int]) -> None:
        if isinstance(operand, str):
            source = scope[operand]
            self.values[number].operands.append((place, Slot(source)))
            self.values[source].uses.append((number, place))
            self.values[number].rooted |= self.values[source].rooted
        elif operand is not None:
            self.values[number].operands.append((place, Constant(type(operand).__name__, operand)))


def _key(scan: NodeSpec) -> Hashable:
    """What several results of one `scan` have in common."""
    assert scan.body is not None
    return scan.operands, scan.body.following, tuple(n.name for n in scan.body.nodes)


def _marks(spec: Spec) -> Iterator[tuple[str, str]]:
    for name in spec.outputs:
        yield name, OUTPUT
    if spec.train is not None:
        yield spec.train.minimize, "train.minimize"
        for number, objective in enumerate(spec.train.objectives[1:], 2):
            yield objective.loss, f"train.minimize {number}"
        for metric, name in spec.train.metrics.items():
            yield name, f"train.metrics.{metric}"
    if spec.gradcheck is not None:
        yield spec.gradcheck.of, "gradcheck.of"
    for expect in spec.expects:
        for side, operand in (("left", expect.left), ("right", expect.right)):
            if isinstance(operand, str):
                yield operand, f"expect {side}"


@lru_cache(maxsize=4096)
def _size_text(size: Dimension) -> str:
    return str(size)
