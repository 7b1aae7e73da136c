"""The model of ONNX: inputs, parameters, nodes, outputs, and the types of the values that the file names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import helper

from graphlang.engine.sized_recording import SizedRecording
from graphlang.onnx.exporting.graph_nodes import GraphNodes
from graphlang.onnx.exporting.loop_nodes import value_info
from graphlang.onnx.exporting.runtimes import IR
from graphlang.onnx.exporting.writer import NodeWriter
from graphlang.spec.network import Network
from graphlang.spec.version import __version__
from graphlang.trace import SymbolicArray


class ModelFile:
    """What becomes one file."""

    def __init__(self, recording: SizedRecording, opset: int, params: Mapping[str, Any]) -> None:
        self.recording = recording
        self.network = recording.network
        self.tape = recording.tape
        self.w = NodeWriter(opset)
        self.inputs: list[Any] = []
        self._infos: list[Any] = []
        self.nodes = GraphNodes(self.w, self.tape, lines_by_node(self.network))
        for name in self.network.names:
            self.w.take(name)
        for label, value in recording.inputs.items():
            if label in params:
                self.w.weights[label] = np.asarray(params[label], value.dtype)
            self.nodes.values[value.number] = label

    def add_input(self, label: str) -> None:
        """An input of the model; its named sizes are known from now on."""
        shape, dtype = self.recording.form(label)
        self.inputs.append(value_info(label, (shape, dtype)))
        self.w.sizes.learn(label, shape)

    def write(self, results: Mapping[str, Any]) -> list[Any]:
        """Writes what the results need, under their names; they may be values of the trace or constants."""
        named = {name: value for name, value in self._named().items() if name not in results}
        written = self.nodes.write([*results.values()])
        for name, y in zip(results, written, strict=True):
            self._give_name(name, y)
        for name, value in named.items():
            known = self.nodes.values.get(value.number)
            if known is not None and self._may_name(known):
                self.w.give_name(known, name)
                self._infos.append(value_info(name, (value.shape, value.dtype)))
        kinds = {
            name: (np.shape(y) if not isinstance(y, SymbolicArray) else y.shape, y.dtype)
            for name, y in results.items()
        }
        return [value_info(name, kind) for name, kind in kinds.items()]

    def _named(self) -> dict[str, SymbolicArray]:
        """The values that the file names."""
        found = {}
        for node in self.network.nodes:
            y = self.tape.values[node.number]
            if node.spec.named and isinstance(y, SymbolicArray):
                found[node.name] = y
        return found

    def _may_name(self, known: str) -> bool:
        """Whether a value has no name of the file yet, and a node of the model computes it."""
        is_leaf = known in self.w.constants or known in self.w.weights or known in self.recording.inputs
        return not is_leaf and not self.w.is_renamed(known)

    def _give_name(self, name: str, known: str) -> None:
        if name == known:  # an input or a parameter may be an output
            return
        if not self._may_name(known):
            known = self.w.node("Identity", self.w.renamed(known))
        self.w.give_name(known, name)

    def built(self, outputs: Sequence[Any], doc: str) -> Any:
        """The model as ONNX has it."""
        nodes = self.w.all_nodes()
        graph = helper.make_graph(
            nodes,
            name="graph",
            inputs=self.inputs,
            outputs=list(outputs),
            initializer=self.w.initializers(nodes, [output.name for output in outputs]),
            value_info=self._infos,
            doc_string=doc,
        )
        return helper.make_model(
            graph,
            producer_name="graphlang",
            producer_version=__version__,
            doc_string=doc,
            ir_version=IR,
            opset_imports=[helper.make_opsetid("", self.w.opset)],
        )


def lines_by_node(network: Network) -> dict[str, str]:
    """For every node the line of the file that it comes from."""
    docs = {}
    for node in network.nodes:
        span = network.span_of(node.spec.at)
        if span is not None:
            line = span.source.position(span.start)[0]
            docs[node.name] = f"{span.source.name}:{line}: {span.source.line(line).strip()}"
    return docs
