"""Training by several processes on one host, through the command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl

SPEC = """
input x: float[N, 8], t: int[N]
y = x -> Affine(16) -> BatchNorm -> Relu -> Dropout(0.2) -> Affine(4)
loss = SoftmaxWithLoss(y, t)
train {
  minimize  = loss
  optimizer = Momentum(lr=0.02)
  batch     = 32
  epochs    = 7
}
data { source = npz("data.npz"); x = x; t = t }
"""
START = 120
"""Seconds for a start on a busy machine."""
END = 30
"""Seconds within which a process ends after another one."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed here as POSIX does it")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("processes")
    (where / "net.graph").write_text(SPEC)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(250, 8)).astype(np.float32)
    np.savez(where / "data.npz", x=x, t=np.argmax(x[:, :4], 1))
    return where


@pytest.fixture(scope="module")
def alone(folder: Path) -> Path:
    """The run that one process trains."""
    finished(started(folder, "--run", "alone"))
    return folder / "alone"


def started(
    folder: Path, *words: str, spec: str = "net.graph", devices: int = 1, **env: str
) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "graphlang",
        "train",
        spec,
        "--backend",
        "jax",
        "--cache",
        "none",
        *words,
    ]
    own = {
        "JAX_PLATFORMS": "cpu",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(gl.__file__).parents[1]),
        "XLA_FLAGS": f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count={devices}",
    }
    return subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | own | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def both(folder: Path, *words: str, specs: tuple[str, str] = ("net.graph", "net.graph")) -> list[Any]:
    address = f"127.0.0.1:{free_port()}"
    joined = ["--coordinator", address, "--processes", "2"]
    return [started(folder, *words, *joined, "--process", str(i), spec=spec) for i, spec in enumerate(specs)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def finished(process: subprocess.Popen[str], status: int = 0, within: float = START) -> Any:
    try:
        out, err = process.communicate(timeout=within)
    finally:
        process.kill()
    assert process.returncode == status, err
    return out, err


def losses(run: Path) -> Any:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return np.array([line["loss"] for line in lines if "epoch" not in line])


def assert_same_run(run: Path, other: Path) -> None:
    assert len(losses(run)) >= 50
    np.testing.assert_allclose(losses(run), losses(other), rtol=0, atol=1e-6)
    with np.load(run / "weights.npz") as weights, np.load(other / "weights.npz") as others:
        for name in weights.files:
            np.testing.assert_allclose(weights[name], others[name], rtol=0, atol=1e-5, err_msg=name)


def test_two_processes_train_as_one_does_and_the_first_one_alone_tells(folder: Path, alone: Path) -> None:
    first, second = both(folder, "--run", "two", "--json")
    out, err = finished(first)
    assert json.loads(out)["iterations"] == 56
    assert err.splitlines()[-1].startswith("epoch 7: loss")
    assert finished(second) == ("", "")
    assert_same_run(folder / "two", alone)
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {"alone", "two"}


@pytest.mark.parametrize(
    ("killed", "processes_after"),
    [
        pytest.param(1, 2, id="the second, and two processes go on"),
        pytest.param(
            0, 1, marks=pytest.mark.slow, id="the first, and one process goes on with three devices"
        ),
    ],
)
def test_where_one_is_killed_the_other_ends_and_the_run_goes_on(
    folder: Path, alone: Path, killed: int, processes_after: int
) -> None:
    run = folder / f"killed-{killed}"
    processes = both(
        folder, "--run", run.name, "--set", "train.epochs=1000000", "--set", "train.shuffle=true"
    )
    wait_for(run / "metrics.jsonl", processes)
    processes[killed].send_signal(signal.SIGKILL)
    _, err = finished(processes[1 - killed], 1, within=END)
    assert "of this training has ended before the others, and the training with it" in err
    assert "stack trace" not in err
    assert "Traceback" not in err
    processes[killed].communicate(timeout=END)

    done = len(losses(run)) // 8
    epochs = max(7, done + 1)
    words = ["--resume", run.name, "--set", f"train.epochs={epochs}"]
    if processes_after == 2:
        first, second = both(folder, *words)
        _, err = finished(first)
        assert "going on with what the run was last set to: --set train.shuffle=true" in err
        assert finished(second) == ("", "")
    else:
        finished(started(folder, *words, "--devices", "3", devices=3))
    assert len(losses(run)) == 8 * epochs
    np.testing.assert_allclose(losses(run)[:56], losses(alone), rtol=0, atol=1e-6)


def wait_for(path: Path, processes: list[subprocess.Popen[str]]) -> None:
    end = time.monotonic() + START
    while not path.exists():
        assert all(process.poll() is None for process in processes)
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_error_in_one_process_ends_the_other(folder: Path) -> None:
    first, second = both(folder, "--run", "never", specs=("net.graph", "missing.graph"))
    _, err = finished(second, 1)
    assert "there is no such file" in err
    _, err = finished(first, 1, within=END)
    assert "process 1 of this training has ended before the others" in err
    assert "stack trace" not in err
    assert not (folder / "never").exists()


def test_processes_train_on_all_of_their_devices(folder: Path) -> None:
    told = [
        process.communicate(timeout=START)[1] for process in both(folder, "--run", "no", "--devices", "1")
    ]
    assert any(
        "the processes have 2 devices together, but the training uses 1 (data) of them" in x for x in told
    )
    assert not any("Traceback" in x or "itself failed" in x for x in told)


@pytest.mark.parametrize(
    "asked",
    [pytest.param(0, id="the first"), pytest.param(1, marks=pytest.mark.slow, id="the second")],
)
def test_ctrl_c_in_one_process_stops_both_after_the_same_step_and_keeps_it(folder: Path, asked: int) -> None:
    run = folder / f"interrupted-{asked}"
    endless = ["--set", "train.epochs=1000000", "--set", "train.checkpoint_every=1000000"]
    processes = both(folder, "--run", run.name, *endless)
    wait_for(run / "metrics.jsonl", processes)
    processes[asked].send_signal(signal.SIGINT)
    _, err = finished(processes[0], 130)
    assert f"the run is kept in {run.name}, go on with:" in err
    assert f"--resume {run.name}" in err
    _, err = finished(processes[1], 130)
    assert err == ""
    with np.load(run / "checkpoint.npz") as checkpoint:
        step = int(checkpoint["iteration"])
    assert step == len(losses(run)) > 0
    longer = ["--set", f"train.iterations={step + 3}", "--set", "train.checkpoint_every=1"]
    finished(started(folder, "--resume", run.name, *longer))
    assert len(losses(run)) == step + 3


def test_a_second_ctrl_c_leaves_at_once(folder: Path) -> None:
    processes = both(folder, "--run", "twice", "--set", "train.epochs=1000000")
    wait_for(folder / "twice" / "checkpoint.npz", processes)
    processes[1].send_signal(signal.SIGSTOP)  # so that they cannot agree
    processes[0].send_signal(signal.SIGINT)
    time.sleep(1.5)  # signals at once count as one
    processes[0].send_signal(signal.SIGINT)
    _, err = finished(processes[0], 130, within=END)
    assert "as of its last checkpoint, go on with:" in err
    processes[1].send_signal(signal.SIGCONT)
    _, err = finished(processes[1], 1, within=END)
    assert "has ended before the others" in err


@pytest.mark.slow
def test_a_process_that_is_frozen_ends_the_other_with_a_message(folder: Path) -> None:
    processes = both(folder, "--run", "frozen", "--set", "train.epochs=1000000")
    wait_for(folder / "frozen" / "checkpoint.npz", processes)
    processes[1].send_signal(signal.SIGSTOP)
    _, err = finished(processes[0], 1, within=END)
    assert "process 1 of this training has given no sign of life for 20 seconds" in err
    assert "`--resume` goes on from the last checkpoint" in err
    processes[1].send_signal(signal.SIGCONT)
    assert "Traceback" not in processes[1].communicate(timeout=END)[1]


def test_slurm_tells_who_is_who_and_a_full_compilation_trains_the_same(folder: Path, alone: Path) -> None:
    slurm = {
        "SLURM_JOB_ID": str(os.getpid()),
        "SLURM_STEP_NODELIST": "127.0.0.1",
        "SLURM_NTASKS": "1",
        "SLURM_PROCID": "0",
        "SLURM_LOCALID": "0",
        "SLURM_STEP_NUM_NODES": "1",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=1",
    }
    finished(started(folder, "--run", "slurm", "--coordinator", "auto", **slurm))
    assert_same_run(folder / "slurm", alone)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--processes", "2"], "belong to --coordinator"),
        (["--coordinator", "127.0.0.1:1"], "needs --process and --processes"),
        (["--coordinator", "here"], "is no address"),
        (["--coordinator", "127.0.0.1:1", "--process", "2", "--processes", "2"], "is none of 2"),
        (["--backend", "numpy", "--devices", "2"], "add --backend jax"),
    ],
)
def test_wrong_options_are_told(
    folder: Path, words: list[str], message: str, monkeypatch: Any, capsys: Any
) -> None:
    from graphlang.cli import main

    monkeypatch.chdir(folder)
    assert main(["train", "net.graph", "--backend", "jax", *words]) == 2
    assert message in capsys.readouterr().err


def test_who_finds_nobody_says_so() -> None:
    from graphlang.backends.jax.processes import Processes, join

    with pytest.raises(gl.GraphError, match=r"GL738(.|\n)*did not come together at 127\.0\.0\.1"):
        join(Processes(f"127.0.0.1:{free_port()}", 1, 2), patience=0.5)
