"""The comparison of a file with its graph: every named value, on several inputs, in every runtime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import onnx

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.onnx_export import NothingToCompare, OnnxDiffers
from graphlang.engine.model import Model
from graphlang.onnx.exporting.agreement import ValueDifference, compared
from graphlang.onnx.exporting.inference import Made
from graphlang.onnx.exporting.runtimes import Runtime, runtimes
from graphlang.onnx.exporting.trial_inputs import ComparedInputs, trials
from graphlang.onnx.exporting.trial_runs import Ours, compared_values
from graphlang.onnx.exporting.watching import refuse_unsound, with_draws_as_inputs


class Agreement(NamedTuple):
    """How a file compares with its graph."""

    runtimes: tuple[str, ...]
    #: how many values of the graph were compared, on how many inputs
    values: int
    inputs: int
    #: of float values, relative to their size
    largest: float


def verified(model: Model, made: Made, content: bytes, fixed: Mapping[str, int]) -> Agreement:
    """Runs the file; raises GraphError where it is not sound, does not run, or differs from the graph."""
    proto = onnx.load_model_from_string(content)
    refuse_unsound(proto, model.file)
    watched = _watched(proto, made)
    found, reason = [], "there are none"
    for trial in trials(model.network, fixed):
        try:
            found.append((trial, compared_values(model, made, trial)))
        except GraphError as error:
            reason = error.diagnostics[0].message
    if not found:
        raise GraphError([NothingToCompare(model.file, reason)])
    largest, names = 0.0, []
    for runtime in runtimes(watched, model.file):
        names.append(runtime.name)
        for trial, ours in found:
            largest = max(largest, _agreement(model, runtime, made, trial, ours))
    return Agreement(tuple(names), len(made.named), len(found), largest)


def _watched(proto: Any, made: Made) -> Any:
    """The model with every named value among its outputs, and random values among its inputs."""
    watched = with_draws_as_inputs(proto, made.draws)
    graph = watched.graph
    shown = {output.name for output in graph.output}
    infos = {info.name: info for info in graph.value_info}
    graph.output.extend(infos[name] for name in made.named if name in infos and name not in shown)
    return watched


def _agreement(model: Model, runtime: Runtime, made: Made, trial: ComparedInputs, ours: Ours) -> float:
    """The largest difference of a run; raises GraphError for the first value that is another."""
    theirs = runtime.run(ours.feeds)
    largest = 0.0
    for name in made.named:
        if name not in theirs:
            continue
        found = compared(ours.values[name], theirs[name], ours.exact[name])
        if isinstance(found, ValueDifference):
            raise GraphError([_differs(model, runtime.name, name, found, trial)])
        largest = max(largest, found)
    return largest


def _differs(
    model: Model, runtime: str, name: str, found: ValueDifference, trial: ComparedInputs
) -> OnnxDiffers:
    node = model.network.find(name)
    shown = f"`{name}`" if node is None else f"`{name}` ({node.spec.operation})"
    return OnnxDiffers(
        shown, runtime, found.ours, found.theirs, found.place, trial.name, model.network.span(name)
    )
