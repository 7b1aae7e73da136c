"""The command line as a process of its own: streams, statuses, terminals and what it imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRUIT = "input apple = 100, num = 2, tax = 1.1\nprice = apple * num * tax\n"


def graphlang(*words: str, stdin: str = "", cwd: Path | None = None, **environ: str):
    env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "GRAPHLANG_DEBUG")}
    env.update({"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environ})
    return subprocess.run(
        [sys.executable, "-m", "graphlang", *words],
        input=stdin.encode(),
        capture_output=True,
        cwd=cwd,
        env=env,
        timeout=60,
        check=False,
    )


def test_data_goes_to_stdout_and_everything_else_to_stderr():
    done = graphlang("run", "-", stdin=FRUIT)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "price" in done.stdout.decode()
    assert b"\x1b" not in done.stdout
    failed = graphlang("run", "-", stdin="y = ")
    assert (failed.returncode, failed.stdout) == (1, b"")
    assert b"\x1b" not in failed.stderr


def test_a_reader_that_has_seen_enough_is_no_mistake():
    command = f"{sys.executable} -m graphlang layers | head -1"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, shell=True, capture_output=True, env=env, timeout=60, check=False)
    assert done.stderr == b""
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run - <&-", b"error[GL713]: standard input is closed"),
        ("run fruit.graph --inputs - <&-", b"error[GL713]: standard input is closed"),
        ("run fruit.graph >&-", b"error: standard output is closed"),
        ("run missing.graph 2>&-", b""),
        ("run fruit.graph >&- 2>&-", b""),
    ],
)
def test_a_closed_stream_is_no_fault_of_graphlang(tmp_path, words, said):
    (tmp_path / "fruit.graph").write_text(FRUIT)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = f"{sys.executable} -m graphlang {words}"
    done = subprocess.run(
        command, shell=True, capture_output=True, env=env, timeout=60, check=False, cwd=tmp_path
    )
    assert done.returncode == 1
    assert done.stderr.startswith(said)
    assert b"fault" not in done.stderr


def test_a_terminal_without_unicode_gets_ascii():
    done = graphlang("run", "-", stdin=FRUIT, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    korean = graphlang("run", "-", stdin="값 = 사과 * 2", PYTHONIOENCODING="ascii")
    assert korean.returncode == 1
    assert b"\\uc0ac" in korean.stderr


def test_a_small_run_does_not_import_what_it_does_not_need():
    words = "['run', '-', '--set', 'x=3']"
    code = (
        f"import sys; from graphlang.cli import main; main({words}); "
        "print(*[m for m in ('networkx', 'rich', 'graphlang.training.loop', 'graphlang.datasets.npz', "
        "'graphlang.backends.options', 'graphlang.engine.recording', 'graphlang.engine.fusion', "
        "'graphlang.kernels.scan', 'graphlang.files.json_text') if m in sys.modules])"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], input=b"y = x**2", capture_output=True, env=env, timeout=60, check=True
    )
    assert done.stdout.decode().splitlines()[-1] == ""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupted_training_leaves_a_checkpoint(tmp_path):
    (tmp_path / "net.graph").write_text(
        "input x: float[N, 2], t: float[N, 1]\ny = x -> Affine(1)\nloss = MeanSquaredError(y, t)\noutput y\n"
        'data { source = npz("d.npz"); x = x; t = t }\n'
        "train { minimize = loss; optimizer = SGD(lr=0.001); batch = 2; iterations = 100000000; log_every = 1000 }\n"
    )
    code = "import numpy as np; np.savez('d.npz', x=np.ones((20, 2)), t=np.ones((20, 1)))"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "graphlang", "train", "net.graph"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stderr is not None
        process.stderr.readline()  # the first record is written
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, out) == (130, b"")
    assert b"--resume" in err
    assert (tmp_path / "runs" / "net-1" / "checkpoint.npz").exists()
    assert (tmp_path / "runs" / "net-1" / "weights.npz").exists()


@pytest.mark.skipif(os.name == "nt", reason="a pseudo terminal of POSIX")
@pytest.mark.parametrize(
    ("environ", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_only_a_terminal_gets_colours(environ, colored):
    import pty

    master, slave = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    env |= {"PYTHONPATH": str(ROOT), "TERM": "xterm", **environ}
    words = [sys.executable, "-m", "graphlang", "run", "-"]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=slave, stderr=slave, env=env)
    process.communicate(FRUIT.encode(), timeout=60)
    os.close(slave)
    written = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        written += piece
    os.close(master)
    assert b"price" in written
    assert (b"\x1b[" in written) is colored
