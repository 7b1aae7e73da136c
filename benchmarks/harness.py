"""Runs works. Every contender has its own process, and they take turns: A B C, A B C.

This process must stay smaller than any of them: on Linux the peak memory of a child starts at that of its
parent.
"""

from __future__ import annotations

import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.machine import busy_seconds, cpu_seconds
from benchmarks.work import Command, Skip, Work

ROOT = Path(__file__).resolve().parent.parent
TURN = 0.1
"""Approximate seconds of one turn of calls."""
REST = 0.05
"""Seconds between two checks of whether threads of the previous contender still spin, as idle threads of BLAS
do."""
LONGEST_REST = 0.5
"""The longest pause between two turns, in seconds."""
PATIENCE = 120.0
"""Seconds after which a contender that does not answer is skipped."""
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "GRAPHLANG_DATA")


@dataclass
class Entry:
    """The measurements of one contender: the seconds of every round, or the reason why there are none."""

    contender: str
    seconds: list[float] = field(default_factory=list)
    first: float | None = None
    peak_mib: float | None = None
    value: float | None = None
    stages: dict[str, float] = field(default_factory=dict)
    #: wall time of all turns, and the processor seconds that other programs used meanwhile
    wall: float = 0.0
    others: float = 0.0
    skipped: str | None = None

    @property
    def median(self) -> float | None:
        return statistics.median(self.seconds) if self.seconds else None

    @property
    def spread(self) -> float | None:
        """Half the interquartile range, relative to the median."""
        if len(self.seconds) < 4:
            return None
        low, middle, high = statistics.quantiles(self.seconds, n=4)
        return (high - low) / 2 / middle


@dataclass
class Outcome:
    """A measured row: the entries in the order of the work, graphlang's first."""

    name: str
    title: str
    entries: list[Entry]
    targets: dict[str, float]
    memory_targets: dict[str, float] = field(default_factory=dict)
    note: str = ""

    def ratio(self, peer: str) -> float | None:
        """The subject's median over the peer's, where both were measured."""
        mine, other = self.entries[0].median, self.entry(peer).median
        return mine / other if mine is not None and other else None

    def memory_ratio(self, peer: str) -> float | None:
        """The subject's peak memory over the peer's."""
        mine, other = self.entries[0].peak_mib, self.entry(peer).peak_mib
        return mine / other if mine and other else None

    def entry(self, contender: str) -> Entry:
        return next(e for e in self.entries if e.contender == contender)

    @property
    def disturbance(self) -> float:
        """The average number of cores that other programs kept busy while this row was measured."""
        wall = sum(e.wall for e in self.entries)
        return max(0.0, sum(e.others for e in self.entries) / wall) if wall else 0.0

    def disagreeing(self, tolerance: float = 1e-3) -> list[str]:
        """The contenders whose first value differs from the median, so that comparing their times means
        nothing."""
        values = {e.contender: e.value for e in self.entries if e.value is not None}
        if not values:
            return []
        middle = statistics.median_low(values.values())
        return [c for c, v in values.items() if abs(v - middle) > tolerance * max(abs(middle), 1e-3)]


