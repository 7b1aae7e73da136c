"""Sizes, precision and version of an export, and what is said of a file that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx
import pytest
from onnx import TensorProto

import graphlang as gl
from graphlang.onnx.exporting import export as exporting
from graphlang.onnx.exporting.export import LEAST, exported_bytes
from graphlang.onnx.exporting.inference import Made
from graphlang.onnx.exporting.runtimes import newest_opset

SIZED = """
input x: float[N, T, 4]
z = x -> Affine(3) -> Relu
w = reshape(z, [N, 3*T]) + ones(N, 3*T) * N
y = w[:, :T//2+1] -> mean(axis=1)
output y, z
"""
LAYERS = """
input x: float[N, 2, 6, 6], t: int[N]
h = x -> Conv(3, 3) -> BatchNorm -> Gelu -> MaxPool(2)
y = h -> Flatten -> Affine(4) -> LayerNorm -> Softmax
loss = CrossEntropyError(y, t)
output y, loss
"""
DENSE = """
input x: float[N, 4], t: int[N]
y = x -> Affine(5) -> Gelu -> LayerNorm -> Affine(3) -> Softmax
loss = CrossEntropyError(y, t)
output y, loss
"""


def dims(value: Any) -> list[Any]:
    return [dim.dim_value or dim.dim_param for dim in value.type.tensor_type.shape.dim]


@pytest.mark.parametrize("sizes", [{}, {"N": 4}, {"T": 5}, {"N": 2, "T": 3}])
def test_sizes_that_are_given_are_numbers_and_the_others_keep_their_names(sizes: dict[str, int]) -> None:
    content, report = exported_bytes(gl.loads(SIZED), sizes=sizes)
    graph = onnx.load_model_from_string(content).graph
    n, t = sizes.get("N", "N"), sizes.get("T", "T")
    assert [dims(value) for value in (*graph.input, *graph.output)] == [[n, t, 4], [n], [n, t, 3]]
    assert report.agreement is not None


def test_a_size_of_the_values_in_the_file_can_be_another() -> None:
    graph = gl.loads("input x: float[N] = [1, 2, 3]\ny = x * N\noutput y")
    content, _ = exported_bytes(graph, sizes={"N": 5})
    assert dims(onnx.load_model_from_string(content).graph.input[0]) == [5]


def test_a_file_of_float64_holds_doubles_and_agrees_to_their_digits() -> None:
    content, report = exported_bytes(gl.loads(DENSE), dtype="float64")
    graph = onnx.load_model_from_string(content).graph
    kinds = {tensor.data_type for tensor in graph.initializer}
    assert kinds == {TensorProto.DOUBLE}
    assert graph.output[0].type.tensor_type.elem_type == TensorProto.DOUBLE
    assert report.agreement is not None
    assert report.agreement.largest < 1e-11


@pytest.mark.parametrize("opset", range(LEAST, onnx.defs.onnx_opset_version() + 1))
def test_each_opset_from_the_first_to_the_newest_can_be_written(opset: int) -> None:
    content, report = exported_bytes(gl.loads(LAYERS), opset=opset, verify=opset <= newest_opset())
    assert onnx.load_model_from_string(content).opset_import[0].version == report.opset == opset


def test_the_newest_opset_that_onnxruntime_runs_is_taken() -> None:
    assert exported_bytes(gl.loads("input x: float[N]\ny = x * 2\noutput y"))[1].opset == newest_opset()


@pytest.mark.parametrize("opset", [LEAST - 1, onnx.defs.onnx_opset_version() + 1])
def test_an_opset_that_cannot_be_written_is_refused_with_those_that_can(opset: int) -> None:
    with pytest.raises(gl.GraphError, match=f"{LEAST} to {onnx.defs.onnx_opset_version()} can") as refused:
        exported_bytes(gl.loads(LAYERS), opset=opset)
    assert [d.code for d in refused.value.diagnostics] == ["GL783"]


def test_parameters_alone_are_initializers() -> None:
    graph = gl.loads(LAYERS)
    model = onnx.load_model_from_string(exported_bytes(graph)[0])
    assert {tensor.name for tensor in model.graph.initializer} == set(graph.params)


# ---- a file that is wrong ---------------------------------------------------------------------------------


def broken(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Any], None]) -> None:
    """Lets the export spoil each model that it makes."""
    right = exporting.inference_file_of

    def wrong(*arguments: Any) -> Made:
        made = right(*arguments)
        spoil(made.proto.graph)
        return made

    monkeypatch.setattr(exporting, "inference_file_of", wrong)


def test_the_first_value_that_is_wrong_is_named_with_both_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(graph: Any) -> None:
        next(node for node in graph.node if node.op_type == "Tanh").op_type = "Sigmoid"

    broken(monkeypatch, spoil)
    graph = gl.loads("input x: float[N] = [0]\nfirst = x + 1\nmiddle = tanh(first)\ny = middle * 2\noutput y")
    with pytest.raises(
        gl.GraphError, match=r"`middle` \(Tanh\) is not the same in onnx.reference"
    ) as refused:
        exported_bytes(graph)
    (found,) = refused.value.diagnostics
    assert found.code == "GL784"
    assert float(found.ours) != float(found.theirs)
    assert found.span is not None
    content, report = exported_bytes(graph, verify=False)
    assert report.agreement is None
    assert "Sigmoid" in [node.op_type for node in onnx.load_model_from_string(content).graph.node]


def test_a_file_that_is_no_sound_model_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, lambda graph: graph.node[-1].input.__setitem__(0, "nothing"))
    with pytest.raises(gl.GraphError, match="the checker of ONNX cannot run the file") as refused:
        exported_bytes(gl.loads("input x: float[N]\ny = tanh(x)\noutput y"))
    assert [d.code for d in refused.value.diagnostics] == ["GL785"]


def test_weights_that_are_wrong_are_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(graph: Any) -> None:
        weights = next(tensor for tensor in graph.initializer if tensor.name == "Conv1.W")
        weights.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weights) * 2, "Conv1.W"))

    broken(monkeypatch, spoil)
    with pytest.raises(gl.GraphError, match="is not the same"):
        exported_bytes(gl.loads(LAYERS))
