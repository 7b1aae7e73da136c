"""`graphlang diff`: two files, a file and a run, two runs; what it prints and how it ends."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from graphlang.cli import main

NET = """\
hyper hidden = 4
input x: float[N, 3], t: int[N]
y = x -> Affine(hidden) -> Relu -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("data.npz"); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.5); batch = 8; epochs = 2; metrics = [accuracy(y, t)] }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "net.graph").write_text(NET)
    wide = (
        NET.replace("hidden = 4", "hidden = 6")
        .replace("Relu", "LayerNorm -> Gelu")
        .replace("SGD(lr=0.5)", "Adam")
    )
    (tmp_path / "wide.graph").write_text(wide)
    rng = np.random.default_rng(7)
    x = rng.standard_normal((16, 3))
    np.savez(tmp_path / "data.npz", x_train=x, t_train=(x[:, 0] > 0).astype(np.int64))
    return tmp_path


def test_two_files_side_by_side(folder, capsys, golden):
    assert main(["diff", "net.graph", "wide.graph"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    golden("diff_two_files.txt", out)


def test_equal_files_end_with_0(folder, capsys):
    (folder / "same.graph").write_text("# a comment\n" + NET.replace("loss", "cost"))
    assert main(["diff", "net.graph", "net.graph"]) == 0
    assert capsys.readouterr().out == "no difference: the same structure, shapes, parameters and settings\n"
    assert main(["diff", "net.graph", "same.graph"]) == 0
    assert "but for 1 name inside of the file" in capsys.readouterr().out


def test_json_holds_every_difference_by_part(folder, capsys):
    assert main(["diff", "net.graph", "wide.graph", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["a"], told["b"], told["equal"], told["isomorphic"]) == (
        "net.graph",
        "wide.graph",
        False,
        False,
    )
    assert {"what": "added", "name": "LayerNorm1", "a": None, "b": "LayerNorm of Affine1"} in told[
        "differences"
    ]["structure"]
    assert {"what": "setting", "name": "hyper hidden", "a": "4", "b": "6"} in told["differences"]["settings"]
    assert main(["diff", "net.graph", "net.graph", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["differences"] == {}


def test_runs_differ_by_seed_in_metrics_and_weights(folder, capsys):
    for seed in ("1", "2"):
        assert main(["train", "net.graph", "--seed", seed, "--run", f"run-{seed}"]) == 0
    capsys.readouterr()
    assert main(["diff", "run-1", "run-2", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["isomorphic"]
    assert set(told["differences"]) == {"run", "metrics", "weights"}
    assert told["differences"]["run"] == [{"what": "start", "name": "seed", "a": 1, "b": 2}]
    weights = {row["name"]: row["largest"] for row in told["differences"]["weights"]}
    arrays = [np.load(f"run-{seed}/weights.npz") for seed in (1, 2)]
    assert weights == {
        n: pytest.approx(np.abs(arrays[0][n].astype(float) - arrays[1][n]).max()) for n in arrays[0].files
    }
    assert main(["diff", "run-1", "run-2"]) == 1
    assert "largest difference" in capsys.readouterr().out


def test_a_run_repeated_is_equal_to_the_weights(folder, capsys):
    for name in ("a", "b"):
        assert main(["train", "net.graph", "--run", name]) == 0
    capsys.readouterr()
    assert main(["diff", "a", "b"]) == 0
    assert (
        capsys.readouterr().out
        == "no difference: the same structure, shapes, parameters, settings and weights\n"
    )


def test_a_run_is_compared_with_its_file(folder, capsys):
    assert main(["train", "net.graph", "--run", "run", "--set", "hidden=5"]) == 0
    capsys.readouterr()
    assert main(["diff", "net.graph", "run"]) == 1
    out = capsys.readouterr().out
    assert "hyper hidden  4" in out
    assert "run  " not in out.replace("net.graph  run", "")


def test_mistakes_are_told_with_status_and_place(folder, capsys, monkeypatch):
    (folder / "empty").mkdir()
    (folder / "wrong.graph").write_text("y = x +")
    assert main(["diff", "net.graph", "empty"]) == 1
    assert "this folder does not hold a run" in capsys.readouterr().err
    assert main(["diff", "net.graph", "missing.graph"]) == 1
    assert main(["diff", "net.graph", "wrong.graph", "--format", "concise"]) == 1
    assert "wrong.graph:1:" in capsys.readouterr().err
    assert main(["diff", "-", "-"]) == 2
    assert main(["diff", "net.graph"]) == 2
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NET.encode())))
    assert main(["diff", "-", "net.graph"]) == 0
