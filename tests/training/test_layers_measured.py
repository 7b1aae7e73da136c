"""The layers while they are trained: norms and dead units at every record, also in the run folder and after a stop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.arrays import from_arrays
from graphlang.training.layer_meter import DENSE, due
from graphlang.training.loop import train
from graphlang.training.record import History, LayerRecord
from graphlang.training.weight_files import save_sealed

NET = """
input x: float[N, 4], t: int[N]
y = x -> Affine(8) -> Relu -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train {{ minimize = loss; optimizer = {optimizer}; batch = 10; epochs = 4; seed = 3; dtype = float64; {more} }}
"""


def net(optimizer: str = "SGD(lr=0.2)", more: str = "") -> gl.Graph:
    return gl.loads(NET.format(optimizer=optimizer, more=more))


def data(rows: int = 35) -> Any:
    rng = np.random.default_rng(0)
    t = rng.integers(0, 3, rows)
    return from_arrays({"x": rng.standard_normal((rows, 4)) * 0.5 + np.eye(4)[t], "t": t})


def lines(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / "layers.jsonl").read_text().splitlines()]


def test_every_epoch_has_a_record_of_the_layers() -> None:
    history = train(net().model, data())
    assert [(r.iteration, r.epoch) for r in history.layers] == [(4, 1), (8, 2), (12, 3), (16, 4)]
    assert list(history.layers[0].parameters) == ["Affine1.W", "Affine1.b", "Affine2.W", "Affine2.b"]
    assert list(history.layers[0].dead) == ["Relu1"]


def test_the_norms_are_those_of_the_last_step_by_hand() -> None:
    """One step of plain gradient descent: the update is the gradient times the learning rate."""
    graph, rows = net(more="shuffle = false"), data(10)
    before = graph.params.copies()
    history = train(graph.model, rows, iterations=1)
    columns = {name: column.load() for name, column in rows.train.items()}
    gradients = gl.loads(NET.format(optimizer="SGD(lr=0.2)", more=""))
    for name, array in before.items():
        gradients.params[name] = array
    by_hand = gradients.run(**columns, of="loss").grad
    (record,) = history.layers
    for name, norms in record.parameters.items():
        assert norms.gradient == pytest.approx(np.linalg.norm(by_hand[name]), rel=1e-9)
        assert norms.update == pytest.approx(0.2 * norms.gradient, rel=1e-9)
        assert norms.weight == pytest.approx(np.linalg.norm(graph.params[name]), rel=1e-9)


def test_the_gradient_is_that_before_clipping() -> None:
    plain = train(net(more="shuffle = false").model, data(10), iterations=1).layers[0].parameters
    clipped = train(net(more="shuffle = false; clip_norm = 0.001").model, data(10), iterations=1)
    together = 0.0
    for name, norms in clipped.layers[0].parameters.items():
        assert norms.gradient == pytest.approx(plain[name].gradient, rel=1e-9)
        together += norms.update**2
    assert np.sqrt(together) == pytest.approx(0.2 * 0.001, rel=1e-3)


def test_large_gradients_have_finite_norms() -> None:
    """Their squares overflow in float64."""
    text = (
        "input x: float[N]\nparam w: float[3] = 1\nparam v: float = 1\nloss = mean(x) * (sum(w) * 1e200 + v)\n"
        "output loss\ntrain { minimize = loss; optimizer = SGD(lr=1e-300); batch = 4; epochs = 1; dtype = float64 }"
    )
    (record,) = gl.loads(text).fit(x=np.ones(4)).layers
    assert record.parameters["w"].gradient == pytest.approx(np.sqrt(3) * 1e200)
    assert record.parameters["v"].gradient == pytest.approx(1)


def test_a_unit_that_no_row_reaches_is_dead() -> None:
    graph = net("SGD(lr=1e-6)")
    graph.params["Affine1.b"] = np.array([0.0] * 6 + [-100.0] * 2)
    assert train(graph.model, data()).layers[-1].dead == {"Relu1": 0.25}


def test_a_unit_of_images_is_a_channel() -> None:
    graph = gl.loads(
        "input x: float[N, 1, 6, 6], t: int[N]\ny = x -> Conv(4, 3) -> Relu -> Flatten -> Affine(3)\n"
        "loss = SoftmaxWithLoss(y, t)\noutput y\n"
        "train { minimize = loss; optimizer = SGD(lr=1e-6); batch = 5; epochs = 1 }"
    )
    graph.params["Conv1.b"] = np.array([-100.0, 0, 0, 0])
    rng = np.random.default_rng(0)
    history = graph.fit(x=rng.standard_normal((20, 1, 6, 6)), t=rng.integers(0, 3, 20))
    assert history.layers[-1].dead == {"Relu1": 0.25}


def test_a_batch_of_one_size_alone_is_measured_too() -> None:
    text = NET.format(optimizer="SGD(lr=0.2)", more="").replace(
        "input x", "input shift: float[N, 1] = [[0], [1], [2], [3], [4], [5], [6], [7], [8], [9]]\ninput x"
    )
    history = gl.loads(text.replace("y = x ->", "y = x + shift ->")).fit(data(200), epochs=1)
    assert [list(record.dead) for record in history.layers] == [["Relu1"]]


def test_without_data_every_part_has_a_record() -> None:
    graph = gl.loads(
        "param w: float[2, 2] = ones\nloss = sum(w * w)\noutput loss\n"
        "train { minimize = loss; optimizer = SGD(lr=0.01); batch = 1; iterations = 40 }"
    )
    history = graph.fit()
    assert (
        [r.iteration for r in history.layers] == [e.iteration for e in history.epochs] == [*range(2, 41, 2)]
    )
    assert [r.epoch for r in history.layers] == [e.epoch for e in history.epochs]


def test_the_run_folder_holds_a_line_per_record(tmp_path: Path) -> None:
    history = train(net().model, data(), folder=tmp_path / "run")
    kept = lines(tmp_path / "run")
    assert [line["iteration"] for line in kept] == [4, 8, 12, 16]
    last = history.layers[-1]
    assert kept[-1]["parameters"]["Affine1.W"] == {
        "weight": last.parameters["Affine1.W"].weight,
        "gradient": last.parameters["Affine1.W"].gradient,
        "update": last.parameters["Affine1.W"].update,
    }
    assert kept[-1]["dead"] == last.dead


def stop_at(iteration: int) -> Any:
    def check(progress: Any) -> None:
        if progress.iteration == iteration:
            raise KeyboardInterrupt

    return check


@pytest.mark.parametrize("iteration", [1, 3, 4, 6, 12])
@pytest.mark.parametrize("optimizer", ["SGD(lr=0.2)", "Adam(lr=0.05)", "SGD(lr=200)"])
def test_a_run_that_was_stopped_has_the_same_records_and_warnings(
    iteration: int, optimizer: str, tmp_path: Path
) -> None:
    train(net(optimizer).model, data(), folder=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(net(optimizer).model, data(), folder=tmp_path / "parts", on_progress=stop_at(iteration))
    train(net(optimizer).model, data(), resume=tmp_path / "parts")
    assert lines(tmp_path / "parts") == lines(tmp_path / "whole")
    told = [folder / "warnings.jsonl" for folder in (tmp_path / "whole", tmp_path / "parts")]
    assert told[0].exists() == told[1].exists() == (optimizer == "SGD(lr=200)")
    if told[0].exists():
        assert told[0].read_text() == told[1].read_text()


def test_a_run_of_an_earlier_version_goes_on_without_records(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(net().model, data(), folder=folder, on_progress=stop_at(6))
    with np.load(folder / "checkpoint.npz") as file:
        arrays = {name: file[name] for name in file.files if name not in ("measured", "seal")}
    save_sealed(folder / "checkpoint.npz", arrays, None)
    history = train(net().model, data(), resume=folder)
    assert [record.iteration for record in history.layers] == [8, 12, 16]
    assert history.warnings == []


def test_many_short_epochs_are_not_all_measured() -> None:
    """The first are, and then one for every growth of the run by a tenth."""
    records: list[int] = []
    for iteration in range(1, 2001):
        if due(len(records), records[-1] if records else 0, iteration):
            records.append(iteration)
    assert records[:DENSE] == [*range(1, DENSE + 1)]
    assert len(records) < 80
    assert max(b / a for a, b in zip(records[DENSE:], records[DENSE + 1 :], strict=False)) < 1.2
    history = train(net("SGD(lr=0.001)").model, data(10), epochs=150)
    assert len(history.epochs) == 150
    assert len(history.layers) < 60
    assert history.layers[-1].iteration == 150


def test_long_epochs_are_measured_however_many_there_are() -> None:
    assert all(due(records, 100 * records, 100 * (records + 1)) for records in range(3000))


def test_a_history_says_what_it_has() -> None:
    history: History = train(net().model, data(), epochs=1)
    assert isinstance(history.layers[0], LayerRecord)
    with pytest.raises(AttributeError, match="`layers` the norms"):
        history.norms
