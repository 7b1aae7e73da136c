"""A graph of scalars as a JavaScript function of its inputs: values, gradients and parts of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from graphlang.engine.failures import OperationFailed
from graphlang.engine.parts import Part, parts
from graphlang.engine.recording import Recorder, Storage
from graphlang.engine.tape import Tape
from graphlang.spec.network import Network
from graphlang.trace import SymbolicArray, TraceError
from graphlang.view.javascript import javascript

if TYPE_CHECKING:
    from graphlang.api import Graph

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
        if of is not None:
            with self.recorder.trace:
                self._backward(network.numbers[of], 1.0 if seed is None else seed)

    def _backward(self, of: int, seed: float) -> None:
        tape = self.tape
        needed = tape.network.ancestors([of])
        numbers = [n for n, v in enumerate(tape.values) if needed[n] and self._is_float(v)]
        reached = tape.reached(of, numbers, np.asarray(seed, self.dtype))
        self.gradients = {n: g for n, g in zip(numbers, reached, strict=True) if g is not None}
        self.parts = _by_use(parts(tape, of, self.gradients))

    def _is_float(self, value: Any) -> bool:
        return getattr(value, "dtype", np.dtype(bool)).kind == "f"

    def result(self, key: Key) -> Any:
        """The value that a key stands for; 0 for a gradient where none arrives."""
        number = self.network.numbers[key.node]
        if key.kind == "value":
            return self.tape.values[number]
        if key.kind == "gradient":
            return self.gradients.get(number, np.zeros((), self.dtype))
        source = self.network.numbers[key.source]
        if key.kind == "part":
            return self.parts.get((source, number, key.place), np.zeros((), self.dtype))
        return self._local(number).get((source, key.place), np.zeros((), self.dtype))

    def _local(self, number: int) -> dict[tuple[int, int | str | None], Any]:
        """What an operation passes back from the gradient 1, by the number of the value and its place."""
        if number not in self.locals:
            one = {number: np.ones((), self.dtype)}
            with self.recorder.trace:
                uses = parts(self.tape, number, one)
            self.locals[number] = {(u.source, u.place): u.gradient for u in uses if u.target == number}
        return self.locals[number]


def _by_use(uses: Sequence[Part]) -> dict[tuple[int, int, int | str | None], Any]:
    return {(use.source, use.target, use.place): use.gradient for use in uses}


__all__ = ["Key", "ScalarFunction", "SymbolicArray", "javascript_of_run"]
