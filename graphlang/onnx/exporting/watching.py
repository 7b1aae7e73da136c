"""A model as it is run to be compared: checked, with more outputs, and with its random numbers as inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import onnx
from onnx import helper

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.onnx_export import OnnxNotRun
from graphlang.onnx.exporting.draws import FileDraw
from graphlang.onnx.exporting.types import onnx_type
from graphlang.trace import SymbolicArray


def refuse_unsound(proto: Any, file: str | None) -> None:
    """Raises GraphError where a model is not sound."""
    try:
        onnx.checker.check_model(proto, full_check=True)
    except Exception as error:  # noqa: BLE001 - the checker and shape inference raise several
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)[:300]
        raise GraphError([OnnxNotRun(file, "the checker of ONNX", reason)]) from error


def with_draws_as_inputs(proto: Any, draws: Mapping[str, SymbolicArray | FileDraw]) -> Any:
    """The model with values that it draws at random among its inputs."""
    watched = onnx.ModelProto()
    watched.CopyFrom(proto)
    graph = watched.graph
    kept = [node for node in graph.node if not set(node.output) & set(draws)]
    del graph.node[:]
    graph.node.extend(kept)
    for name, value in draws.items():
        shape = [None] * len(value.shape)
        graph.input.append(helper.make_tensor_value_info(name, onnx_type(value.dtype), shape))
    return watched
