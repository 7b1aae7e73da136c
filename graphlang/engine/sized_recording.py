"""The values of a graph in a trace on symbolic arrays, with sizes that stay symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from graphlang.engine.symbolic_tape import SymbolicTape
from graphlang.spec.models import InputSpec, NodeSpec, ParamSpec
from graphlang.spec.network import Network
from graphlang.trace import Dim, Size, SymbolicArray, SymbolicRandom, Trace
from graphlang.trace.dims import bind

COMPUTED = 16
"""The most numbers of a constant that is computed while recording; a larger one is a step."""


class SizedRecording:
    """A tape of a graph in a new trace, on symbolic arrays for some of its values, sizes and all.

    Sizes in `fixed` are numbers, the others stay symbols.
    """

    def __init__(
        self,
        network: Network,
        numbers: Sequence[int],
        dtype: Any,
        *,
        training: bool,
        fixed: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.network = network
        self.trace = Trace()
        self.trace.computed = COMPUTED
        self.random = SymbolicRandom(self.trace, dtype)
        self.leaves: dict[int, SymbolicArray] = {}
        sizes: dict[str, Any] = {name: fixed.get(name, Dim.symbol(name)) for name in network.size_names}
        self.sizes, self.dtype = sizes, dtype
        for number in numbers:
            self.leaves[number] = self.trace.input(*self.form(network.names[number]))
        self.tape = SymbolicTape(
            network,
            self.leaves,
            dtype=dtype,
            sizes=sizes,
            training=training,
            random=self.random,
            trace=self.trace,
        )

    def form(self, name: str) -> tuple[tuple[Size, ...], np.dtype[Any]]:
        """The shape and the type of an input or a parameter."""
        shape, kind = type_in_run(self.network.spec_of(name), self.dtype)
        return bind(shape, self.sizes), kind

    @property
    def inputs(self) -> dict[str, SymbolicArray]:
        """The symbolic arrays by the names of their values."""
        return {self.network.names[number]: value for number, value in self.leaves.items()}


def record_graph(
    network: Network,
    dtype: Any,
    targets: Sequence[str] | None = None,
    *,
    training: bool = False,
    fixed: Mapping[str, int] = MappingProxyType({}),
) -> tuple[SizedRecording, dict[str, Any]]:
    """The values of a graph by name, all in one trace whose inputs are the graph's own; the origin of a step
    is the name of its node. Sizes in `fixed` are numbers."""
    numbers = [network.numbers[n] for n in (targets_of(network) if targets is None else targets)]
    recording = SizedRecording(network, leaves_of(network, numbers), dtype, training=training, fixed=fixed)
    with recording.trace:
        recording.tape.forward(numbers)
    values = zip(network.names, recording.tape.values, strict=True)
    return recording, {name: value for name, value in values if value is not None}


def targets_of(network: Network) -> list[str]:
    """What an export is to compute: the outputs, losses and metrics; where there are none, every value."""
    spec = network.spec
    names = list(spec.outputs)
    if spec.train is not None:
        names += [*spec.train.losses, *spec.train.metrics.values()]
    elif spec.gradcheck is not None:
        names.append(spec.gradcheck.of)
    return list(dict.fromkeys(names)) or [node.name for node in network.nodes]


def leaves_of(network: Network, numbers: Sequence[int]) -> list[int]:
    """The inputs and parameters that some values depend on."""
    needed = network.ancestors(list(numbers))
    return [number for number in range(network.first_node) if needed[number]]


def type_in_run(spec: InputSpec | ParamSpec | NodeSpec, dtype: Any) -> tuple[tuple[Size, ...], np.dtype[Any]]:
    """Shape and type of a value in a run of this precision; an input of any shape is a number."""
    kinds = {"float": np.dtype(dtype), "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}
    return tuple(spec.shape or ()), kinds[spec.dtype]
