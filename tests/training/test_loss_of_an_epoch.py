"""The loss of an epoch is the loss over all rows it saw, however they were divided into batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.arrays import from_arrays
from graphlang.training.evaluation import evaluate
from graphlang.training.loop import train
from graphlang.training.sections import open_data

ROWS = 25
STILL = "train { minimize = loss; optimizer = SGD(lr=1e-12); batch = 10; epochs = 1; dtype = float64 }"


def arrays(rows: int = ROWS) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    t = rng.integers(0, 3, rows)
    t[rng.random(rows) < 0.5] = -1
    return {
        "x": rng.standard_normal((rows, 3)),
        "u": rng.standard_normal((rows, 3)),
        "t": t,
        "c": rng.random(rows),
    }


def loss_of(formula: str, more: str = "", **options: Any) -> tuple[gl.Graph, gl.Graph, Any]:
    inputs = (
        "input x: float[N, 3], u: float[N, 3], t: int[N], c: float[N], k: float = 2\nparam w: float = 0.5\n"
    )
    text = inputs + f"loss = {formula}\noutput loss\n" + STILL + more
    graph = gl.loads(text, **options)
    return graph, gl.loads(text, **options), graph.fit(**arrays())


X, U, T, C = arrays().values()
NEEDED = "+ 0 * (sum(x) + sum(u) + sum(t) + sum(c)) * w * k"
LOSSES = {
    "mean((x * w - u)**2)": np.mean((X / 2 - U) ** 2),
    "sum((x * w - u)**2) / N": np.sum((X / 2 - U) ** 2) / ROWS,
    "MeanSquaredError(x * w, u)": np.mean((X / 2 - U) ** 2),
    "mean((x * w - u)**2) + 0.3 * w**2": np.mean((X / 2 - U) ** 2) + 0.3 * 0.25,
    "SumSquaredError(x * w, u)": np.sum((X / 2 - U) ** 2) / 2,
    "sum((x * w - u)**2) * k": np.sum((X / 2 - U) ** 2) * 2,
    "sum(c * mean((x * w - u)**2, axis=1)) / sum(c)": np.sum(C * np.mean((X / 2 - U) ** 2, 1)) / np.sum(C),
}  # fmt: skip


@pytest.mark.parametrize("formula", LOSSES)
def test_the_loss_of_an_epoch_is_the_loss_over_all_its_rows(formula: str) -> None:
    _, again, history = loss_of(formula + NEEDED)
    assert history.last.loss == pytest.approx(float(LOSSES[formula]), rel=1e-9)
    assert history.last.loss == pytest.approx(
        evaluate(again.model, from_arrays(**arrays()))["loss"], rel=1e-9
    )


def test_ignored_labels_do_not_count() -> None:
    z = X / 2 - (X / 2).max(1, keepdims=True)
    each = np.log(np.exp(z).sum(1)) - z[np.arange(ROWS), np.maximum(T, 0)]
    for dtype, rel in (("float64", 1e-9), ("float32", 1e-5)):
        *_, history = loss_of("SoftmaxWithLoss(x * w, t, ignore=-1)" + NEEDED, dtype=dtype)
        assert history.last.loss == pytest.approx(each[T >= 0].mean(), rel=rel)


def test_what_is_neither_a_mean_nor_a_sum_weighs_by_rows() -> None:
    _, _, history = loss_of("sqrt(mean((x * w - u)**2))" + NEEDED, more="\n")
    assert history.last.loss == pytest.approx(np.dot(history.losses, [10, 10, 5]) / 25)


def test_a_small_last_batch_weighs_little() -> None:
    text = "input x: float[N]\nparam w: float = 1\nloss = mean(x) * w\noutput loss\n"
    graph = gl.loads(text + STILL.replace("dtype", "shuffle = false; dtype"))
    history = graph.fit(x=[10, 10, 9], batch=2)
    assert history.last is not None
    assert history.last.loss == pytest.approx(29 / 3)


def test_an_epoch_that_is_cut_off_counts_the_rows_it_saw() -> None:
    text = "input x: float[N]\nparam w: float = 1\nloss = mean(x) * w\noutput loss\n"
    graph = gl.loads(text + STILL.replace("dtype", "shuffle = false; log_every = 3; dtype"))
    history = graph.fit(x=[1, 2, 3, 4, 50], batch=2, iterations=5)
    assert [e.loss for e in history.epochs] == pytest.approx([12, 2.5])


def test_a_layer_that_looks_at_the_whole_batch_changes_nothing() -> None:
    text = "input x: float[N, 3], u: float[N, 3]\nloss = MeanSquaredError(x -> BatchNorm -> Affine(3), u)\noutput loss\n"
    history = gl.loads(text + STILL).fit(x=X, u=U)
    assert history.last is not None
    assert history.last.loss == pytest.approx(np.dot(history.losses, [10, 10, 5]) / 25)


WITHOUT = """
input goal: float[2] = [3, 5]
param p: float[2] = 0
loss = mean((p - goal)**2)
output loss
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 1; iterations = 130 }
"""


def test_without_data_progress_is_reported_twenty_times(tmp_path: Path) -> None:
    seen: list[Any] = []
    graph = gl.loads(WITHOUT)
    history = train(graph.model, open_data(graph.model), folder=tmp_path / "run", on_epoch=seen.append)
    assert [e.iteration for e in history.epochs] == [*range(7, 130, 7), 130]
    assert [e.epoch for e in history.epochs] == list(range(1, 20))
    assert seen == history.epochs
    for start, ended in zip(range(0, 130, 7), history.epochs, strict=True):
        assert ended.loss == pytest.approx(np.mean(history.losses[start : start + 7]))
    lines = (tmp_path / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum("epoch" in json.loads(line) for line in lines) == 19


def test_few_steps_without_data_are_reported_one_by_one() -> None:
    history = gl.loads(WITHOUT).fit(iterations=3)
    assert [e.loss for e in history.epochs] == history.losses


def test_a_run_without_data_goes_on_where_it_stopped(tmp_path: Path) -> None:
    def stop(progress: Any) -> None:
        if progress.iteration == 40:
            raise KeyboardInterrupt

    def graph() -> gl.Graph:
        return gl.loads(WITHOUT)

    data = open_data(graph().model)
    whole = train(graph().model, data)
    with pytest.raises(KeyboardInterrupt):
        train(graph().model, data, folder=tmp_path / "run", on_progress=stop)
    assert train(graph().model, data, resume=tmp_path / "run").epochs == whole.epochs
