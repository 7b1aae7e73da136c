"""`graphlang train --sweep`: a run for each choice, what is kept of them, and how a sweep goes on."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main, sweep_control, sweep_progress
from graphlang.cli.sweep_progress import SweepLive, duration
from graphlang.sweeps.sweep_folder import SweptRun, read_sweep
from graphlang.training.run_lock import LOCK, RunLock

ROOT = Path(gl.__file__).parents[1]
NET = """\
hyper hidden = 4
input x: float[N, 2], t: int[N]
y = x -> Affine(hidden) -> Relu -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("data.npz"); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.5); batch = 16; epochs = 2; metrics = [accuracy(y, t)] }
"""


class InThisProcess:
    """Stands for the process of a run: the same command, run to its end here."""

    started: list[list[str]] = []  # noqa: RUF012 - of all runs of a test
    runs = True

    def __init__(self, run: SweptRun, words: Sequence[str], environment: dict[str, str]) -> None:
        self.run, self.seconds, self.has_ended = run, 1.5, True
        self.started.append([*words])
        self.environment = environment
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self._status = main(["train", *words]) if self.runs else 1
        lines = err.getvalue().splitlines()
        self._out, self.record = (
            out.getvalue(),
            next((n for n in reversed(lines) if n.startswith("epoch")), ""),
        )
        self._complaint = "\n".join(line for line in lines if not line.startswith("epoch"))

    def status(self) -> int:
        return self._status

    def result(self) -> dict[str, Any]:
        return json.loads(self._out) if self._out else {}

    def complaint(self) -> str:
        return self._complaint

    def ask(self, number: int) -> None:
        raise AssertionError("it has ended")


Sweep = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.graph").write_text(NET)
    x = np.random.default_rng(3).normal(size=(40, 2))
    t = (x[:, 0] > 0).astype(np.int64)
    np.savez(tmp_path / "data.npz", x_train=x[:32], t_train=t[:32], x_test=x[32:], t_test=t[32:])
    return tmp_path


@pytest.fixture
def train(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Sweep:
    """`graphlang train net.graph ...` with runs in this process: the status and what is written."""
    monkeypatch.setattr(sweep_control, "SweepProcess", InThisProcess)
    monkeypatch.setattr(InThisProcess, "started", [])

    def call(*words: str) -> tuple[int, str, str]:
        status = main(["train", "net.graph", *words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_each_choice_is_a_run_of_its_own_and_the_best_stands_first(folder: Path, train: Sweep) -> None:
    status, out, err = train("--sweep", "hidden=2,3", "--sweep", "lr=log(0.001,1,2)")
    assert status == 0
    assert "4 runs in runs/net-sweep-1, 1 at a time" in err
    assert re.search(r"^hidden=3 lr=1: epoch 2: loss 0\.\d+; accuracy: .*\(2 s\)$", err, re.MULTILINE)
    sweep = read_sweep(folder / "runs" / "net-sweep-1")
    assert [run.folder for run in sweep.runs] == [
        "1-hidden=2-lr=0.001", "2-hidden=2-lr=1", "3-hidden=3-lr=0.001", "4-hidden=3-lr=1",
    ]  # fmt: skip
    losses = [run.numbers["test loss"] for run in sweep.best_first()]
    assert losses == sorted(losses)
    heads, _, *rows = out.split("\n\n")[0].splitlines()
    assert heads.split("  ")[0] == "run"
    assert [row.split()[0] for row in rows] == [run.folder[0] for run in sweep.best_first()]
    best = sweep.best_first()[0]
    assert f"the best by test loss: {best.described}, in runs/net-sweep-1/{best.folder}" in out
    assert "graphlang report runs/net-sweep-1" in out


def test_a_run_of_a_sweep_has_the_weights_of_the_same_training_alone(folder: Path, train: Sweep) -> None:
    train("--sweep", "hidden=2,3", "--seed", "7", "--run", "s")
    train("--set", "hidden=3", "--seed", "7", "--run", "alone")
    alone, swept = (np.load(folder / d / "weights.npz") for d in ("alone", "s/2-hidden=3"))
    for name in alone:
        np.testing.assert_array_equal(alone[name], swept[name])


def test_texts_are_values_too(folder: Path, train: Sweep) -> None:
    assert train("--sweep", "train.optimizer=SGD(0.1),Adam(lr=0.01)", "--run", "s")[0] == 0
    names = [json.loads((p / "spec.json").read_text())["train"]["optimizer"]["name"] for p in sorted((folder / "s").glob("[0-9]*"))]  # fmt: skip
    assert names == ["SGD", "Adam"]
    assert (folder / "s" / "1-train.optimizer=SGD_0.1_").is_dir()


def test_what_fails_is_told_once_and_the_others_go_on(train: Sweep) -> None:
    status, out, err = train("--sweep", "lr=1e30,0.1,1e29", "--run", "s")
    assert status == 1
    assert "the best by test loss: lr=0.1" in out
    assert out.count("failed") == 2
    assert "lr=1e30: failed" in err
    assert re.search(r"^failed: lr=1e30", err, re.MULTILINE)
    assert "not finite" in err


def test_only_what_is_not_done_is_run_again(
    folder: Path, train: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    train("--sweep", "hidden=2,3,5", "--set", "train.epochs=3", "--run", "s")
    sweep = read_sweep(folder / "s")
    before = {run.folder: run.numbers for run in sweep.runs}
    for run in sweep.runs[1:]:
        run.status, run.numbers = "", {}
    sweep.keep()
    checkpoint = folder / "s" / sweep.runs[2].folder
    for file in checkpoint.iterdir():
        file.unlink()  # this one had only begun
    InThisProcess.started.clear()
    status, out, err = train("--resume", "s")
    assert (status, "3 runs in s, 1 at a time, of which 1 is done already" in err) == (0, True)
    assert [words[words.index("--set") + 1] for words in InThisProcess.started] == ["hidden=3", "hidden=5"]
    assert ["--resume" in words for words in InThisProcess.started] == [True, False]
    assert {run.folder: run.numbers for run in read_sweep(folder / "s").runs} == before
    assert json.loads((checkpoint / "run.json").read_text())["set"] == {"train.epochs": "3", "hidden": "5"}
    InThisProcess.started.clear()
    assert train("--resume", "s", "--sweep", "hidden=2,3,5")[:2] == (0, out)
    assert InThisProcess.started == []


def test_what_the_section_keeps_decides(folder: Path, train: Sweep) -> None:
    text = NET.replace("epochs = 2", "epochs = 6; keep = best(validation.accuracy)")
    (folder / "net.graph").write_text(text)
    out = train("--sweep", "lr=0.5,50", "--run", "s")[1]
    assert "the best by test accuracy" in out
    for run in read_sweep(folder / "s").runs:
        epochs = [
            json.loads(line)
            for line in (folder / "s" / run.folder / "metrics.jsonl").read_text().splitlines()
        ]
        accuracies = [e["test"]["accuracy"] for e in epochs if "epoch" in e]
        assert run.numbers["test accuracy"] == max(accuracies)


def test_the_result_as_json(train: Sweep) -> None:
    out = train("--sweep", "hidden=2,3", "--run", "s", "--json")[1]
    result = json.loads(out)
    assert result["best"] == result["runs"][0]["run"]
    assert {run["run"] for run in result["runs"]} == {"s/1-hidden=2", "s/2-hidden=3"}
    assert {"loss", "test loss", "test accuracy", "train accuracy"} == result["runs"][0]["numbers"].keys()
    assert [run["status"] for run in result["runs"]] == ["done", "done"]


def test_the_cores_are_divided_among_the_jobs(train: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphlang.engine.workers._cores", lambda: 8)
    monkeypatch.setattr("graphlang.engine.workers._quota", lambda: None)
    monkeypatch.setattr(InThisProcess, "runs", False)

    def threads(*words: str) -> list[str]:
        InThisProcess.started.clear()
        train("--sweep", "hidden=2,3,5", *words)
        return [
            words[words.index("--threads") + 1] if "--threads" in words else ""
            for words in InThisProcess.started
        ]

    assert threads("--jobs", "2") == ["4", "4", "4"]
    assert threads("--jobs", "100") == ["2", "2", "2"]  # three runs at a time
    assert threads() == ["", "", ""]
    assert threads("--jobs", "2", "--threads", "1") == ["1", "1", "1"]


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("--sweep", "hiden=2,3"), 1, "did you mean `hidden`?"),
        (("--sweep", "hidden=2,3,x"), 1, "`x` is neither a number nor a list"),
        (("--sweep", "hidden=2,0"), 1, "must be greater than 0"),
        (("--sweep", "lr=0.1,-1"), 1, "the value must be greater than 0, but it is `-1`"),
        (("--sweep", "hidden=2,3", "--data", "no.npz"), 1, "no.npz"),
        (("--sweep", "hidden=2,3", "--sweep", "hidden=4"), 2, "--sweep has `hidden` twice"),
        (("--sweep", "hidden=2,3", "--set", "hidden=4"), 2, "`hidden` is swept"),
        (("--sweep", "hidden=linear(1,100,100)", "--sweep", "lr=linear(1,2,11)"), 2, "100 * 11 = 1,100 runs: a sweep has at most 1,000"),
        (("--sweep", "hidden=log(0,1,2)"), 2, "both ends of a logarithmic range are above 0"),
        (("--sweep", "hidden=2,3", "--resume", "runs"), 2, "runs is no sweep"),
        (("--sweep", "hidden=2,3", "--coordinator", "localhost:1"), 2, "has no place beside it"),
        (("--jobs", "2"), 2, "--jobs belongs to --sweep"),
        (("--sweep", "hidden=2", "--jobs", "0"), 2, "1 or more"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_before_anything_runs(
    folder: Path, train: Sweep, words: tuple[str, ...], status: int, why: str
) -> None:
    got, out, err = train(*words)
    assert (got, out) == (status, "")
    assert why in err
    assert InThisProcess.started == []
    assert not (folder / "runs").exists()


def test_a_sweep_reads_no_spec_from_stdin(train: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "-", "--sweep", "hidden=2"]) == 2
    assert "name a file in the place of `-`" in capsys.readouterr().err


def test_a_folder_belongs_to_one_sweep(folder: Path, train: Sweep) -> None:
    train("--sweep", "hidden=2,3", "--run", "s")
    status, _, err = train("--sweep", "hidden=2,3", "--run", "s")
    assert (status, "holds a run already" in err or "already" in err) == (1, True)
    status, _, err = train("--sweep", "hidden=2,4", "--resume", "s")
    assert (status, "has other values" in err) == (2, True)
    lock = RunLock(folder / "s")
    try:
        status, _, err = train("--resume", "s")
        assert (status, "GL721" in err) == (1, True)
    finally:
        lock.release()


def test_files_and_limits_are_named_again_by_who_goes_on(folder: Path, train: Sweep) -> None:
    gl.load("net.graph").save("w.npz")
    train("--sweep", "lr=0.1,0.2", "--run", "s", "--weights", "w.npz", "--limit", "nodes=1000", "--seed", "3")
    assert read_sweep(folder / "s").words == ["--weights=w.npz", "--limit=nodes=1000", "--seed=3"]
    status, _, err = train("--resume", "s", "--limit=nodes=1000")
    assert (status, "was started with --weights=w.npz: write it again" in err) == (2, True)
    status, _, err = train("--resume", "s", "--limit=nodes=1000", "--weights", "w.npz")
    assert (status, err) == (0, "2 runs in s, of which 2 are done already\n")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content["runs"][0].update(folder="../../elsewhere"),
        lambda content: content["runs"][0].update(seconds="long"),
        lambda content: content["runs"][0].update(more=1),
        lambda content: content["runs"][0].update(status="fine"),
        lambda content: content["runs"].pop(),
        lambda content: content["sweep"].update(hidden=["@/etc/passwd"]),
        lambda content: content.update(words=[3]),
        lambda content: content.update(words=["--run=elsewhere"]),
        lambda content: content.update(words=["elsewhere.graph"]),
        lambda content: content.pop("sweep"),
    ],
)
def test_a_damaged_record_of_a_sweep_is_refused(
    folder: Path, train: Sweep, spoil: Callable[[Any], Any]
) -> None:
    train("--sweep", "hidden=2", "--run", "s")
    content = json.loads((folder / "s" / "sweep.json").read_text())
    spoil(content)
    (folder / "s" / "sweep.json").write_text(json.dumps(content))
    status, _, err = train("--resume", "s")
    assert (status, "sweep.json" in err, "Traceback" in err) == (1, True, False)


def test_a_report_of_a_sweep_is_one_of_its_runs(
    folder: Path, train: Sweep, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train("--sweep", "hidden=2,3,5", "--run", "s")
    best = [run.folder for run in read_sweep(folder / "s").best_first()]
    monkeypatch.setattr("graphlang.cli.report.MOST_BESIDE", 2)
    assert main(["report", "s"]) == 0
    assert "s: the best 2 of 3 runs by test loss" in capsys.readouterr().err
    page = (folder / "report.html").read_text()
    assert [name in page for name in best] == [True, True, False]
    monkeypatch.setattr("graphlang.cli.report.MOST_BESIDE", 8)
    monkeypatch.setattr("graphlang.view.runs.report_page.LISTED", 2)
    assert main(["report", "s", "-o", "all.html"]) == 0
    assert capsys.readouterr().err == "wrote all.html\n"
    page = (folder / "all.html").read_text()
    assert "<h1>3 runs</h1><h2>Last numbers</h2>" in page
    for heading in ("iterations", "loss", "accuracy, training", "accuracy, test", "loss, test"):
        assert f">{heading}</th>" in page
    sweep = read_sweep(folder / "s")
    for run in sweep.runs:
        run.status = ""
    sweep.keep()
    assert main(["report", "s"]) == 2
    assert "no run of the sweep is done" in capsys.readouterr().err


# ---- processes -------------------------------------------------------------------------------------------------


def started(*words: str) -> subprocess.Popen[str]:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-m", "graphlang", *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 300
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_free(folder: Path) -> bool:
    """Whether nobody writes a run."""
    try:
        RunLock(folder).release()
    except gl.GraphError:
        return False
    return True


# This starts five processes of Python, which takes most of its time.
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_the_runs_end_with_their_sweep_however_that_ends(folder: Path) -> None:
    endless = ["--sweep", "hidden=2,3", "--set", "train.epochs=1000000"]
    sweep = started("train", "net.graph", *endless, "--jobs", "2", "--run", "s")
    runs = [folder / "s" / name for name in ("1-hidden=2", "2-hidden=3")]
    wait_until(lambda: all((run / "checkpoint.npz").exists() for run in runs))
    sweep.send_signal(signal.SIGINT)
    _, err = sweep.communicate(timeout=300)
    assert sweep.returncode == 130
    resume = "graphlang train net.graph --jobs 2 --resume s"
    assert f"interrupted; 0 of 2 runs are done, go on with:\n  {resume}" in err
    assert "Traceback" not in err
    assert all(map(is_free, runs))

    lock = runs[0] / LOCK
    signed = lock.read_text()
    killed = started("train", "net.graph", "--resume", "s")
    wait_until(
        lambda: lock.read_text() != signed
    )  # a look at the lock would hold it while the run asks for it
    killed.kill()
    killed.communicate(timeout=300)
    wait_until(lambda: is_free(runs[0]))  # it ends by itself


# ---- in a terminal ------------------------------------------------------------------------------------------------


def test_a_terminal_shows_the_runs_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(sweep_progress, "get_terminal_size", lambda: (60, 6))
    runs = [SweptRun(f"{n}-a={n}", {"a": str(n)}) for n in range(9)]
    processes: Any = [InFlight(run) for run in runs[2:8]]
    runs[0].status, runs[1].status = "done", "failed"
    with SweepLive(runs) as live:
        live.draw(processes)
        live.ended(runs[0], "epoch 3: loss 0.1")
        live.ended(runs[1], "epoch 1: loss nan")
    lines = re.split(r"\x1b\[\d*[A-Z]|\r|\n", stream.getvalue())
    assert any("1 of 9 runs done, 1 failed" in line for line in lines)
    assert "  a=2: epoch 1: loss 0.5; and more that a narrow terminal h" in lines
    assert all(len(line) < 60 for line in lines)
    assert sum(line.startswith("  a=") for line in lines[: lines.index("a=0: epoch 3: loss 0.1 (0 s)")]) == 2
    assert "a=1: failed (0 s)" in lines


class InFlight:
    """A run under way."""

    seconds = 3.0
    record = "epoch 1: loss 0.5; and more that a narrow terminal has no room for"

    def __init__(self, run: SweptRun) -> None:
        self.run = run


def test_a_narrow_terminal_gets_the_columns_that_matter() -> None:
    numbers = {"test accuracy": 0.75, "train accuracy": 0.5, "test loss": 0.25}
    runs = [
        SweptRun("1-lr=0.1", {"lr": "0.1"}, "done", numbers, 100, 3.0),
        SweptRun("2-lr=9", {"lr": "9"}, "failed"),
    ]
    heads = ["run", "lr", "test loss", "test accuracy", "train accuracy", "iterations", "time", "state"]
    rows, all_heads = sweep_progress.comparison(runs, list(numbers), 100)
    assert all_heads == heads
    assert rows == [
        ["1", "0.1", "0.25", "0.75", "0.5", "100", "3 s", ""],
        ["2", "9", "", "", "", "", "0 s", "failed"],
    ]
    narrow = sweep_progress.comparison(runs, list(numbers), 38)[1]
    assert narrow == ["run", "lr", "test loss", "test accuracy", "state"]


def test_times_are_told_in_the_units_that_fit() -> None:
    assert [duration(s) for s in (0.4, 59.4, 61, 3600, 36061)] == [
        "0 s",
        "59 s",
        "1:01",
        "1:00:00",
        "10:01:01",
    ]
