"""What runs a file to compare it with its graph: the reference of ONNX, and onnxruntime if it is there."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.onnx_export import OnnxNotRun
from graphlang.onnx.exporting.reference_ops import log_softmax

USUAL = 22
"""An opset that runtimes of several years run."""
IR = 10
"""The version of the file format; runtimes refuse newer ones than they know."""


class Runtime(NamedTuple):
    """Something that runs a model."""

    name: str
    run: Callable[[Mapping[str, Any]], dict[str, Any]]


def runtimes(proto: Any, file: str | None) -> Iterator[Runtime]:
    """Each that is installed, ready to run a model; raises GraphError where one cannot."""
    outputs = [output.name for output in proto.graph.output]
    for name, make in _MAKERS.items():
        if name == "onnxruntime" and find_spec("onnxruntime") is None:
            continue
        with _told(name, file):
            call = make(proto)
        yield Runtime(name, _running(name, call, outputs, file))


def _running(
    name: str, call: Callable[[Mapping[str, Any]], Any], outputs: list[str], file: str | None
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def run(feeds: Mapping[str, Any]) -> dict[str, Any]:
        with _told(name, file), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return dict(zip(outputs, call(feeds), strict=True))

    return run


class _told:  # noqa: N801 - used as a function
    """Turns whatever a runtime raises into a GraphError."""

    def __init__(self, name: str, file: str | None) -> None:
        self.name, self.file = name, file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception):
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)[:300]
            raise GraphError([OnnxNotRun(self.file, self.name, reason)]) from error


def newest_opset() -> int:
    """The newest version of ONNX's operations that onnxruntime runs; a usual one where it is missing."""
    if find_spec("onnxruntime") is None:
        return USUAL
    import onnx
    from onnx import helper

    for opset in range(onnx.defs.onnx_opset_version(), USUAL, -1):
        kinds = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, []) for name in ("x", "y")]
        graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", kinds[:1], kinds[1:])
        try:
            _onnxruntime(
                helper.make_model(graph, ir_version=IR, opset_imports=[helper.make_opsetid("", opset)])
            )
        except Exception:  # noqa: BLE001, S112 - whatever it raises, it does not run this version
            continue
        return opset
    return USUAL


def _reference(proto: Any) -> Callable[[Mapping[str, Any]], Any]:
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(proto, new_ops=[log_softmax()])
    return lambda feeds: evaluator.run(None, dict(feeds))


def _onnxruntime(proto: Any) -> Callable[[Mapping[str, Any]], Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda feeds: session.run(None, dict(feeds))


_MAKERS: dict[str, Callable[[Any], Callable[[Mapping[str, Any]], Any]]] = {
    "onnx.reference": _reference,
    "onnxruntime": _onnxruntime,
}
