"""A graph of scalars as a JavaScript function of its inputs: values, gradients and parts of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from graphlang.catalog.operation import is_by_hand, outcome
from graphlang.engine.failures import OperationFailed
from graphlang.engine.parts import Part, parts
from graphlang.engine.recording import Recorder, Storage
from graphlang.engine.tape import Tape
from graphlang.spec.network import Network, Node, Ref
from graphlang.trace import SymbolicArray, TraceError, reached
from graphlang.trace.primitives.creation import alias
from graphlang.view.javascript import javascript
from graphlang.view.unfold import Flow, Unfolding, unfolding

if TYPE_CHECKING:
    from graphlang.api import Graph

BETWEEN = " › "
"""What stands between the name of an operation and the place of a node inside of it."""
_TYPES = {"int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}


class Key(Protocol):
    """What a result of the function is.

    `kind` is "value", "gradient", or for one use of a value "part", what it contributes to the gradient, and
    "local", what it would contribute to the gradient of `node` alone. `node` is the value, of a use the
    operation; `source` the value that is used, and `place` where.
    """

    @property
    def kind(self) -> str: ...
    @property
    def node(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def place(self) -> int | str | None: ...


def owner_of_slot(key: Key, network: Network) -> str | None:
    """The value of the graph that a key belongs to: its node, or the operation that has the node inside; None
    for a constant in an expression."""
    if key.node in network.numbers:
        return key.node
    outer = key.node.rpartition(BETWEEN)[0]
    return outer if outer in network.numbers else None


class ScalarFunction(NamedTuple):
    """The names of the inputs in order, and an expression of JavaScript: a function from an array of their
    numbers to an array of results."""

    inputs: list[str]
    code: str


def javascript_of_run(
    graph: Graph, of: str | None, seed: float | None, keys: Sequence[Key]
) -> ScalarFunction | None:
    """The function whose results are those of `keys`, in order; None where one of them is no scalar.

    Gradients are those of the value `of`, from the gradient `seed` there.
    """
    network = graph.network
    inputs = [name for name, spec in network.inputs.items() if spec.shape in (None, ())]
    if len(inputs) < len(network.inputs) or any(spec.shape for spec in network.params.values()):
        return None
    try:
        recording = _Recording(graph, of, seed)
        results = [recording.result(key) for key in keys]
    except (OperationFailed, TraceError):  # a run says what is wrong
        return None
    if any(np.shape(r) for r in results):
        return None
    labels = [str(i) for i in range(len(results))]
    program = recording.recorder.recording(dict(zip(labels, results, strict=True)), {}).program
    fixed = {name: np.asarray(graph.params[name])[()] for name in network.params}
    code = javascript(program, inputs, labels, fixed)
    return None if code is None else ScalarFunction(inputs, code)


class _Recording:
    """A run that is recorded: forward, and backward from `of` with what every use contributes."""

    def __init__(self, graph: Graph, of: str | None, seed: float | None) -> None:
        network, dtype = graph.network, np.dtype(graph.dtype)
        storage = {
            network.numbers[name]: Storage((), _TYPES.get(spec.dtype, dtype))
            for name, spec in network.inputs.items()
        }
        self.dtype = dtype
        self.recorder = Recorder(network, storage, dtype, {}, training=False)
        self.network: Network = network
        self.tape: Tape = self.recorder.tape
        self.recorder.forward(range(len(network.names)))
        self.gradients: dict[int, Any] = {}
        self.parts: dict[tuple[int, int, int | str | None], Any] = {}
        self.locals: dict[int, dict[tuple[int, int | str | None], Any]] = {}
        #: by the number of an operation: its inside, recorded
        self.flows: dict[int, tuple[Unfolding, Flow]] = {}
        #: whether gradients come from recorded steps alone
        self.through_grad = False
        if of is not None:
            self.through_grad = self.tape.through_grad(network.numbers[of])
            with self.recorder.trace:
                self._backward(network.numbers[of], 1.0 if seed is None else seed)

    def _backward(self, of: int, seed: float) -> None:
        tape = self.tape
        needed = tape.network.ancestors([of])
        numbers = [n for n, v in enumerate(tape.values) if needed[n] and self._is_float(v)]
        arriving = tape.reached(of, numbers, np.asarray(seed, self.dtype))
        self.gradients = {n: g for n, g in zip(numbers, arriving, strict=True) if g is not None}
        self.parts = _by_use(parts(tape, of, self.gradients))
        for node in self.network.nodes:
            dy = self.gradients.get(node.number)
            if dy is not None and needed[node.number] and self._takes_twice(node):
                back = self._by_place(node, dy)
                self.parts.update({(source, node.number, place): part for source, place, part in back})

    def _takes_twice(self, node: Node) -> bool:
        """Whether one value stands at several places of an operation whose gradient is derived: then what the
        operation recorded tells only the sum of what it passes back to them."""
        if node.operation is None:
            return False
        operation, saved, *_ = self.tape.call(node)
        if is_by_hand(operation, saved) and not self.through_grad:
            return False
        numbers = [o.number for o in node.operands if type(o) is Ref]
        return len(set(numbers)) < len(numbers)

    def _by_place(self, node: Node, dy: Any) -> list[tuple[int, int | str | None, Any]]:
        """What an operation passes back to each place: it is recorded anew, on a name of its own for each."""
        operation, _, keywords, _ = self.tape.call(node)
        operands = [alias(x) if isinstance(x, SymbolicArray) else x for x in self.tape.operands[node.number]]
        y = outcome(operation, operation.forward(*operands, **keywords))[0]
        sources = {
            place: (o.number, x)
            for place, (o, x) in enumerate(zip(node.operands, operands, strict=True))
            if type(o) is Ref and self._is_float(x)
        }
        gradients = reached(y, [x for _, x in sources.values()], dy)
        by_source = zip(sources.items(), gradients, strict=True)
        return [(number, place, part) for (place, (number, _)), part in by_source if part is not None]

    def _is_float(self, value: Any) -> bool:
        return getattr(value, "dtype", np.dtype(bool)).kind == "f"

    def result(self, key: Key) -> Any:
        """The value that a key stands for; 0 for a gradient where none arrives."""
        name = owner_of_slot(key, self.network)
        assert name is not None, key
        number = self.network.numbers[name]
        if name != key.node:
            return self._inner_result(key, number, int(key.node.rpartition(BETWEEN)[2]))
        if key.kind == "value":
            return self.tape.values[number]
        if key.kind == "gradient":
            return self.gradients.get(number, np.zeros((), self.dtype))
        source = self.network.numbers[key.source]
        if key.kind == "part":
            return self.parts.get((source, number, key.place), np.zeros((), self.dtype))
        return self._local(number).get((source, key.place), np.zeros((), self.dtype))

    def _inner_result(self, key: Key, number: int, place: int) -> Any:
        """The same for what is inside of an operation."""
        unfolding, flow = self._flow(number)
        nothing = np.zeros((), self.dtype)
        if key.kind == "value":
            return flow.values[place]
        if key.kind == "gradient":
            return nothing if flow.gradients[place] is None else flow.gradients[place]
        edge = next(i for i, e in enumerate(unfolding.edges) if (e.target, e.place) == (place, key.place))
        if key.kind == "part":
            return nothing if flow.parts[edge] is None else flow.parts[edge]
        with self.recorder.trace:
            local = unfolding.local(flow, unfolding.edges[edge])
        return nothing if local is None else local

    def _flow(self, number: int) -> tuple[Unfolding, Flow]:
        """The inside of an operation, recorded."""
        if number not in self.flows:
            inside = unfolding(self.tape, self.network.nodes[number - self.network.first_node])
            assert inside is not None
            with self.recorder.trace:
                self.flows[number] = inside, inside.run(self.tape.values, self.gradients.get(number))
        return self.flows[number]

    def _local(self, number: int) -> dict[tuple[int, int | str | None], Any]:
        """What an operation passes back from the gradient 1, by the number of the value and its place."""
        if number not in self.locals:
            one, node = np.ones((), self.dtype), self.network.nodes[number - self.network.first_node]
            with self.recorder.trace:
                if node.spec.operation == "grad":
                    uses = parts(self.tape, number, {number: one})
                    back = [(u.source, u.place, u.gradient) for u in uses if u.target == number]
                elif self._takes_twice(node):
                    back = self._by_place(node, one)
                else:  # without a look at the whole graph, since this is asked of every node
                    back = [*self.tape.passed_back(node, one, derived=self.through_grad)]
            self.locals[number] = {(source, place): factor for source, place, factor in back}
        return self.locals[number]


def _by_use(uses: Sequence[Part]) -> dict[tuple[int, int, int | str | None], Any]:
    return {(use.source, use.target, use.place): use.gradient for use in uses}
