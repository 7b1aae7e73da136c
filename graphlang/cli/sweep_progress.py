"""What a sweep shows: a line for each run that has ended, and in a terminal the runs under way."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from shutil import get_terminal_size
from typing import Self

from graphlang.cli import console
from graphlang.cli.live_area import LiveArea
from graphlang.cli.sweep_process import SweepProcess
from graphlang.draw.numbers import short
from graphlang.draw.table import table
from graphlang.draw.width import width
from graphlang.sweeps.sweep_folder import SweptRun

BAR = 30


class SweepLines:
    """A line for each run that has ended."""

    def __init__(self, runs: Sequence[SweptRun]) -> None:
        self._runs = runs

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Leaves what was written."""

    def draw(self, processes: Sequence[SweepProcess]) -> None:
        """Shows the runs under way."""

    def tell(self, text: str) -> None:
        """Writes a line that stays."""
        console.err(text)

    def ended(self, run: SweptRun, record: str) -> None:
        """Tells of a run that has come to its end."""
        what = "failed" if run.status == "failed" else record or "done"
        self.tell(f"{run.described}: {what} ({duration(run.seconds)})")


class SweepLive(SweepLines):
    """The same above a bar of the sweep and a line for each run under way."""

    def __init__(self, runs: Sequence[SweptRun]) -> None:
        super().__init__(runs)
        self._area = LiveArea(sys.stderr)
        self._below: list[str] = []

    def __exit__(self, *error: object) -> None:
        self._area.clear()

    def draw(self, processes: Sequence[SweepProcess]) -> None:
        columns, rows = get_terminal_size()
        lines = [self._bar(columns - 1)]
        for process in processes[: max(1, rows - 4)]:
            told = process.record or "starting"
            lines.append(f"  {process.run.described}: {told} ({duration(process.seconds)})")
        lines = [cut(console.shown(line), columns - 1) for line in lines]
        if lines != self._below:
            self._below = lines
            self._area.draw(lines)

    def tell(self, text: str) -> None:
        self._area.above("\n".join(map(console.shown, text.split("\n"))), self._below)

    def _bar(self, columns: int) -> str:
        done = sum(run.status == "done" for run in self._runs)
        failed = sum(run.status == "failed" for run in self._runs)
        text = f"{done:,} of {len(self._runs):,} runs done"
        text += f", {failed:,} failed" if failed else ""
        full, empty = ("━", "─") if console.unicode(sys.stderr) else ("#", "-")
        size = min(BAR, columns - len(text) - 2)
        if size < 4:
            return text
        filled = round((done + failed) / len(self._runs) * size)
        return f"{full * filled}{empty * (size - filled)}  {text}"


def sweep_watcher(runs: Sequence[SweptRun]) -> SweepLines:
    """What fits stderr: live in a terminal that can move its cursor, else plain lines."""
    live = console.obeys_escapes(sys.stderr)
    return (SweepLive if live else SweepLines)(runs)


def duration(seconds: float) -> str:
    """`3 s`, `2:05`, `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def cut(line: str, columns: int) -> str:
    """The line, cut to so many columns."""
    while width(line) > columns:
        line = line[:-1]
    return line


def comparison(
    runs: Sequence[SweptRun], numbers: Sequence[str], columns: int
) -> tuple[list[list[str]], list[str]]:
    """The rows of the table at the end of a sweep, and its heads; fewer columns in a narrow terminal."""
    losses_first = sorted(numbers, key=lambda name: not name.endswith("loss"))
    heads = ["run", *runs[0].set, *losses_first, "iterations", "time"]
    if any(run.status == "failed" for run in runs):
        heads.append("state")
    rows = [_row(run, losses_first) for run in runs]
    for spare in ("iterations", "time", *(name for name in losses_first if name.startswith("train "))):
        lines = table([[row[head] for head in heads] for row in rows], heads, columns, False).split("\n")
        if max(map(width, lines)) <= columns:
            break
        heads.remove(spare)
    return [[row[head] for head in heads] for row in rows], heads


def _row(run: SweptRun, numbers: Sequence[str]) -> dict[str, str]:
    measured = {name: run.numbers.get(name) for name in numbers}
    return {
        **{name: "" if value is None else short(value, 4) for name, value in measured.items()},
        "iterations": f"{run.iterations}" if run.status == "done" else "",
        "time": duration(run.seconds),
        "state": "failed" if run.status == "failed" else "",
        **run.set,
        "run": run.folder.partition("-")[0],
    }
