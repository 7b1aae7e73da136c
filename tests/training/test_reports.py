"""How often a training makes a record, what the record is of, and who may end the training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.arrays import from_arrays
from graphlang.training.loop import train

NET = """
input x: float[N], t: float[N]
param w: float = 1
y = x * w
loss = MeanSquaredError(y, t)
output y
train {{ minimize = loss; optimizer = SGD(0.01); batch = 4; dtype = float64; seed = 3; {} }}
"""
ROWS = {"x": np.arange(10.0), "t": 3 * np.arange(10.0)}
"""Three steps go over them once, the third with two rows."""
OTHERS = {"x": np.arange(4.0), "t": np.arange(4.0)}


def fitted(settings: str, **options: Any) -> tuple[gl.Graph, gl.History]:
    graph = gl.loads(NET.format(settings))
    return graph, graph.fit(**ROWS, **options)


def ends(history: gl.History) -> list[int]:
    return [epoch.iteration for epoch in history.epochs]


# ---- how often -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("epochs = 3", [3, 6, 9]),
        ("iterations = 25", [*range(2, 25, 2), 25]),
        ("iterations = 45", [*range(3, 46, 3)]),
        ("iterations = 100", [*range(6, 100, 6), 100]),
        ("iterations = 25; log_every = 10", [10, 20, 25]),
        ("epochs = 3; log_every = 4", [4, 8, 9]),
    ],
)
def test_a_run_without_epochs_reports_about_twenty_times_or_every_log_every_steps(
    settings: str, expected: list[int]
) -> None:
    _, history = fitted(settings)
    assert ends(history) == expected
    assert [epoch.epoch for epoch in history.epochs] == list(range(1, len(expected) + 1))


def test_the_loss_of_a_record_is_the_mean_over_the_rows_of_its_steps() -> None:
    _, history = fitted("iterations = 25; log_every = 10; shuffle = false")
    rows = [4, 4, 2] * 9
    for start, end, epoch in zip((0, 10, 20), (10, 20, 25), history.epochs, strict=True):
        mean = np.average(history.losses[start:end], weights=rows[start:end])
        assert epoch.loss == pytest.approx(mean, rel=1e-12)


def test_a_loss_that_is_a_sum_over_rows_is_the_mean_of_the_steps_of_a_record() -> None:
    text = NET.replace("MeanSquaredError", "SumSquaredError").format("iterations = 9; log_every = 2")
    history = gl.loads(text.replace("0.01", "1e-4")).fit(**ROWS)
    assert history.epochs[0].loss == pytest.approx(np.mean(history.losses[:2]))


def test_whole_splits_are_measured_once_per_pass_over_the_data_at_most_unless_log_every_says_how_often() -> (
    None
):
    _, history = fitted("iterations = 25; metrics = [r2(y, t)]", validation=OTHERS)
    measured = [epoch.iteration for epoch in history.epochs if epoch.validation]
    assert measured == [4, 8, 12, 16, 20, 24, 25]
    assert measured == [epoch.iteration for epoch in history.epochs if epoch.train]
    _, history = fitted("iterations = 25; log_every = 2", validation=OTHERS)
    assert all(epoch.validation for epoch in history.epochs)
    _, history = fitted("iterations = 25; keep = best(validation.loss)", validation=OTHERS)
    assert all(epoch.validation for epoch in history.epochs)


@pytest.mark.parametrize(("log_every", "expected"), [("", [3, 6, 9]), ("log_every = 5; ", [5, 10, 15])])
def test_what_stops_a_training_counts_records(log_every: str, expected: list[int]) -> None:
    """The other rows ask for another slope, so the first record is the best."""
    settings = f"iterations = 60; {log_every}stop = early(validation.loss, patience=2)"
    graph = gl.loads(NET.replace("0.01", "0.001").format(settings))
    assert ends(graph.fit(**ROWS, validation=OTHERS)) == expected


def test_the_best_weights_of_a_run_folder_are_those_of_a_record_with_the_least_measured_loss(
    tmp_path: Path,
) -> None:
    graph = gl.loads(NET.format("iterations = 25; checkpoint_every = 1"))
    data = from_arrays(ROWS, validation=OTHERS)
    history = train(graph.model, data, folder=tmp_path / "run", fields={"x": "x", "t": "t"})
    losses = [epoch.validation.get("loss", np.inf) for epoch in history.epochs]
    at_best = history.epochs[int(np.argmin(losses))].iteration
    again = gl.loads(NET.format(f"iterations = {at_best}"))
    again.fit(**ROWS)
    assert np.load(tmp_path / "run/best.npz")["w"] == again.params["w"]


def test_a_run_with_log_every_goes_on_in_the_middle_of_a_record(tmp_path: Path) -> None:
    def stop(progress: Any) -> None:
        if progress.iteration == 13:
            raise KeyboardInterrupt

    def graph() -> Any:
        return gl.loads(NET.format("iterations = 25; log_every = 10")).model

    data, fields = from_arrays(ROWS), {"x": "x", "t": "t"}
    whole = train(graph(), data, fields=fields)
    with pytest.raises(KeyboardInterrupt):
        train(graph(), data, folder=tmp_path / "run", fields=fields, on_progress=stop)
    assert train(graph(), data, resume=tmp_path / "run", fields=fields) == whole


def test_other_records_are_a_change_where_something_follows_them(tmp_path: Path) -> None:
    def model(settings: str, every: int) -> Any:
        return gl.loads(NET.format(f"iterations = 25; log_every = {every}; {settings}")).model

    data, fields = from_arrays(ROWS), {"x": "x", "t": "t"}
    for settings in ("", "keep = best(loss)"):
        folder = tmp_path / (settings[:4] or "plain")
        train(model(settings, 10), data, folder=folder, fields=fields)
    train(model("", 5), data, resume=tmp_path / "plain", fields=fields)
    with pytest.raises(gl.GraphError, match=r"train\.log_every"):
        train(model("keep = best(loss)", 5), data, resume=tmp_path / "keep", fields=fields)


def test_a_record_of_steps_is_headed_by_its_iteration_and_an_epoch_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from graphlang.cli import main

    monkeypatch.chdir(tmp_path)
    np.savez("rows.npz", **{f"{name}_train": array for name, array in ROWS.items()})
    data = 'data { source = npz("rows.npz"); x = x; t = t }\n'
    for settings, heads in (("epochs = 2", ["epoch 1", "epoch 2"]), ("iterations = 3", ["iteration 1"])):
        Path("net.graph").write_text(NET.format(settings) + data)
        assert main(["train", "net.graph"]) == 0
        told = capsys.readouterr().err
        for head in heads:
            assert f"{head}: loss" in told


# ---- who ends it -------------------------------------------------------------------------------------------


def test_on_step_is_called_after_every_step_and_ends_the_training_where_it_returns_false() -> None:
    seen: list[tuple[int, int, int, float]] = []

    def on_step(step: Any) -> bool:
        seen.append((step.iteration, step.iterations, step.epoch, step.loss))
        return step.iteration < 5

    graph, history = fitted("epochs = 4", on_step=on_step, validation=OTHERS)
    assert [step[:3] for step in seen] == [(1, 12, 1), (2, 12, 1), (3, 12, 1), (4, 12, 2), (5, 12, 2)]
    assert [loss for *_, loss in seen] == history.losses
    assert ends(history) == [3, 5]
    assert history.epochs[-1].loss == pytest.approx(np.mean(history.losses[3:]))
    assert history.epochs[-1].validation["loss"] == graph.evaluate(**OTHERS)["loss"]
    assert graph.history is history


def test_on_step_sees_the_parameters_after_its_step() -> None:
    graph, seen = gl.loads(NET.format("epochs = 1; shuffle = false")), []
    graph.fit(**ROWS, on_step=lambda step: seen.append(float(graph.params["w"])))
    step = gl.loads(NET.format("epochs = 1"))
    take = step.compile(train=True)
    expected = []
    for rows in (slice(0, 4), slice(4, 8), slice(8, 10)):
        take(**{name: array[rows] for name, array in ROWS.items()})
        expected.append(float(step.params["w"]))
    assert seen == expected


@pytest.mark.parametrize("answer", [None, True, 0, "no"])
def test_only_false_ends_a_training(answer: Any) -> None:
    _, history = fitted("epochs = 2", on_step=lambda step: answer, on_epoch=lambda epoch: answer)
    assert ends(history) == [3, 6]


def test_a_training_that_on_step_ends_has_the_best_weights_where_they_come_back() -> None:
    graph, history = fitted(
        "iterations = 25; log_every = 2; keep = best(validation.loss)",
        validation=OTHERS,
        on_step=lambda step: step.iteration < 7,
    )
    best = min(history.epochs, key=lambda epoch: epoch.validation["loss"])
    assert ends(history) == [2, 4, 6, 7]
    assert graph.evaluate(**OTHERS)["loss"] == best.validation["loss"]


def test_a_callback_that_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="on_step is a function"):
        fitted("epochs = 1", on_step=3)


# ---- several objectives ------------------------------------------------------------------------------------

TWO = """
input x: float[N], t: float[N]
param v: float = 1
param w: float = 1
near = mean((x * v - t)**2)
output near
train {{ batch = 4; dtype = float64; seed = 3; {}
  minimize = [objective(near, "v", SGD(0.01)), objective(mean((v * x * w - t)**2) + 1, "w", SGD(0.02))] }}
