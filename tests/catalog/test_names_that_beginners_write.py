"""Names and calls that come from other libraries or from guessing: each error says what is written here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.exports.targets import TARGETS
from graphlang.sweeps.values import read_axis

NET = """
input x: float[N, 4], t: int[N]
y = x -> Affine(5) -> Relu -> Affine(3)
loss = {loss}(y, t)
output y
train {{ minimize = loss; optimizer = SGD(lr=0.5); batch = 10; epochs = 2; metrics = {metrics}; schedule = {schedule} }}
"""


def _help(loss: str = "SoftmaxWithLoss", metrics: str = "[accuracy(y, t)]", schedule: str = "cosine") -> str:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(NET.format(loss=loss, metrics=metrics, schedule=schedule))
    return caught.value.diagnostics[0].help or ""


@pytest.mark.parametrize("loss", ["BCELoss", "BCE", "binary_crossentropy", "BinaryCrossEntropyLoss"])
def test_the_loss_of_two_classes_is_named(loss: str) -> None:
    assert "BinaryCrossEntropy" in _help(loss=loss)


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ('["accuracy"]', "`accuracy(y, t)`"), ('"accuracy"', "`accuracy(y, t)`"), ('["acc"]', "`accuracy(y, t)`"),
        ('["mae", "r2"]', "`mae(y, t)`"), ('["auroc"]', "`auc(y, t)`"), ('["loss"]', "`loss`"),
        ("[accuracy]", "`accuracy(y, t)`"), ('["nothing"]', "mean(y)"),
    ],
)  # fmt: skip
def test_a_metric_in_quotes_is_told_as_a_call(metrics: str, said: str) -> None:
    assert said in _help(metrics=metrics)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("cosine_annealing", "cosine"), ("CosineAnnealing", "cosine"), ("step_decay", "step"), ("StepLR", "step"),
        ("one_cycle_lr", "one_cycle"), ("exponential_lr", "exponential"), ("reduce_on_plateau", "plateau"),
        ("cosine_decay", "cosine"), ("cosine_schedule", "cosine"), ("linear_decay", "linear"),
    ],
)  # fmt: skip
def test_a_schedule_of_another_library_gets_its_name_here(schedule: str, said: str) -> None:
    assert f"`{said}`" in _help(schedule=schedule)


@pytest.mark.parametrize("layer", ["LSTM(4)", "GRU(4)", "RNN(4)", "Attention(1)"])
@pytest.mark.parametrize(("type_", "said"), [("int", "Embedding("), ("float", "[N, T, 1]")])
def test_a_sequence_without_features_is_told_how_it_gets_them(layer: str, type_: str, said: str) -> None:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(f"input x: {type_}[N, T]\ny = x -> {layer}")
    assert said in (caught.value.diagnostics[0].help or "")


@pytest.mark.parametrize(
    "name",
    [
        "save_weights", "save_model", "to_onnx", "count_params", "num_params", "copy", "clone", "reset", "loss",
        "metrics", "optimizer", "weights_", "restore", "load_state", "print_summary", "cuda", "device",
    ],
)  # fmt: skip
def test_an_attribute_that_a_graph_lacks_is_told_what_to_use(name: str) -> None:
    with pytest.raises(AttributeError, match=f"a graph has no `{name}`: "):
        getattr(gl.loads("input x: float[N]\ny = 2 * x"), name)


def test_a_layer_that_is_made_already_is_told_as_its_class() -> None:
    class Bell(gl.Layer):
        units: int = 3

        def forward(self, x):  # type: ignore[no-untyped-def]
            return x

    with pytest.raises(TypeError, match=r"write `layers=\[Bell\]`"):
        gl.loads("input x: float[N]\ny = x -> Bell", layers=[Bell(units=3)])
    for given in (Bell, Bell(units=3)):
        with pytest.raises(TypeError, match=r"layers=\[Bell\]"):
            gl.loads("input x: float[N]\ny = x -> Bell", layers=given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("hidden=[4,8]", "`hidden=4,8`"), ("hidden=[4, 8]", "`hidden=4,8`"), ("hidden=(4,8)", "`hidden=4,8`"),
        ("hidden={4,8}", "`hidden=4,8`"), ("hidden=range(4,8)", "`hidden=4,5,6,7`"), ("hidden=range(3)", "`hidden=0,1,2`"),
        ("hidden=arange(4, 9, 2)", "`hidden=4,6,8`"), ("hidden=4;8", "`hidden=4,8`"), ("hidden=4 8", "`hidden=4,8`"),
        ("hidden=4..6", "`hidden=4,5,6`"), ("lr=0.1 0.2", "`lr=0.1,0.2`"), ("lr=range(0.1,0.4)", "linear(from, to, count)"),
    ],
)  # fmt: skip
def test_values_of_a_sweep_in_another_form_are_told_as_they_are_written(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        read_axis(written)


@pytest.mark.parametrize(
    ("written", "count"),
    [("w=[1,2],[3,4]", 2), ("w=[1],[2]", 2), ("train.optimizer=SGD(0.1),Adam(lr=0.1)", 2), ("a=4", 1)],
)
def test_values_of_a_sweep_that_are_lists_or_calls_are_taken(written: str, count: int) -> None:
    assert len(read_axis(written).values) == count


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("pytorch", "`torch`"),
        ("graphviz", "`dot`"),
        ("tex", "`latex`"),
        ("nump", "`numpy`"),
        ("onx", "`onnx`"),
        ("keras", "numpy"),
    ],
)
def test_an_export_to_another_name_is_told_the_target(
    target: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "lesson:apple", "--to", target]) == 2
    assert said in capsys.readouterr().err


def test_the_target_of_an_export_follows_from_the_suffix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, target in TARGETS.items():
        same = [other for other in TARGETS.values() if other.suffix == target.suffix]
        if len(same) == 1 and not target.binary:
            assert main(["export", "lesson:apple", "-o", f"a{target.suffix}"]) == 0
            assert main(["export", "lesson:apple", "--to", name, "-o", f"b{target.suffix}"]) == 0
            assert Path(f"a{target.suffix}").read_bytes() == Path(f"b{target.suffix}").read_bytes()
    capsys.readouterr()
    assert main(["export", "lesson:apple", "-o", "a.py"]) == 2
    assert "--to numpy, --to jax or --to torch" in capsys.readouterr().err
    assert main(["export", "lesson:apple"]) == 2
    assert "--to" in capsys.readouterr().err


def test_a_misspelt_ending_of_a_spec_is_suggested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cls.graph").write_text("input x: float[N]\ny = 2 * x")
    for wrong in ("cls.grpah", "cls.grap", "clss.graph", "cls"):
        assert main(["check", wrong]) == 1
        assert "did you mean `cls.graph`?" in capsys.readouterr().out
