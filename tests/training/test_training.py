"""Training: the record, the run folder, the same bits after a stop, and mistakes before anything is read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.arrays import from_arrays
from graphlang.datasets.dataset import Column, Dataset
from graphlang.training.evaluation import evaluate
from graphlang.training.loop import train
from graphlang.training.record import Progress

NET = """
input x: float[N, 4], t: int[N]
y = x -> Affine(8) -> {layer} -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data {{ source = npz("data.npz"); x = x; t = t }}
train {{ minimize = loss; optimizer = {optimizer}; batch = 10; epochs = 4; metrics = [accuracy(y, t)]
        seed = 3; dtype = float32; {more} }}
"""


def net(optimizer: str = "SGD(lr=0.2)", more: str = "", layer: str = "Tanh", **options: Any) -> gl.Graph:
    return gl.loads(NET.format(optimizer=optimizer, more=more, layer=layer), **options)


def points(rows: int = 35, seed: int = 0) -> tuple[Any, Any]:
    """Points of three clouds, and which cloud each is of."""
    rng = np.random.default_rng(seed)
    t = rng.integers(0, 3, rows)
    return (rng.standard_normal((rows, 4)) * 0.5 + np.eye(4)[t]).astype(np.float32), t


def data(rows: int = 35) -> Dataset:
    x, t = points(rows)
    xv, tv = points(13, seed=1)
    return from_arrays({"x": x, "t": t}, test={"x": xv, "t": tv})


def weights(graph: gl.Graph) -> dict[str, Any]:
    return graph.params.copies()


def same_bits(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return list(a) == list(b) and all(a[n].tobytes() == b[n].tobytes() for n in a)


# ---- the record ---------------------------------------------------------------------------------------


def test_the_history_has_a_loss_per_iteration_and_a_record_per_epoch() -> None:
    seen: list[Any] = []
    history = train(net().model, data(), on_epoch=seen.append)
    assert len(history.losses) == 16, "35 rows make 3 batches of 10 and one of 5"
    assert [(e.epoch, e.iteration) for e in history.epochs] == [(1, 4), (2, 8), (3, 12), (4, 16)]
    assert history.epochs == seen
    assert history.last is history.epochs[-1]
    for number, epoch in enumerate(history.epochs):
        steps = history.losses[4 * number : 4 * number + 4]
        assert epoch.loss == pytest.approx(np.dot(steps, [10, 10, 10, 5]) / 35), "every row weighs the same"
        assert set(epoch.train) == {"accuracy"}
        assert set(epoch.test) == {"accuracy", "loss"}
    assert history.losses[-1] < history.losses[0]
    assert history.epochs[-1].test["accuracy"] > 0.6


def test_the_first_loss_and_step_are_those_of_plain_numpy() -> None:
    """SGD by hand, on the first minibatch in file order."""
    graph = net(more="shuffle = false", dtype="float64")
    x, t = points(10)
    p = weights(graph)
    h = np.tanh(x @ p["Affine1.W"] + p["Affine1.b"])
    scores = h @ p["Affine2.W"] + p["Affine2.b"]
    e = np.exp(scores)
    y = e / e.sum(axis=1, keepdims=True)
    d = (y - np.eye(3)[t]) / 10
    dh = d @ p["Affine2.W"].T * (1 - h * h)
    history = train(graph.model, from_arrays({"x": x, "t": t}), iterations=1)
    assert history.losses == [pytest.approx(-np.mean(np.log(y[np.arange(10), t])), rel=1e-12)]
    steps = {"Affine2.W": h.T @ d, "Affine2.b": d.sum(0), "Affine1.W": x.T @ dh, "Affine1.b": dh.sum(0)}
    for name, gradient in steps.items():
        np.testing.assert_allclose(graph.params[name], p[name] - 0.2 * gradient, rtol=1e-10, atol=1e-13)


def test_progress_is_told_at_every_iteration() -> None:
    seen: list[Progress] = []
    history = train(net().model, data(), on_progress=seen.append, epochs=2)
    assert [p.iteration for p in seen] == list(range(1, 9))
    assert [p.epoch for p in seen] == [1] * 4 + [2] * 4
    assert {p.iterations for p in seen} == {8}
    assert [p.loss for p in seen] == history.losses


def test_iterations_may_end_in_the_middle_of_an_epoch() -> None:
    history = train(net().model, data(), iterations=42)
    assert len(history.losses) == 42
    assert [(e.epoch, e.iteration) for e in history.epochs[-2:]] == [(10, 40), (11, 42)]


def test_a_batch_larger_than_the_data_is_all_of_it() -> None:
    history = train(net().model, data(), batch=1000, epochs=3)
    assert len(history.losses) == 3


def test_every_row_is_seen_once_per_epoch() -> None:
    graph = gl.loads(
        "input x: float[N]\nparam w: float = 0\nloss = sum(x * w)\noutput loss\n"
        "train { minimize = loss; optimizer = SGD(lr=1); batch = 4; epochs = 1; dtype = float64 }"
    )
    rows = 2.0 ** np.arange(10)
    graph.fit(x=rows)
    assert float(graph.params["w"]) == -1023


def test_an_epoch_is_shuffled_anew_and_not_where_the_file_says_so() -> None:
    text = (
        "input x: float[N]\nparam w: float = 0\nloss = mean(x) + w * 0\noutput loss\n"
        "train {{ minimize = loss; optimizer = SGD(lr=1); batch = 5; epochs = 2; dtype = float64; {} }}"
    )
    rows = np.arange(20.0)
    straight = gl.loads(text.format("shuffle = false")).fit(x=rows).losses
    assert straight == pytest.approx([2, 7, 12, 17] * 2)
    mixed = gl.loads(text.format("seed = 1")).fit(x=rows).losses
    assert [sum(mixed[:4]), sum(mixed[4:])] == pytest.approx([38, 38])
    assert mixed[:4] != mixed[4:]
    assert mixed[:4] != straight[:4]


def test_parameters_that_the_loss_does_not_need_stay_as_they_are() -> None:
    text = (
        "input x: float[N, 2]\na = x -> Affine(1)\nb = x -> Affine(1)\nloss = mean(a * a)\noutput b\n"
        "train { minimize = loss; optimizer = Adam(lr=0.1, weight_decay=0.1); batch = 2; epochs = 1 }"
    )
    graph = gl.loads(text)
    before = weights(graph)
    graph.fit(x=np.ones((4, 2)))
    assert np.array_equal(graph.params["Affine2.W"], before["Affine2.W"])
    assert not np.array_equal(graph.params["Affine1.W"], before["Affine1.W"])


def test_running_statistics_are_kept_while_training() -> None:
    graph = net(layer="BatchNorm -> Tanh")
    train(graph.model, data(), epochs=2)
    assert np.any(graph.params["BatchNorm1.mean"] != 0)
    assert np.all(graph.params["BatchNorm1.var"] > 0)


# ---- the same bits ------------------------------------------------------------------------------------

OPTIMIZERS = ["SGD(lr=0.2)", "Momentum(lr=0.05)", "AdaGrad(lr=0.1)", "Adam(lr=0.02)"]
LAYERS = ["Tanh", "Dropout(0.3) -> BatchNorm"]


def test_the_same_seed_gives_the_same_bits() -> None:
    runs = []
    for seed in (5, 5, 6):
        graph = net(layer="Dropout(0.3)", seed=seed)
        history = train(graph.model, data())
        runs.append((weights(graph), history.losses))
    assert same_bits(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]
    assert runs[0][1] != runs[2][1]


class Stop(KeyboardInterrupt):
    pass


@pytest.mark.parametrize("stop", [3, 4, 7, 8])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("layer", LAYERS)
def test_a_resumed_run_has_the_bits_of_one_that_was_never_stopped(
    tmp_path: Path, layer: str, optimizer: str, stop: int
) -> None:
    """Also in the middle of an epoch: what the optimizer remembers, the order, the masks and the statistics."""
    whole = net(optimizer, layer=layer)
    expected = train(whole.model, data())

    def interrupt(progress: Progress) -> None:
        if progress.iteration == stop:
            raise Stop

    with pytest.raises(Stop):
        train(net(optimizer, layer=layer).model, data(), folder=tmp_path / "run", on_progress=interrupt)
    resumed = net(optimizer, layer=layer)
    history = train(resumed.model, data(), resume=tmp_path / "run")
    assert same_bits(weights(resumed), weights(whole))
    assert history.losses == expected.losses
    assert history.epochs == expected.epochs


def test_a_stop_while_an_epoch_is_evaluated_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from graphlang.training.evaluation import SplitEvaluator

    expected = train(net().model, data())
    over, count = SplitEvaluator.over, [0]

    def interrupted(self: SplitEvaluator, *args: Any) -> Any:
        count[0] += 1
        if count[0] == 3:
            raise Stop
        return over(self, *args)

    monkeypatch.setattr(SplitEvaluator, "over", interrupted)
    with pytest.raises(Stop):
        train(net().model, data(), folder=tmp_path / "run")
    monkeypatch.undo()
    history = train(net().model, data(), resume=tmp_path / "run")
    assert history.epochs == expected.epochs
    assert history.losses == expected.losses


def test_a_run_that_is_done_may_be_resumed_and_does_nothing(tmp_path: Path) -> None:
    graph = net()
    first = train(graph.model, data(), folder=tmp_path / "run")
    again = net()
    second = train(again.model, data(), resume=tmp_path / "run")
    assert same_bits(weights(graph), weights(again))
    assert second == first


def test_a_run_of_another_seed_is_not_resumed(tmp_path: Path) -> None:
    train(net().model, data(), folder=tmp_path / "run", epochs=1)
    with pytest.raises(gl.GraphError, match="seed 3, not 4"):
        train(net(seed=4).model, data(), resume=tmp_path / "run")
    with pytest.raises(gl.GraphError, match="dtype float32, not float64"):
        train(net(dtype="float64").model, data(), resume=tmp_path / "run")
    with pytest.raises(gl.GraphError, match="go on from"):
        train(net().model, data(), resume=tmp_path / "elsewhere")


def test_a_checkpoint_of_another_graph_is_refused(tmp_path: Path) -> None:
    train(net().model, data(), folder=tmp_path / "run", epochs=1)
    other = net(layer="Affine(8)")
    before = weights(other)
    with pytest.raises(gl.GraphError) as caught:
        train(other.model, data(), resume=tmp_path / "run")
    assert "in the weights and" in str(caught.value)
    assert "remembered" not in str(caught.value)
    assert same_bits(weights(other), before)
    other = net("Momentum(lr=0.1)")
    before = weights(other)
    with pytest.raises(gl.GraphError, match="is not what Momentum remembers"):
        train(other.model, data(), resume=tmp_path / "run")
    assert same_bits(weights(other), before)


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    train(net().model, data(), folder=tmp_path / "run", epochs=1)
    for content in (b"", b"nonsense", (tmp_path / "run/checkpoint.npz").read_bytes()[:200]):
        (tmp_path / "run/checkpoint.npz").write_bytes(content)
        with pytest.raises(gl.GraphError):
            train(net().model, data(), resume=tmp_path / "run")
    np.savez(tmp_path / "run/checkpoint.npz", something=np.ones(3))
    with pytest.raises(gl.GraphError, match="this is no checkpoint that training wrote, or it is damaged"):
        train(net().model, data(), resume=tmp_path / "run")
    (tmp_path / "run/run.json").write_text("{")
    with pytest.raises(gl.GraphError, match="this is not what training wrote"):
        train(net().model, data(), resume=tmp_path / "run")


def test_a_checkpoint_given_as_weights_is_told_once_and_names_the_weights(tmp_path: Path) -> None:
    train(net().model, data(), folder=tmp_path / "run", epochs=1)
    with pytest.raises(gl.GraphError) as caught:
        net().load_weights(tmp_path / "run/checkpoint.npz")
    (problem,) = caught.value.diagnostics
    assert problem.message == "this is the checkpoint of a run, to go on from, and not its weights"
    assert str(tmp_path / "run/weights.npz") in str(problem.help)


# ---- the run folder -----------------------------------------------------------------------------------


def test_a_run_folder_holds_weights_metrics_spec_seed_and_versions(tmp_path: Path) -> None:
    graph = net()
    history = train(graph.model, data(), folder=tmp_path / "run")
    names = {p.name for p in (tmp_path / "run").iterdir()}
    assert names == {
        "weights.npz", "best.npz", "checkpoint.npz", "previous.npz", "metrics.jsonl", "layers.jsonl", "spec.json",
        "spec.graph", "run.json", ".lock",
    }  # fmt: skip
    with np.load(tmp_path / "run/weights.npz", allow_pickle=False) as kept:
        assert same_bits({n: kept[n] for n in kept.files}, weights(graph))
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert [r["loss"] for r in lines if "epoch" not in r] == history.losses
    assert [r["epoch"] for r in lines if "epoch" in r] == [1, 2, 3, 4]
    about = json.loads((tmp_path / "run/run.json").read_text())
    assert (about["seed"], about["dtype"]) == (3, "float32")
    assert {"graphlang", "python", "numpy"} <= set(about["versions"])
    assert gl.Graph.from_spec((tmp_path / "run/spec.json").read_text()).spec == graph.spec
    assert gl.load(tmp_path / "run/spec.graph").spec.nodes == graph.spec.nodes


def test_an_old_run_is_not_overwritten(tmp_path: Path) -> None:
    train(net().model, data(), folder=tmp_path / "run", epochs=1)
    with pytest.raises(gl.GraphError, match="holds a run already"):
        train(net().model, data(), folder=tmp_path / "run")


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    x, t = points()
    net().fit(x=x, t=t)
    assert list(tmp_path.iterdir()) == []


def test_evaluating_saved_weights_gives_the_last_epochs_metrics(tmp_path: Path) -> None:
    history = train(net(layer="Dropout(0.3) -> BatchNorm").model, data(), folder=tmp_path / "run")
    graph = net(layer="Dropout(0.3) -> BatchNorm", seed=9)
    graph.load_weights(tmp_path / "run/weights.npz")
    assert history.last is not None
    assert evaluate(graph.model, data()) == history.last.test


def test_metrics_are_averages_over_every_row() -> None:
    graph = net()
    x, t = points(2345)
    found = evaluate(graph.model, from_arrays({"x": x, "t": t}))
    y = graph.predict(x=x)
    assert found["accuracy"] == pytest.approx(np.mean(y.argmax(1) == t), rel=1e-6)


# ---- not finite ---------------------------------------------------------------------------------------


def test_a_loss_that_is_not_a_number_stops_and_names_the_first_value(tmp_path: Path) -> None:
    text = (
        "input x: float[N]\nparam w: float = 1\na = w * x\nb = log(a)\nc = b * 2\nloss = mean(c)\noutput loss\n"
        "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 5; epochs = 1; shuffle = false }"
    )
    graph = gl.loads(text)
    rows = np.ones(20)
    rows[12] = -1
    with pytest.raises(gl.GraphError) as caught:
        train(graph.model, from_arrays({"x": rows}), folder=tmp_path / "run")
    message = caught.value.diagnostics[0].message
    assert "at iteration 3" in message
    assert "`b` (log)" in message
    assert caught.value.diagnostics[0].code == "GL704"
    assert np.isfinite(graph.params["w"])
    lines = (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    assert len(lines) == 2, "the record up to there is kept"


def test_an_infinite_loss_says_so() -> None:
    text = (
        "input x: float[N]\nparam w: float = 1\nloss = mean(exp(x * w))\noutput loss\n"
        "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 5; epochs = 1 }"
    )
    with pytest.raises(gl.GraphError, match="infinite at iteration 1"):
        gl.loads(text).fit(x=np.full(5, 1000.0))


# ---- settings -----------------------------------------------------------------------------------------


def one_number(more: str) -> gl.Graph:
    return gl.loads(
        "input x: float[N]\nparam w: float = 0\nparam v: float = 0\nloss = mean(x) * (3 * w + 4 * v)\noutput loss\n"
        f"train {{ minimize = loss; optimizer = SGD(lr=1); batch = 1; dtype = float64; {more} }}"
    )


def test_clip_norm_scales_all_gradients_together() -> None:
    graph = one_number("epochs = 1; clip_norm = 1")
    graph.fit(x=[10.0])
    assert [float(graph.params[n]) for n in "wv"] == pytest.approx([-0.6, -0.8])
    small = one_number("epochs = 1; clip_norm = 1")
    small.fit(x=[0.1])
    assert [float(small.params[n]) for n in "wv"] == pytest.approx([-0.3, -0.4])


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        ("constant", [1, 1, 1, 1]),
        ("step(2, 0.1)", [1, 1, 0.1, 0.1]),
        ("cosine", [1, (1 + np.cos(np.pi / 4)) / 2, 0.5, (1 - np.cos(np.pi / 4)) / 2]),
    ],
)
def test_a_schedule_multiplies_the_learning_rate(schedule: str, factors: list[float]) -> None:
    graph = one_number(f"iterations = 4; schedule = {schedule}")
    taken = [0.0]
    data = from_arrays({"x": np.ones(1)})
    train(graph.model, data, on_progress=lambda p: taken.append(float(graph.params["w"])))
    np.testing.assert_allclose(-np.diff(taken) / 3, factors, rtol=1e-12)


def test_momentum_in_training_is_its_formula() -> None:
    graph = gl.loads(
        "input x: float[N]\nparam w: float = 1\nloss = mean(x) * w\noutput loss\n"
        "train { minimize = loss; optimizer = Momentum(lr=0.1, momentum=0.5); batch = 1; iterations = 3"
        "; dtype = float64 }"
    )
    graph.fit(x=[1.0])
    assert float(graph.params["w"]) == pytest.approx(1 - 0.1 - 0.15 - 0.175)


# ---- fit ----------------------------------------------------------------------------------------------


def test_fit_takes_arrays_and_a_validation_split() -> None:
    x, t = points(200)
    xv, tv = points(50, seed=1)
    seen: list[Any] = []
    graph = net()
    history = graph.fit(x=x, t=t, validation={"x": xv, "t": tv}, epochs=5, on_epoch=seen.append)
    assert len(history.epochs) == 5 == len(seen)
    assert history.epochs[-1].validation["accuracy"] > 0.7
    y = graph.predict(x=xv)
    assert history.epochs[-1].validation["accuracy"] == pytest.approx(np.mean(y.argmax(1) == tv), rel=1e-6)


def test_fit_without_validation_has_no_test_metrics() -> None:
    x, t = points()
    history = net().fit(x=x, t=t, iterations=3, batch=7)
    assert len(history.losses) == 3
    assert history.epochs[-1].test == {}


def test_fit_takes_up_where_the_parameters_are() -> None:
    x, t = points(100)
    graph = net()
    first = graph.fit(x=x, t=t, epochs=5)
    second = graph.fit(x=x, t=t, epochs=1)
    assert second.losses[0] < first.losses[0]


def test_fit_without_a_train_section_says_what_to_write() -> None:
    with pytest.raises(gl.GraphError, match="train"):
        gl.loads("input x: float[N]\ny = mean(x)\noutput y").fit(x=[1.0])


# ---- data that does not fit ---------------------------------------------------------------------------


def unread(column: Column) -> Column:
    """A column whose values must not be asked for."""

    def read() -> Any:
        raise AssertionError("the data was read before it was checked")

    return replace(column, read=read)


@pytest.mark.parametrize(
    ("x", "t", "words"),
    [
        (np.ones((9, 5), np.float32), np.zeros(9, int), ["`x`", "float[9, 5]", "float[N, 4]"]),
        (np.ones((9, 2, 2)), np.zeros(9, int), ["`x`", "float[9, 2, 2]"]),
        (np.ones((9, 4)), np.zeros(9), ["`t`", "float[9]", "int[N]"]),
        (np.ones((9, 4)), np.zeros((9, 1), int), ["`t`", "int[9, 1]"]),
    ],
)
def test_a_field_that_does_not_fit_is_refused_before_it_is_read(x: Any, t: Any, words: list[str]) -> None:
    found = from_arrays({"x": x, "t": t})
    blind = Dataset("blind", {"train": {n: unread(c) for n, c in found.train.items()}})
    with pytest.raises(gl.GraphError) as caught:
        train(net().model, blind)
    text = " ".join(d.message for d in caught.value.diagnostics)
    for word in words:
        assert word in text


def test_every_misfit_is_reported_at_once() -> None:
    with pytest.raises(gl.GraphError) as caught:
        train(net().model, from_arrays({"x": np.ones((9, 5)), "t": np.zeros(9)}))
    assert len(caught.value.diagnostics) == 2


def test_a_field_that_the_data_lacks_gets_a_suggestion() -> None:
    text = NET.format(optimizer="SGD", more="", layer="Tanh").replace("t = t }", "t = label }")
    with pytest.raises(gl.GraphError) as caught:
        train(gl.loads(text).model, from_arrays({"x": np.ones((9, 4)), "labels": np.zeros(9, int)}))
    assert "`label`" in caught.value.diagnostics[0].message
    assert "`labels`" in (caught.value.diagnostics[0].help or "")


def test_an_input_without_a_field_is_named() -> None:
    x, _ = points()
    with pytest.raises(gl.GraphError, match="`t`"):
        net().fit(x=x)


def test_an_array_for_no_input_is_refused() -> None:
    x, t = points()
    with pytest.raises(gl.GraphError, match="`z`"):
        net().fit(x=x, t=t, z=t)


def test_a_label_out_of_range_is_found_before_the_first_step() -> None:
    x, t = points()
    t[17] = 3
    graph = net()
    before = weights(graph)
    with pytest.raises(gl.GraphError, match="17"):
        graph.fit(x=x, t=t)
    assert same_bits(before, weights(graph))


def test_a_validation_split_of_another_shape_is_refused() -> None:
    x, t = points()
    with pytest.raises(gl.GraphError):
        net().fit(x=x, t=t, validation={"x": np.ones((3, 5)), "t": np.zeros(3, int)})
    with pytest.raises(gl.GraphError):
        net().fit(x=x, t=t, validation={"x": np.ones((3, 4))})


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"batch": 0}, {"iterations": -1}, {"epochs": 1, "iterations": 1}]
)
def test_a_wrong_setting_from_python_is_refused(wrong: dict[str, int]) -> None:
    x, t = points()
    with pytest.raises(gl.GraphError):
        net().fit(x=x, t=t, **wrong)