"""
SECOND = "mean((v * x * w - t)**2) + 1"


def two(settings: str) -> gl.Graph:
    return gl.loads(TWO.format(settings))


def test_every_record_has_the_loss_of_each_objective(tmp_path: Path) -> None:
    graph, data = two("epochs = 2"), from_arrays(ROWS, validation=OTHERS)
    steps: list[Any] = []
    history = train(
        graph.model, data, folder=tmp_path / "run", fields={"x": "x", "t": "t"}, on_step=steps.append
    )
    assert list(history.objectives) == ["near", SECOND]
    assert history.losses == history.objectives["near"]
    assert [step.objectives[SECOND] for step in steps] == history.objectives[SECOND]
    for start, epoch in zip((0, 3), history.epochs, strict=True):
        for name, losses in history.objectives.items():
            mean = np.average(losses[start : start + 3], weights=[4, 4, 2])
            assert epoch.objectives[name] == pytest.approx(mean, rel=1e-12)
        assert epoch.loss == epoch.objectives["near"]
        assert set(epoch.validation) == {"loss", SECOND}
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert [line["objectives"][SECOND] for line in lines if "epoch" not in line] == history.objectives[SECOND]
    assert [line["objectives"] for line in lines if "epoch" in line] == [e.objectives for e in history.epochs]
    table = history.to_pandas("losses") if _has_pandas() else None
    assert table is None or list(table.columns) == ["loss", "near", SECOND]


def _has_pandas() -> bool:
    try:
        import pandas  # noqa: F401
    except ImportError:
        return False
    return True


@pytest.mark.parametrize("monitor", ["loss", "near", "validation.loss", "validation.near"])
def test_the_loss_of_any_objective_may_be_monitored(monitor: str) -> None:
    graph = two(f"epochs = 2; keep = best({monitor})")
    graph.fit(**ROWS, validation=OTHERS)


def test_objectives_of_one_loss_have_names_of_their_own() -> None:
    text = TWO.replace("objective(mean((v * x * w - t)**2) + 1,", "objective(near,")
    graph = gl.loads(text.replace("x * v - t", "x * v * w - t").format("iterations = 1"))
    assert list(graph.fit(**ROWS).objectives) == ["near", "near 2"]


def test_the_terminal_shows_the_loss_of_each_objective(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from graphlang.cli import main

    monkeypatch.chdir(tmp_path)
    np.savez("rows.npz", **{f"{name}_train": array for name, array in ROWS.items()})
    data = '\ndata { source = npz("rows.npz"); x = x; t = t }\n'
    Path("net.graph").write_text(TWO.replace(SECOND, "far").format("epochs = 1") + data + f"far = {SECOND}\n")
    assert main(["train", "net.graph"]) == 0
    told = capsys.readouterr()
    assert "epoch 1: near " in told.err
    assert "; far " in told.out
