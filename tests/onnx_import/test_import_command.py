"""`graphlang import FILE`: what it writes, what it takes for inputs that have to be constants, what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main

onnx = pytest.importorskip("onnx", reason="the extra `onnx`")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model whose second input is a shape, which a spec has in its text."""
    monkeypatch.chdir(tmp_path)
    kind = onnx.TensorProto
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Reshape", ["x", "shape"], ["y"])],
        "g",
        [
            onnx.helper.make_tensor_value_info("x", kind.FLOAT, [2, 3]),
            onnx.helper.make_tensor_value_info("shape", kind.INT64, [2]),
        ],
        [onnx.helper.make_tensor_value_info("y", kind.FLOAT, None)],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "net.onnx")
    return tmp_path


@pytest.mark.parametrize("value", ["[3, 2]", "@shape.npy"])
def test_an_input_becomes_a_constant_by_set(folder: Path, value: str) -> None:
    np.save("shape.npy", np.array([3, 2]))
    assert main(["import", "net.onnx", "--set", f"shape={value}"]) == 0
    graph = gl.load("net.graph")
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(graph.predict(x=x), x.reshape(3, 2))
    assert not (folder / "net.npz").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["net.onnx"], "--set shape="),
        (["net.onnx", "--set", "shape=[3, two]"], "--set shape:"),
        (["net.onnx", "--set", "shape=[3, 2]", "-o", "net.txt"], "ends in .graph, not to `net.txt`"),
        (["net.onnx", "--set", "shape=[3, 2]", "-o", "there/net.graph"], "there"),
        (["gone.onnx"], "gone.onnx"),
    ],
)
def test_what_cannot_be_imported_is_told_and_nothing_is_written(
    folder: Path, capsys: Any, words: list[str], says: str
) -> None:
    before = set(folder.iterdir())
    try:
        status = main(["import", *words])
    except SystemExit as ended:
        status = int(str(ended.code))
    assert status in (1, 2)
    assert says in capsys.readouterr().err
    assert set(folder.iterdir()) == before


def test_a_spec_that_is_there_is_written_over_by_force_alone(folder: Path, capsys: Any) -> None:
    Path("net.graph").write_text("y = 1\n")
    words = ["import", "net.onnx", "--set", "shape=[3, 2]"]
    assert main(words) == 1
    assert "net.graph" in capsys.readouterr().err
    assert Path("net.graph").read_text() == "y = 1\n"
    assert main([*words, "--force"]) == 0
    assert "reshape" in Path("net.graph").read_text()
