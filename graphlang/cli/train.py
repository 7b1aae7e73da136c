"""`graphlang train`: the `train` section over the `data` section, with progress and a run folder."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from graphlang.cli import console, options
from graphlang.draw.numbers import short

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.training.record import Epoch, History, Progress

ROOT = Path("runs")


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "train",
        "SPEC",
        "The `train` section over the `data` section. Progress and a line per epoch go to stderr. The run\n"
        "folder gets the weights, a checkpoint, metrics.jsonl, the spec, the seed and the versions.",
        """
        graphlang train specs/two_layer_net.graph
        graphlang train specs/two_layer_net.graph --data ~/mnist --set hidden=100 --set train.epochs=5
        graphlang train net.graph --run runs/wide --seed 1
        graphlang train net.graph --resume runs/wide
        """,
    )
    options.spec(command)
    options.settings(command)
    options.data(command)
    folder = command.add_mutually_exclusive_group()
    folder.add_argument(
        "--run",
        metavar="DIR",
        type=options.path,
        help="the folder of this run (default: runs/NAME-1, -2, ...)",
    )
    folder.add_argument(
        "--resume", metavar="RUN", type=options.path, help="go on where the run in a folder stopped"
    )
    options.weights(command)
    options.precision(command)
    options.seed(command)
    options.threads(command)
    options.as_json(command, "the history")
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    from graphlang.training.evaluation import note_on_not_finite
    from graphlang.training.loop import train

    if arguments.resume and arguments.weights:
        raise options.Usage("--resume goes on with the weights of the run: --weights has no place beside it")
    if arguments.resume:
        _take_up_settings(arguments)
    graph, _ = options.load_graph(arguments)
    dataset = options.opened(graph, arguments)
    folder: Path = arguments.resume or arguments.run or _next_run(arguments.spec)
    with ExitStack() as stack:
        by_epochs = bool(dataset.train)
        watcher = stack.enter_context(Bar(by_epochs)) if sys.stderr.isatty() else Lines(by_epochs)
        interrupt = stack.enter_context(BetweenSteps())
        try:
            gc.enable()
            history = train(
                graph.model,
                dataset,
                folder=None if arguments.resume else folder,
                resume=arguments.resume,
                on_epoch=watcher.epoch,
                on_progress=both(watcher.progress, interrupt.check),
                overrides=dict(arguments.set),
            )
        except KeyboardInterrupt:
            stack.close()
            console.err(f"interrupted; the run is kept in {folder}, go on with:")
            console.err(f"  {_resume(arguments.words, folder)}")
            return 130
    last = history.last
    for split, metrics in (("train", last.train), ("test", last.test)) if last else ():
        note = note_on_not_finite(graph.model, dataset, split, metrics)
        if note is not None:
            console.note(note)
    _finish(graph, history, folder, arguments.json)
    return 0


def _take_up_settings(arguments: argparse.Namespace) -> None:
    """Restores the --set options that the run was started with, except those that are now set again."""
    from graphlang.resolve.section_models import excluded
    from graphlang.training.run_folder import settings_of

    set_now = dict(arguments.set)
    left_out = {*set_now, *(other for name in set_now for other in excluded(name))}
    kept = {n: v for n, v in settings_of(arguments.resume).items() if n not in left_out}
    if kept:
        settings = " ".join(f"--set {name}={value}" for name, value in kept.items())
        console.note(f"going on with what the run was started with: {settings}")
    arguments.set = [*kept.items(), *arguments.set]


def _next_run(spec: str) -> Path:
    from graphlang.training.run_folder import next_folder

    return next_folder(ROOT, "stdin" if spec == "-" else Path(spec).stem)


def _resume(words: list[str], folder: Path) -> str:
    """The command that continues the run."""
    import shlex

    kept: list[str] = []
    skip = False
    for word in words:
        if not skip and not word.startswith(("--run=", "--resume=")) and word not in ("--run", "--resume"):
            kept.append(word)
        skip = word in ("--run", "--resume")
    return shlex.join(["graphlang", *kept, "--resume", str(folder)])


def _finish(graph: Graph, history: History, folder: Path, as_json: bool) -> None:
    from dataclasses import asdict

    from graphlang.engine.result import json_value

    last = history.last
    count = console.counted(len(history.losses), "iteration")
    idle = bool(history.losses) and len(history.losses) == history.resumed_at
    if as_json:
        if idle:
            console.note(f"the run is already at {count}: nothing was trained")
        epochs = [json_value(asdict(epoch)) for epoch in history.epochs]
        loss = json_value(last.loss) if last else None
        console.print_json(
            {"run": str(folder), "iterations": len(history.losses), "loss": loss, "epochs": epochs}
        )
        return
    end = f": {_line(last)}" if last else ""
    if idle:
        console.out(f"the run is already at {count}: nothing was trained, weights in {folder}{end}")
        console.err("help: `--set train.epochs=N` or `--set train.iterations=N` lets it go on for longer")
    else:
        console.out(f"trained {count}, weights in {folder}{end}")


def _headed(epoch: Epoch, by_epochs: bool) -> str:
    """A line of the log, with the epoch; without data, with the iteration."""
    return f"{f'epoch {epoch.epoch}' if by_epochs else f'iteration {epoch.iteration}'}: {_line(epoch)}"


def _line(epoch: Epoch) -> str:
    parts = [f"loss {_four(epoch.loss)}"]
    if "loss" in epoch.test and not epoch.train:
        parts[0] += f", test {_four(epoch.test['loss'])}"
    for name, value in epoch.train.items():
        test = f", test {_four(epoch.test[name])}" if name in epoch.test else ""
        parts.append(f"{name}: train {_four(value)}{test}")
    return "; ".join(parts)


def _four(value: float) -> str:
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 else short(value, 4)


def both(first: Callable[[Progress], None], second: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """A callback that calls both."""

    def call(progress: Progress) -> None:
        first(progress)
        second(progress)

    return call


class BetweenSteps:
    """Delays Ctrl-C to the end of the training step, so that no checkpoint holds half a step.

    A second Ctrl-C interrupts at once.
    """

    def __enter__(self) -> Self:
        self._asked = False
        self._before: Any = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _on_signal(self, number: int, frame: Any) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True

    def check(self, progress: Progress) -> None:
        """Raises KeyboardInterrupt if Ctrl-C was pressed during the step."""
        if self._asked:
            raise KeyboardInterrupt


class Lines:
    """Progress as one plain line per epoch, for a file, a pipe or a log."""

    def __init__(self, by_epochs: bool) -> None:
        self._by_epochs = by_epochs

    def epoch(self, epoch: Epoch) -> None:
        console.err(_headed(epoch, self._by_epochs))

    def progress(self, progress: Progress) -> None:
        """Shows nothing between epochs."""


class Bar:
    """Progress as a bar, with a line per epoch above it."""

    EVERY = 20

    def __init__(self, by_epochs: bool) -> None:
        self._by_epochs = by_epochs

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._terminal = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self._terminal,
            transient=True,
        )
        self._task = self._bar.add_task("training", total=None)
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def epoch(self, epoch: Epoch) -> None:
        self._terminal.print(_headed(epoch, self._by_epochs))

    def progress(self, progress: Progress) -> None:
        if progress.iteration % self.EVERY and progress.iteration != progress.iterations:
            return
        epoch = f"epoch {progress.epoch}, " if self._by_epochs else ""
        self._bar.update(
            self._task,
            completed=progress.iteration,
            total=progress.iterations,
            description=f"{epoch}loss {_four(progress.loss)}",
        )
