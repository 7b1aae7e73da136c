"""A few of ONNX's node tests, made here by the package itself, and the table that the documentation has of all."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra `onnx`")
reference = pytest.importorskip("onnx.reference", reason="the extra `onnx`")

from graphlang.onnx.importing.loading import graph_of, import_model  # noqa: E402

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "onnx.md"
RNG = np.random.default_rng(0)
SAMPLE = {
    "Softmax": ([(2, 3, 4)], {"axis": 1}),
    "Selu": ([(3, 4)], {}),
    "Gemm": ([(4, 3), (5, 4), (1, 5)], {"transA": 1, "transB": 1, "alpha": 0.25, "beta": 0.35}),
    "LRN": ([(5, 5, 3, 3)], {"size": 3}),
    "Einsum": ([(2, 3), (3, 4)], {"equation": "ij,jk"}),
    "LayerNormalization": ([(2, 3, 4), (4,), (4,)], {"axis": -1}),
    "MaxPool": ([(1, 2, 7, 7)], {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
    "DepthToSpace": ([(1, 8, 2, 3)], {"blocksize": 2, "mode": "CRD"}),
    "Hardmax": ([(3, 4)], {}),
    "HardSigmoid": ([(3, 4)], {"alpha": 0.5}),
}


@pytest.mark.parametrize("op", SAMPLE)
def test_an_operator_gives_what_the_reference_of_onnx_gives(op: str) -> None:
    shapes, attributes = SAMPLE[op]
    names = [f"x{k}" for k in range(len(shapes))]
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(op, names, ["y"], **attributes)],
        "g",
        [onnx.helper.make_tensor_value_info(n, kind, s) for n, s in zip(names, shapes, strict=True)],
        [onnx.helper.make_tensor_value_info("y", kind, None)],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    arrays = {n: RNG.standard_normal(s).astype(np.float32) for n, s in zip(names, shapes, strict=True)}
    (theirs,) = reference.ReferenceEvaluator(model).run(None, arrays)
    imported = import_model(model, "net.onnx")
    ours = graph_of(imported, "net.graph").predict({imported.inputs[n]: a for n, a in arrays.items()})
    ours = ours["y"] if isinstance(ours, dict) else ours
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_the_table_of_the_documentation_adds_up() -> None:
    rows = re.findall(
        r"^\| ([a-z ]+?) \| (\d+(?: \| \d+)+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    counts = {name: [int(n) for n in cells.split(" | ")] for name, cells in rows}
    total = counts.pop("all")
    assert [sum(column) for column in zip(*counts.values(), strict=True)] == total
    assert all(n == passed + sum(others) for n, passed, _, *others, _ in counts.values())
    assert total[1] >= 1249
    assert total[4] == 0
