"""`graphlang where`: a row per parameter, the path to one, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from graphlang.cli import main

DEEP = """\
input x: float[N, 3], t: int[N]
y = x -> repeat 4 { Affine(4, init=constant(0.5)); Sigmoid } -> Affine(2, init=constant([[1, -1], [0.5, 0], [0, 1], [-1, 0]]))
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("data.npz"); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.5); batch = 8; epochs = 1 }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "deep.graph").write_text(DEEP)
    x = np.arange(48.0).reshape(16, 3) / 48
    np.savez(tmp_path / "data.npz", x_train=x, t_train=np.arange(16) % 2)
    return tmp_path


def test_every_parameter_has_a_row_the_worst_first(folder, capsys):
    assert main(["where", "deep.graph", "--loss-from", "loss"]) == 0
    out, err = capsys.readouterr()
    assert "the first 8 samples of data.npz" in err
    lines = out.splitlines()
    assert lines[0].split() == ["to", "gradient", "(rms)", "arrives", "least", "at", "operation", "factor"]
    assert len([line for line in lines if line.startswith(("Affine", "y."))]) == 10
    assert lines[2].startswith("Affine1.")
    assert "the gradient dies on its way to `Affine1." in out
    assert "4 × Sigmoid make" in out


def test_the_path_to_one_parameter_has_every_step(folder, capsys):
    assert main(["where", "deep.graph", "--to", "Affine3.W"]) == 0
    out = capsys.readouterr().out
    names = [line.split()[0] for line in out.partition("\n\n")[0].splitlines()[2:]]
    assert names == ["loss", "y", "Sigmoid4", "Affine4", "Sigmoid3", "Affine3", "Affine3.W"]


def test_json_has_the_rows_the_sentences_and_the_path(folder, capsys):
    assert main(["where", "deep.graph", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["from"] == "loss"
    assert told["to"][0]["state"] == "weak"
    assert told["to"][0]["sentence"].startswith("the gradient dies")
    assert main(["where", "deep.graph", "--json", "--to", "Affine4.W", "--of", "loss", "--rows", "3"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in told["to"]] == ["Affine4.W"]
    assert told["path"][0]["name"] == "loss"
    assert all(step["factor"] <= 0.25 for step in told["path"] if step["operation"] == "Sigmoid")


def test_any_value_may_be_where_it_starts_and_inputs_may_be_given(folder, capsys):
    assert (
        main(["where", "deep.graph", "--loss-from", "Affine1", "--set", "x=[[1,2,3]]", "--set", "t=[0]"]) == 0
    )
    out = capsys.readouterr().out
    assert "Affine1.W" in out
    assert "`Affine1` does not depend on `Affine2.W`" in out


def test_without_parameters_the_inputs_are_looked_at(folder, capsys, golden):
    (folder / "apple.graph").write_text("input apple = 100, num = 2, tax = 1.1\nprice = apple * num * tax")
    assert main(["where", "apple.graph"]) == 0
    golden("where_apple.txt", capsys.readouterr().out)


def test_mistakes_are_told(folder, capsys):
    assert main(["where", "deep.graph", "--to", "Afine1.W"]) == 1
    assert "did you mean `Affine1.W`?" in capsys.readouterr().err
    assert main(["where", "deep.graph", "--loss-from", "los"]) == 1
    assert main(["where", "deep.graph", "--rows", "0"]) == 2
    (folder / "whole.graph").write_text("input n: int = 3\nm = n + 1\noutput m")
    assert main(["where", "whole.graph"]) == 1
    (folder / "two.graph").write_text("input a = 3\nb = a + 1\nc = a + 2\noutput b, c")
    assert main(["where", "two.graph"]) == 1
    assert main(["where", "two.graph", "--of", "c"]) == 0


def test_no_more_samples_are_told_than_the_data_has(folder, capsys):
    assert main(["where", "deep.graph", "--rows", "1000000"]) == 0
    assert "the first 16 samples of data.npz" in capsys.readouterr().err