# ---- the environment ----------------------------------------------------------------------------------


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """A clean environment, without the shell's settings of threads, BLAS and Python."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", **(extra or {})}


def hold_to(threads: int) -> int:
    """Restricts this process and its children to some cores; every library then chooses its threads
    accordingly."""
    if not hasattr(os, "sched_setaffinity"):
        return os.cpu_count() or 1
    cores = sorted(os.sched_getaffinity(0))[:threads]
    os.sched_setaffinity(0, cores)
    return len(cores)


def _rounds(count: int, limit: float, first: int = 0) -> Iterator[int]:
    """The numbers of the rounds: as many as fit into the time limit, but at least one."""
    started = time.monotonic()
    for number in range(first, count):
        if number >= 1 and time.monotonic() - started > limit:
            return
        yield number


# ---- calls, in workers --------------------------------------------------------------------------------


class Worker:
    """The process of one contender, seen from outside: it measures a turn on request."""

    def __init__(self, work: Work, contender: str, turn: float) -> None:
        self.entry = Entry(contender)
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the worker
        arguments = [sys.executable, "-m", "benchmarks.worker", work.name, contender, str(turn)]
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=ROOT,
            env=environment(),
        )
        self._started(self._answer())

    def _started(self, answer: dict[str, Any]) -> None:
        self.entry.skipped = answer.get("skipped")
        self.entry.value, self.entry.first = answer.get("value"), answer.get("first")

    def turn(self) -> None:
        if self.entry.skipped is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.entry.skipped = answer.get("skipped")
        if "seconds" in answer:
            self.entry.seconds.append(answer["seconds"])
            self.entry.wall += answer["wall"]
            self.entry.others += answer["others"] or 0.0
            for stage, seconds in answer.get("stages", {}).items():
                previous = self.entry.stages.get(stage, seconds)
                self.entry.stages[stage] = min(previous, seconds)
        self._rest()

    def _rest(self) -> None:
        """Waits until the process is idle, so that the next one has all cores."""
        before = cpu_seconds(self._process.pid)
        for _ in range(round(LONGEST_REST / REST)):
            time.sleep(REST)
            now = cpu_seconds(self._process.pid)
            if now is not None and now == before:
                return
            before = now

    def end(self) -> Entry:
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self.entry.skipped is None:
            self.entry.peak_mib = self._answer().get("peak_mib")
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()
        self._process.wait(timeout=PATIENCE)
        return self.entry

    def _answer(self) -> dict[str, Any]:
        """The next answer of the worker, or the reason why there is none."""
        out = self._process.stdout
        assert out is not None
        if not select.select([out], [], [], PATIENCE)[0]:
            self._process.kill()
            return {"skipped": f"failed: no answer within {PATIENCE:.0f} s"}
        line = out.readline()
        if line:
            return dict(json.loads(line))
        self._errors.seek(0)
        return {"skipped": f"failed: {_last_line(self._errors.read())}"}


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it ended without a message"


def measure_calls(work: Work, rounds: int, turn: float) -> list[Entry]:
    workers = [Worker(work, contender, turn) for contender in work.contenders]
    try:
        for _ in _rounds(rounds, work.limit):
            for worker in workers:
                worker.turn()
    finally:
        entries = [worker.end() for worker in workers]
    return entries


# ---- whole processes ----------------------------------------------------------------------------------


def measure_processes(work: Work, rounds: int) -> list[Entry]:
    """Wall time and peak memory of whole processes. A first run, to fill the file caches, is not counted
    unless the work is long.
    """
    entries = [Entry(contender) for contender in work.contenders]
    commands = [_prepared(work, entry) for entry in entries]
    first = 0 if work.long else -1
    for number in _rounds(rounds, work.limit, first):
        for entry, command in zip(entries, commands, strict=True):
            if command is not None and entry.skipped is None:
                _run(entry, command, keep=number >= 0)
    return entries


def _prepared(work: Work, entry: Entry) -> Command | None:
    try:
        command = work.contenders[entry.contender]()
    except Skip as reason:
        entry.skipped = str(reason)
        return None
    assert isinstance(command, Command), command
    return command


def _run(entry: Entry, command: Command, *, keep: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as errors:
        busy, started = busy_seconds(), time.perf_counter()
        process = subprocess.Popen(
            command.arguments, stdout=subprocess.DEVNULL, stderr=errors, cwd=folder, env=environment()
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            last = _last_line(errors.read())
            missing = last.startswith("ModuleNotFoundError")
            entry.skipped = last.rpartition(": ")[2] if missing else f"failed: {last}"
        elif keep:
            entry.seconds.append(seconds)
            entry.wall += seconds
            if busy is not None:
                entry.others += (busy_seconds() or busy) - busy - usage.ru_utime - usage.ru_stime
            peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
            entry.peak_mib = max(peak, entry.peak_mib or 0.0)


# ---- all ----------------------------------------------------------------------------------------------


def measure(work: Work, *, rounds: int | None = None, turn: float = TURN) -> Outcome:
    """Measures one row; `rounds` overrides the number of the work."""
    count = rounds or work.rounds
    if work.processes:
        entries = measure_processes(work, count)
    else:
        entries = measure_calls(work, count, turn)
    if not work.same_value:
        for entry in entries:
            entry.value = None
    return Outcome(work.name, work.title, entries, dict(work.targets), dict(work.memory_targets), work.note)


def measure_all(
    works: Iterable[Work], *, quick: bool = False, on_row: Callable[[Outcome], Any] = lambda _: None
) -> list[Outcome]:
    outcomes = []
    for work in works:
        outcome = measure(work, rounds=3, turn=TURN / 4) if quick else measure(work)
        outcomes.append(outcome)
        on_row(outcome)
    return outcomes


def as_data(outcomes: Iterable[Outcome], machine: Mapping[str, Any]) -> dict[str, Any]:
    """The data of `--json`: every round of every contender, and the machine."""
    rows = []
    for outcome in outcomes:
        row = asdict(outcome)
        for entry, data in zip(outcome.entries, row["entries"], strict=True):
            data["median"] = entry.median
            data["ratio"] = outcome.ratio(entry.contender)
        rows.append(row)
    return {"machine": dict(machine), "rows": rows}


def from_data(data: Mapping[str, Any]) -> list[Outcome]:
    """The rows of data from `as_data`."""
    outcomes = []
    for row in data["rows"]:
        entries = [
            Entry(**{k: v for k, v in e.items() if k not in ("median", "ratio")}) for e in row["entries"]
        ]
        outcomes.append(Outcome(**{**row, "entries": entries}))
    return outcomes
