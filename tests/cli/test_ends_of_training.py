"""What ends a training from outside: signals, and readers that go away. Nothing is lost, nothing is half done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import between_steps, main
from graphlang.cli.between_steps import BetweenSteps

ROOT = Path(gl.__file__).parents[1]
NET = """
input x: float[N, 2], t: float[N, 1]
y = x -> Affine(4) -> Dropout(0.2) -> Affine(1)
loss = MeanSquaredError(y, t)
output y
data { source = npz("d.npz"); x = x; t = t }
train { minimize = loss; optimizer = Adam(lr=0.001); batch = 2; epochs = 1000000 }
"""
PER_EPOCH = 10

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and pipes of POSIX")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.graph").write_text(NET)
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", x=rng.normal(size=(20, 2)), t=rng.normal(size=(20, 1)))
    return tmp_path


def started(*words: str, code: str | None = None, **streams: Any) -> subprocess.Popen[bytes]:
    program = ["-m", "graphlang"] if code is None else ["-c", code]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, *program, *words], env=env, **streams)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, (out or b"").decode(), (err or b"").decode()


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)


def weights(run: str) -> dict[str, Any]:
    with np.load(Path(run) / "weights.npz") as file:
        return {name: file[name] for name in file.files}


def iterations(run: str) -> int:
    with np.load(Path(run) / "checkpoint.npz") as file:
        return int(file["iteration"])


def assert_goes_on_as_if_never_stopped(run: str) -> None:
    epochs = f"train.epochs={iterations(run) // PER_EPOCH + 2}"
    assert main(["train", "net.graph", "--resume", run, "--set", epochs]) == 0
    assert main(["train", "net.graph", "--run", "whole", "--set", epochs]) == 0
    left, right = weights(run), weights("whole")
    assert all(np.array_equal(left[name], right[name]) for name in right)


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("SIGINT", 130, "interrupted; the run is kept in"),
        ("SIGTERM", 143, "ended by SIGTERM; the run is kept in"),
        ("SIGHUP", 129, "ended by SIGHUP; the run is kept in"),
    ],
)
def test_a_signal_ends_the_step_and_saves_the_run(folder: Path, name: str, status: int, told: str) -> None:
    process = started("train", "net.graph", "--run", "my run")
    wait_for(folder / "my run" / "checkpoint.npz", process)
    time.sleep(0.1)
    process.send_signal(getattr(signal, name))
    code, out, err = ended(process)
    assert (code, out) == (status, "")
    *_, what, command = err.splitlines()
    assert what == f"{told} my run, go on with:"
    assert command == "  graphlang train net.graph --resume 'my run'"
    lines = [json.loads(line) for line in (folder / "my run" / "metrics.jsonl").read_text().splitlines()]
    assert sum("epoch" not in line for line in lines) == iterations("my run") > 0
    assert_goes_on_as_if_never_stopped("my run")


SPOILS = """
import sys, time
from graphlang.cli import main
from graphlang.training.step import StepOnRows
take, steps = StepOnRows.take, []
def half(self, rows):
    take(self, rows)
    steps.append(rows)
    if len(steps) == 45:
        for name, array in self._state.model.params.items():
            array[...] = 77
        print("half", flush=True)
        time.sleep(600)
StepOnRows.take = half
sys.exit(main(["train", "net.graph", "--run", "r", "--checkpoint-every", "1"]))
"""


def test_a_second_signal_ends_at_once_and_keeps_no_half_of_a_step(folder: Path) -> None:
    process = started(code=SPOILS)
    assert process.stdout is not None
    assert process.stdout.readline() == b"half\n"
    process.send_signal(signal.SIGINT)
    time.sleep(between_steps.SAME + 0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    assert code == 130
    assert "the run is kept in r as of its last checkpoint, go on with:" in err
    assert iterations("r") == 40
    assert_goes_on_as_if_never_stopped("r")


def test_a_second_signal_before_the_first_checkpoint_names_no_run_to_go_on_from(folder: Path) -> None:
    (folder / "runs" / "net-1").mkdir(parents=True)
    (folder / "runs" / "net-1" / "checkpoint.npz").write_bytes(b"of another run")
    code = SPOILS.replace("== 45", "== 1").replace('"--run", "r", "--checkpoint-every", "1"', "")
    process = started(code=code)
    assert process.stdout is not None
    assert process.stdout.readline() == b"half\n"
    process.send_signal(signal.SIGINT)
    time.sleep(between_steps.SAME + 0.5)
    process.send_signal(signal.SIGINT)
    status, _, err = ended(process)
    assert (status, err) == (130, "interrupted before the first checkpoint\n")
    assert not (folder / "runs" / "net-2" / "checkpoint.npz").exists()


def test_a_signal_that_comes_twice_at_once_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    now = [100.0]
    monkeypatch.setattr(between_steps.os, "_exit", left.append)
    monkeypatch.setattr(between_steps.time, "monotonic", lambda: now[0])
    with BetweenSteps(lambda: "") as signals:
        assert signals.asked is None
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
        assert (signals.asked, signals.status, left) == (signal.SIGTERM, 143, [])
        now[0] += between_steps.SAME + 0.1
        os.kill(os.getpid(), signal.SIGINT)
        assert left == [130]


def test_where_sighup_is_ignored_it_stays_so_and_the_handlers_of_before_come_back() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    others = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        with BetweenSteps(lambda: "") as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            assert signals.asked is None
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == others
    finally:
        signal.signal(signal.SIGHUP, before)


# ---- readers that go away ------------------------------------------------------------------------------


def closed() -> int:
    """The end of a pipe from which nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


