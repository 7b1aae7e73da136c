"""Records a run of a graph as one program: forward, backward and the optimizer's update."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.program import Program
from graphlang.engine.tape import Tape
from graphlang.engine.updates import (
    APPLIES,
    COUNT,
    NORMS,
    RATE,
    STEP,
    UPDATE,
    UpdateRule,
    Updates,
    loss_label,
    norms_together,
    recorded_updates,
    slot_label,
)
from graphlang.spec.network import Network
from graphlang.trace import SymbolicArray, SymbolicRandom, Trace


class Storage(NamedTuple):
    """The form in which an input is passed to a program: shape, dtype, and a factor that converts it to the
    graph's own scale (1/255 for the bytes of an image)."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float | None = None


class Recording(NamedTuple):
    """A program, and the labels of its inputs that are filled with random numbers before every run."""

    program: Program
    draws: tuple[str, ...]


SEED = "gradient that arrives"


class Recorder:
    """The state of a recording: the trace, the inputs by label, the tape of the graph on symbolic arrays."""

    def __init__(
        self,
        network: Network,
        inputs: Mapping[int, Storage],
        dtype: Any,
        sizes: Mapping[str, int],
        *,
        training: bool,
    ) -> None:
        self.network = network
        self.dtype = np.dtype(dtype)
        self.trace = Trace()
        self.inputs: dict[str, SymbolicArray] = {}
        self.random = SymbolicRandom(self.trace, self.dtype)
        leaves = {number: self._leaf(number, storage) for number, storage in inputs.items()}
        for name, spec in network.params.items():
            kind = {"float": self.dtype, "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}[spec.dtype]
            leaves[network.numbers[name]] = self.input(name, spec.shape, kind)
        self._leaves, self._sizes, self._training = leaves, sizes, training
        self.tape = self.tape_with({})

    def tape_with(self, values: Mapping[str, Any]) -> Tape:
        """The tape of the graph, with other values of some parameters."""
        numbers = self.network.numbers
        return Tape(
            self.network,
            {**self._leaves, **{numbers[name]: value for name, value in values.items() if name in numbers}},
            dtype=self.dtype,
            sizes=self._sizes,
            training=self._training,
            random=self.random,
            trace=self.trace,
        )

    def input(self, label: str, shape: Sequence[int], dtype: Any) -> SymbolicArray:
        """A new input of the program."""
        value = self.inputs[label] = self.trace.input(tuple(shape), np.dtype(dtype))
        return value

    def _leaf(self, number: int, storage: Storage) -> Any:
        name = self.network.names[number]
        value: Any = self.input(name, storage.shape, storage.dtype)
        spec = self.network.inputs[name]
        if spec.dtype == "float" and storage.dtype != self.dtype:
            value = value.astype(self.dtype)
        elif spec.dtype == "int" and storage.dtype != np.int64:
            value = value.astype(np.int64)
        return value if storage.scale is None else value * np.asarray(storage.scale, self.dtype)

    def forward(self, numbers: Sequence[int]) -> None:
        """Records what the values with these numbers need."""
        with self.trace:
            self.tape.forward(numbers)

    def recording(self, outputs: Mapping[str, Any], updates: Mapping[str, Any]) -> Recording:
        draws: list[str] = []
        for value in self.random.draws:
            draws.append(f"random {len(draws)}")
            self.inputs[draws[-1]] = value
        return Recording(Program(self.inputs, outputs, updates), tuple(draws))


def record_forward(
    network: Network,
    inputs: Mapping[int, Storage],
    dtype: Any,
    sizes: Mapping[str, int],
    outputs: Mapping[str, int],
    *,
    training: bool = False,
) -> Recording:
    """The program that computes values of a graph: `outputs` maps labels to their numbers."""
    recorder = Recorder(network, inputs, dtype, sizes, training=training)
    recorder.forward(list(outputs.values()))
    return recorder.recording({k: recorder.tape.values[n] for k, n in outputs.items()}, {})


def record_gradients(
    network: Network,
    inputs: Mapping[int, Storage],
    dtype: Any,
    sizes: Mapping[str, int],
    of: int,
    wrt: Mapping[str, int],
    *,
    training: bool = False,
) -> Recording:
    """The program that computes a value and its gradients, in evaluation mode as `Graph.run` does. Its
    outputs are `value`, and `gradient LABEL` for each label of `wrt`. With `training` it computes them as in
    a step, whose number is the input STEP, and its outputs are the new states of layers too, `state NAME`."""
    recorder = Recorder(network, inputs, dtype, sizes, training=training)
    if training:
        step = recorder.input(STEP, (), np.float64)
        recorder.tape.seeds = recorder.tape.seeds._replace(counters=(step,))
    recorder.forward([of, *wrt.values()])
    with recorder.trace:
        arrays = recorder.tape.gradients(of, list(wrt.values()))
    gradients = {f"gradient {label}": g for label, g in zip(wrt, arrays, strict=True)}
    states = {f"state {network.names[number]}": value for number, value in recorder.tape.state.items()}
    return recorder.recording({"value": recorder.tape.values[of], **gradients, **states}, {})


def record_run(
    network: Network,
    inputs: Mapping[int, Storage],
    dtype: Any,
    sizes: Mapping[str, int],
    numbers: Sequence[int],
    of: int | None,
    *,
    training: bool,
) -> Recording:
    """The program of a whole run: every value that some values need, and with `of` the gradient of that by
    each of them, from the gradient that is its input `SEED`. The outputs are labelled by `value_label` and
    `gradient_label`; a value that no gradient reaches has none."""
    recorder = Recorder(network, inputs, dtype, sizes, training=training)
    recorder.forward(numbers)
    tape = recorder.tape
    outputs = {value_label(i): v for i, v in enumerate(tape.values) if v is not None}
    if of is not None:
        y = tape.values[of]
        seed = recorder.input(SEED, y.shape, dtype)
        with recorder.trace:
            outputs |= {gradient_label(i): g for i, g in tape.every_gradient(of, seed).items()}
    return recorder.recording(outputs, {})


def value_label(number: int) -> str:
    """The label of a value in the program of a whole run."""
    return f"value {number}"


def gradient_label(number: int) -> str:
    """The label of a value's gradient in the program of a whole run."""
    return f"gradient {number}"


def record_peaks(
    network: Network,
    inputs: Mapping[int, Storage],
    dtype: Any,
    sizes: Mapping[str, int],
    kept: Mapping[int, int | None],
) -> Recording:
    """The program that computes the largest numbers of some values in evaluation mode: for each the largest
    at every place of one axis, or of the whole value. Its outputs have the names of the values."""
    recorder = Recorder(network, inputs, dtype, sizes, training=False)
    recorder.forward(list(kept))
    peaks: dict[str, Any] = {}
    with recorder.trace:
        for number, axis in kept.items():
            value = recorder.tape.values[number]
            others = tuple(i for i in range(len(value.shape)) if i != axis)
            peaks[network.names[number]] = np.max(value, axis=others)
    return recorder.recording(peaks, {})


def record_step(
    network: Network,
    inputs: Mapping[int, Storage],
    dtype: Any,
    sizes: Mapping[str, int],
    objectives: Sequence[tuple[int, Sequence[str]]],
    rule: UpdateRule,
    slots: Callable[[str], Mapping[str, Any]],
) -> Recording:
    """The program of one training step: for each objective, a loss and the parameters that change for it, in
    turn. Its outputs are the losses and the norms of the gradients, that of all together first; it updates
    the parameters, the optimizer's slots and the state of layers.

    A parameter without a gradient is not updated, and `slots` is not called for it.
    """
    recorder = Recorder(network, inputs, dtype, sizes, training=True)
    labels = (RATE, STEP) if rule.accumulate == 1 else (RATE, STEP, APPLIES, COUNT, UPDATE)
    scalars = {label: recorder.input(label, (), np.float64) for label in labels}
    updates: dict[str, Any] = {}
    norms: list[Any] = []
    losses: list[Any] = []
    for loss, trained in objectives:
        if losses:
            recorder.tape = recorder.tape_with(updates)
        tape, trace = recorder.tape, recorder.trace
        tape.seeds = tape.seeds._replace(counters=(scalars[STEP],))
        recorder.forward([loss])
        losses.append(tape.values[loss])
        with trace:
            changed = _updates_of(recorder, loss, trained, rule, slots, scalars)
            norms.append(changed.norms)
            updates |= changed.values
            updates |= {network.names[state]: value for state, value in tape.state.items()}
    with recorder.trace:
        together = norms[0] if len(norms) == 1 else norms_together(recorder.trace, norms)
    outputs = {loss_label(place): loss for place, loss in enumerate(losses)}
    return recorder.recording({**outputs, NORMS: together}, updates)


def _updates_of(
    recorder: Recorder,
    loss: int,
    trained: Sequence[str],
    rule: UpdateRule,
    slots: Callable[[str], Mapping[str, Any]],
    scalars: Mapping[str, Any],
) -> Updates:
    """The updates of the parameters that change for one loss."""
    tape, numbers = recorder.tape, recorder.network.numbers
    arrays = tape.reached(loss, [numbers[n] for n in trained])
    gradients = {name: g for name, g in zip(trained, arrays, strict=True) if g is not None}
    memory = {
        name: {s: recorder.input(slot_label(name, s), a.shape, a.dtype) for s, a in slots(name).items()}
        for name in gradients
    }
    parameters = {name: tape.values[numbers[name]] for name in gradients}
    return recorded_updates(recorder.trace, rule, parameters, gradients, memory, scalars)
