"""Random numbers of a graph become those of a runtime; a comparison gives both the same."""

from __future__ import annotations

import onnx
import pytest

import graphlang as gl
from graphlang.onnx.exporting.export import exported_bytes
from graphlang.onnx.importing.loading import graph_of, import_model

X = "input x: float[N, T, 3]\n"


@pytest.mark.parametrize(
    "text",
    [
        "y = scan v in x { yield v * random_normal(N, 3) }",
        "y = scan v in x, reverse=true carry h = zeros(N, 3) {\n"
        "  next h = h + v * random_uniform(N, 3) + random_normal(3)\n  yield h\n}",
        "y = scan v in x carry h = cast(x[:, 0] * 0, to=int) { next h = h + v * random_uniform(3, low=1)\n  yield h }",
        'y = scan v in x carry h = zeros(N, 3) { next h = h + v * random_like(h, "bernoulli")\n  last h }',
    ],
)  # fmt: skip
def test_the_draws_of_a_scan_are_made_before_it(text: str) -> None:
    content, report = exported_bytes(gl.loads(f"{X}{text}\noutput y", dtype="float32"))
    assert report.agreement is not None
    assert report.agreement.runtimes == ("onnx.reference", "onnxruntime")
    model = onnx.load_model_from_string(content)
    kinds = [node.op_type for node in model.graph.node]
    assert any(kind.startswith("Random") for kind in kinds[: kinds.index("Scan")])
    back = import_model(model, "net.onnx")
    assert "random_" in back.text
    assert graph_of(back, "net.graph").network.inputs


def test_draws_of_a_scan_within_another_are_refused_by_name() -> None:
    text = "y = scan v in x { z = scan u in v, axis=0 { yield u * random_normal(3) }\n  yield z }"
    with pytest.raises(gl.GraphError, match="random numbers of a `scan` within another one"):
        exported_bytes(gl.loads(f"{X}{text}\noutput y"))


def test_a_runtime_draws_numbers_of_the_same_distribution() -> None:
    import numpy as np
    from onnx.reference import ReferenceEvaluator

    text = "y = scan v in x { yield 0 * v + random_uniform(N, 3, low=2, high=4) }"
    content, _ = exported_bytes(gl.loads(f"{X}{text}\noutput y", dtype="float32"))
    (y,) = ReferenceEvaluator(content).run(None, {"x": np.zeros((40, 50, 3), np.float32)})
    assert 2 <= y.min() < 2.05
    assert 3.95 < y.max() <= 4
    assert len(np.unique(y)) > 5000
