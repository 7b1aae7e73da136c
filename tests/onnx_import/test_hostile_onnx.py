"""ONNX files that are broken or meant to harm: each is refused by a diagnostic, soon and with little memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import graphlang as gl

onnx = pytest.importorskip("onnx", reason="the extra `onnx`")
h = onnx.helper
F, I, S = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, onnx.TensorProto.STRING


def model(nodes: list[Any], constants: Any = (), x: Any = None, y: str = "y", opset: int = 17) -> Any:
    x = h.make_tensor_value_info("x", F, [2, 3]) if x is None else x
    graph = h.make_graph(nodes, "g", [x], [h.make_tensor_value_info(y, F, None)], list(constants))
    return h.make_model(graph, opset_imports=[h.make_opsetid("", opset)])


def node(op: str, *inputs: str, y: str = "y", **attributes: Any) -> Any:
    return h.make_node(op, list(inputs) or ["x"], [y], **attributes)


def announced(dims: list[int], kind: int = F, raw: bytes = b"") -> Any:
    return onnx.TensorProto(name="w", data_type=kind, dims=dims, raw_data=raw)


def outside(location: str, **more: Any) -> Any:
    tensor = announced([2])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def ints(name: str, *values: int) -> Any:
    return h.make_tensor(name, I, [len(values)], values)


def cases() -> Iterator[tuple[str, Any]]:
    relu = model([node("Relu")])
    whole = relu.SerializeToString()
    yield "empty", b""
    yield "no protobuf", b"\xff" * 50
    yield "a text", b"hello, this is no model"
    for share in (3, 5, 9):
        yield f"cut off at {share}/10", whole[: len(whole) * share // 10]
    yield "no graph", onnx.ModelProto(ir_version=8).SerializeToString()
    yield "unknown operator", model([node("Frobnicate")])
    foreign = node("Relu")
    foreign.domain = "com.evil"
    yield "unknown domain", model([foreign])
    yield "missing input", model([node("Relu", "nowhere")])
    yield "missing output", model([node("Relu", y="z")])
    yield "circle", model([node("Relu", "y"), node("Relu", "y", y="z")])
    yield "circle of two", model([node("Relu", "b", y="a"), node("Relu", "a", y="b"), node("Add", "a", "b")])
    yield "given twice", model([node("Relu"), node("Tanh")])
    yield "no inputs", model([h.make_node("Relu", [], ["y"])])
    for dims in ([2**40], [2**20, 2**20], [-1], [1] * 40, [2**62, 4]):
        yield f"constant of {dims[:2]}", model([node("Add", "x", "w")], [announced(dims)])
    yield "constant of texts", model([node("Add", "x", "w")], [announced([1], S)])
    yield "constant of an unknown type", model([node("Add", "x", "w")], [announced([1], 99, b"1234")])
    for place in ("../../etc/passwd", "/etc/passwd", "", "none.bin", "a\0b", "."):
        yield f"numbers in {place!r}", model([node("Add", "x", "w")], [outside(place)])
    yield "offset below 0", model([node("Add", "x", "w")], [outside("w.bin", offset=-8)])
    yield "offset no number", model([node("Add", "x", "w")], [outside("w.bin", offset="far")])
    yield "other length", model([node("Add", "x", "w")], [outside("w.bin", length=2**60)])
    yield "huge input", model([node("Relu")], x=h.make_tensor_value_info("x", F, [2**50]))
    yield "input of texts", model([node("Relu")], x=h.make_tensor_value_info("x", S, [2]))
    yield "input without axes", model([node("Relu")], x=h.make_tensor_value_info("x", F, None))
    yield "shapes that do not fit", model([node("Add", "x", "w")], [h.make_tensor("w", F, [5], [0] * 5)])
    yield "reshape to other sizes", model([node("Reshape", "x", "s")], [ints("s", 7, 7)])
    yield "reshape by the data", model([node("Reshape", "x", "x")])
    yield "axis that is not there", model([node("Softmax", axis=9)])
    yield "axes twice too many", model([node("ReduceSum", "x", "s")], [ints("s", 17)])
    yield "window of nothing", model([node("MaxPool")])
    yield "kernel of an input", model([node("Conv", "x", "x")])
    yield "slice of steps of 0", model([node("Slice", "x", "s", "s", "s", "s")], [ints("s", 0)])
    yield "long window", model([node("HannWindow", "s")], [h.make_tensor("s", I, [], [2**40])])
    yield (
        "many numbers",
        model(
            [node("Range", "a", "b", "c")],
            [h.make_tensor(n, F, [], [v]) for n, v in (("a", 0.0), ("b", 1e12), ("c", 0.5))],
        ),
    )


CASES = dict(cases())


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_refused_by_a_diagnostic(name: str, tmp_path: Path) -> None:
    content = CASES[name]
    file = tmp_path / "net.onnx"
    file.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
    with pytest.raises(gl.GraphError):
        gl.onnx.load(file)


def test_there_are_forty_of_them() -> None:
    assert len(CASES) >= 40


def test_a_message_names_the_node_and_its_operator(tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(model([node("Frobnicate", name="strange")]).SerializeToString())
    with pytest.raises(gl.GraphError, match=r"the node `strange` \(Frobnicate\) cannot be imported"):
        gl.onnx.load(file)
