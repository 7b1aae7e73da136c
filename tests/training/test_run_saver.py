"""What a run folder holds beside the last weights: the checkpoint before, the best epoch, and what is sound."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.arrays import from_arrays
from graphlang.files import replace
from graphlang.training.loop import train
from graphlang.training.record import Epoch
from graphlang.training.run_folder import CHECKPOINT, PREVIOUS, RunFolder
from graphlang.training.saving_times import Interval
from graphlang.training.step import StepOnRows
from graphlang.training.weight_files import read, read_sealed, save_sealed

NET = """
input x: float[N, 2], t: float[N, 1]
y = x -> Affine(3) -> Dropout(0.2) -> Affine(1)
loss = MeanSquaredError(y, t)
output y
train { minimize = loss; optimizer = Adam(lr=0.05); batch = 4; epochs = 6; seed = 2 }
"""
EVERY = Interval(epochs=1)


def net() -> gl.Graph:
    return gl.loads(NET)


def data(seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    rows = {"x": rng.normal(size=(12, 2)), "t": rng.normal(size=(12, 1))}
    return from_arrays(rows, test={name: array[:5] + 0.5 for name, array in rows.items()})


def same(left: Any, right: Any) -> bool:
    return left.keys() == right.keys() and all(np.array_equal(left[n], right[n]) for n in left)


def test_the_checkpoint_before_is_kept(tmp_path: Path) -> None:
    train(net().model, data(), folder=tmp_path / "six", interval=EVERY)
    train(net().model, data(), folder=tmp_path / "five", interval=EVERY, epochs=5)
    last, before = read_sealed(tmp_path / "six" / CHECKPOINT), read_sealed(tmp_path / "six" / PREVIOUS)
    assert last is not None
    assert before is not None
    assert (int(last["iteration"]), int(before["iteration"])) == (18, 15)
    five = read_sealed(tmp_path / "five" / CHECKPOINT)
    assert five is not None
    assert all(np.array_equal(before[name], five[name]) for name in five if name.startswith("param"))


@pytest.mark.parametrize("how", ["cut off", "another byte", "missing", "members of another", "no checksum"])
def test_where_the_last_checkpoint_is_damaged_a_run_goes_on_from_the_one_before(
    tmp_path: Path, how: str
) -> None:
    whole = net()
    train(whole.model, data(), folder=tmp_path / "whole", interval=EVERY)
    train(net().model, data(), folder=tmp_path / "run", interval=EVERY, epochs=4)
    damage(tmp_path / "run", how)
    told: list[str] = []
    resumed = net()
    train(resumed.model, data(), resume=tmp_path / "run", interval=EVERY, on_note=told.append)
    word = "missing" if how == "missing" else "damaged"
    assert told[0] == (
        f"`checkpoint.npz` is {word}: it goes on from the one before, `previous.npz`, of iteration 9"
    )
    assert same(dict(resumed.params), dict(whole.params))
    for name in (CHECKPOINT, PREVIOUS):
        assert read_sealed(tmp_path / "run" / name) is not None


def damage(run: Path, how: str) -> None:
    path = run / CHECKPOINT
    content = bytearray(path.read_bytes())
    if how == "cut off":
        path.write_bytes(content[: len(content) // 2])
    elif how == "another byte":
        content[content.index(b"param") + 200] ^= 1
        path.write_bytes(content)
    elif how == "missing":
        path.unlink()
    else:
        arrays = read(path, "biufU")
        if how == "no checksum":
            del arrays["seal"]
        else:  # each member is sound, but one comes from another archive
            other = read(run / PREVIOUS, "biufU")
            name = next(name for name in arrays if name.endswith("Affine1.W"))
            arrays[name] = other[name]
        np.savez(path, **arrays)


def test_what_is_damaged_never_takes_the_place_of_what_is_sound(tmp_path: Path) -> None:
    train(net().model, data(), folder=tmp_path / "run", interval=EVERY, epochs=4)
    damage(tmp_path / "run", "cut off")
    before = (tmp_path / "run" / PREVIOUS).read_bytes()
    graph = net()
    run = RunFolder.reopen(tmp_path / "run", graph.model)
    checkpoint = run.checkpoint()
    history = train(graph.model, data(), epochs=1)
    run.write(checkpoint, history)
    run.close()
    assert (tmp_path / "run" / PREVIOUS).read_bytes() == before
    assert read_sealed(tmp_path / "run" / CHECKPOINT) is not None


def test_where_both_are_damaged_the_message_is_about_the_last(tmp_path: Path) -> None:
    train(net().model, data(), folder=tmp_path / "run", interval=EVERY, epochs=4)
    for name in (CHECKPOINT, PREVIOUS):
        (tmp_path / "run" / name).write_bytes(b"nonsense")
    with pytest.raises(gl.GraphError, match=r"checkpoint\.npz"):
        train(net().model, data(), resume=tmp_path / "run")


def test_a_checksum_is_of_all_members(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save_sealed(path, {"a": np.arange(3), "b": np.ones((2, 2))}, None)
    assert (read_sealed(path) or {}).keys() == {"a", "b"}
    sealed = read(path, "biufU")
    for changes in ({"c": np.ones(1)}, {"a": np.arange(1, 4)}, {"a": np.arange(3.0)}):
        np.savez(path, **{**sealed, **changes})
        assert read_sealed(path) is None
    np.savez(path, **{name: array for name, array in sealed.items() if name != "b"})
    assert read_sealed(path) is None


# ---- the best epoch ------------------------------------------------------------------------------------


@pytest.mark.parametrize("interval", [EVERY, Interval(epochs=4), Interval(seconds=10**6)])
def test_the_weights_of_the_best_epoch_are_kept(tmp_path: Path, interval: Interval) -> None:
    graph, seen = net(), []

    def note(epoch: Epoch) -> None:
        seen.append((epoch.test["loss"], graph.params.copies()))

    train(graph.model, data(), folder=tmp_path / "run", interval=interval, on_epoch=note)
    losses = [loss for loss, _ in seen]
    best = losses.index(min(losses))
    assert same(read(tmp_path / "run" / "best.npz"), seen[best][1])
    assert same(read(tmp_path / "run" / "weights.npz"), seen[-1][1])


def test_a_run_that_goes_on_remembers_its_best_epoch(tmp_path: Path) -> None:
    losses: list[float] = []
    train(
        net().model,
        data(),
        folder=tmp_path / "whole",
        on_epoch=lambda e: losses.append(e.test["loss"]),
        epochs=20,
    )
    stop = losses.index(min(losses)) + 1
    assert stop < 20  # else nothing is tested here
    train(net().model, data(), folder=tmp_path / "run", epochs=stop)
    train(net().model, data(), resume=tmp_path / "run", epochs=20)
    assert (tmp_path / "run" / "best.npz").read_bytes() == (tmp_path / "whole" / "best.npz").read_bytes()


# ---- half a step, and disks that fail --------------------------------------------------------------------


def test_an_interruption_within_a_step_saves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = net()
    train(graph.model, data(), folder=tmp_path / "run", epochs=2)
    before = (tmp_path / "run" / CHECKPOINT).read_bytes()

    def half(self: StepOnRows, rows: Any) -> None:
        for name in graph.params:
            graph.params[name] = np.full_like(graph.params[name], 77)
        raise KeyboardInterrupt

    monkeypatch.setattr(StepOnRows, "take", half)
    with pytest.raises(KeyboardInterrupt):
        train(graph.model, data(), resume=tmp_path / "run")
    assert (tmp_path / "run" / CHECKPOINT).read_bytes() == before


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
def test_where_the_disk_fails_training_ends_with_the_reason_and_the_checkpoint_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    whole = net()
    train(whole.model, data(), folder=tmp_path / "whole")
    train(net().model, data(), folder=tmp_path / "run", epochs=2)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}

    def failing(descriptor: int) -> None:
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patched:
        patched.setattr(replace.os, "fsync", failing)
        with pytest.raises(gl.GraphError) as caught:
            train(net().model, data(), resume=tmp_path / "run", interval=EVERY)
    problem = caught.value.diagnostics[0]
    assert problem.code == "GL716"
    assert os.strerror(error).lower() in problem.message
    after = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    assert before == after
    resumed = net()
    train(resumed.model, data(), resume=tmp_path / "run")
    assert same(dict(resumed.params), dict(whole.params))


def test_where_the_folder_vanishes_training_ends_and_says_which(tmp_path: Path) -> None:
    def vanish(epoch: Epoch) -> None:
        if epoch.epoch == 2:
            shutil.move(tmp_path / "run", tmp_path / "moved")

    with pytest.raises(gl.GraphError, match=r"GL716(.|\n)*there is no folder"):
        train(net().model, data(), folder=tmp_path / "run", interval=EVERY, on_epoch=vanish)
    checkpoint = read_sealed(tmp_path / "moved" / CHECKPOINT)
    assert checkpoint is not None
    assert int(checkpoint["iteration"]) == 6


def test_what_was_wrong_with_a_step_is_told_though_the_disk_is_full_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = net()

    def spoil(epoch: Epoch) -> None:
        graph.params["Affine1.b"] = np.full_like(graph.params["Affine1.b"], np.inf)
        monkeypatch.setattr(replace.os, "fsync", full)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(gl.GraphError) as caught:
        train(graph.model, data(), folder=tmp_path / "run", on_epoch=spoil)
    assert "no space" not in str(caught.value)
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert sum("epoch" not in json.loads(line) for line in lines) == 3
