"""The training of a model of ONNX: the graph of one step, the functions that it calls, and what it renews."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
from onnx import helper, numpy_helper

from graphlang.engine.model import Model
from graphlang.engine.run_state import GRADIENT_OF
from graphlang.engine.updates import STEP, slot_label
from graphlang.onnx.exporting.loop_nodes import value_info
from graphlang.onnx.exporting.training.functions import StepFunction, gradient_function, update_function
from graphlang.onnx.exporting.training.objectives import DrawnNumbers, RecordedObjective, recorded_objectives
from graphlang.onnx.exporting.types import onnx_type
from graphlang.onnx.exporting.writer import NodeWriter, names_read
from graphlang.trace import Shape, SymbolicArray
from graphlang.training.state import TrainingState


class TrainingFile(NamedTuple):
    """What is added to a model, and what is needed to compare it with the engine."""

    objectives: list[RecordedObjective]
    state: TrainingState
    #: by the name of a value of the step's graph, the random numbers that it draws
    draws: dict[str, DrawnNumbers]
    #: of each objective, by the labels of its results and of its update: the names in the graph
    results: list[dict[str, str]]
    updates: list[dict[str, str]]


def add_training(
    proto: Any, model: Model, state: TrainingState, opset: int, fixed: Mapping[str, int]
) -> TrainingFile:
    """Adds to a model of inference the step of a training."""
    objectives = recorded_objectives(model, fixed, state)
    step = _StepGraph(proto, model, state, opset)
    made = TrainingFile(objectives, state, step.draws, [], [])
    for own in objectives:
        results, updates = step.objective(own)
        made.results.append(results)
        made.updates.append(updates)
    step.finish()
    return made


class _StepGraph:
    """The graph of a step while it is written."""

    def __init__(self, proto: Any, model: Model, state: TrainingState, opset: int) -> None:
        self.proto, self.model, self.state = proto, model, state
        self.w = NodeWriter(opset)
        self.w.avoid(names_of(proto.graph))
        self.w.origin = "training"
        self.domain = domain_of(model.file)
        self.draws: dict[str, DrawnNumbers] = {}
        self.functions: list[StepFunction] = []
        self.outputs: list[Any] = []
        #: by label: the name of the newest value of a parameter, of its memory, of a number of the step
        self.newest: dict[str, str] = {}
        #: the inputs that are no inputs of the inference
        self.inputs: dict[str, Any] = {}
        self.start: dict[str, Any] = {}
        for label, number in state.numbers(1).items():
            self._keep(label, np.float64(number))

    def _keep(self, label: str, value: Any) -> None:
        """A value that lasts from step to step, and where it starts."""
        self.w.take(label)
        self.newest[label] = label
        self.start[label] = np.asarray(value)

    def objective(self, own: RecordedObjective) -> tuple[dict[str, str], dict[str, str]]:
        """Calls gradient and update of one objective; the names of what they give."""
        ending = f"_{own.name}" if own.name else ""
        forms = self._forms(own)
        gradient = gradient_function(self.domain, f"gradient{ending}", self.w.opset, own, forms)
        given = [self._value(label, shape) for label, shape in forms.items()]
        given += [self._drawn(draw) for draw in own.draws]
        results = self._called(gradient, given, own.results)
        self.newest |= {label: results[label] for label in own.state}
        update = update_function(self.domain, f"update{ending}", self.w.opset, own.update)
        self._remember(own)
        after = self._called(
            update,
            [results.get(label) or self.newest[label] for label in own.update.inputs],
            own.update.values,
        )
        self.newest |= after
        return results, after

    def _forms(self, own: RecordedObjective) -> dict[str, Shape]:
        """The shapes of what the gradient is computed from, and of inputs that only tell a size."""
        network, recording = self.model.network, own.recording
        number = network.numbers[own.loss]
        inputs, sizes = network.sources_of([number])
        free = [s for s in sizes if not isinstance(recording.sizes.get(s), int)]
        more = network.inputs_with(free, inputs)
        labels = dict.fromkeys([*inputs, *more, *recording.inputs])
        return {label: recording.form(label)[0] for label in labels}

    def _value(self, label: str, shape: Shape) -> str:
        """The newest value of an input or a parameter."""
        network = self.model.network
        if label in network.inputs:
            if label not in self.inputs:
                self.w.sizes.learn(label, shape)
                self.inputs[label] = (shape, own_type(self.model, label))
        elif label not in self.newest:
            self.newest[label] = label
            self.start[label] = np.asarray(self.model.params[label], own_type(self.model, label))
        return self.newest.get(label, label)

    def _remember(self, own: RecordedObjective) -> None:
        for name in own.gradients:
            W = np.asarray(self.model.params[name], self.model.dtype)
            for slot, value in self.state.rule.slots(name, W).items():
                self._keep(slot_label(name, slot), value)

    def _drawn(self, draw: DrawnNumbers) -> str:
        kind = "RandomNormalLike" if draw.is_normal else "RandomUniformLike"
        dtype = draw.value.dtype
        name = self.w.node(kind, self.w.zeros(draw.value.shape, dtype), dtype=onnx_type(dtype))
        self.draws[name] = draw
        return name

    def _called(self, function: StepFunction, given: list[str], values: Mapping[str, Any]) -> dict[str, str]:
        """A node that calls a function; its results are outputs."""
        self.functions.append(function)
        names = [self.w.take(self._name(label)) for label in values]
        self.w.call(self.domain, function.name, given, names)
        for name, value in zip(names, values.values(), strict=True):
            kind = value if isinstance(value, SymbolicArray) else np.asarray(value)
            self.outputs.append(value_info(name, (kind.shape, kind.dtype)))
        return dict(zip(values, names, strict=True))

    def _name(self, label: str) -> str:
        """What a result is called in the graph."""
        nodes = [node.name for node in self.model.network.nodes]
        if label in nodes:
            return f"training {label}"
        return label if label.startswith(GRADIENT_OF) else f"new {label}"

    def finish(self) -> None:
        """Puts the graph, the functions and the bindings into the model."""
        one = self.w.constant(1.0, np.float64)
        after = self.w.take(f"new {STEP}")
        self.w.give_name(self.w.node("Add", STEP, one), after)
        self.newest[STEP] = after
        self.outputs.append(value_info(after, ((), np.float64)))
        nodes = self.w.all_nodes()
        known = {tensor.name for tensor in self.proto.graph.initializer}
        shown = {value.name for value in self.proto.graph.input}
        algorithm = helper.make_graph(
            nodes,
            "step",
            [value_info(name, kind) for name, kind in self.inputs.items() if name not in shown],
            self.outputs,
            [numpy_helper.from_array(array, name) for name, array in self.start.items() if name not in known],
            doc_string="One step of the training",
        )
        renewed = [(label, name) for label, name in self.newest.items() if name != label]
        self.proto.training_info.append(helper.make_training_info(algorithm, renewed, None, None))
        self.proto.functions.extend(function.built() for function in self.functions)
        self.proto.opset_import.append(helper.make_opsetid(self.domain, 1))


def own_type(model: Model, name: str) -> np.dtype[Any]:
    """The type of an input or a parameter in the file."""
    word = model.network.spec_of(name).dtype
    return {"float": np.dtype(model.dtype), "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}[word]


def domain_of(file: str | None) -> str:
    """The name of a graph, of which the functions are."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", PurePath(file or "graph").stem).strip("_") or "graph"


def names_of(graph: Any) -> set[str]:
    """All names of values in a graph."""
    names = {value.name for value in (*graph.input, *graph.output, *graph.initializer)}
    return names | {name for node in graph.node for name in node.output} | names_read(graph.node)
