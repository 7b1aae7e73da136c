"""One process at a time writes a run, and a process that has ended holds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.files import locks
from graphlang.files.replace import PREFIX, SUFFIX
from graphlang.training.next_folder import NextFolder
from graphlang.training.run_lock import LOCK, RunLock

ROOT = Path(gl.__file__).parents[1]
NET = """
input x: float[N, 2], t: float[N, 1]
y = x -> Affine(3) -> Affine(1)
loss = MeanSquaredError(y, t)
output y
data { source = npz("d.npz"); x = x; t = t }
train { minimize = loss; optimizer = Momentum(lr=0.01); batch = 2; epochs = 3 }
"""
HOLDS = "import sys; from graphlang.training.run_lock import RunLock; from pathlib import Path\n"
HOLDS += "lock = RunLock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()\n"

posix = pytest.mark.skipif(os.name == "nt", reason="links, pipes and flock are of POSIX")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.graph").write_text(NET)
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", x=rng.normal(size=(6, 2)), t=rng.normal(size=(6, 1)))
    return tmp_path


def process(*words: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def holder(folder: Path) -> subprocess.Popen[str]:
    """A process that holds the lock of a folder until it is ended."""
    other = process("-c", HOLDS, str(folder), cwd=folder)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    return other


def test_four_trainings_that_start_at_once_take_four_folders(folder: Path) -> None:
    trainings = [process("-m", "graphlang", "train", "net.graph", cwd=folder) for _ in range(4)]
    told = [training.communicate(timeout=120) for training in trainings]
    assert [training.returncode for training in trainings] == [0, 0, 0, 0], told
    runs = sorted(path.name for path in (folder / "runs").iterdir())
    assert runs == ["net-1", "net-2", "net-3", "net-4"]
    folders = sorted(out.split("weights in ")[1].split(":")[0] for out, _ in told)
    assert folders == [str(Path("runs", name)) for name in runs]
    for name in runs:
        gl.load("net.graph").load_weights(folder / "runs" / name)


def test_a_folder_that_another_process_takes_first_is_not_taken_twice(folder: Path) -> None:
    first, second = NextFolder(folder / "runs", "net"), NextFolder(folder / "runs", "net")
    assert first.path == second.path == folder / "runs" / "net-1"
    assert not first.is_made
    assert first.make() == folder / "runs" / "net-1"
    assert first.is_made
    assert second.make() == folder / "runs" / "net-2"
    assert (first.path.name, second.path.name) == ("net-1", "net-2")


@pytest.mark.parametrize("option", ["--run", "--resume"])
def test_a_second_writer_is_refused_and_told_who_the_first_is(
    folder: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "net.graph", "--run", "r"]) == 0
    before = {path.name: path.read_bytes() for path in (folder / "r").iterdir() if path.name != LOCK}
    capsys.readouterr()
    other = holder(folder / "r")
    try:
        assert main(["train", "net.graph", option, "r"]) == 1
    finally:
        other.kill()
        other.communicate()
    err = capsys.readouterr().err
    assert f"error[GL721]: another process writes this run, process {other.pid}" in err
    assert {path.name: path.read_bytes() for path in (folder / "r").iterdir() if path.name != LOCK} == before


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_a_process_that_has_ended_holds_no_lock(folder: Path, end: str) -> None:
    assert main(["train", "net.graph", "--run", "r"]) == 0
    other = holder(folder / "r")
    getattr(other, end)()
    other.communicate(timeout=30)
    assert main(["train", "net.graph", "--resume", "r", "--set", "train.epochs=4"]) == 0


def test_a_lock_is_held_until_it_is_released(tmp_path: Path) -> None:
    lock = RunLock(tmp_path)
    with pytest.raises(gl.GraphError, match=f"GL721(.|\n)*process {os.getpid()}"):
        RunLock(tmp_path)
    lock.release()
    RunLock(tmp_path).release()


def test_who_takes_the_lock_removes_what_a_dead_writer_left(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}0123{SUFFIX}").write_text("half a checkpoint")
    RunLock(tmp_path).release()
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


@posix
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_lock_that_is_no_regular_file_is_refused_and_nothing_behind_it_is_touched(
    folder: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "r").mkdir()
    (folder / "mine").write_text("mine")
    place = folder / "r" / LOCK
    if kind == "link":
        place.symlink_to(folder / "mine")
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    assert main(["train", "net.graph", "--run", "r"]) == 1
    assert "error[GL721]: the run folder cannot be written" in capsys.readouterr().err
    assert (folder / "mine").read_text() == "mine"


@posix
def test_without_locks_training_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(95, "not supported")

    monkeypatch.setattr(locks._fcntl, "flock", refused)
    assert main(["train", "net.graph", "--run", "r"]) == 0
    monkeypatch.setattr(locks, "_fcntl", None)
    assert main(["train", "net.graph", "--resume", "r", "--set", "train.epochs=4"]) == 0


def test_a_signature_of_another_kind_does_no_harm(tmp_path: Path) -> None:
    for text in (b"", b"\xff\xfe", b"x" * 5000, b"12 elsewhere\n", b"1\x1b[31m 2"):
        lock = RunLock(tmp_path)
        (tmp_path / LOCK).write_bytes(text)
        with pytest.raises(gl.GraphError) as refused:
            RunLock(tmp_path)
        message = refused.value.diagnostics[0].message
        assert message.startswith("another process writes this run")
        assert ("12 on elsewhere" in message) == (text == b"12 elsewhere\n")
        lock.release()
