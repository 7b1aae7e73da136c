"""What a training step computes, recorded with sizes that stay symbols: gradients and updates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.model import Model
from graphlang.engine.run_state import GRADIENT_OF
from graphlang.engine.sized_recording import SizedRecording, leaves_of
from graphlang.engine.updates import recorded_updates, slot_label
from graphlang.trace import Step, SymbolicArray, Trace, needed_steps
from graphlang.training.state import TrainingState


class DrawnNumbers(NamedTuple):
    """Random numbers of a step, which its functions are given."""

    value: SymbolicArray
    #: the step that draws them here; None where the run fills them, with uniform ones
    step: Step | None

    @property
    def is_normal(self) -> bool:
        return self.step is not None and bool(self.step.params["normal"])


class RecordedUpdate(NamedTuple):
    """How the parameters change, from their gradients."""

    #: by label: parameters, their gradients, what is remembered of them, and the numbers of the step
    inputs: dict[str, SymbolicArray]
    #: the new values by label
    values: dict[str, Any]


class RecordedObjective(NamedTuple):
    """One objective of a step."""

    #: of several its name, else nothing
    name: str
    loss: str
    recording: SizedRecording
    value: Any
    gradients: dict[str, Any]
    #: by the name of a parameter that is state, as a running mean: its new value
    state: dict[str, Any]
    draws: tuple[DrawnNumbers, ...]
    update: RecordedUpdate

    @property
    def results(self) -> dict[str, Any]:
        """What the gradient gives, by label."""
        passed = {label_of_gradient(name): g for name, g in self.gradients.items()}
        return {self.loss: self.value, **passed, **self.state}


def label_of_gradient(name: str) -> str:
    """The label of the gradient of a parameter."""
    return f"{GRADIENT_OF}{name}"


def recorded_objectives(
    model: Model, fixed: Mapping[str, int], state: TrainingState
) -> list[RecordedObjective]:
    """The objectives of a section, each with the parameters that change for it."""
    names = state.several or [""]
    return [
        _recorded(model, fixed, state, name, loss, trained)
        for name, (loss, trained) in zip(names, state.objectives, strict=True)
    ]


def _recorded(
    model: Model, fixed: Mapping[str, int], state: TrainingState, name: str, loss: int, trained: list[str]
) -> RecordedObjective:
    network = model.network
    recording = SizedRecording(network, leaves_of(network, [loss]), model.dtype, training=True, fixed=fixed)
    tape, trace = recording.tape, recording.trace
    number = trace.input((), np.float64)
    tape.seeds = tape.seeds._replace(counters=(number,))
    with trace:
        tape.forward([loss])
        arrays = tape.reached(loss, [network.numbers[n] for n in trained])
    gradients = {n: g for n, g in zip(trained, arrays, strict=True) if g is not None}
    renewed = {network.names[n]: value for n, value in tape.state.items()}
    value = tape.values[loss]
    wanted = [x for x in (value, *gradients.values(), *renewed.values()) if isinstance(x, SymbolicArray)]
    steps = [s for s in needed_steps(wanted) if s.primitive.name == "random_numbers"]
    draws = [DrawnNumbers(x, None) for x in recording.random.draws]
    draws += [DrawnNumbers(s.output, s) for s in steps]
    update = _recorded_update(model, state, gradients)
    return RecordedObjective(
        name, network.names[loss], recording, value, gradients, renewed, tuple(draws), update
    )


def _recorded_update(model: Model, state: TrainingState, gradients: Mapping[str, Any]) -> RecordedUpdate:
    trace = Trace()
    params = model.params

    def entered(x: Any) -> SymbolicArray:
        return trace.input(tuple(x.shape), x.dtype)

    start = {n: np.asarray(params[n], model.dtype) for n in gradients}
    parameters = {n: entered(W) for n, W in start.items()}
    arriving = {n: entered(W) for n, W in start.items()}
    memory = {n: {k: entered(x) for k, x in state.rule.slots(n, W).items()} for n, W in start.items()}
    scalars = {label: trace.input((), np.float64) for label in state.numbers(1)}
    with trace:
        values = recorded_updates(trace, state.rule, parameters, arriving, memory, scalars).values
    slots = {slot_label(n, slot): x for n, own in memory.items() for slot, x in own.items()}
    passed = {label_of_gradient(n): g for n, g in arriving.items()}
    return RecordedUpdate({**parameters, **passed, **slots, **scalars}, values)
