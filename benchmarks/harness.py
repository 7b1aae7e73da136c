"""Runs works. Every contender has its own process, and they take turns: A B C, A B C.

This process must stay smaller than any of them: on Linux the peak memory of a child starts at that of its
parent.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import threads
from benchmarks.machine import busy_seconds, cpu_seconds
from benchmarks.outcome import Entry, Outcome
from benchmarks.work import Command, Skip, Work, goal_at

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


# ---- the environment ----------------------------------------------------------------------------------


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """A clean environment, without the shell's settings of threads, BLAS and Python."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", **(extra or {})}


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

    def __init__(self, work: Work, entry: Entry, turn: float) -> None:
        self.entry = entry
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the worker
        contender = work.subject if entry.python else entry.contender
        python = entry.python or sys.executable
        arguments = [python, "-m", "benchmarks.worker", work.name, contender, str(turn)]
        with threads.held_to(entry.threads):
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                cwd=ROOT,
                env=environment(threads.settings(entry.threads)),
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

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self.entry.skipped is None:
            self.entry.peak_mib = self._answer().get("peak_mib")
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()
        self._process.wait(timeout=PATIENCE)

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


def measure_calls(work: Work, entries: list[Entry], rounds: int, limit: float, turn: float) -> None:
    workers: list[Worker] = []
    try:
        for entry in entries:
            workers.append(Worker(work, entry, turn))
        for _ in _rounds(rounds, limit):
            for worker in workers:
                worker.turn()
    finally:
        for worker in workers:
            worker.end()


# ---- whole processes ----------------------------------------------------------------------------------


def measure_processes(work: Work, entries: list[Entry], rounds: int, limit: float) -> None:
    """Wall time and peak memory of whole processes. A first run, to fill the file caches, is not counted
    unless the work is long.
    """
    commands = [_prepared(work, entry) for entry in entries]
    first = 0 if work.long else -1
    for number in _rounds(rounds, limit, first):
        for entry, command in zip(entries, commands, strict=True):
            if command is not None and entry.skipped is None:
                _run(entry, command, keep=number >= 0)


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
        with threads.held_to(entry.threads):
            process = subprocess.Popen(
                command.arguments,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=folder,
                env=environment(threads.settings(entry.threads)),
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


def measure(
    work: Work,
    counts: Sequence[int] = (1,),
    *,
    rounds: int | None = None,
    turn: float = TURN,
    quick: bool = False,
    pythons: Mapping[str, str] | None = None,
) -> Outcome:
    """Measures one row at some numbers of threads; `rounds` overrides the number of the work.

    A `quick` row has only the contenders with a goal, with the most threads. With `pythons`, paths by name,
    graphlang runs on other interpreters too.
    """
    counts = counts if work.parallel else counts[-1:]
    entries = _entries(work, counts, quick=quick)
    if not work.processes:
        others = [(f"{work.subject}, {name}", path) for name, path in (pythons or {}).items()]
        entries += [Entry(name, count, python=path) for name, path in others for count in counts]
    rounds, limit = rounds or work.rounds, work.limit * max(1.0, len(counts) / 2)
    if work.processes:
        measure_processes(work, entries, rounds, limit)
    else:
        measure_calls(work, entries, rounds, limit, turn)
    if not work.same_value:
        for entry in entries:
            entry.value = entry.value if entry.contender in work.alike else None
    return Outcome(
        work.name, work.title, entries, dict(work.memory_targets), work.note, work.amount, work.unit
    )


def _entries(work: Work, counts: Sequence[int], *, quick: bool) -> list[Entry]:
    """What to measure: every contender with every number of threads, or less for a quick look."""
    entries = []
    for name in work.contenders:
        goal = work.targets.get(name)
        if name == work.subject or not quick:
            entries += [Entry(name, count, goal_at(goal, count)) for count in counts]
        elif goal is not None:
            entries.append(Entry(name, counts[-1], goal_at(goal, counts[-1])))
    return entries


def measure_all(
    works: Iterable[Work],
    counts: Sequence[int] = (1,),
    *,
    quick: bool = False,
    pythons: Mapping[str, str] | None = None,
    on_row: Callable[[Outcome], Any] = lambda _: None,
) -> list[Outcome]:
    outcomes = []
    for work in works:
        fewer: dict[str, Any] = {"rounds": 3, "turn": TURN / 4, "quick": True} if quick else {}
        outcome = measure(work, counts, pythons=pythons, **fewer)
        outcomes.append(outcome)
        on_row(outcome)
    return outcomes
