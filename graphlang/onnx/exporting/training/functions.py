"""Recorded steps as a function of ONNX, which a model brings with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import helper

from graphlang.onnx.exporting.cannot_export import CannotExport
from graphlang.onnx.exporting.graph_nodes import GraphNodes
from graphlang.onnx.exporting.model_file import lines_by_node
from graphlang.onnx.exporting.steps import StepNodes
from graphlang.onnx.exporting.training.objectives import RecordedObjective, RecordedUpdate
from graphlang.onnx.exporting.writer import NodeWriter
from graphlang.trace import Shape, SymbolicArray, needed_steps


class StepFunction:
    """A function: its nodes, and the labels of what it takes and gives."""

    def __init__(self, domain: str, name: str, opset: int, doc: str) -> None:
        self.domain, self.name, self.doc = domain, name, doc
        self.w = NodeWriter(opset)
        self.inputs: list[str] = []
        self.outputs: list[str] = []

    def add_input(self, label: str, shape: Shape) -> str:
        """A value that the function is given; its named sizes are known from now on."""
        self.inputs.append(self.w.take(label))
        self.w.sizes.learn(self.inputs[-1], shape)
        return self.inputs[-1]

    def give(self, labels: Sequence[str], written: Sequence[str]) -> None:
        """Names what the function gives."""
        for label, value in zip(labels, written, strict=True):
            name = self.w.take(f"new {label}" if label in self.inputs else label)
            leaf = value in self.inputs or value in self.w.constants or self.w.is_renamed(value)
            if leaf:
                value = self.w.node("Identity", self.w.renamed(value))
            self.w.give_name(value, name)
            self.outputs.append(name)

    def built(self) -> Any:
        """The function as ONNX has it."""
        return helper.make_function(
            self.domain,
            self.name,
            self.inputs,
            self.outputs,
            self.w.all_nodes(),
            [helper.make_opsetid("", self.w.opset)],
            doc_string=self.doc,
        )


def gradient_function(
    domain: str, name: str, opset: int, own: RecordedObjective, shapes: Mapping[str, Shape]
) -> StepFunction:
    """The loss, the gradients by the parameters, and the new state of layers; `shapes` are those of inputs
    and parameters in the order in which they are given, and random numbers follow them."""
    made = StepFunction(
        domain, name, opset, f"{own.loss}, and its gradients by the parameters that it trains"
    )
    tape = own.recording.tape
    nodes = GraphNodes(made.w, tape, lines_by_node(tape.network), in_training=True)
    leaves = own.recording.inputs
    for label, shape in shapes.items():
        taken = made.add_input(label, shape)
        if label in leaves:
            nodes.values[leaves[label].number] = taken
    for place, draw in enumerate(own.draws):
        nodes.values[draw.value.number] = made.add_input(f"random {place + 1}", ())
    made.give(list(own.results), nodes.write(list(own.results.values())))
    return made


def update_function(domain: str, name: str, opset: int, update: RecordedUpdate) -> StepFunction:
    """The new parameters, and what is remembered of them, from the gradients."""
    made = StepFunction(domain, name, opset, "The parameters after a step, from their gradients")
    nodes = StepNodes(made.w)
    values = {x.number: made.add_input(label, x.shape) for label, x in update.inputs.items()}
    steps = needed_steps([v for v in update.values.values() if isinstance(v, SymbolicArray)])
    for step in steps:
        made.w.origin = step.origin
        try:
            nodes.run([step], values)
        except CannotExport as error:
            error.origin = error.origin or step.origin
            raise
    made.w.origin = ""
    written = [nodes.operand(v, getattr(v, "dtype", np.float64), values) for v in update.values.values()]
    made.give(list(update.values), written)
    return made
