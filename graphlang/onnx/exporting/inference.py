"""The file of a graph's outputs, in evaluation mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphlang.engine.model import Model
from graphlang.engine.sized_recording import record_graph
from graphlang.onnx.exporting.cannot_export import CannotExport
from graphlang.onnx.exporting.draws import FileDraw
from graphlang.onnx.exporting.model_file import ModelFile


class Made(NamedTuple):
    """A model of ONNX, and what is needed to compare it with its graph."""

    proto: Any
    #: the named values that it computes, in the order of the file
    named: list[str]
    #: by name, the values that it draws at random
    draws: dict[str, FileDraw]


def inference_file(model: Model, opset: int, fixed: Mapping[str, int]) -> Made:
    """The model of ONNX; raises CannotExport for what it has no form for."""
    network, outputs = model.network, list(dict.fromkeys(model.spec.outputs))
    if not outputs:
        raise CannotExport("it has no output")
    numbers = [network.numbers[name] for name in outputs]
    recording, values = record_graph(network, model.dtype, outputs, fixed=fixed)
    needed = network.ancestors(numbers)
    params = {n: model.params[n] for n in network.params if needed[network.numbers[n]]}
    made = ModelFile(recording, opset, params)
    inputs, sizes = network.sources_of(numbers)
    for name in dict.fromkeys([*inputs, *network.inputs_with([s for s in sizes if s not in fixed], inputs)]):
        made.add_input(name)
    infos = made.write({name: values[name] for name in outputs})
    proto = made.built(infos, model.spec.doc or f"{model.file or 'a graph'}, written by graphlang")
    computed = {name for node in proto.graph.node for name in node.output}
    named = [node.name for node in network.nodes if node.name in computed]
    return Made(proto, named, {made.w.renamed(name): draw for name, draw in made.w.draws.items()})
