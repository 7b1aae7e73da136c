"""Trainings that are ended by faults, and what has to hold after each.

A run folder is sound if its last checkpoint, or the one before, is whole and holds exactly what a training that
nobody disturbed held after the same iteration; if its weights do; and if its records can be read. A run that
goes on from there ends with the same weights.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

import graphlang as gl
from graphlang.cli import main
from graphlang.files.replace import PREFIX
from graphlang.training import saving_times
from graphlang.training.loop import train
from graphlang.training.record import Progress
from graphlang.training.run_folder import CHECKPOINT, PREVIOUS, read_records
from graphlang.training.run_saver import RunSaver
from graphlang.training.sections import open_data
from graphlang.training.weight_files import read, read_sealed

WITH_DATA = """
input x: float[N, 6], t: int[N]
y = x -> Affine({hidden}) -> BatchNorm -> Relu -> Dropout(0.2) -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data {{ source = npz("d.npz"); x = x; t = t }}
train {{ minimize = loss; optimizer = Adam(lr=0.01); batch = 4; epochs = {epochs}; shuffle = true }}
"""
WITHOUT_DATA = """
param w: float[40] = constant(1)
loss = sum(w**2) + sum(w[0] * w)
output loss
train {{ minimize = loss; optimizer = Momentum(lr=0.001); batch = 1; iterations = {iterations} }}
"""
ROWS = 42
PER_EPOCH = -(-ROWS // 4)


class Unsound(AssertionError):
    """A promise that did not hold."""


class Bench:
    """A folder with a spec, and a training of it that nobody disturbed."""

    def __init__(self, folder: Path, epochs: int, *, data: bool = True, hidden: int = 8) -> None:
        folder.mkdir(parents=True)
        self.folder, self.run = folder, folder / "run"
        os.chdir(folder)
        rng = np.random.default_rng(0)
        np.savez("d.npz", x=rng.normal(size=(ROWS, 6)), t=rng.integers(0, 3, ROWS))
        text = (WITH_DATA if data else WITHOUT_DATA).format(
            epochs=epochs, iterations=epochs * PER_EPOCH, hidden=hidden
        )
        Path("net.graph").write_text(text)
        graph = gl.load("net.graph")
        #: what the parameters are after each iteration
        self.after: dict[int, str] = {}

        def note(progress: Progress) -> None:
            self.after[progress.iteration] = digest(graph.params)

        start = time.monotonic()
        train(graph.model, open_data(graph.model), folder=folder / "whole", on_progress=note)
        self.seconds = time.monotonic() - start
        self.iterations = len(self.after)
        self.whole = digest(graph.params)

    # ---- running -------------------------------------------------------------------------------------

    def start(self, prepare: Callable[[], Any], words: tuple[str, ...] = ()) -> int:
        """Trains in a process of its own, from the last checkpoint where there is one; returns its number."""
        os.chdir(self.folder)
        goes_on = any((self.run / name).exists() for name in (CHECKPOINT, PREVIOUS))
        child = os.fork()
        if child:
            return child
        status = 99
        try:
            log = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(log, 1)
            os.dup2(log, 2)
            sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115, PTH123 - until the process ends
            sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115, PTH123
            prepare()
            status = main(["train", "net.graph", "--resume" if goes_on else "--run", "run", *words])
            sys.stdout.flush()
        finally:
            os._exit(status)
        raise AssertionError

    def ended(self, child: int) -> int:
        """The exit status, or minus the signal."""
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def forget(self) -> None:
        """Removes the run, so that another one may start."""
        shutil.rmtree(self.run, ignore_errors=True)

    # ---- what has to hold -----------------------------------------------------------------------------

    def check(self) -> int:
        """Checks that the folder is sound, and returns the iteration from which the run goes on."""
        if not self.run.exists():
            return 0
        reached = max((self._checkpoint(name) for name in (CHECKPOINT, PREVIOUS)), default=0)
        for name in ("weights.npz", "best.npz"):
            with suppress(FileNotFoundError):
                (self.run / name).stat()
                if digest(read(self.run / name)) not in self.after.values():
                    raise Unsound(f"{name} is not what any step left")
        for name in ("run.json", "spec.json"):
            if (self.run / name).exists():
                json.loads((self.run / name).read_text())
        for path in self.run.glob("*.jsonl"):
            read_records(path)
        return reached

    def _checkpoint(self, name: str) -> int:
        """The iteration of a checkpoint, 0 where there is none; it has to be whole and right."""
        if not (self.run / name).exists():
            return 0
        arrays = read_sealed(self.run / name)
        if arrays is None:
            raise Unsound(f"the checksum of {name} is wrong")
        params = {n.removeprefix("param:"): a for n, a in arrays.items() if n.startswith("param:")}
        iteration = int(arrays["iteration"])
        if iteration and digest(params) != self.after[iteration]:
            raise Unsound(f"{name} is not what iteration {iteration} left")
        if len(arrays["losses"]) != iteration:
            raise Unsound(f"{name} has {len(arrays['losses'])} losses after {iteration} iterations")
        return iteration

    def finish(self) -> None:
        """Lets the run go on to its end, which has to be that of the run that nobody disturbed."""
        status = self.ended(self.start(lambda: None))
        if status != 0:
            raise Unsound(f"the run does not go on: {self.log}")
        if self.check() != self.iterations or digest(read(self.run / "weights.npz")) != self.whole:
            raise Unsound("the run that went on has other weights")
        if left := [path.name for path in self.run.iterdir() if path.name.startswith(PREFIX)]:
            raise Unsound(f"{left} were not removed")


def digest(arrays: Mapping[str, Any]) -> str:
    """A hash of arrays by name."""
    content = sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        content.update(f"{name} {array.dtype.str} {array.shape}".encode() + array.tobytes())
    return content.hexdigest()


def once_loaded(call: Callable[[], Any]) -> None:
    """Calls a function of this process right before the first step of its training."""
    made = RunSaver.__init__

    def called(*arguments: Any) -> None:
        call()
        made(*arguments)

    RunSaver.__init__ = called  # type: ignore[method-assign]


def killed_after(bench: Bench, seconds: float, words: tuple[str, ...], *, loaded: bool) -> int:
    """The exit status of a training that is killed some time after its start, or after it is `loaded`."""
    reading, writing = os.pipe()

    def prepare() -> None:
        saving_times.SECONDS, saving_times.SHARE = 0.005, 1  # it is saved between steps all the time
        once_loaded(lambda: os.write(writing, b"."))

    child = bench.start(prepare, words)
    os.close(writing)
    if loaded:
        os.read(reading, 1)
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    return bench.ended(child)


def small_files(most: int) -> None:
    """Lets this process write no file beyond so many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def little_memory(blocks: int) -> None:
    """Leaves this process so many blocks of memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + 32 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    ballast.clear()
    with suppress(MemoryError):
        while True:
            ballast.append(bytearray(BLOCK))
    del ballast[:blocks]


ballast: list[bytearray] = []
BLOCK = 2**16
