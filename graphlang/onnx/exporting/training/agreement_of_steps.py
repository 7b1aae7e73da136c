"""The comparison of a training step with the engine: losses, gradients and updates, over two steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import onnx

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.onnx_export import NothingToCompare, OnnxDiffers
from graphlang.engine.model import Model
from graphlang.engine.recording import Storage, record_gradients
from graphlang.engine.run_state import GRADIENT_OF
from graphlang.engine.updates import STEP, recorded_updates, slot_label
from graphlang.inputs.input_values import bind_inputs
from graphlang.onnx.exporting.agreement import ValueDifference, compared
from graphlang.onnx.exporting.runtimes import Runtime, runtimes
from graphlang.onnx.exporting.training.objectives import DrawnNumbers, RecordedObjective, label_of_gradient
from graphlang.onnx.exporting.training.step_file import TrainingFile
from graphlang.onnx.exporting.training.step_model import training_step
from graphlang.onnx.exporting.trial_inputs import ComparedInputs, trials
from graphlang.onnx.exporting.watching import refuse_unsound, with_draws_as_inputs
from graphlang.trace import Trace, bind, bind_params, replay

STEPS = 2
"""How many steps are compared on the same inputs: after the first, the optimizer remembers something."""
TRIALS = ("random", "zero")
BATCHES = (3, 5)
"""Over one row or two a batch normalization has gradients of rounding errors alone."""


class ComparedStep(NamedTuple):
    """What a step is given."""

    model: Model
    made: TrainingFile
    trial: ComparedInputs
    runtime: Runtime
    number: int
    inputs: dict[str, Any]
    sizes: dict[str, int]


def verified_training(proto: Any, model: Model, made: TrainingFile, fixed: Mapping[str, int]) -> float:
    """The largest difference; raises GraphError where the step does not run, or differs from the engine."""
    step = training_step(proto)
    refuse_unsound(step, model.file)
    watched = with_draws_as_inputs(step, {name: draw.value for name, draw in made.draws.items()})
    found, reason = [], "there are none"
    for trial in trials(model.network, fixed, BATCHES):
        if trial.name in TRIALS:
            try:
                bound = bind_inputs(model.network, trial.inputs, model.dtype, None, model.file)
                found.append((trial, bound))
            except GraphError as error:
                reason = error.diagnostics[0].message
    if not found:
        raise GraphError([NothingToCompare(model.file, reason)])
    largest = 0.0
    for runtime in runtimes(watched, model.file):
        for trial, bound in found:
            names = model.network.names
            inputs = {names[number]: np.asarray(x) for number, x in bound.values.items()}
            lasting = _start(proto)
            for number in range(1, STEPS + 1):
                step_of = ComparedStep(model, made, trial, runtime, number, inputs, dict(bound.sizes))
                worst, lasting = _step(step_of, lasting, proto)
                largest = max(largest, worst)
    return largest


def _start(proto: Any) -> dict[str, Any]:
    """What lasts from step to step, as the file has it."""
    algorithm = proto.training_info[0].algorithm
    tensors = (*proto.graph.initializer, *algorithm.initializer)
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in tensors}


def _step(step: ComparedStep, lasting: dict[str, Any], proto: Any) -> tuple[float, dict[str, Any]]:
    """The largest difference of one step, and what lasts after it."""
    made, model = step.made, step.model
    lasting = {
        **lasting,
        **{label: np.array(float(x)) for label, x in made.state.numbers(step.number).items()},
    }
    drawn = {name: _numbers(draw, step) for name, draw in made.draws.items()}
    taken = {x.name for x in training_step(proto).graph.input}
    feeds = {name: x for name, x in {**step.inputs, **lasting}.items() if name in taken}
    theirs = step.runtime.run({**feeds, **drawn})
    largest, draws = 0.0, iter(drawn.values())
    for own, results, updates in zip(made.objectives, made.results, made.updates, strict=True):
        own_draws = [next(draws) for _ in own.draws]
        ours, exact = (_gradients(step, own, lasting, own_draws, kind) for kind in (model.dtype, np.float64))
        largest = max(largest, _compared(step, ours, exact, {k: theirs[n] for k, n in results.items()}))
        lasting |= {name: theirs[results[name]] for name in own.state}
        passed = {name: theirs[results[label_of_gradient(name)]] for name in own.gradients}
        ours, exact = (_updated(step, own, lasting, passed, kind) for kind in (model.dtype, np.float64))
        largest = max(largest, _compared(step, ours, exact, {k: theirs[n] for k, n in updates.items()}))
        lasting |= {label: theirs[name] for label, name in updates.items()}
    return largest, lasting


def _numbers(draw: DrawnNumbers, step: ComparedStep) -> Any:
    """The random numbers that a step is given."""
    if draw.step is None:
        shape = bind(draw.value.shape, step.sizes)
        return np.random.default_rng(step.number).random(shape).astype(draw.value.dtype)
    params = bind_params(draw.step.params, step.sizes)
    return draw.step.primitive.compute(step.number, **params)


def _gradients(
    step: ComparedStep, own: RecordedObjective, lasting: Mapping[str, Any], draws: list[Any], dtype: Any
) -> dict[str, Any]:
    """The loss, the gradients and the new state of layers, from a program of the engine."""
    network = step.model.network
    stored = {
        network.numbers[name]: Storage(x.shape, np.dtype(dtype) if x.dtype.kind == "f" else x.dtype)
        for name, x in step.inputs.items()
    }
    wrt = {name: network.numbers[name] for name in own.gradients}
    loss = network.numbers[own.loss]
    with np.errstate(all="ignore"):
        program, labels = record_gradients(network, stored, dtype, step.sizes, loss, wrt, training=True)
    given = {
        **step.model.params,
        **lasting,
        **step.inputs,
        STEP: np.float64(step.number),
        **dict(zip(labels, draws, strict=False)),
    }
    feeds = {x: np.asarray(given[label]) for label, x in program.inputs.items()}
    outputs = list(program.outputs.items())
    symbolic = [value for _, value in outputs if hasattr(value, "trace")]
    with np.errstate(all="ignore"):
        arrays = iter(replay(symbolic[0].trace, symbolic, feeds) if symbolic else [])
    values = {label: next(arrays) if hasattr(v, "trace") else v for label, v in outputs}
    passed = {label_of_gradient(name): values[f"gradient {name}"] for name in own.gradients}
    state = {name: values[f"state {name}"] for name in own.state}
    return {own.loss: values["value"], **passed, **state}


def _updated(
    step: ComparedStep,
    own: RecordedObjective,
    lasting: Mapping[str, Any],
    gradients: Mapping[str, Any],
    dtype: Any,
) -> dict[str, Any]:
    """What the engine makes of gradients."""

    def kept(x: Any) -> Any:
        return np.asarray(x, dtype) if np.asarray(x).dtype.kind == "f" else np.asarray(x)

    rule, params = step.made.state.rule, step.model.params
    slots = {
        name: {slot: kept(lasting[slot_label(name, slot)]) for slot in rule.slots(name, params[name])}
        for name in gradients
    }
    numbers = {label: np.float64(x) for label, x in step.made.state.numbers(step.number).items()}
    parameters = {name: kept(lasting[name]) for name in gradients}
    arriving = {name: kept(g) for name, g in gradients.items()}
    with np.errstate(all="ignore"):
        return dict(recorded_updates(Trace(), rule, parameters, arriving, slots, numbers).values)


def _compared(step: ComparedStep, ours: Any, exact: Any, theirs: Mapping[str, Any]) -> float:
    """The largest difference; raises GraphError for the first value that is another.

    Gradients are sums whose terms may cancel: they are measured by the largest of all.
    """
    largest, scale = 0.0, _largest(ours)
    for label, value in theirs.items():
        found = compared(ours[label], value, exact[label], scale if label.startswith(GRADIENT_OF) else 1.0)
        if isinstance(found, ValueDifference):
            span = step.model.network.span(step.made.objectives[0].loss)
            kind = f"{step.trial.name} (step {step.number})"
            raise GraphError(
                [
                    OnnxDiffers(
                        f"`{label}` of the training step",
                        step.runtime.name,
                        found.ours,
                        found.theirs,
                        found.place,
                        kind,
                        span,
                    )
                ]
            )
        largest = max(largest, found)
    return largest


def _largest(values: Mapping[str, Any]) -> float:
    """The largest number in gradients, at least 1."""
    arrays = [np.abs(g[np.isfinite(g)]) for label, g in values.items() if label.startswith(GRADIENT_OF)]
    return max([1.0, *(float(a.max()) for a in arrays if a.size)])
