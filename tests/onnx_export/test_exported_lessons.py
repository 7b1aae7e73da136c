"""Every lesson becomes a file in the format ONNX that computes what the lesson computes."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

import graphlang as gl
from graphlang.onnx.exporting.export import exported_bytes

SPECS = Path(__file__).parents[2] / "specs"
LESSONS = sorted(path.stem for path in SPECS.glob("*.graph"))


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_the_same_in_every_runtime(name: str) -> None:
    graph = gl.load(SPECS / f"{name}.graph")
    content, report = exported_bytes(graph)
    model = onnx.load_model_from_string(content)
    assert [output.name for output in model.graph.output] == list(graph.spec.outputs)
    agreement = report.agreement
    assert agreement is not None
    assert agreement.runtimes == ("onnx.reference", "onnxruntime")
    assert agreement.values >= 1
    assert agreement.inputs >= 3
