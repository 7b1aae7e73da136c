"""`graphlang train`: the `train` section over the `data` section, with progress and a run folder."""

from __future__ import annotations

import argparse
import gc
import re
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from graphlang.cli import console, options, sweep, weight_options
from graphlang.cli.between_steps import BetweenSteps
from graphlang.cli.lasting_stream import lasting_stderr, lasting_stdout
from graphlang.cli.opened_data import opened_data
from graphlang.cli.resumed_settings import take_up_settings

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.datasets.dataset import Dataset
    from graphlang.training.next_folder import NextFolder
    from graphlang.training.record import History, Progress
    from graphlang.training.saving_times import Interval

ROOT = Path("runs")


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "train",
        "SPEC",
        "The `train` section over the `data` section. A line per epoch goes to stderr, in a terminal\n"
        "with a live curve of the loss. The run folder gets the weights, those of the best epoch, the last\n"
        "two checkpoints, metrics.jsonl, layers.jsonl, the spec, the seed and the versions. Ctrl-C, SIGTERM\n"
        "and SIGHUP end it between two steps, and the run is saved.",
        """
        graphlang train lesson:two_layer_net
        graphlang train lesson:two_layer_net --data ~/mnist --set hidden=100 --set train.epochs=5
        graphlang train net.graph --run runs/wide --set hidden=100
        graphlang train net.graph --resume runs/wide
        graphlang train net.graph --sweep hidden=4,8 --sweep "lr=log(0.1,0.4,2)" --jobs 2
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
    command.add_argument(
        "--checkpoint-every",
        metavar="N",
        type=_interval,
        help="save after N epochs, or after a time such as 30s, 5min or 1h (default: after every epoch, in "
        "long ones every 10s, for at most a tenth of the time)",
    )
    command.add_argument(
        "--resume-changed",
        action="store_true",
        help="with --resume: go on although the spec, the settings, the data or the threads are others",
    )
    command.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="per layer the norms of weight and gradient, their ratio, that of update and weight, dead units",
    )
    weight_options.weights(command)
    command.add_argument(
        "--partial",
        action="store_true",
        help="with --weights: take what fits by name and shape, list the rest",
    )
    options.precision(command)
    options.seed(command)
    options.threads(command)
    options.backend(command)
    sweep.add_options(command)
    options.as_json(command, "the history")
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    if sweep.is_asked_for(arguments):
        with lasting_stderr():
            return sweep.sweep(arguments, parser())
    if arguments.jobs is not None:
        raise options.Usage("--jobs belongs to --sweep NAME=VALUES")
    with options.together_with_others(arguments), console.notes_shown(_leads(arguments)), lasting_stderr():
        return _train(arguments)


def _interval(text: str) -> Interval:
    """How often to save: `5` epochs, or a time."""
    from graphlang.training.saving_times import Interval

    number = re.fullmatch(r"0*([1-9]\d{0,8})(s|min|h)?", text, re.ASCII)
    if number is None:
        raise argparse.ArgumentTypeError(f"`{text}` is neither a number of epochs nor a time such as 30s")
    count, unit = int(number[1]), number[2]
    if unit is None:
        return Interval(epochs=count)
    return Interval(seconds=count * {"s": 1, "min": 60, "h": 3600}[unit])


def _train(arguments: argparse.Namespace) -> int:
    from graphlang.cli.training_progress import watcher
    from graphlang.training.class_names import scores_of_no_class
    from graphlang.training.loop import train

    if arguments.resume and arguments.weights:
        raise options.Usage("--resume goes on with the weights of the run: --weights has no place beside it")
    if (arguments.partial or arguments.rename or arguments.layout) and not arguments.weights:
        raise options.Usage("--partial, --rename and --layout belong to --weights FILE")
    if arguments.resume_changed and not arguments.resume:
        raise options.Usage("--resume-changed belongs to --resume RUN")
    if arguments.resume:
        take_up_settings(arguments)
    graph, _ = options.load_graph(arguments)
    dataset = opened_data(graph, arguments)
    for note in scores_of_no_class(graph.model):
        console.note(note)
    chosen: Path | NextFolder = arguments.resume or arguments.run or _next_run(arguments.spec)
    leads, alone = _leads(arguments), arguments.coordinator is None

    def last_saved() -> str:
        if not _has_checkpoint(chosen):
            return "interrupted before the first checkpoint"
        return _kept("interrupted", chosen, "as of its last checkpoint", arguments.words)

    with ExitStack() as stack:
        by_epochs = _by_epochs(graph, dataset)
        progress = watcher(by_epochs, arguments.format, layers=arguments.verbose, silent=not leads)
        stack.enter_context(progress)
        stack.enter_context(options.announced_by(progress.show))
        signals = stack.enter_context(_between_steps(last_saved if leads else lambda: "interrupted", alone))
        try:
            gc.enable()
            history = train(
                graph.model,
                dataset,
                folder=None if arguments.resume or not leads else chosen,
                resume=arguments.resume,
                on_epoch=progress.epoch,
                on_progress=both(progress.progress, signals.check),
                overrides=dict(arguments.set),
                on_start=progress.start,
                on_note=console.note,
                writes=leads,
                alone=alone,
                interval=arguments.checkpoint_every,
                changed=arguments.resume_changed,
                on_advice=None if arguments.json or arguments.backend else console.note,
            )
            progress.finish()
        except KeyboardInterrupt:
            stack.close()
            if leads:
                console.err(_kept(signals.told, chosen, "", arguments.words))
            return signals.status
    if not leads:
        return 0
    _note_what_is_not_finite(dataset, history)
    _show_arrays(graph, dataset, history)
    # The result is a file: it is no loss if nobody reads the last line. JSON is a result too.
    with nullcontext() if arguments.json else lasting_stdout():
        _finish(graph, history, _path(chosen), arguments.json, by_epochs)
    return 0


def _by_epochs(graph: Graph, dataset: Dataset) -> bool:
    """Whether a record of the training is an epoch."""
    from graphlang.training.reports import reports_of

    section = graph.spec.train
    rows = next((column.shape[0] for column in dataset.train.values()), None)
    if section is None or rows is None:
        return rows is not None
    per_pass = -(-rows // min(section.batch or rows, rows))
    return reports_of(section, per_pass, section.iterations or 0).by_epochs


def _path(chosen: Path | NextFolder) -> Path:
    return chosen if isinstance(chosen, Path) else chosen.path


def _has_checkpoint(chosen: Path | NextFolder) -> bool:
    from graphlang.training.run_folder import CHECKPOINT

    begun = isinstance(chosen, Path) or chosen.is_made
    return begun and (_path(chosen) / CHECKPOINT).exists()


def _kept(told: str, chosen: Path | NextFolder, state: str, words: list[str]) -> str:
    """What ended the training, and how the run goes on."""
    folder = _path(chosen)
    where = f"{console.file_name(folder)} {state}".rstrip()
    return f"{told}; the run is kept in {where}, go on with:\n  {_resume(words, folder)}"


def _between_steps(message: Callable[[], str], alone: bool) -> BetweenSteps:
    """What a signal does: one process ends its step, several all stop after the same one."""
    if alone:
        return BetweenSteps(message)
    from graphlang.backends.jax.processes import companions
    from graphlang.cli.stops_together import StopsTogether

    return StopsTogether(message, companions())


def _leads(arguments: argparse.Namespace) -> bool:
    """Whether this process writes and prints: of several that train together, the first one does."""
    if arguments.coordinator is None or arguments.process is not None:
        return not arguments.process
    if find_spec("jax") is None:  # loading says what to install
        return True
    from graphlang.backends.jax.processes import is_first

    return is_first()


def _note_what_is_not_finite(dataset: Dataset, history: History) -> None:
    from graphlang.training.evaluation import note_on_not_finite

    last = history.last
    for split, metrics in (("train", last.train), ("test", last.test)) if last else ():
        note = note_on_not_finite(dataset, split, metrics)
        if note is not None:
            console.note(note)


def _show_arrays(graph: Graph, dataset: Dataset, history: History) -> None:
    """The metrics that are arrays, such as a table of confusion, of the weights that training ends with."""
    shown = history.best or history.last
    splits = {n: getattr(shown, n) for n in ("test", "validation", "train") if shown and getattr(shown, n)}
    split = next(iter(splits), "")
    metrics = splits.get(split, {})
    arrays = {f"{name} over {split}": value for name, value in metrics.items() if isinstance(value, list)}
    if arrays:
        from graphlang.cli.metric_tables import classes_of_fields, print_arrays

        print_arrays(arrays, classes_of_fields(graph, dataset), console.err)


def _next_run(spec: str) -> NextFolder:
    from graphlang.syntax.lessons import stem_of_spec
    from graphlang.training.next_folder import NextFolder

    return NextFolder(ROOT, "stdin" if spec == "-" else stem_of_spec(spec))


def _resume(words: list[str], folder: Path) -> str:
    """The command that continues the run."""
    from graphlang.cli.shell_words import shell_line

    kept: list[str] = []
    skip = False
    for word in words:
        names_run = word in ("--run", "--resume")
        left_out = names_run or word == "--resume-changed" or word.startswith(("--run=", "--resume="))
        if not skip and not left_out:
            kept.append(word)
        skip = names_run
    return shell_line(["graphlang", *kept, "--resume", str(folder)])


def _finish(graph: Graph, history: History, folder: Path, as_json: bool, by_epochs: bool) -> None:
    from graphlang.cli.training_progress import place_of, summary
    from graphlang.engine.result import json_value

    kept, last = history.best, history.last
    count = console.counted(len(history.losses), "iteration")
    idle = bool(history.losses) and len(history.losses) == history.resumed_at
    if as_json:
        if idle:
            console.note(f"the run is already at {count}: nothing was trained")
        epochs = [json_value(epoch.as_plain()) for epoch in history.epochs]
        loss = json_value(last.loss) if last else None
        warnings = [warning.as_json() for warning in history.warnings]
        console.print_json(
            {
                "run": str(folder),
                "iterations": len(history.losses),
                "loss": loss,
                "epochs": epochs,
                **({} if kept is None else {"kept": kept.epoch}),
                "warnings": warnings,
            }
        )
        return
    shown = kept or last
    of = f"of {place_of(kept, by_epochs)} " if kept else ""
    end = f"{of}in {console.file_name(folder)}{f': {summary(shown)}' if shown else ''}"
    if idle:
        console.say(f"the run is already at {count}: nothing was trained, weights {end}")
        console.err("help: `--set train.epochs=N` or `--set train.iterations=N` lets it go on for longer")
    else:
        console.say(f"trained {count}, weights {end}")


def both(first: Callable[[Progress], None], second: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """A callback that calls both."""

    def call(progress: Progress) -> None:
        first(progress)
        second(progress)

    return call
