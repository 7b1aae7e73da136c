"""Section 5 of version 1.1 of the language: running over data, a test for each of its lines."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main

SPEC = """
input x: float[N, 2]
input t: int[N]
y = x -> Affine(2)
loss = SoftmaxWithLoss(y, t)
best = argmax(y, axis=1)
output y, best
data {
  source = csv("kinds.csv", test=0)
  validation = 0.25
  x = standardize([size, weight])
  t = category(kind)
}
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 2 }
"""
ROWS = "size,weight,kind,note\n1,10,fig,a\n2,30,pear,b\n3,20,fig,c\n6,40,pear,d\n"
RAW = "weight,size\n20,3\n40,6\n10,1\n"
"""Rows without a target, with their columns in another order."""


@pytest.fixture(autouse=True)
def _trained(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("kinds.graph").write_text(SPEC)
    Path("kinds.csv").write_text(ROWS)
    Path("raw.csv").write_text(RAW)
    assert main("train kinds.graph --run run".split()) == 0
    capsys.readouterr()


def expected():
    graph = gl.load("kinds.graph")
    graph.load_weights("run")
    state = graph.model.learned["standardize([size, weight])"]
    x = (np.array([[3, 20], [6, 40], [1, 10]]) - state["less"]) / state["by"]
    return graph.predict(x=x)["y"]


def predict(*words):
    return main(["predict", "kinds.graph", "--weights", "run", *words])


def test_predict_on_raw_rows_of_another_file_writes_class_names_and_numbers():
    """predict SPEC --weights W --data FILE -o out.csv: a column per output (class names, probabilities)"""
    assert predict("--data", "raw.csv", "-o", "out.csv") == 0
    with Path("out.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    y = expected()
    assert head == ["y", "y_fig", "y_pear", "best"]
    np.testing.assert_allclose([[float(a), float(b)] for _, a, b, _ in rows], y, rtol=1e-5)
    names = [("fig", "pear")[i] for i in y.argmax(axis=1)]
    assert [(row[0], row[3]) for row in rows] == [(name, name) for name in names]


def test_predict_writes_an_object_per_row_as_jsonl():
    assert predict("--data", "raw.csv", "-o", "out.jsonl") == 0
    rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    np.testing.assert_allclose([[r["y_fig"], r["y_pear"]] for r in rows], expected(), rtol=1e-5)
    assert {row["y"] for row in rows} <= {"fig", "pear"}


def test_predict_writes_the_arrays_as_npz():
    assert predict("--data", "raw.csv", "-o", "out.npz") == 0
    with np.load("out.npz") as arrays:
        np.testing.assert_allclose(arrays["y"], expected(), rtol=1e-5)
        assert arrays["best"].dtype.kind == "i"


def test_predict_on_stdout_names_the_classes(capsys):
    assert predict("--data", "raw.csv") == 0
    shown = json.loads(capsys.readouterr().out)
    assert np.shape(shown["y"]) == (3, 2)
    assert set(shown["best"]) <= {"fig", "pear"}


def test_predict_takes_a_split_of_the_data(capsys):
    """predict ... [--split test]"""
    assert predict("--split", "validation") == 0
    assert len(json.loads(capsys.readouterr().out)["best"]) == 1
    assert predict("--split", "test") == 2
    assert "the data has no test split: it has train, validation" in capsys.readouterr().err


def test_predict_names_the_line_of_a_number_that_is_missing(capsys):
    Path("raw.csv").write_text("weight,size\n20,3\n,6\n")
    assert predict("--data", "raw.csv") == 1
    assert "line 3" in capsys.readouterr().err


@pytest.mark.parametrize(("rows", "count"), [("2", 2), ("all", 3), ("100", 3)])
def test_run_takes_rows_of_the_data(capsys, rows, count):
    """run SPEC --data FILE --rows 10 (all)"""
    Path("more.csv").write_text(ROWS.rpartition("6,40")[0])
    words = f"run kinds.graph --weights run --data more.csv --rows {rows} --json"
    assert main(words.split()) == 0
    assert len(json.loads(capsys.readouterr().out)["values"]["best"]) == count


def test_run_without_weights_prepares_rows_as_training_would(capsys):
    Path("more.csv").write_text(ROWS.rpartition("6,40")[0])
    assert main("run kinds.graph --data more.csv --rows 2 --json".split()) == 0
    assert len(json.loads(capsys.readouterr().out)["values"]["best"]) == 2


def test_inputs_may_come_from_the_columns_of_a_csv(capsys):
    """--inputs FILE.csv"""
    Path("sum.graph").write_text("input a: float[N], b: int[N]\ny = a + b\n")
    Path("in.csv").write_text("b,a\n1,2.5\n2,3\n")
    assert main("predict sum.graph --inputs in.csv".split()) == 0
    assert json.loads(capsys.readouterr().out) == {"y": [3.5, 5]}
    Path("in.csv").write_text("b,a\n1,x\n")
    assert main("predict sum.graph --inputs in.csv".split()) == 1
    assert "line 2, column `a` of `in.csv`" in capsys.readouterr().err


def test_predict_makes_a_row_for_each_of_the_data_where_outputs_depend_on_their_number_alone(capsys):
    """As in a generator, whose input is noise."""
    Path("made.graph").write_text(
        "input x: float[N, 2]\ny = random_normal(N, 3) -> Affine(2)\nloss = MeanSquaredError(y, x)\noutput y\n"
        'data { source = csv("kinds.csv", test=0); x = [size, weight] }\n'
        "train { minimize = loss; optimizer = SGD(lr=0.1); epochs = 1 }\n"
    )
    assert main("train made.graph --run made".split()) == 0
    assert main("predict made.graph --weights made --split train -o made.npy".split()) == 0
    assert np.load("made.npy").shape == (4, 2)
