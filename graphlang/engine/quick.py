"""Repeated runs of a graph of scalars: every value and every gradient from one straight-line function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from graphlang.engine.failures import OperationFailed
from graphlang.engine.forward import is_named
from graphlang.engine.garbage import collection_paused
from graphlang.engine.model import Model
from graphlang.engine.passes import optimised
from graphlang.engine.plain_products import plain_products
from graphlang.engine.recording import Recorder, Storage
from graphlang.engine.result import Gradients, Result
from graphlang.engine.runs import forward
from graphlang.engine.scalar import FAILURES, scalar_function
from graphlang.lazy import get_or_make
from graphlang.trace import TraceError

SEED = "gradient of the start"
"""The label of what backward starts with: no input can have this name."""


class QuickRuns:
    """Runs of one model by straight-line functions: one function for each value that backward starts from."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._names = [n for n in model.network.names if is_named(model.network, n)]
        self._functions: dict[str, Callable[..., Any] | None] = {}

    def run(self, inputs: Mapping[str, Any], of: str | None, seed: Any) -> Result | None:
        """The result of a run; None where the graph or the inputs are not of scalars, or a number fails."""
        model = self._model
        start = model.start(of)
        functions = self._functions
        function = functions[start] if start in functions else self._made(start)
        arguments = None if function is None else self._arguments(inputs, seed)
        if function is None or arguments is None:
            return None
        try:
            numbers = function(*arguments)
        except FAILURES:
            return None
        names = self._names
        values = dict(zip(names, numbers[: len(names)], strict=True))
        gradients = dict(zip(names, numbers[len(names) :], strict=True))

        whole: dict[str, Result] = {}

        def eager() -> Result:
            # The value of a node that the file does not name comes from a run that keeps every value.
            return get_or_make(whole, start, lambda: forward(model, inputs).backward(seed=seed, of=start))

        def value(name: str) -> Any:
            return values[name] if name in values else eager()[name]

        def gradient(name: str) -> Any:
            return gradients[name] if name in gradients else eager().grad[name]

        return Result(names, value, list(model.spec.outputs), start, Gradients(names, gradient), eager)

    def _made(self, start: str) -> Callable[..., Any] | None:
        with collection_paused():
            return get_or_make(self._functions, start, lambda: _function(self._model, start, self._names))

    def _arguments(self, inputs: Mapping[str, Any], seed: Any) -> list[float] | None:
        """The inputs in order and the seed, as floats; None where one of them is no single number."""
        if seed is not None and type(seed) not in (int, float):
            return None
        declared = self._model.network.inputs
        arguments = []
        try:
            for name, spec in declared.items():
                value = inputs.get(name)
                if value is None:
                    value = spec.default
                if type(value) is not float:
                    if type(value) is not int:
                        return None
                    value = float(value)
                arguments.append(value)
            if len(inputs) > len(arguments) or any(name not in declared for name in inputs):
                return None
            arguments.append(1.0 if seed is None else float(seed))
        except OverflowError:  # the interpreter says so when it prepares the inputs
            return None
        return arguments


def _function(model: Model, of: str, names: list[str]) -> Callable[..., Any] | None:
    """Every named value and its gradient as a function of the inputs; None where one is no float scalar."""
    network = model.network
    if model.dtype != np.float64 or network.params:
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
