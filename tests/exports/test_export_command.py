"""`graphlang export`: targets to stdout and into files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.exports.targets import TARGETS


@pytest.mark.parametrize("target", [name for name, target in TARGETS.items() if not target.binary])
def test_every_target_of_text_writes_what_python_gets(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "lesson:apple", "--to", target]) == 0
    text = capsys.readouterr().out
    assert text == gl.load("lesson:apple").to_source(target)
    assert main(["export", "lesson:apple", "--to", target, "-o", str(tmp_path)]) == 0
    assert (tmp_path / f"apple{TARGETS[target].suffix}").read_text(encoding="utf-8") == text


def test_the_json_brings_back_the_graph_with_its_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "lesson:two_layer_net", "--to", "json", "--set", "hidden=7"]) == 0
    graph = gl.Graph.from_spec(json.loads(capsys.readouterr().out))
    assert graph.params["Affine1.W"].shape == (784, 7)


def test_a_picture_shows_numbers_where_the_file_has_them_and_else_shapes() -> None:
    assert "price = 220" in gl.load("lesson:apple").to_source("dot")
    assert "(N, 784)" in gl.load("lesson:two_layer_net").to_source("mermaid")


def test_an_unknown_target_names_a_close_one() -> None:
    with pytest.raises(ValueError, match="did you mean `mermaid`"):
        gl.load("lesson:apple").to_source("mermade")


def test_onnx_is_written_with_the_weights_and_brings_back_the_numbers(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the extra `onnx`")
    graph = gl.load("lesson:two_layer_net", set={"hidden": 7})
    graph.save(tmp_path / "net.npz")
    words = ["export", "lesson:two_layer_net", "--set", "hidden=7", "--weights", str(tmp_path / "net.npz")]
    assert main([*words, "--to", "onnx", "-o", str(tmp_path / "net.onnx")]) == 0
    x = np.random.default_rng(0).random((3, 784)).astype(np.float32)
    np.testing.assert_allclose(
        gl.onnx.load(tmp_path / "net.onnx").predict(x=x), graph.predict(x=x), rtol=1e-5, atol=1e-6
    )


def test_options_of_onnx_are_refused_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "lesson:apple", "--to", "json", "--opset", "20"]) == 2
    assert "belong to --to onnx" in capsys.readouterr().err


def test_a_program_is_written_with_its_weights_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = gl.load("lesson:two_layer_net", seed=7)
    graph.save(tmp_path / "weights.npz")
    words = ["export", "lesson:two_layer_net", "--to", "numpy", "--weights", str(tmp_path / "weights.npz")]
    assert main([*words, "-o", str(tmp_path / "net.py")]) == 0
    assert 'net.npz: `net.load("net.npz")` reads these weights' in capsys.readouterr().err.replace(
        str(tmp_path), ""
    )
    names: dict[str, Any] = {}
    exec((tmp_path / "net.py").read_text(encoding="utf-8"), names)  # noqa: S102 - the text is our own
    net = names["TwoLayerNet"]()
    net.load(tmp_path / "net.npz")
    x = np.random.default_rng(0).random((3, 784))
    np.testing.assert_allclose(net.predict(x), graph.predict(x=x), rtol=1e-5)
    assert main(words) == 0
    assert "the weights are not in it" in capsys.readouterr().err


@pytest.mark.parametrize(("target", "way"), [("jax", "dict(np.load(FILE))"), ("torch", "load_state_dict")])
def test_a_program_that_reads_no_file_says_how_the_weights_come_into_it(
    target: str, way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = str(tmp_path / "weights.npz")
    gl.load("lesson:two_layer_net", seed=7).save(weights)
    assert main(["export", "lesson:two_layer_net", "--to", target]) == 0
    assert "weights" not in capsys.readouterr().err
    words = ["export", "lesson:two_layer_net", "--to", target, "--weights", weights]
    assert main([*words, "-o", str(tmp_path / "net.py")]) == 0
    assert way in capsys.readouterr().err
