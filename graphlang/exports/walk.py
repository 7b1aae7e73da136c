"""The walker of all exports: the nodes of a graph in order, and the primitive steps that each records.

A node is recorded by itself, in a trace of its own, on symbolic arrays with symbolic sizes: first the steps
of `forward`, then those of `backward`, by hand or derived, whichever the engine takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.catalog.operation import Operation
from graphlang.engine.sized_recording import SizedRecording, leaves_of, targets_of
from graphlang.exports.lines import spec_lines
from graphlang.spec.network import Network, Node, Ref
from graphlang.trace import Size, SymbolicArray, Trace
from graphlang.trace.gradient import needed_steps


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


def steps_needed_by(recorded: Recorded) -> list[Any]:
    """The steps that the results of a node need, in order."""
    return needed_steps(recorded.results)


def _read(node: Node) -> list[int]:
    """The numbers of the values that a node reads, each once."""
    numbers = [o.number for o in node.operands if type(o) is Ref] + [*node.own.values()]
    return list(dict.fromkeys(numbers))
