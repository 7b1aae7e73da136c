"""The walker of all exports: the nodes of a graph in order, and the primitive steps that each records.

A node is recorded by itself, in a trace of its own, on symbolic arrays with symbolic sizes: first the steps
of `forward`, then those of `backward`, by hand or derived, whichever the engine takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.catalog.operation import Operation
from graphlang.engine.symbolic_tape import SymbolicTape
from graphlang.exports.lines import spec_lines
from graphlang.spec.models import InputSpec, NodeSpec, ParamSpec
from graphlang.spec.network import Network, Node, Ref
from graphlang.trace import Dim, Size, SymbolicArray, SymbolicRandom, Trace
from graphlang.trace.gradient import needed_steps

COMPUTED = 16
"""The most numbers of a constant that is computed while recording; a larger one is a step."""


class Recorded(NamedTuple):
    """What one node computes, in a trace of its own."""

    trace: Trace
    #: by name: the values of the graph that it reads, operands first and then parameters, each once
    inputs: dict[str, SymbolicArray]
    y: Any
    #: by the name of a parameter that is state, as a running mean: its new value
    state: dict[str, Any]
    #: inputs that are filled with uniform random numbers in [0, 1)
    draws: tuple[SymbolicArray, ...]
    #: the gradient that arrives, an input; None where only forward was recorded
    dy: SymbolicArray | None
    #: by name, the gradients that the node passes back; none where only forward was recorded
    gradients: dict[str, Any]
    #: the number of the training step, an input from which random values follow; None in evaluation
    step: SymbolicArray | None = None

    @property
    def results(self) -> list[SymbolicArray]:
        """Everything that it computes."""
        values = [self.y, *self.state.values(), *self.gradients.values()]
        return [value for value in values if isinstance(value, SymbolicArray)]


class WalkedNode(NamedTuple):
    """One node of a graph, as an export writes it."""

    network: Network
    node: Node
    #: the name of the operation: of the catalog, or `grad`, `constant` or `scan`
    operation: str
    #: the names of values, and constants
    operands: tuple[Any, ...]
    #: role in the operation -> name of the parameter
    parameters: dict[str, str]
    shape: tuple[Size, ...]
    dtype: str
    #: the lines of the spec that define it; none for what another line has already given
    lines: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def attributes(self) -> dict[str, Any]:
        """What the operation was given in the spec, as plain data."""
        return dict(self.node.spec.attributes)

    @property
    def built(self) -> Operation | None:
        """The operation with its attributes filled in; None for `grad`, `constant` and `scan`."""
        return self.node.operation

    @property
    def reads(self) -> tuple[str, ...]:
        """The values that it reads, each once."""
        values = [o for o in self.operands if isinstance(o, str)]
        return tuple(dict.fromkeys([*values, *self.parameters.values()]))

    def recorded(self, dtype: Any, *, training: bool = False, backward: bool = False) -> Recorded:
        """The steps of this node on symbolic arrays."""
        return record_node(self.network, self.node, dtype, training=training, backward=backward)


def walk(network: Network, targets: Sequence[str] | None = None) -> Iterator[WalkedNode]:
    """The nodes that some values need, in an order that can run; by default those of `targets_of`."""
    names = targets_of(network) if targets is None else targets
    needed = network.ancestors([network.numbers[name] for name in names])
    told: set[tuple[int, int]] = set()
    for node in network.nodes:
        if needed[node.number]:
            spec = node.spec
            lines = spec_lines(network.span_of(spec.at), told)
            operands = tuple(network.names[o.number] if type(o) is Ref else o for o in node.operands)
            yield WalkedNode(
                network, node, spec.operation, operands, dict(spec.parameters), spec.shape, spec.dtype, lines
            )


def targets_of(network: Network) -> list[str]:
    """What an export is to compute: the outputs, losses and metrics; where there are none, every value."""
    spec = network.spec
    names = list(spec.outputs)
    if spec.train is not None:
        names += [*spec.train.losses, *spec.train.metrics.values()]
    elif spec.gradcheck is not None:
        names.append(spec.gradcheck.of)
    return list(dict.fromkeys(names)) or [node.name for node in network.nodes]


def record_node(
    network: Network, node: Node, dtype: Any, *, training: bool = False, backward: bool = False
) -> Recorded:
    """One node on symbolic arrays. A `grad` reads the inputs and parameters that it depends on, and computes
    what lies between anew."""
    numbers = leaves_of(network, [node.number]) if node.spec.operation == "grad" else _read(node)
    recording = SizedRecording(network, numbers, dtype, training=training)
    tape, trace = recording.tape, recording.trace
    step = trace.input((), np.int64) if training else None
    if step is not None:
        tape.seeds = tape.seeds._replace(counters=(step,))
    with trace:
        tape.forward_of(node)
        y = tape.values[node.number]
        state = {network.names[number]: value for number, value in tape.state.items()}
        passed: dict[str, Any] = {}
        dy = None
        if backward and isinstance(y, SymbolicArray) and y.dtype.kind == "f":
            dy = trace.input(y.shape, y.dtype)
            passed = {network.names[n]: dx for n, dx in tape.passed_to(node, dy, numbers).items()}
    inputs = {network.names[number]: value for number, value in recording.leaves.items()}
    return Recorded(trace, inputs, y, state, tuple(recording.random.draws), dy, passed, step)


class SizedRecording:
    """A tape of a graph in a new trace, on symbolic arrays for some of its values, sizes and all."""

    def __init__(self, network: Network, numbers: Sequence[int], dtype: Any, *, training: bool) -> None:
        self.trace = Trace()
        self.trace.computed = COMPUTED
        self.random = SymbolicRandom(self.trace, dtype)
        self.leaves: dict[int, SymbolicArray] = {}
        for number in numbers:
            shape, kind = type_in_run(network.spec_of(network.names[number]), dtype)
            self.leaves[number] = self.trace.input(shape, kind)
        sizes: dict[str, Any] = {name: Dim.symbol(name) for name in size_names(network)}
        self.tape = SymbolicTape(
            network,
            self.leaves,
            dtype=dtype,
            sizes=sizes,
            training=training,
            random=self.random,
            trace=self.trace,
        )


def record_graph(
    network: Network, dtype: Any, targets: Sequence[str] | None = None, *, training: bool = False
) -> tuple[SizedRecording, dict[str, Any]]:
    """The values of a graph by name, all in one trace whose inputs are the graph's own; the origin of a step
    is the name of its node."""
    numbers = [network.numbers[n] for n in (targets_of(network) if targets is None else targets)]
    recording = SizedRecording(network, leaves_of(network, numbers), dtype, training=training)
    with recording.trace:
        recording.tape.forward(numbers)
    values = zip(network.names, recording.tape.values, strict=True)
    return recording, {name: value for name, value in values if value is not None}


def steps_needed_by(recorded: Recorded) -> list[Any]:
    """The steps that the results of a node need, in order."""
    return needed_steps(recorded.results)


def leaves_of(network: Network, numbers: Sequence[int]) -> list[int]:
    """The inputs and parameters that some values depend on."""
    needed = network.ancestors(list(numbers))
    return [number for number in range(network.first_node) if needed[number]]


def size_names(network: Network) -> list[str]:
    """The names of all sizes of a graph, in the order in which its inputs have them."""
    names: dict[str, None] = {}
    shapes = [spec.shape or () for spec in network.inputs.values()]
    shapes += [node.spec.shape for node in network.nodes]
    for shape in shapes:
        for size in shape:
            names.update(dict.fromkeys(size.symbols if isinstance(size, Dim) else ()))
    return list(names)


def type_in_run(spec: InputSpec | ParamSpec | NodeSpec, dtype: Any) -> tuple[tuple[Size, ...], np.dtype[Any]]:
    """Shape and type of a value in a run of this precision; an input of any shape is a number."""
    kinds = {"float": np.dtype(dtype), "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}
    return tuple(spec.shape or ()), kinds[spec.dtype]


def _read(node: Node) -> list[int]:
    """The numbers of the values that a node reads, each once."""
    numbers = [o.number for o in node.operands if type(o) is Ref] + [*node.own.values()]
    return list(dict.fromkeys(numbers))
