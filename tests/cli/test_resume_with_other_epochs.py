"""A run goes on with epochs of the length that it has, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.training.loop import train
from graphlang.training.record import Progress
from graphlang.training.sections import open_data

NET = """
input x: float[N, 2], t: int[N]
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("d.npz"); x = x; t = t }
train { minimize = loss; optimizer = Adam(lr=0.1); batch = 5; epochs = 3 }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.graph").write_text(NET)
    for name, rows in (("d.npz", 23), ("fewer.npz", 11)):
        np.savez(name, x=np.arange(2.0 * rows).reshape(rows, 2) / rows, t=np.arange(rows) % 3)
    assert main(["train", "net.graph", "--run", "run"]) == 0


@pytest.mark.parametrize(("words", "steps"), [(("--set", "train.batch=7"), 4), (("--data", "fewer.npz"), 3)])
def test_another_length_is_refused_and_the_run_left_as_it_is(
    words: tuple[str, ...], steps: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path("run/checkpoint.npz").read_bytes()
    assert main(["train", "net.graph", "--resume", "run", "--set", "train.epochs=5", *words]) == 1
    err = capsys.readouterr().err
    assert f"an epoch of that run has 5 steps, and one of this has {steps}" in err
    assert Path("run/checkpoint.npz").read_bytes() == before
    assert main(["train", "net.graph", "--weights", "run", "--run", "other", *words]) == 0


def test_the_same_length_goes_on_to_the_bit() -> None:
    assert main(["train", "net.graph", "--resume", "run", "--set", "train.epochs=5"]) == 0
    assert main(["train", "net.graph", "--run", "whole", "--set", "train.epochs=5"]) == 0
    assert Path("run/weights.npz").read_bytes() == Path("whole/weights.npz").read_bytes()


def _stopped_after_7_steps() -> None:
    def stop(progress: Progress) -> None:
        if progress.iteration == 7:
            raise KeyboardInterrupt

    model = gl.load("net.graph", set={"epochs": 40}).model
    with pytest.raises(KeyboardInterrupt):
        train(model, open_data(model), folder=Path("part"), overrides={"epochs": "40"}, on_progress=stop)


def _everything() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path("run").iterdir()) if path.is_file()}


@pytest.mark.parametrize(
    "slip",
    [["epochs=1"], ["train.epochs=1"], ["iterations=2"], ["epochs=3", "lr=0.5"]],
)
def test_a_run_that_trains_nothing_is_left_as_it_is(
    slip: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "net.graph", "--resume", "run", "--set", "epochs=4"]) == 0
    before = _everything()
    capsys.readouterr()
    words = [word for setting in slip for word in ("--set", setting)]
    assert main(["train", "net.graph", "--resume", "run", *words, "--resume-changed"]) == 0
    captured = capsys.readouterr()
    assert "nothing was trained" in captured.out
    assert "epoch " not in captured.err
    assert _everything() == before


def test_a_run_that_stopped_within_an_epoch_gets_no_record_of_a_part_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _stopped_after_7_steps()
    before = Path("part/metrics.jsonl").read_bytes()
    capsys.readouterr()
    assert main(["train", "net.graph", "--resume", "part", "--set", "epochs=1"]) == 0
    assert "epoch " not in capsys.readouterr().err
    assert Path("part/metrics.jsonl").read_bytes() == before
    assert main(["train", "net.graph", "--resume", "part"]) == 0
    assert main(["train", "net.graph", "--run", "whole", "--set", "epochs=40"]) == 0
    assert Path("part/weights.npz").read_bytes() == Path("whole/weights.npz").read_bytes()


@pytest.mark.parametrize("name", ["epochs", "train.epochs", "iterations", "train.iterations"])
@pytest.mark.parametrize("again", ["epochs=6", "train.epochs=6", "iterations=30", "train.iterations=30"])
def test_a_setting_takes_the_place_of_that_of_before_however_it_is_written(
    name: str, again: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = 4 if "epochs" in name else 20
    assert main(["train", "net.graph", "--run", "named", "--set", f"{name}={value}", "--set", "lr=0.05"]) == 0
    capsys.readouterr()
    assert main(["train", "net.graph", "--resume", "named", "--set", again]) == 0
    captured = capsys.readouterr()
    assert "going on with what the run was last set to: --set lr=0.05\n" in captured.err
    assert "trained 30 iterations" in captured.out
    assert main(["train", "net.graph", "--resume", "named"]) == 0
    assert f"--set lr=0.05 --set {again}" in capsys.readouterr().err


def test_another_number_of_rows_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("almost.npz", x=np.arange(44.0).reshape(22, 2) / 23, t=np.arange(22) % 3)
    capsys.readouterr()
    assert main(["train", "net.graph", "--resume", "run", "--set", "epochs=5", "--data", "almost.npz"]) == 1
    err = capsys.readouterr().err
    assert err.count("GL727") == 1
    assert "the train split had 23 rows in this run, and has 22" in err
