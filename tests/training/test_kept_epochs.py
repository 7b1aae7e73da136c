"""Which epoch's weights a training with `stop` or `keep` ends with, and how the terminal tells it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main

TEXT = """
graphlang 1.1
input x: float[N, 8], t: float[N]
y    = x -> Affine(32) -> Tanh -> Affine(1)
loss = MeanSquaredError(y[:, 0], t)
off  = rmse(y[:, 0], t)
data { source = csv("rows.csv", test=0.2); validation = 0.3; x = [a, b, c, d, e, f, g, h]; t = t }
train { minimize = loss; optimizer = Adam(lr=0.01); epochs = 60; metrics = [off]; stop = early(monitor=validation.off) }
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A network that learns noise by heart, so that training stops early."""
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).standard_normal((60, 9))
    lines = ["a,b,c,d,e,f,g,h,t", *(",".join(f"{number:.3f}" for number in row) for row in rows)]
    Path("rows.csv").write_text("\n".join(lines))
    path = Path("net.graph")
    path.write_text(TEXT)
    return path


def test_the_kept_epoch_is_that_of_the_weights(spec: Path) -> None:
    graph = gl.load(spec)
    history = graph.fit()
    kept = history.best
    assert kept is not None
    assert kept in history.epochs
    assert kept.epoch < len(history.epochs) < 60
    assert kept.validation["off"] == min(epoch.validation["off"] for epoch in history.epochs)
    assert graph.evaluate()["off"] == pytest.approx(kept.test["off"], rel=1e-5)
    assert f"best: {kept!r}" in repr(history)


def test_a_training_that_goes_on_knows_the_best_epoch_of_all(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keeps = ["--set", "train.stop=none", "--set", "train.keep=best(validation.off)", "--json"]

    def trained(*words: str) -> tuple[int, float]:
        assert main(["train", str(spec), *words, *keeps]) == 0
        record = json.loads(capsys.readouterr().out)
        return record["kept"], record["loss"]

    whole = trained("--set", "train.epochs=60")
    trained("--set", "train.epochs=55", "--run", "halves")
    assert whole[0] < 55
    assert trained("--set", "train.epochs=60", "--resume", "halves") == whole


def test_without_stop_and_keep_no_epoch_is_kept(spec: Path) -> None:
    graph = gl.load(spec, set={"train.stop": "none"})
    assert graph.fit().best is None


def test_the_end_of_training_tells_the_epoch_and_its_numbers(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(spec), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    best = record["epochs"][record["kept"] - 1]
    assert main(["train", str(spec)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert f"weights of epoch {record['kept']} in runs/net-2: " in line
    assert f"off: train {best['train']['off']:.4f}" in line


@pytest.mark.parametrize("setting", ["stop", "keep"])
def test_none_from_outside_leaves_stop_and_keep_out(
    setting: str, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keeps = ["--set", "train.keep=best(validation.off)"]
    others = ["--set", f"train.{setting}=none", "--set", "train.epochs=30"]
    assert main(["train", str(spec), *keeps, *others, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (len(record["epochs"]) == 30) == (setting == "stop")
    assert "kept" in record


def test_the_table_of_confusion_is_that_of_the_kept_epoch_with_the_names_of_classes(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = Path("rows.csv").read_text().splitlines()
    kinds = ["cat", "dog", "e\x1b[31mel"]
    rows = [f"{line.rpartition(',')[0]},{kinds[i % 3]}" for i, line in enumerate(lines[1:])]
    Path("rows.csv").write_text("\n".join([lines[0], *rows]))
    text = TEXT.replace("t: float[N]", "t: int[N]").replace("Affine(1)", "Affine(3)")
    text = text.replace("MeanSquaredError(y[:, 0], t)", "SoftmaxWithLoss(y, t)").replace(
        "t = t", "t = category(t)"
    )
    text = text.replace("rmse(y[:, 0], t)", "confusion(y, t)").replace("validation.off", "validation.loss")
    spec.write_text(text.replace("[off]", "[confusion(y, t)]"))
    assert main(["train", str(spec), "--run", "run"]) == 0
    told = capsys.readouterr().err
    head = next(line for line in told.splitlines() if "confusion over test: true, taken for" in line)
    assert head.split()[6:8] == ["cat", "dog"]
    assert "\x1b[31m" not in told
    assert main(["evaluate", str(spec), "--weights", "run"]) == 0
    table = capsys.readouterr().out
    assert table.partition("confusion")[2].strip() == told.partition("confusion")[2].strip()


def test_a_type_of_another_size_than_the_columns_is_answered_with_the_one_that_fits(spec: Path) -> None:
    spec.write_text(TEXT.replace("float[N, 8]", "float[N, 7]"))
    with pytest.raises(gl.GraphError) as caught:
        gl.load(spec).fit()
    assert [(d.code, d.help) for d in caught.value.diagnostics] == [
        ("GL620", "declare it `x: float[N, 8]`, or choose other columns")
    ]
