"""Operators that are written with several functions give what the reference of ONNX gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra `onnx`")
reference = pytest.importorskip("onnx.reference", reason="the extra `onnx`")

from graphlang.onnx.importing.loading import graph_of, import_model  # noqa: E402

h = onnx.helper
RNG = np.random.default_rng(0)
KINDS = {"f": onnx.TensorProto.FLOAT, "i": onnx.TensorProto.INT64, "b": onnx.TensorProto.BOOL}


def normal(*shape: int) -> Any:
    return RNG.standard_normal(shape).astype(np.float32)


def made(op: str, arrays: list[Any], outputs: int = 1, opset: int = 22, **attributes: Any) -> Any:
    """A model of one node, whose inputs have the shapes and types of the arrays."""
    names, results = [f"x{k}" for k in range(len(arrays))], [f"y{k}" for k in range(outputs)]
    node = h.make_node(op, [n if a is not None else "" for n, a in zip(names, arrays, strict=True)], results)
    node.attribute.extend(h.make_attribute(n, v) for n, v in attributes.items())
    given = [
        h.make_tensor_value_info(n, KINDS[a.dtype.kind], a.shape)
        for n, a in zip(names, arrays, strict=True)
        if a is not None
    ]
    graph = h.make_graph([node], "g", given, [h.make_tensor_value_info(n, 1, None) for n in results])
    return h.make_model(graph, opset_imports=[h.make_opsetid("", opset)])


def compare(model: Any, arrays: list[Any], constants: Any = ()) -> str:
    """Holds that both give the same numbers; the spec."""
    values = {f"x{k}": a for k, a in enumerate(arrays) if a is not None}
    theirs = reference.ReferenceEvaluator(model).run(None, values)
    imported = import_model(model, "net.onnx", inputs={f"x{k}": values[f"x{k}"] for k in constants})
    given = {imported.inputs[n]: a for n, a in values.items() if n in imported.inputs}
    results = graph_of(imported, "net.graph").predict(given)
    names = [imported.outputs[o.name] for o in model.graph.output]
    results = results if isinstance(results, dict) else {names[0]: results}
    for name, expected in zip(names, theirs, strict=True):
        assert results[name].shape == expected.shape
        np.testing.assert_allclose(results[name], expected, atol=1e-5)
    return imported.text


POOLS = [
    {"kernel_shape": [2, 3], "strides": [2, 1]},
    {"kernel_shape": [3, 3], "pads": [1, 0, 1, 1], "strides": [2, 2]},
    {"kernel_shape": [2, 2], "dilations": [2, 1]},
]


@pytest.mark.parametrize("attributes", POOLS)
def test_the_places_of_a_pool_count_through_all_rows_and_channels(attributes: dict[str, Any]) -> None:
    x = normal(2, 3, 6, 5)
    compare(made("MaxPool", [x], 2, **attributes), [x])


def test_a_mean_may_have_more_than_half_of_its_window_outside() -> None:
    x = normal(2, 3, 6, 5)
    compare(made("AveragePool", [x], kernel_shape=[3, 2], pads=[2, 1, 2, 0]), [x])


def test_a_largest_number_may_have_more_than_half_of_its_window_outside() -> None:
    x = normal(1, 1, 3, 3)
    model = import_model(made("MaxPool", [x], kernel_shape=[3, 3], pads=[2, 2, 2, 2]), "net.onnx")
    y = graph_of(model, "net.graph").predict({model.inputs["x0"]: x})
    y = y["y0"] if isinstance(y, dict) else y
    assert y[0, 0, 0, 0] == x[0, 0, 0, 0]
    assert y[0, 0, 2, 2] == x.max()
