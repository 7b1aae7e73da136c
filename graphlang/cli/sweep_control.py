"""Runs the processes of a sweep, so many at a time, keeps what becomes of them, and shows it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from graphlang.cli import console
from graphlang.cli.between_steps import BetweenSteps
from graphlang.cli.lasting_stream import lasting_stdout
from graphlang.cli.shell_words import shell_line
from graphlang.cli.sweep_process import SweepProcess
from graphlang.cli.sweep_progress import SweepLines, comparison, sweep_watcher
from graphlang.cli.sweep_words import going_on, of_resumed

if TYPE_CHECKING:
    from graphlang.spec.models import TrainSpec
    from graphlang.sweeps.sweep_folder import SweepFolder, SweptRun

POLL = 0.05
"""Seconds between two looks at the processes."""
MEMORY_OF_JAX = 0.75
"""The share of a device's memory that JAX takes by default."""


class SweepControl:
    """One part of a sweep: from its start, or from where it goes on, to its end or an interruption."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        command: argparse.ArgumentParser,
        folder: SweepFolder,
        section: TrainSpec | None,
    ) -> None:
        assert section is not None
        self._arguments, self._command, self._folder, self._section = arguments, command, folder, section
        self._waiting = [run for run in folder.runs if run.status != "done"]
        self._running: list[SweepProcess] = []
        self._jobs = min(arguments.jobs or 1, max(1, len(self._waiting)))
        self._environment = self._environment_of_runs()

    def run(self) -> int:
        """Runs what is left of the sweep; returns the exit status."""
        runs = self._folder.runs
        where = console.file_name(self._folder.path)
        count = console.counted(len(runs), "run")
        done = len(runs) - len(self._waiting)
        before = f", of which {done:,} {'is' if done == 1 else 'are'} done already" if done else ""
        at_a_time = f", {self._jobs} at a time" if self._waiting else ""
        console.err(f"{count} in {where}{at_a_time}{before}")
        with ExitStack() as stack:
            progress = stack.enter_context(sweep_watcher(runs))
            signals = stack.enter_context(BetweenSteps(self._kept))
            while (self._waiting and signals.asked is None) or self._running:
                self._start(signals.asked)
                self._look(progress, signals)
                progress.draw(self._running)
                time.sleep(POLL)
        if signals.asked is not None:
            console.err(f"{signals.told}; {self._kept()}")
            return signals.status
        self._show()
        return int(any(run.status == "failed" for run in runs))

    # ---- processes ----------------------------------------------------------------------------------------

    def _start(self, asked: int | None) -> None:
        """Starts runs while there is room; none once somebody has asked for the end."""
        while asked is None and self._waiting and len(self._running) < self._jobs:
            run = self._waiting.pop(0)
            self._running.append(SweepProcess(run, self._words(run), self._environment))

    def _look(self, progress: SweepLines, signals: BetweenSteps) -> None:
        """Looks which processes have ended, and hands a signal on to the others."""
        for process in [p for p in self._running if p.has_ended]:
            self._running.remove(process)
            self._take(process, progress, interrupted=signals.asked is not None)
        if signals.asked is not None:
            for process in self._running:
                process.ask(signals.asked)

    def _take(self, process: SweepProcess, progress: SweepLines, *, interrupted: bool) -> None:
        """Takes what has become of a run."""
        from graphlang.sweeps.comparison import criterion_of, ending_numbers

        run, status, result = process.run, process.status(), process.result()
        run.seconds += process.seconds
        if status == 0 and result:
            run.status, run.why, run.iterations = "done", "", result["iterations"]
            run.numbers = ending_numbers(result)
            self._folder.criterion, self._folder.more_is_better = criterion_of(self._section, [*run.numbers])
        elif interrupted or status in (130, 143, 129):
            self._folder.keep()
            return
        else:
            run.status, run.why = "failed", process.complaint()
        self._folder.keep()
        progress.ended(run, process.record)

    def _words(self, run: SweptRun) -> list[str]:
        """What `graphlang train` gets for a run."""
        from graphlang.sweeps.sweep_folder import has_checkpoint

        arguments, path = self._arguments, self._folder.folder_of(run)
        goes_on = has_checkpoint(path)
        words = [arguments.spec, *self._folder.words]
        words = of_resumed(self._command, words) if goes_on else words
        words += [word for name, value in run.set.items() for word in ("--set", f"{name}={value}")]
        words += ["--resume" if goes_on else "--run", str(path), "--json"]
        if goes_on and arguments.resume_changed:
            words.append("--resume-changed")
        threads = arguments.threads or (None if goes_on else self._threads_of_each())
        return words if threads is None else [*words, "--threads", str(threads)]

    def _threads_of_each(self) -> int | None:
        """The cores divided among the runs; None for one at a time, which has all of them."""
        from graphlang.engine.workers import usable_threads

        return None if self._jobs == 1 else max(1, usable_threads(None)[0] // self._jobs)

    def _environment_of_runs(self) -> dict[str, str]:
        """The environment of the processes, which share the memory of a device."""
        environment = dict(os.environ)
        if self._arguments.backend in ("jax", "auto") and self._jobs > 1:
            environment.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", f"{MEMORY_OF_JAX / self._jobs:.3f}")
        return environment

    # ---- what is told -------------------------------------------------------------------------------------

    def _kept(self) -> str:
        """How the sweep goes on."""
        runs, where = self._folder.runs, str(self._folder.path)
        done = sum(run.status == "done" for run in runs)
        words = shell_line(["graphlang", *going_on(self._command, self._arguments.words, where)])
        return f"{done:,} of {len(runs):,} runs are done, go on with:\n  {words}"

    def _show(self) -> None:
        """The table, or the JSON, of all runs."""
        folder = self._folder
        runs = folder.best_first()
        best = runs[0] if runs[0].status == "done" else None
        with lasting_stdout():
            if self._arguments.json:
                console.print_json(self._as_json(runs, best))
            else:
                numbers = dict.fromkeys(name for run in folder.runs for name in run.numbers)
                width = console.columns() if sys.stdout.isatty() else 10**6
                console.print_table(*comparison(runs, list(numbers), width), width)
                for line in self._conclusion(best):
                    console.say(line)
        for line in self._failures():
            console.err(line)

    def _conclusion(self, best: SweptRun | None) -> Iterator[str]:
        if best is not None:
            where = console.file_name(self._folder.folder_of(best))
            yield f"\nthe best by {self._folder.criterion}: {best.described}, in {where}"
            words = [
                "graphlang",
                "evaluate",
                self._arguments.spec,
                "--weights",
                str(self._folder.folder_of(best)),
            ]
            words += [word for setting in self._settings_of(best) for word in ("--set", setting)]
            words += [] if self._arguments.data is None else ["--data", str(self._arguments.data)]
            yield f"measure it: {shell_line(words)}"
            yield f"beside one another: graphlang report {shell_line([str(self._folder.path)])}"

    def _settings_of(self, run: SweptRun) -> Iterator[str]:
        """The settings that a graph is loaded with to take the weights of a run: those of its `hyper`s."""
        from graphlang.training.run_folder import about_run

        hypers = about_run(self._folder.folder_of(run)).get("hypers", {})
        given = {**dict(self._arguments.set), **run.set}
        return (f"{name}={value}" for name, value in given.items() if name in hypers)

    def _failures(self) -> Iterator[str]:
        """What runs that failed told, each text once."""
        texts: dict[str, list[str]] = {}
        for run in self._folder.runs:
            if run.status == "failed":
                texts.setdefault(run.why or "it ended without a word", []).append(run.described)
        for text, runs in texts.items():
            others = f", and {len(runs) - 1:,} more" if len(runs) > 1 else ""
            yield f"\nfailed: {runs[0]}{others}\n{text}"

    def _as_json(self, runs: list[SweptRun], best: SweptRun | None) -> dict[str, object]:
        folder = self._folder
        return {
            "sweep": str(folder.path),
            "criterion": folder.criterion,
            "best": None if best is None else str(folder.folder_of(best)),
            "runs": [
                {
                    "run": str(folder.folder_of(run)),
                    "set": run.set,
                    "status": run.status,
                    "iterations": run.iterations,
                    "seconds": round(run.seconds, 3),
                    "numbers": run.numbers,
                }
                for run in runs
            ],
        }
