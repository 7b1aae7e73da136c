"""Weights and runs that are not where they are looked for, or belong to other settings: what is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main

NET = """
hyper hidden = 8, deep = false
input x: float[N, 4], t: int[N]
y = x -> Affine(hidden) -> Relu -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("d.npz"); x = x; t = t; test = 0.2 }
train { minimize = loss; optimizer = Adam(lr=0.02); batch = 10; epochs = 1; metrics = [accuracy(y, t)] }
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "net.graph").write_text(NET)
    (folder / "none.graph").write_text("input x: float[N]\ny = 2 * x")
    x = np.random.default_rng(0).standard_normal((40, 4))
    np.savez(folder / "d.npz", x=x, t=(x[:, 0] > 0).astype(int))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["train", "net.graph", "--run", "runs/m_things-1"]) == 0
        assert main(["train", "net.graph", "--run", "runs/small", "--set", "hidden=4"]) == 0
        assert main(["train", "net.graph", "--sweep", "hidden=4,6", "--run", "runs/sweep"]) == 0
    (folder / "runs" / "empty").mkdir()
    return folder


@pytest.fixture(autouse=True)
def folder(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


def _told(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(words) in (1, 2)
    return capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate", "net.graph", "--weights"], ["predict", "net.graph", "--weights"],
        ["train", "net.graph", "--weights"], ["train", "net.graph", "--resume"],
        ["summary", "net.graph", "--weights"], ["weights"], ["report"], ["diff", "runs/small"],
        ["compare", "net.graph"],
    ],
)  # fmt: skip
def test_a_misspelt_run_is_suggested_by_every_command(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "did you mean `runs/m_things-1`?" in _told([*words, "runs/m_thing-1"], capsys)


def test_where_no_run_is_meant_training_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(["evaluate", "net.graph", "--weights", "runs/other"], capsys)
    assert "there is no such run" in told
    assert "`graphlang train`" in told
    told = _told(["evaluate", "net.graph", "--weights", "other.npz"], capsys)
    assert "there is no such file" in told


def test_a_misspelt_file_of_weights_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(["evaluate", "net.graph", "--weights", "runs/small/weihgts.npz"], capsys)
    assert "did you mean `runs/small/weights.npz`?" in told


def test_of_a_sweep_the_best_run_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(["evaluate", "net.graph", "--weights", "runs/sweep"], capsys)
    assert "the folder of a sweep" in told
    assert "the best run by test loss is in `runs/sweep/" in told
    with pytest.raises(gl.GraphError, match="the folder of a sweep"):
        gl.load("net.graph").load_weights("runs/sweep")


def test_a_folder_of_runs_and_an_empty_one_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "name one of the runs in it: `runs/m_things-1` or `runs/small`" in _told(
        ["evaluate", "net.graph", "--weights", "runs"], capsys
    )
    assert "holds no weights" in _told(["evaluate", "net.graph", "--weights", "runs/empty"], capsys)


def test_weights_of_other_settings_are_told_with_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    for path in ("runs/small", "runs/small/weights.npz"):
        told = _told(["evaluate", "net.graph", "--weights", path], capsys)
        assert told.count("error") == 1
        assert "`hidden` is 4 in the run and 8 here" in told
        assert "--set hidden=4" in told
        assert "deep" not in told
    with pytest.raises(gl.GraphError, match=r'set=\{"hidden": 4\}'):
        gl.load("net.graph").load_weights("runs/small")
    gl.load("net.graph", set={"hidden": 4}).load_weights("runs/small")


def test_the_run_of_a_sweep_is_told_likewise_and_the_sweep_prints_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["train", "net.graph", "--resume", "runs/sweep"]) == 0
    lines = capsys.readouterr().out.splitlines()
    command = next(line for line in lines if "graphlang evaluate" in line).partition("graphlang ")[2].split()
    assert main(command) == 0
    without = [word for word in command if not word.startswith("hidden=")]
    without.remove("--set")
    if "hidden=8" not in command:
        assert "--set hidden=" in _told(without, capsys)


def test_weights_of_another_network_with_the_same_settings_are_told_as_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("other.graph").write_text(NET.replace("Affine(hidden)", "Affine(2 * hidden)"))
    told = _told(["evaluate", "other.graph", "--weights", "runs/m_things-1"], capsys)
    assert "`Affine1.W` is [4, 8] in the weights and [4, 16] in the graph" in told