SHORT = ("--set", "train.epochs=40")


def assert_whole(run: str) -> None:
    assert iterations(run) == 40 * PER_EPOCH
    assert main(["train", "net.graph", "--run", "whole", *SHORT]) == 0
    left, right = weights(run), weights("whole")
    assert all(np.array_equal(left[name], right[name]) for name in right)


def test_a_training_goes_on_to_its_end_when_nobody_reads_what_it_tells(folder: Path) -> None:
    words = [sys.executable, "-m", "graphlang", "train", "net.graph", "--run", "r", *SHORT]
    shell = f"{' '.join(words)} 2>&1 | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", shell],
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    first, status = done.stdout.decode().splitlines()
    assert first.startswith("epoch 1: loss")
    assert (status, done.stderr) == ("0", b"")
    assert_whole("r")


def test_without_any_reader_a_training_ends_well_and_its_json_without_one_does_not(folder: Path) -> None:
    pipe = closed()
    try:
        assert ended(started("train", "net.graph", "--run", "r", *SHORT, stdout=pipe, stderr=pipe))[0] == 0
        assert_whole("r")
        process = started("train", "net.graph", "--run", "j", "--json", *SHORT, stdout=pipe)
        code, _, err = ended(process)
        assert code == 141
        assert "Traceback" not in err
        assert iterations("j") == 40 * PER_EPOCH
    finally:
        os.close(pipe)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_with_the_log_does_not_end_a_training(folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        code, out, _ = ended(started("train", "net.graph", "--run", "r", *SHORT, stderr=full))
    assert (code, out.startswith("trained 400 iterations")) == (0, True)
    assert_whole("r")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["layers"], ["--help"], ["train", "--help"], ["run", "fruit.graph"]])
def test_another_command_without_a_reader_ends_as_sigpipe_would_end_it(
    folder: Path, words: list[str], unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "fruit.graph").write_text("input apple = 100\nprice = apple * 2\n")
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    pipe = closed()
    try:
        code, _, err = ended(started(*words, stdout=pipe))
        assert (code, err) == (141, "")
    finally:
        os.close(pipe)


def test_a_mistake_that_nobody_reads_is_no_success(folder: Path) -> None:
    pipe = closed()
    try:
        assert ended(started("check", "missing.graph", stderr=pipe))[0] == 141
    finally:
        os.close(pipe)


# ---- how often it is saved ------------------------------------------------------------------------------


def test_checkpoint_every_takes_epochs_or_a_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("0", "-1", "5 epochs", "30m", "1.5s", "", "s"):
        assert main(["train", "net.graph", f"--checkpoint-every={wrong}"]) == 2
        assert "is neither a number of epochs nor a time such as 30s" in capsys.readouterr().err
    for good in ("1", "007", "30s", "5min", "2h"):
        assert main(["train", "net.graph", "--checkpoint-every", good, "--set", "train.epochs=1"]) == 0


def test_a_run_without_data_is_saved_long_before_its_end(folder: Path) -> None:
    (folder / "alone.graph").write_text(
        "param w: float[3] = 1\nloss = sum(w**2)\noutput loss\n"
        "train { minimize = loss; optimizer = Adam(lr=0.00001); batch = 1; iterations = 2000000000 }\n"
    )
    process = started("train", "alone.graph", "--run", "r", "--checkpoint-every", "1s")
    wait_for(folder / "r" / "checkpoint.npz", process)
    process.send_signal(signal.SIGKILL)
    ended(process)
    reached = iterations("r")
    assert 0 < reached < 2000000000 / 20
    more = f"train.iterations={reached + 10}"
    assert main(["train", "alone.graph", "--resume", "r", "--set", more]) == 0
    assert main(["train", "alone.graph", "--run", "whole", "--set", more]) == 0
    assert np.array_equal(weights("r")["w"], weights("whole")["w"])
