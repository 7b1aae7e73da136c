"""What saving leaves behind: bytes on the disk, names in folders, open files, and what is read again."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.arrays import from_arrays
from graphlang.files import replace
from graphlang.files.replace import PREFIX, replaced, sync_folder, written_whole
from graphlang.files.write_archive import write_archive
from graphlang.training.loop import train
from graphlang.training.next_folder import NextFolder
from graphlang.training.record import History
from graphlang.training.run_folder import (
    CHECKPOINT,
    LAYERS,
    METRICS,
    PREVIOUS,
    RUN,
    SPEC,
    WARNINGS,
    RunFolder,
    about_run,
    backend_before,
    read_records,
    settings_of,
)
from graphlang.training.run_lock import LOCK, RunLock
from graphlang.training.saving_times import SHARE, Interval, SavingTimes
from graphlang.training.weight_files import read_sealed, save_sealed

NET = """
input x: float[N, 2], t: float[N, 1]
hyper k = 2
y = x -> Affine(3) -> Relu -> Affine(1)
loss = MeanSquaredError(y, t)
output y
train { minimize = loss; optimizer = Momentum(lr=0.05); batch = 4; epochs = 2; seed = 2 }
"""
OPEN_FILES = Path("/proc/self/fd")
needs_proc = pytest.mark.skipif(not OPEN_FILES.exists(), reason="the system does not list open files")


def net() -> gl.Graph:
    return gl.loads(NET)


def data() -> Any:
    rng = np.random.default_rng(0)
    return from_arrays({"x": rng.normal(size=(8, 2)), "t": rng.normal(size=(8, 1))})


def new_run(folder: Path | NextFolder, **overrides: str) -> RunFolder:
    return RunFolder.create(folder, net().model, overrides, {})


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def open_files() -> int:
    return len(list(OPEN_FILES.iterdir()))


# ---- files --------------------------------------------------------------------------------------------------


def test_all_of_the_content_is_brought_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        sizes.append(os.fstat(descriptor).st_size)
        fsync(descriptor)

    monkeypatch.setattr(replace.os, "fsync", noted)
    with written_whole(tmp_path / "a") as file:
        file.write(b"x" * 100)
    assert sizes[0] == 100
    assert len(sizes) == 2  # the file, then its folder


@needs_proc
def test_no_file_stays_open(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"")
    before = open_files()
    for _ in range(3):
        with replaced(tmp_path / "a") as file:
            file.write(b"x")
        sync_folder(tmp_path)
        run = new_run(tmp_path / f"run{_}")
        run.close()
        with pytest.raises(gl.GraphError):
            new_run(tmp_path / "b")
    assert open_files() == before


@needs_proc
def test_a_new_file_that_another_process_removed_as_a_leftover_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[str] = []

    def remove_first(descriptor: int) -> str:
        if not removed:
            (name,) = names_in(tmp_path)
            removed.append(name)
            (tmp_path / name).unlink()
        return "taken"

    monkeypatch.setattr(replace, "lock", remove_first)
    before = open_files()
    with written_whole(tmp_path / "a") as file:
        file.write(b"x")
        names = names_in(tmp_path)
        assert len(names) == 1
        assert names[0].startswith(PREFIX)
        assert names != removed
    assert (tmp_path / "a").read_bytes() == b"x"
    assert open_files() == before


def test_an_archive_has_the_rights_of_its_owner_alone_and_no_time(tmp_path: Path) -> None:
    with (tmp_path / "a.npz").open("wb") as stream:
        write_archive(stream, {"x": np.ones(2), "y": [1, 2]}, sealed=True)
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        members = archive.infolist()
    assert [m.filename for m in members] == ["x.npy", "y.npy", "seal.npy"]
    assert {m.external_attr >> 16 for m in members} == {0o600}
    assert {m.date_time for m in members} == {(1980, 1, 1, 0, 0, 0)}


# ---- folders ------------------------------------------------------------------------------------------------


def test_the_next_folder_is_the_first_free_number_and_stays_it_once_it_is_made(tmp_path: Path) -> None:
    folder = NextFolder(tmp_path / "runs", "net")
    assert folder.path == tmp_path / "runs" / "net-1"
    assert not folder.path.exists()
    (tmp_path / "runs" / "net-1").mkdir(parents=True)
    assert folder.path == tmp_path / "runs" / "net-2"
    (tmp_path / "runs" / "net-3").mkdir()
    assert folder.make() == folder.path == tmp_path / "runs" / "net-2"
    assert folder.path.is_dir()
    assert NextFolder(tmp_path / "runs", "net").make() == tmp_path / "runs" / "net-4"


def test_a_run_is_made_in_an_empty_folder_or_in_new_ones(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "a" / "b"):
        run = new_run(path, k="3")
        assert settings_of(path) == {"k": "3"}
        assert json.loads((path / "spec.json").read_text())["hypers"] == about_run(path)["hypers"]
        run.close()


def test_a_run_that_is_refused_is_left_unlocked_for_others(tmp_path: Path) -> None:
    train(net().model, data(), folder=tmp_path / "run")
    with pytest.raises(gl.GraphError, match="run"):
        new_run(tmp_path / "run")
    RunLock(tmp_path / "run").release()


def test_the_lock_is_signed_by_who_holds_it_alone(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("12345678901234 a host of a very long name that was here before\n" * 3)
    lock = RunLock(tmp_path)
    words = (tmp_path / LOCK).read_text().split()
    assert words[0] == str(os.getpid())
    assert len(words) == 2
    with pytest.raises(gl.GraphError, match=f"process {os.getpid()}$|process {os.getpid()}[^ 0-9]"):
        RunLock(tmp_path)
    (tmp_path / LOCK).write_text("77 elsewhere\n")
    with pytest.raises(gl.GraphError, match="process 77 on elsewhere"):
        RunLock(tmp_path)
    for signature in (b"nobody\n", b"\xff\xfe\n", b""):
        (tmp_path / LOCK).write_bytes(signature)
        with pytest.raises(gl.GraphError) as refused:
            RunLock(tmp_path)
        assert "process nobody" not in str(refused.value)
        assert "None" not in str(refused.value)
    lock.release()
    lock.release()
    RunLock(tmp_path).release()


# ---- records ------------------------------------------------------------------------------------------------


def test_settings_are_written_where_they_change_and_only_there(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run, model = new_run(folder, k="3"), net().model
    written = (folder / RUN).stat()
    run.keep_settings({"k": "3"}, model, 2, [])
    assert (folder / RUN).stat().st_ino == written.st_ino
    run.keep_settings({"k": "4"}, model, 2, [])
    assert settings_of(folder) == {"k": "4"}
    assert about_run(folder)["seed"] == model.seed
    assert "changes" not in about_run(folder)
    (folder / SPEC).unlink()
    for iteration in (4, 6):
        run.keep_settings({"k": "4"}, model, iteration, ["the rate"])
    assert about_run(folder)["changes"] == [
        {"after iteration": iteration, "differences": ["the rate"]} for iteration in (4, 6)
    ]
    assert (folder / SPEC).exists()
    (folder / RUN).unlink()
    run.keep_settings({"k": "5"}, model, 2, ["the rate"])
    assert not (folder / RUN).exists()
    run.close()


def test_what_a_run_says_of_itself_may_have_numbers_that_are_not_finite(tmp_path: Path) -> None:
    assert about_run(tmp_path) == {}
    assert about_run(tmp_path / "none") == {}
    (tmp_path / RUN).write_text('{"hypers": {"k": Infinity}}')
    assert about_run(tmp_path) == {"hypers": {"k": np.inf}}
    (tmp_path / RUN).write_text("{")
    with pytest.raises(gl.GraphError):
        about_run(tmp_path)


@pytest.mark.parametrize(
    ("kept", "backend"),
    [
        ({}, {"name": "numpy"}),
        ({"backend": {}}, {"name": "numpy"}),
        ({"backend": {"name": "jax", "device": "cpu"}}, {"name": "jax", "device": "cpu"}),
    ],
)
def test_what_computed_a_run_is_numpy_where_nothing_says_otherwise(
    tmp_path: Path, kept: dict[str, Any], backend: dict[str, str]
) -> None:
    (tmp_path / RUN).write_text(json.dumps(kept))
    assert backend_before(tmp_path) == backend


def test_a_line_of_records_is_one_record(tmp_path: Path) -> None:
    (tmp_path / METRICS).write_text('{"a": 1}\n{"a": NaN}\n')
    assert [list(record) for record in read_records(tmp_path / METRICS)] == [["a"], ["a"]]
    for text in ('{"a": 1}, {"a": 2}\n', '{"a": 1}\n3\n'):
        (tmp_path / METRICS).write_text(text)
        with pytest.raises(ValueError, match="a line is not the record"):
            read_records(tmp_path / METRICS)


def test_a_run_keeps_a_line_for_each_step_each_epoch_and_each_record(tmp_path: Path) -> None:
    history = train(net().model, data(), folder=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / METRICS).read_text().splitlines()]
    assert [line["iteration"] for line in lines] == [1, 2, 2, 3, 4, 4]
    assert ["epoch" in line for line in lines] == [False, False, True] * 2
    assert [line["loss"] for line in lines if "epoch" not in line] == history.losses
    assert len(read_records(tmp_path / LAYERS)) == len(history.layers)
    assert (tmp_path / WARNINGS).exists() is bool(history.warnings)


def test_warnings_are_kept_where_there_are_any(tmp_path: Path) -> None:
    rows = {"x": np.zeros((8, 2)), "t": np.zeros((8, 1))}
    history = train(net().model, from_arrays(rows), folder=tmp_path)
    assert history.warnings
    assert [record["code"] for record in read_records(tmp_path / WARNINGS)] == [
        w.code for w in history.warnings
    ]


def test_a_checkpoint_is_read_as_it_was_written(tmp_path: Path) -> None:
    graph = net()
    history = train(graph.model, data(), folder=tmp_path, interval=Interval(epochs=1))
    run = RunFolder.reopen(tmp_path, net().model)
    notes: list[str] = []
    checkpoint = run.checkpoint(notes.append)
    run.close()
    assert notes == []
    assert (checkpoint.iteration, checkpoint.per_epoch) == (4, 2)
    assert checkpoint.losses == history.losses
    assert checkpoint.layers == history.layers
    assert sorted(checkpoint.params) == sorted(graph.params)
    assert all(np.array_equal(checkpoint.params[name], graph.params[name]) for name in graph.params)
    assert sorted(checkpoint.slots) == sorted(graph.params)
    assert all(np.any(array) for slots in checkpoint.slots.values() for array in slots.values())


def test_only_a_folder_with_a_checkpoint_is_opened_again(tmp_path: Path) -> None:
    with pytest.raises(gl.GraphError, match=CHECKPOINT):
        RunFolder.reopen(tmp_path, net().model)
    with pytest.raises(gl.GraphError, match="none"):
        RunFolder.reopen(tmp_path / "none", net().model)
    train(net().model, data(), folder=tmp_path / "run")
    with pytest.raises(gl.GraphError, match="seed"):
        RunFolder.reopen(tmp_path / "run", gl.loads(NET, seed=7).model)
    RunFolder.reopen(tmp_path / "run", net().model, writes=False).close()


def test_metrics_of_a_training_without_epochs_are_its_steps(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run")
    run.record(History(losses=[3.0, 2.0]))
    run.close()
    assert (tmp_path / "run" / METRICS).read_text() == (
        '{"iteration": 1, "loss": 3.0}\n{"iteration": 2, "loss": 2.0}\n'
    )


def test_a_loss_that_is_no_number_is_not_written_as_one(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run")
    with pytest.raises(ValueError, match="JSON"):
        run.record(History(losses=[np.nan]))
    run.close()


def test_the_first_checkpoint_after_a_resume_keeps_the_last_one_before_it(tmp_path: Path) -> None:
    history = train(net().model, data(), folder=tmp_path)
    (tmp_path / PREVIOUS).unlink(missing_ok=True)
    last = (tmp_path / CHECKPOINT).read_bytes()
    run = RunFolder.reopen(tmp_path, net().model)
    checkpoint = run.checkpoint()
    checkpoint.epochs = history.epochs
    checkpoint.iteration += 1
    run.write(checkpoint, history)
    run.close()
    assert (tmp_path / PREVIOUS).read_bytes() == last
    assert (tmp_path / CHECKPOINT).read_bytes() != last


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("measured", {"warnings": [3]}),
        ("measured", {"warnings": {}}),
        ("measured", {"layers": [{}]}),
        ("measured", []),
        ("epochs", [{"epoch": 1}]),
        ("epochs", {}),
        ("epochs", 3),
    ],
)
def test_a_sound_archive_whose_records_have_another_form_is_damaged(
    tmp_path: Path, name: str, kept: Any
) -> None:
    train(net().model, data(), folder=tmp_path)
    (tmp_path / PREVIOUS).unlink(missing_ok=True)
    arrays = read_sealed(tmp_path / CHECKPOINT)
    assert arrays is not None
    save_sealed(tmp_path / CHECKPOINT, {**arrays, name: np.asarray(json.dumps(kept))}, None)
    run = RunFolder.reopen(tmp_path, net().model)
    with pytest.raises(gl.GraphError, match=CHECKPOINT):
        run.checkpoint()
    run.close()


@pytest.mark.parametrize("order", [[0, 0], [1, 2], [0.0, 1.0], [[0, 1]], [True, False]])
def test_an_order_that_does_not_have_each_row_once_is_damaged(tmp_path: Path, order: Any) -> None:
    train(net().model, data(), folder=tmp_path)
    (tmp_path / PREVIOUS).unlink(missing_ok=True)
    arrays = read_sealed(tmp_path / CHECKPOINT)
    assert arrays is not None
    run = RunFolder.reopen(tmp_path, net().model)
    save_sealed(tmp_path / CHECKPOINT, {**arrays, "order": np.array([1, 0])}, None)
    assert run.checkpoint().order.tolist() == [1, 0]
    save_sealed(tmp_path / CHECKPOINT, {**arrays, "order": np.array(order)}, None)
    with pytest.raises(gl.GraphError, match=CHECKPOINT):
        run.checkpoint()
    run.close()


# ---- times --------------------------------------------------------------------------------------------------


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_saving_gets_a_tenth_of_the_time_to_the_second() -> None:
    clock = Clock()
    times = SavingTimes(None, clock=clock)
    assert times.pays()
    assert times.after_epoch(1)
    with times.writing():
        clock.now += 2
    assert not times.after_epoch(2)
    clock.now += 2 * SHARE - 0.5
    assert not times.pays()
    assert not times.after_step()
    clock.now += 0.5
    assert times.pays()
    assert times.after_step()
    assert times.after_epoch(3)


def test_a_time_is_waited_for_from_the_last_writing_on() -> None:
    clock = Clock()
    times = SavingTimes(Interval(seconds=5), clock=clock)
    for _ in range(2):
        clock.now += 4.5
        assert not times.after_step()
        assert not times.after_epoch(1)
        clock.now += 0.5
        assert times.after_step()
        assert times.after_epoch(1)
        with times.writing():
            clock.now += 0.25
        assert not times.after_step()


def test_without_a_time_nothing_is_saved_between_steps() -> None:
    clock = Clock()
    times = SavingTimes(Interval(epochs=3), clock=clock)
    clock.now += 1e9
    assert not times.after_step()
    assert [times.after_epoch(epoch) for epoch in range(1, 7)] == [False, False, True] * 2
