"""A weight that a file uses more than once is one weight of the spec, so that its gradient is right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphlang.onnx.importing.loading import ImportedSpec, graph_of, import_model

onnx = pytest.importorskip("onnx", reason="the extra `onnx`")

h = onnx.helper
RNG = np.random.default_rng(0)


def imported(text: str, weights: dict[str, Any]) -> ImportedSpec:
    """The spec of a model, with weights behind its nodes."""
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 22]>\n{text}')
    for name, array in weights.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array, np.float32), name))
    return import_model(model, "net.onnx")


def normal(*shape: int) -> Any:
    return RNG.standard_normal(shape).astype(np.float32)


def by_differences(spec: ImportedSpec, x: Any) -> None:
    """Holds that gradients are those of the numbers of the file."""
    check = "loss = sum(y**2)\ngradcheck { of = loss; samples = 6 }\n"
    graph = graph_of(spec._replace(text=spec.text + check), "net.graph", dtype="float64")
    report = graph.gradcheck({"x": x})
    assert report.ok
    assert len(report.rows) == len(spec.weights)


def test_a_layer_that_is_used_twice_is_one_layer() -> None:
    W, b = normal(3, 3), normal(3)
    spec = imported(
        """g (float[N, 3] x) => (float[N, 3] y) {
            a = Gemm(x, enc_W, enc_b)
            r = Relu(a)
            c = Gemm(r, enc_W, enc_b)
            y = Tanh(c)
        }""",
        {"enc_W": W, "enc_b": b},
    )
    assert "layer affine = Affine(3)" in spec.text
    assert set(spec.weights) == {"affine.W", "affine.b"}
    x = normal(4, 3)
    y = graph_of(spec, "net.graph", dtype="float64").forward({"x": x})["y"]
    np.testing.assert_allclose(y, np.tanh(np.maximum(x @ W + b, 0) @ W + b), atol=1e-6)
    by_differences(spec, x)


def test_a_branch_that_is_used_twice_is_one_def() -> None:
    nodes = """
        a{k} = Gemm(x{k}, A, b)
        r{k} = Relu(a{k})
        c{k} = Gemm(r{k}, B, d)
        e{k} = Sigmoid(c{k})
    """
    spec = imported(
        f"""g (float[N, 4] x) => (float[N, 2] y) {{
            half = Constant <value_floats = [0.5]> ()
            x1 = Mul(x, half)
            x2 = Sin(x)
            {nodes.format(k=1)}{nodes.format(k=2)}
            y = Sub(e1, e2)
        }}""",
        {"A": normal(4, 5), "b": normal(5), "B": normal(5, 2), "d": normal(2)},
    )
    assert spec.text.count("Affine(5)") == 1
    assert len(spec.weights) == 4
    by_differences(spec, normal(3, 4))


def test_weights_that_differing_layers_take_are_one_param() -> None:
    table = normal(7, 4)
    spec = imported(
        """g (int64[N, T] x) => (float[N, T, 7] y) {
            rows = Gather(table, x)
            turned = Transpose <perm = [1, 0]> (table)
            y = MatMul(rows, turned)
        }""",
        {"table": table},
    )
    assert "param table: float[7, 4]" in spec.text
    assert set(spec.weights) == {"table"}
    x = np.array([[0, 3], [6, 1]])
    np.testing.assert_allclose(
        graph_of(spec, "net.graph", dtype="float64").forward({"x": x})["y"], table[x] @ table.T, atol=1e-6
    )
    by_differences(spec, x)


def test_branches_that_have_a_part_of_their_weights_in_common_keep_it_in_common() -> None:
    nodes = """
        a{k} = Gemm(x{k}, A, b)
        r{k} = Relu(a{k})
        c{k} = Gemm(r{k}, B{k}, d{k})
        e{k} = Sigmoid(c{k})
    """
    spec = imported(
        f"""g (float[N, 4] x) => (float[N, 2] y) {{
            x1 = Cos(x)
            x2 = Sin(x)
            {nodes.format(k=1)}{nodes.format(k=2)}
            y = Sub(e1, e2)
        }}""",
        {"A": normal(4, 5), "b": normal(5)}
        | {f"B{k}": normal(5, 2) for k in (1, 2)}
        | {f"d{k}": normal(2) for k in (1, 2)},
    )
    assert len(spec.weights) == 6
    by_differences(spec, normal(3, 4))


def test_equal_weights_before_a_training_are_not_shared() -> None:
    """Exporters keep equal arrays once, as all biases of 0."""
    spec = imported(
        """g (float[N, 3] x) => (float[N, 3] y) {
            a = Gemm(x, A, zeros)
            n = LayerNormalization(a, ones, zeros)
            c = Gemm(n, B, zeros)
            y = LayerNormalization(c, ones, zeros)
        }""",
        {"A": normal(3, 3), "B": normal(3, 3), "zeros": np.zeros(3), "ones": np.ones(3)},
    )
    assert "layer " not in spec.text
    assert "param " not in spec.text
    assert len(spec.weights) == 8


def test_a_layer_without_another_form_has_a_copy_of_its_own() -> None:
    """Of an image of any size no convolution is written with weights of the graph."""
    W = normal(2, 2, 3, 3)
    spec = imported(
        """g (float[N, 2, H, V] x) => (float[N, 2, P, Q] y) {
            a = Conv <pads = [1, 1, 1, 1]> (x, W)
            y = Conv <strides = [2, 2]> (a, W)
        }""",
        {"W": W},
    )
    assert len(spec.weights) == 2
    y = graph_of(spec, "net.graph", dtype="float64").forward({"x": normal(1, 2, 7, 7)})["y"]
    assert y.shape == (1, 2, 3, 3)
