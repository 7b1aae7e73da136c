"""`gl.onnx.training_step`: the step of a training as a model of its own, which any runtime runs."""

from __future__ import annotations

import os
from typing import Any

import onnx
from onnx import helper

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.onnx_export import NoTrainingInFile
from graphlang.onnx.exporting.writer import names_read
from graphlang.onnx.importing.model_file import read_model


def training_step(model: Any) -> Any:
    """The training step of a file that was exported with `training`, as an `onnx.ModelProto`.

    `model` is the path of the file, or the model itself. Parameters, the optimizer's memory, the learning
    rate and the number of the step are inputs with a default: the start that the file has. The new values
    are among the outputs, and `training_info[0].update_binding` of the file says which is whose.
    """
    whole = read_model(model) if isinstance(model, str | os.PathLike) else model
    if not whole.training_info:
        raise GraphError([NoTrainingInFile(os.fspath(model) if whole is not model else None)])
    algorithm = whole.training_info[0].algorithm
    read = names_read(algorithm.node)
    start = [x for x in (*whole.graph.initializer, *algorithm.initializer) if x.name in read]
    inputs = [x for x in (*whole.graph.input, *algorithm.input) if x.name in read]
    inputs += [helper.make_tensor_value_info(x.name, x.data_type, list(x.dims)) for x in start]
    graph = helper.make_graph(
        list(algorithm.node), algorithm.name, inputs, list(algorithm.output), start, algorithm.doc_string
    )
    step: onnx.ModelProto = helper.make_model(
        graph,
        functions=list(whole.functions),
        opset_imports=list(whole.opset_import),
        ir_version=whole.ir_version,
        producer_name=whole.producer_name,
        producer_version=whole.producer_version,
    )
    return step
