"""Models of PyTorch and scikit-learn give their own numbers once they are imported, and can be trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.onnx.importing.loading import import_file

pytest.importorskip("onnx", reason="the extra `onnx`")
MODELS = Path(__file__).parent / "models"


@pytest.mark.parametrize("name", ["resnet18", "gpt", "mlp", "causal", "encoder"])
def test_a_model_of_another_program_gives_its_numbers(name: str) -> None:
    graph = gl.onnx.load(MODELS / f"{name}.onnx")
    data = np.load(MODELS / f"{name}.npz")
    (given,) = graph.inputs
    results = graph.predict({given: data["x"]})
    y = list(results.values())[-1] if isinstance(results, dict) else results
    np.testing.assert_allclose(y, data["y"], atol=1e-6)


def test_the_spec_of_a_resnet_has_its_layers_in_chains(tmp_path: Path) -> None:
    spec = tmp_path / "resnet.graph"
    assert main(["import", str(MODELS / "resnet18.onnx"), "-o", str(spec)]) == 0
    text = spec.read_text(encoding="utf-8")
    assert "input x: float[N, 3, 32, 32]" in text
    assert "-> Relu" in text
    weights = np.load(spec.with_suffix(".npz"))
    assert sum(weights[name].ndim == 4 for name in weights) == 20
    assert main(["fmt", "--check", str(spec)]) == 0
    graph = gl.load(spec)
    graph.load_weights(spec.with_suffix(".npz"))
    data = np.load(MODELS / "resnet18.npz")
    results = graph.predict({"x": data["x"]})
    y = results["y"] if isinstance(results, dict) else results
    np.testing.assert_allclose(y, data["y"], atol=1e-6)


def test_an_imported_model_goes_on_training() -> None:
    imported = import_file(MODELS / "mlp.onnx")
    scores = imported.outputs["probabilities"]
    train = f"loss = CrossEntropyError({scores}, t)\ninput t: int[N]\n"
    train += "train { minimize = loss; optimizer = Adam(lr=0.01); epochs = 3 }\n"
    graph = gl.loads(imported.text + train)
    graph.params.update(imported.weights)
    data = np.load(MODELS / "mlp.npz")
    before = dict(graph.params.items())
    before = {name: array.copy() for name, array in before.items()}
    (x,) = imported.inputs.values()
    graph.fit({x: data["x"], "t": (data["x"][:, 1] > 0).astype(int)})
    assert all((before[name] != graph.params[name]).any() for name in before)


def test_nothing_that_is_there_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "mlp.graph"
    spec.write_text("y = x")
    assert main(["import", str(MODELS / "mlp.onnx"), "-o", str(spec)]) == 1
    assert "GL716" in capsys.readouterr().err
    assert spec.read_text() == "y = x"
    assert not spec.with_suffix(".npz").exists()
