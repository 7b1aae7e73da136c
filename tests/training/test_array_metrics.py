"""Metrics that are arrays, and metrics over a split that is computed in blocks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.functions.metrics import auc, confusion, f1, perplexity
from graphlang.functions.regression_metrics import r2, rmse

TEXT = """
graphlang 1
input x: float[N, 3], t: int[N]
y = x -> Affine(3)
s = y[:, 1] - y[:, 0]
k = t == 1
loss = SoftmaxWithLoss(y, t)
worst = max(abs(y))
data { source = npz("rows.npz"); x = x; t = t }
train {
  minimize = loss; optimizer = SGD(lr=0.1); batch = 50; epochs = 2; seed = 1; dtype = float64
  metrics = [confusion(y, t), f1(y, t), auc(s, k), perplexity(y, t), r2(s, x[:, 0]), rmse(s, x[:, 0]), worst,
             mean(y, axis=0)]
}
"""
RNG = np.random.default_rng(2)
ROWS = 2500


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    x = RNG.standard_normal((ROWS, 3))
    t = (x.argmax(axis=1) + (RNG.random(ROWS) < 0.2)) % 3
    np.savez(tmp_path / "rows.npz", x_train=x[:100], t_train=t[:100], x_test=x, t_test=t)
    path = tmp_path / "rows.graph"
    path.write_text(TEXT)
    return path


def expected(graph: gl.Graph, folder: Path) -> dict[str, Any]:
    """The metrics of the test split by their definitions on all rows at once."""
    with np.load(folder / "rows.npz") as rows:
        x, t = rows["x_test"], rows["t_test"]
    y = x @ graph.params["Affine1.W"] + graph.params["Affine1.b"]
    s = y[:, 1] - y[:, 0]
    return {
        "confusion": confusion(y, t),
        "f1": f1(y, t),
        "auc": auc(s, t == 1),
        "perplexity": perplexity(y, t),
        "r2": r2(s, x[:, 0]),
        "rmse": rmse(s, x[:, 0]),
        "worst": np.abs(y).max(),
        "mean": y.mean(axis=0),
    }


def test_metrics_over_a_split_in_blocks_are_those_of_all_rows_at_once(spec: Path) -> None:
    graph = gl.load(spec)
    found = graph.evaluate()
    for name, value in expected(graph, spec.parent).items():
        np.testing.assert_allclose(found[name], value, rtol=1e-9, err_msg=name)
    assert found["confusion"].sum() == ROWS


def test_the_record_has_arrays_and_the_terminal_a_table(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = spec.parent / "run"
    assert main(["train", str(spec), "--run", str(run)]) == 0
    shown = capsys.readouterr()
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    last = [record for record in records if "epoch" in record][-1]
    assert np.shape(last["test"]["confusion"]) == (3, 3)
    assert np.sum(last["test"]["confusion"]) == ROWS
    assert "confusion over test: true, taken for" in shown.err
    assert main(["evaluate", str(spec), "--weights", str(run / "weights.npz")]) == 0
    table = capsys.readouterr().out
    assert "confusion over test: true, taken for" in table
    assert all(str(number) in table for row in last["test"]["confusion"] for number in row)
    assert main(["evaluate", str(spec), "--weights", str(run / "weights.npz"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["confusion"] == last["test"]["confusion"]


def test_a_run_with_arrays_is_resumed_reported_and_compared(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, whole = spec.parent / "run", spec.parent / "whole"
    assert main(["train", str(spec), "--run", str(run), "--set", "train.epochs=1"]) == 0
    assert main(["train", str(spec), "--resume", str(run), "--set", "train.epochs=2"]) == 0
    assert main(["train", str(spec), "--run", str(whole)]) == 0
    assert (run / "metrics.jsonl").read_text() == (whole / "metrics.jsonl").read_text()
    assert main(["report", str(run), str(whole), "-o", str(spec.parent / "report.html")]) == 0
    assert main(["diff", str(run), str(whole)]) in (0, 1)


def test_a_metric_whose_size_depends_on_the_data_is_refused() -> None:
    text = TEXT.replace("worst,", "s,")
    with pytest.raises(gl.GraphError, match=r"a metric is a number or an array of known size"):
        gl.loads(text)
