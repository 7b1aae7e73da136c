"""graphlang where the calls and modules of Linux are missing: on a Windows and a macOS that a Python on Linux plays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphlang.cli import main
from graphlang.files.replace import PREFIX, SUFFIX

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="it is a Python on Linux that plays the others"
)

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SYSTEMS = ("windows", "macos")
NET = """\
hyper lr = 0.1
input x: float[N, 2], t: int[N]

y    = x -> Affine(3) -> Relu -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y

data { source = npz("d.npz"); x = x; t = t }
train { minimize = loss; optimizer = Momentum(lr=lr); batch = 8; epochs = 2; metrics = [accuracy(y, t)] }
"""
GREEK = "input α = 3  # größer\nβ = α**2\n"
COMMANDS = """
check net.graph
fmt net.graph --check
run net.graph --inputs x.npz
run greek.graph --json
run greek.graph
fmt greek.graph --diff
test lesson:apple
gradcheck lesson:affine
summary net.graph
explain-plan net.graph
view greek.graph -o page.html
view greek.graph --svg -o -
train net.graph --run r --threads 1
train net.graph --resume r --set train.epochs=3
evaluate net.graph --weights r
predict net.graph --weights r --inputs x.npz
report r -o report.html
train net.graph --sweep lr=0.1,0.01 --jobs 2 --run s
explain GL201
layers Affine
"""


class System:
    """A folder with files, and a Python of one of the systems that works there."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder / "work"
        self.notes = folder / "notes"
        site = folder / "site"
        site.mkdir()
        self.folder.mkdir()
        lines = [
            "import sys", f"sys.path.append({str(HERE)!r})",
            "import simulated_system", f"simulated_system.become({name!r})",
        ]  # fmt: skip
        (site / "sitecustomize.py").write_text("\n".join(lines))
        self.environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
        self.environment |= {"SIMULATED_SYSTEM_NOTES": str(self.notes)}
        write_files(self.folder)

    def started(self, *words: str) -> subprocess.Popen[str]:
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        python = [sys.executable, "-X", "warn_default_encoding"]
        return subprocess.Popen(
            [*python, *words], cwd=self.folder, env=self.environment, encoding="utf-8", **pipes
        )

    def run(self, *words: str, given: str = "") -> str:
        process = self.started(*words)
        out, err = process.communicate(given, timeout=120)
        assert process.returncode == 0, err
        return out

    def commands(self, lines: list[str]) -> dict[str, dict[str, Any]]:
        """The results of commands by their lines."""
        told = self.run(str(HERE / "commands.py"), given=json.dumps([line.split() for line in lines]))
        return dict(zip(lines, json.loads(told), strict=True))


def write_files(folder: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2))
    t = (x[:, 0] > 0).astype(int)
    np.savez(folder / "d.npz", x=x, t=t)
    np.savez(folder / "x.npz", x=x[:4], t=t[:4])
    (folder / "net.graph").write_text(NET, encoding="utf-8")
    (folder / "greek.graph").write_text(GREEK, encoding="utf-8", newline="\r\n")


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, System]:
    return {name: System(name, tmp_path_factory.mktemp(name)) for name in SYSTEMS}


@pytest.fixture
def windows(tmp_path: Path) -> System:
    return System("windows", tmp_path)


@pytest.fixture(scope="module")
def results(systems: dict[str, System]) -> dict[str, dict[str, dict[str, Any]]]:
    lines = COMMANDS.strip().splitlines()
    return {name: system.commands(lines) for name, system in systems.items()}


