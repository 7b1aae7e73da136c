"""Repeated runs of a graph of scalars: every value and every gradient from one straight-line function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.engine.failures import OperationFailed
from graphlang.engine.garbage import collection_paused
from graphlang.engine.passes import optimised
from graphlang.engine.plain_products import plain_products
from graphlang.engine.recording import Recorder, Storage
from graphlang.engine.scalar import FAILURES, scalar_function
from graphlang.trace import TraceError

if TYPE_CHECKING:
    from graphlang.api import Graph

SEED = "gradient of the start"
"""The label of what backward starts with: no input can bear this name."""
Numbers = tuple[list[str], dict[str, float], dict[str, float]]


class QuickRun:
    """The named values of a graph and the gradients of `of` by each, as a function of the inputs."""

    def __init__(self, graph: Graph, of: str, names: list[str]) -> None:
        self.names = names
        self.of = of
        self._inputs = graph.network.inputs
        with collection_paused():
            self._function = _function(graph, of, names)

    def __call__(self, given: Mapping[str, Any], seed: Any) -> Numbers | None:
        """Names, values and gradients; None where the graph or the inputs are not of scalars."""
        if self._function is None or (seed is not None and type(seed) not in (int, float)):
            return None
        arguments = []
        for name, spec in self._inputs.items():
            value = given.get(name)
            if value is None:
                value = spec.default
            if type(value) is not float:
                if type(value) is not int:
                    return None
                try:
                    value = float(value)
                except OverflowError:  # who prepares the inputs says so
                    return None
            arguments.append(value)
        if len(given) > len(arguments) or any(name not in self._inputs for name in given):
            return None
        try:
            arguments.append(1.0 if seed is None else float(seed))
            found = self._function(*arguments)
        except FAILURES:
            return None
        half = len(self.names)
        return (
            self.names,
            dict(zip(self.names, found[:half], strict=True)),
            dict(zip(self.names, found[half:], strict=True)),
        )


def _function(graph: Graph, of: str, names: list[str]) -> Callable[..., Any] | None:
    network = graph.network
    if graph.dtype != np.float64 or network.params:
        return None
    if any(spec.shape not in (None, ()) or spec.dtype != "float" for spec in network.inputs.values()):
        return None
    storage = {network.numbers[n]: Storage((), np.dtype(np.float64)) for n in network.inputs}
    recorder = Recorder(network, storage, np.float64, {}, training=False)
    seed = recorder.input(SEED, (), np.float64)
    numbers = [network.numbers[n] for n in names]
    values = recorder.tape.values
    try:
        recorder.forward([*numbers, network.numbers[of]])
        if any(values[n].dtype != np.float64 or values[n].shape != () for n in numbers):
            return None
        with recorder.trace:
            gradients = recorder.tape.gradients(network.numbers[of], numbers, seed)
    except (OperationFailed, TraceError):  # the interpreter says what is wrong, where it minds
        return None
    outputs = {f"value {i}": values[n] for i, n in enumerate(numbers)}
    outputs.update({f"gradient {i}": g for i, g in enumerate(gradients)})
    program, telling = plain_products(recorder.recording(outputs, {}).program)
    return scalar_function(optimised(program), [*network.inputs, SEED], list(outputs), telling)
