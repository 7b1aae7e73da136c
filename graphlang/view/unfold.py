"""The inside of a node: the operation as a small graph of primitives, with values and gradients.

It is what the layer says of itself in the language (`Layer.unfolding`), as the book draws it, else the
primitives that its `forward` records. Run on symbolic arrays it records what it computes, for a page that
computes anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from graphlang.api import loads
from graphlang.catalog.finder import CatalogEntry
from graphlang.catalog.operation import Layer, outcome
from graphlang.diagnostics import GraphError
from graphlang.draw.numbers import short
from graphlang.engine.tape import Tape
from graphlang.spec.network import Node, Ref
from graphlang.syntax.operators import BY_FUNCTION
from graphlang.trace import Step, SymbolicArray, Trace, needed_steps, shape_text
from graphlang.trace.core import Primitive, signature

MOST = 200
"""The most primitives of an inside."""
InnerKind = Literal["operand", "constant", "operation"]
_SAME = frozenset({"alias", "constant", "positive", "stop_gradient"})
_SIGNS = {
    "absolute": "|x|",
    "astype": "as float",
    "chain": "×",
    "excess": "−",
    "maximum": "max",
    "minimum": "min",
    "remainder": "%",
    "square": "**2",
    "take_along_axis": "[t]",
    "zero_times": "×",
}
"""Of primitives that no operator of the language is called after."""


@dataclass(frozen=True, slots=True)
class InnerNode:
    """An operand of the node, a constant, or a primitive."""

    id: str
    kind: InnerKind
    #: what is drawn in the circle; of an operand its name in the operation
    sign: str
    #: the primitive
    operation: str = ""
    #: the name that the unfolding gives the value
    name: str = ""
    #: the number of the value of the graph that an operand stands for
    outer: int | None = None
    result: bool = False


@dataclass(frozen=True, slots=True)
class InnerEdge:
    """The use of a node by another, both by their places in the list of nodes."""

    source: int
    target: int
    #: the position of the operand
    place: int
    #: whether the use passes no gradient back
    stopped: bool = False


class Flow(NamedTuple):
    """What an inside computes: a value and a gradient for each node, and for each edge the part of the
    gradient that flows back along it; None where none does."""

    values: list[Any]
    gradients: list[Any]
    parts: list[Any]


@dataclass(frozen=True, slots=True)
class _Call:
    """How a node is computed: each operand is the place of a node, or a constant."""

    primitive: Primitive
    operands: tuple[int | _Fixed, ...]
    params: Mapping[str, Any]


class _Fixed(NamedTuple):
    value: Any


class Unfolding:
    """The inside of a node."""

    def __init__(
        self, nodes: Sequence[InnerNode], edges: Sequence[InnerEdge], calls: Sequence[_Call | _Fixed | None]
    ) -> None:
        #: in an order in which they can be computed
        self.nodes = tuple(nodes)
        self.edges = tuple(edges)
        self._calls = tuple(calls)
        self._edge = {(edge.target, edge.place): i for i, edge in enumerate(edges)}

    @property
    def result(self) -> int:
        """The place of the node that is the result."""
        return next(i for i, node in enumerate(self.nodes) if node.result)

    def run(self, values: Sequence[Any], dy: Any = None) -> Flow:
        """Forward from the values of the graph by their numbers, and backward from the gradient `dy`."""
        computed: list[Any] = []
        for node, call in zip(self.nodes, self._calls, strict=True):
            if isinstance(call, _Call):
                operands = self._operands(call, computed)
                with np.errstate(all="ignore"):
                    computed.append(call.primitive(*operands, **call.params))
            elif isinstance(call, _Fixed):
                computed.append(call.value)
            else:
                assert node.outer is not None
                computed.append(values[node.outer])
        flow = Flow(computed, [None] * len(self.nodes), [None] * len(self.edges))
        if dy is not None:
            flow.gradients[self.result] = dy
            with np.errstate(all="ignore"):
                self._backward(flow)
        return flow

    def _operands(self, call: _Call, values: Sequence[Any]) -> list[Any]:
        return [x.value if isinstance(x, _Fixed) else values[x] for x in call.operands]

    def _backward(self, flow: Flow) -> None:
        for target in reversed(range(len(self.nodes))):
            call, dy = self._calls[target], flow.gradients[target]
            if dy is None or not isinstance(call, _Call):
                continue
            for place, source in enumerate(call.operands):
                part = None if isinstance(source, _Fixed) else self._part(flow, call, target, place, dy)
                if part is None or isinstance(source, _Fixed):
                    continue
                flow.parts[self._edge[target, place]] = part
                total = flow.gradients[source]
                flow.gradients[source] = part if total is None else total + part

    def local(self, flow: Flow, edge: InnerEdge) -> Any:
        """For single numbers, what an edge passes back from the gradient 1; else None."""
        call = self._calls[edge.target]
        y, x = flow.values[edge.target], flow.values[edge.source]
        if not isinstance(call, _Call) or np.shape(y) or np.shape(x) or _kind(y) != "f":
            return None
        with np.errstate(all="ignore"):
            return self._part(flow, call, edge.target, edge.place, np.ones((), y.dtype))

    def recorded(
        self, place: int, values: Sequence[Any]
    ) -> tuple[Trace, list[Any], Any, SymbolicArray | None, list[Any]]:
        """A primitive alone, recorded: the trace, its operands, its result, the gradient that arrives, and
        those that it passes back; None where there is none."""
        call = self._calls[place]
        assert isinstance(call, _Call)
        trace = Trace()
        operands = [
            x.value if isinstance(x, _Fixed) else trace.input(*signature(values[x])) for x in call.operands
        ]
        with trace:
            y = call.primitive(*operands, **call.params)
            if not isinstance(y, SymbolicArray) or y.dtype.kind != "f":
                return trace, operands, y, None, [None] * len(operands)
            dy = trace.input(y.shape, y.dtype)
            gradients = [
                call.primitive.pullback(i, dy, y, *operands, **call.params)
                if isinstance(x, SymbolicArray) and x.dtype.kind == "f"
                else None
                for i, x in enumerate(operands)
            ]
        return trace, operands, y, dy, gradients

    def _part(self, flow: Flow, call: _Call, target: int, place: int, dy: Any) -> Any:
        """The gradient that a primitive passes back to one of its operands."""
        if self.edges[self._edge[target, place]].stopped:
            return None
        operands = self._operands(call, flow.values)
        if _kind(operands[place]) != "f" or _kind(flow.values[target]) != "f":
            return None
        return call.primitive.pullback(place, dy, flow.values[target], *operands, **call.params)


def _kind(x: Any) -> str:
    return str(np.dtype(signature(x)[1]).kind)


# ---- from a node


def unfolding(run: Tape, node: Node) -> Unfolding | None:
    """The inside of a node that has been computed; None where there is nothing in it, or too much."""
    if node.operation is None:
        return None
    operation, _, keywords, _ = run.call(node)
    trace = Trace()
    outer: dict[int, tuple[int | None, str]] = {}
    names = _names(run, node)

    def symbol(number: int | None, value: Any, name: str) -> SymbolicArray:
        shape, dtype = signature(value)
        x = trace.input(shape, dtype)
        outer[x.number] = number, name
        return x

    operands = [
        symbol(o.number, x, name) if type(o) is Ref else x
        for o, x, name in zip(node.operands, run.operands[node.number], names, strict=True)
    ]
    own = {role: symbol(number, run.values[number], role) for role, number in node.own.items()}
    with trace:
        try:
            y, inner = _recorded(operation, operands, own, names, keywords, run, trace)
        except GraphError:  # its definition is wrong
            raise
        except Exception:  # noqa: BLE001 - a user's layer may raise anything; then it has no inside
            return None
    if not isinstance(y, SymbolicArray):
        return None
    return _Builder(node.name, trace, outer, inner).unfolding(y)


def _names(run: Tape, node: Node) -> list[str]:
    """The names of the operands in the operation."""
    entry: CatalogEntry | None = run.network.catalog.find(node.spec.operation)
    names = [*entry.tensors] if entry is not None else []
    return [names[i] if i < len(names) else f"x{i + 1}" for i in range(len(node.operands))]


def _recorded(
    operation: Any,
    operands: Sequence[Any],
    own: Mapping[str, Any],
    names: Sequence[str],
    keywords: Mapping[str, Any],
    run: Tape,
    trace: Trace,
) -> tuple[Any, dict[int, str]]:
    """The result of an operation on symbolic arrays, and the names of values in it by their numbers."""
    text = operation.unfolding(*operands) if isinstance(operation, Layer) else ""
    if text:
        arguments = {**dict(zip(names, operands, strict=True)), **own}
        return _defined(text, type(operation).__name__, arguments, run.dtype, trace)
    supplied = {k: v for k, v in keywords.items() if k not in own}
    return outcome(operation, operation.forward(*operands, **own, **supplied))[0], {}


def _defined(
    text: str, owner: str, arguments: Mapping[str, Any], dtype: Any, trace: Trace
) -> tuple[Any, dict[int, str]]:
    """The value `y` of a definition in the language, of arguments that are symbolic or numbers."""
    words = {"f": "float", "i": "int", "b": "bool"}
    declared = [
        f"input {name}: {words[_kind(x)]}" + (f"[{', '.join(map(str, x.shape))}]" if x.shape else "")
        if isinstance(x, SymbolicArray)
        else f"input {name}: {words[_kind(x)]} = {x!r}".replace("True", "true").replace("False", "false")
        for name, x in arguments.items()
    ]
    lines = "\n".join([*declared, *text.split("; "), "output y"])
    network = loads(lines, name=f"unfolding of {owner}").network
    leaves = {network.numbers[name]: x for name, x in arguments.items()}
    tape = Tape(network, leaves, dtype=dtype, trace=trace)
    tape.forward()
    named = {
        tape.values[n.number].number: n.name for n in network.nodes if n.spec.named and n.spec.name != "y"
    }
    return tape.values[network.numbers["y"]], named


class _Builder:
    """Makes nodes and edges of recorded steps."""

    def __init__(
        self,
        prefix: str,
        trace: Trace,
        outer: Mapping[int, tuple[int | None, str]],
        names: Mapping[int, str],
    ) -> None:
        self.prefix = prefix
        self.trace = trace
        self.outer = outer
        self.names = names
        self.nodes: list[InnerNode] = []
        self.edges: list[InnerEdge] = []
        self.calls: list[_Call | _Fixed | None] = []
        #: the place of the node of each value
        self.place_of: dict[int, int] = {}

    def unfolding(self, y: SymbolicArray) -> Unfolding | None:
        """The inside whose result is `y`; None for a single primitive, and for too many."""
        end, _ = self._itself(y)
        steps = [s for s in needed_steps([y]) if not self._is_other(s)]
        if not isinstance(end, SymbolicArray) or not 1 < len(steps) <= MOST:
            return None
        for step in steps:
            self._add(step, step.output.number == end.number)
        return Unfolding(self.nodes, self.edges, self.calls)

    def _is_other(self, step: Step) -> bool:
        """Whether the result of a step is its operand, or a constant."""
        name, operands = step.primitive.name, step.operands
        if name == "astype":
            return bool(signature(operands[0])[1] == step.output.dtype)
        return name in _SAME or not any(isinstance(x, SymbolicArray) for x in operands)

    def _itself(self, x: Any) -> tuple[Any, bool]:
        """The value that stands for `x`: a symbolic array, or a constant; and whether a gradient stops on the
        way."""
        stopped = False
        while isinstance(x, SymbolicArray):
            step = self.trace.step_of(x)
            if step is None or not self._is_other(step):
                break
            stopped = stopped or step.primitive.name == "stop_gradient"
            if not any(isinstance(o, SymbolicArray) for o in step.operands):
                return _plain(step.primitive.compute(*step.operands, **step.params)), stopped
            x = step.operands[0]
        return x, stopped

    def _add(self, step: Step, result: bool) -> None:
        resolved = [self._itself(x) for x in step.operands]
        sign, hidden = _sign(step.primitive.name, [x for x, _ in resolved])
        operands: list[int | _Fixed] = []
        for place, (x, _) in enumerate(resolved):
            operands.append(_Fixed(x) if place == hidden else self._place(x))
        target = len(self.nodes)
        for place, (source, (x, stopped)) in enumerate(zip(operands, resolved, strict=True)):
            if not isinstance(source, _Fixed):
                constant = not isinstance(x, SymbolicArray)
                self.edges.append(InnerEdge(source, target, place, stopped or constant))
                if constant:  # the rules of derivatives tell numbers of the formula from variables
                    operands[place] = _Fixed(x)
        name = "" if result else self.names.get(step.output.number, "")
        self._enter(
            InnerNode(self._id(), "operation", sign, step.primitive.name, name, result=result),
            _Call(step.primitive, tuple(operands), step.params),
        )
        self.place_of[step.output.number] = target

    def _place(self, x: Any) -> int:
        """The node of an operand of a step; new for a constant, and for an argument when it is first used."""
        if not isinstance(x, SymbolicArray):
            shown = short(x) if np.ndim(x) == 0 else shape_text(np.shape(x))
            return self._enter(InnerNode(self._id(), "constant", shown), _Fixed(x))
        if x.number not in self.place_of:
            number, name = self.outer[x.number]
            self.place_of[x.number] = self._enter(InnerNode(self._id(), "operand", name, outer=number), None)
        return self.place_of[x.number]

    def _enter(self, node: InnerNode, call: _Call | _Fixed | None) -> int:
        self.nodes.append(node)
        self.calls.append(call)
        return len(self.nodes) - 1

    def _id(self) -> str:
        return f"{self.prefix}/{len(self.nodes)}"


def _plain(x: Any) -> Any:
    """A Python number for an array of one, as constants of a formula are."""
    return x.item() if np.ndim(x) == 0 and hasattr(x, "item") else x


def _sign(primitive: str, operands: Sequence[Any]) -> tuple[str, int | None]:
    """The sign of a primitive, and the position of a constant operand that is part of it."""
    if primitive == "power" and type(operands[1]) in (int, float):
        return f"**{short(operands[1])}", 1
    if primitive == "divide" and type(operands[0]) in (int, float) and operands[0] == 1:
        return "1/x", 0
    row = BY_FUNCTION.get(primitive)
    return _SIGNS.get(primitive) or (row and row.sign) or primitive, None