# ---- commands ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_command_works(system: str, results: dict[str, Any]) -> None:
    assert {line: told["err"] for line, told in results[system].items() if told["status"]} == {}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_training_that_goes_on_has_the_weights_of_linux(
    system: str,
    systems: dict[str, System],
    results: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    for line in ("train net.graph --run r --threads 1", "train net.graph --resume r --set train.epochs=3"):
        assert line in results[system]
        assert main(line.split()) == 0
    for name in ("weights.npz", "metrics.jsonl"):
        assert (systems[system].folder / "r" / name).read_bytes() == Path("r", name).read_bytes()


@pytest.mark.parametrize("system", SYSTEMS)
def test_json_is_read_as_utf_8_and_a_document_is_utf_8_whatever_the_encoding_of_a_pipe(
    system: str, results: dict[str, Any]
) -> None:
    told = results[system]
    values = json.loads(told["run greek.graph --json"]["out"].encode("latin-1").decode("utf-8"))
    assert "β" in json.dumps(values, ensure_ascii=False)
    svg = told["view greek.graph --svg -o -"]["out"].encode("latin-1")
    assert "β" in svg.decode("utf-8")
    assert b"\r" not in svg


def test_what_a_console_cannot_write_is_written_as_an_escape(results: dict[str, Any]) -> None:
    told = results["windows"]["run greek.graph"]["out"]
    assert "\\u03b2" in told
    assert "β" in results["macos"]["run greek.graph"]["out"].encode("latin-1").decode("utf-8")


def test_macos_brings_files_and_folders_past_the_memory_of_the_disk(
    systems: dict[str, System], results: dict[str, Any]
) -> None:
    assert systems["macos"].notes.read_text().count("full fsync") > 10
    assert "full fsync" not in systems["windows"].notes.read_text()


# ---- locks of Windows --------------------------------------------------------------------------------------

HOLDS = """
import sys
from pathlib import Path
from graphlang.training.run_lock import RunLock
lock = RunLock(Path("r"))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_writer_is_refused_on_windows_and_told_who_the_first_is(windows: System) -> None:
    first = "train net.graph --run r"
    assert windows.commands([first])[first]["status"] == 0
    holder = windows.started("-c", HOLDS)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        again = windows.commands([first, "train net.graph --resume r --set train.epochs=3"])
    finally:
        holder.kill()
        holder.communicate()
    for told in again.values():
        assert told["status"] == 1
        assert f"error[GL721]: another process writes this run, process {holder.pid}" in told["err"]
    goes_on = "train net.graph --resume r --set train.epochs=4"
    assert windows.commands([goes_on])[goes_on]["status"] == 0


def test_the_lock_of_windows_is_one_byte_that_no_content_reaches_and_is_let_go_of(windows: System) -> None:
    line = "train net.graph --run r"
    assert windows.commands([line])[line]["status"] == 0
    modes = [
        note.split()[1:] for note in windows.notes.read_text().splitlines() if note.startswith("locking")
    ]
    assert {(start, count) for _, start, count in modes} == {(str(2**31 - 2), "1")}
    assert [mode for mode, *_ in modes].count("2") == [mode for mode, *_ in modes].count("0") > 2
    assert max(path.stat().st_size for path in (windows.folder / "r").iterdir()) < 2**20


LEFT = f"""
import os
from pathlib import Path
from graphlang.files.locks import HELD, TAKEN, is_free, lock, unlock
from graphlang.files.replace import remove_leftovers
here = Path("left")
here.mkdir()
for name in ("dead", "alive"):
    (here / f"{PREFIX}{{name}}{SUFFIX}").write_bytes(b"half")
alive = here / "{PREFIX}alive{SUFFIX}"
first = os.open(alive, os.O_RDWR)
os.lseek(first, 2, os.SEEK_SET)
assert lock(first) == TAKEN and os.lseek(first, 0, os.SEEK_CUR) == 2
second = os.open(alive, os.O_RDWR)
assert lock(second) == HELD and not is_free(alive)
assert os.read(second, 9) == b"half"
remove_leftovers(here)
print(*sorted(os.listdir(here)))
unlock(first)
os.close(first)
unlock(second)  # which it never had
os.close(second)
remove_leftovers(here)
print(*sorted(os.listdir(here)))
"""


def test_leftovers_are_removed_on_windows_but_what_is_being_written_stays(windows: System) -> None:
    assert windows.run("-c", LEFT).splitlines() == [f"{PREFIX}alive{SUFFIX}", ""]


# ---- files that are open -----------------------------------------------------------------------------------

OPEN = """
import threading, time
from pathlib import Path
import graphlang as gl
from graphlang.files import replace
path = Path("a.txt")
replace.write_text(path, "old")
reader = path.open(encoding="utf-8")
threading.Timer(0.05, reader.close).start()
replace.write_text(path, "new")
print(path.read_text(encoding="utf-8"))
replace.PAUSES = (0.001,) * 3
with path.open(encoding="utf-8"):
    try:
        replace.write_text(path, "newer")
    except gl.GraphError as error:
        print(error.diagnostics[0].code)
print(path.read_text(encoding="utf-8"), *(p.name for p in Path().glob(".graphlang*")))
"""


def test_a_file_that_a_reader_has_open_on_windows_is_replaced_once_it_is_closed_or_stays_as_it_is(
    windows: System,
) -> None:
    assert windows.run("-c", OPEN).splitlines() == ["new", "GL716", "new"]


# ---- signals -----------------------------------------------------------------------------------------------


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def ended_by(
    send: Callable[[subprocess.Popen[str]], None], process: subprocess.Popen[str]
) -> tuple[int, str]:
    try:
        send(process)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, err


def test_ctrl_break_ends_a_training_on_windows_and_saves_it(windows: System) -> None:
    process = windows.started(
        "-m", "graphlang", *"train net.graph --run r --set train.epochs=1000000".split()
    )
    wait_for(windows.folder / "r" / "checkpoint.npz", process)
    status, err = ended_by(lambda p: p.send_signal(signal.SIGUSR1), process)  # which plays SIGBREAK
    assert status == 128 + signal.SIGUSR1
    assert "the run is kept in r, go on with:" in err
    with np.load(windows.folder / "r" / "checkpoint.npz") as checkpoint:
        assert int(checkpoint["iteration"]) > 0


def test_the_runs_of_a_sweep_that_is_interrupted_on_windows_are_saved(windows: System) -> None:
    words = "train net.graph --sweep lr=0.1,0.01 --jobs 2 --run s --set train.epochs=1000000 --checkpoint-every 1h"
    process = windows.started("-m", "graphlang", *words.split())
    folders = [windows.folder / "s" / name for name in ("1-lr=0.1", "2-lr=0.01")]
    for folder in folders:
        wait_for(folder / "metrics.jsonl", process)
    status, err = ended_by(lambda p: p.send_signal(signal.SIGINT), process)
    assert (status, "0 of 2 runs are done, go on with:" in err) == (130, True), err
    for folder in folders:
        with np.load(folder / "checkpoint.npz") as checkpoint:
            assert int(checkpoint["iteration"]) > 0


# ---- the disk of macOS -------------------------------------------------------------------------------------

ON_A_NETWORK = """
import errno, fcntl
from pathlib import Path
from graphlang.files.replace import write_text
def refused(*arguments):
    raise OSError(errno.ENOTSUP, "Operation not supported")
fcntl.fcntl = refused
write_text(Path("a.txt"), "text")
print(Path("a.txt").read_text(encoding="utf-8"))
"""


def test_where_macos_has_fsync_alone_files_are_written_with_that(tmp_path: Path) -> None:
    assert System("macos", tmp_path).run("-c", ON_A_NETWORK) == "text\n"
