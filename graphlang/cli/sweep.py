"""`graphlang train --sweep`: a training for each choice of settings, and a table at the end."""

from __future__ import annotations

import argparse
import gc
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options
from graphlang.cli.opened_data import opened_data
from graphlang.cli.sweep_words import are_sound, handed_on, to_repeat

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.sweeps.sweep_folder import SweepFolder
    from graphlang.sweeps.values import Axis

ROOT = Path("runs")


def add_options(command: options.CommandParser) -> None:
    """The options of a sweep."""
    command.add_argument(
        "--sweep",
        metavar="NAME=VALUES",
        action="append",
        type=_axis,
        default=[],
        help="a run for each value of what --set takes: 20,50,100, linear(0,1,5) or log(1e-4,1e-1,5); "
        "repeated, for each choice",
    )
    command.add_argument(
        "--jobs", metavar="N", type=options._threads, help="so many runs of a sweep at a time (default: 1)"
    )


def _axis(text: str) -> Axis:
    from graphlang.sweeps.values import read_axis

    try:
        return read_axis(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def is_asked_for(arguments: argparse.Namespace) -> bool:
    """Whether a command is one of a sweep: a new one, or one that goes on."""
    from graphlang.sweeps.sweep_folder import is_sweep

    return bool(arguments.sweep or is_sweep(arguments.resume))


def sweep(arguments: argparse.Namespace, command: argparse.ArgumentParser) -> int:
    """Runs a sweep, or goes on with one; the exit status is 1 where a run failed."""
    from graphlang.cli.sweep_control import SweepControl
    from graphlang.sweeps.sweep_folder import read_sweep

    _check_usage(arguments)
    gc.enable()
    axes = arguments.sweep or read_sweep(arguments.resume).axes
    _check_axes(arguments, axes)
    graph = _checked(arguments, axes)
    with closing(_opened(arguments, axes, command)) as folder:
        return SweepControl(arguments, command, folder, graph.spec.train).run()


def _check_usage(arguments: argparse.Namespace) -> None:
    if arguments.spec == "-":
        raise options.Usage("every run of a sweep reads the spec: name a file in the place of `-`")
    if arguments.coordinator is not None:
        raise options.Usage("--sweep has runs of one process each: --coordinator has no place beside it")


def _check_axes(arguments: argparse.Namespace, axes: list[Axis]) -> None:
    from graphlang.sweeps.sweep_folder import MOST_RUNS, count_of, is_sweep, read_sweep

    names = [axis.name for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise options.Usage(f"--sweep has `{name}` twice: write all of its values into one")
        if name in dict(arguments.set):
            raise options.Usage(f"`{name}` is swept: --set {name} has no place beside it")
    count = count_of(axes)
    if count > MOST_RUNS:
        counts = " * ".join(f"{len(axis.values):,}" for axis in axes)
        raise options.Usage(f"{counts} = {count:,} runs: a sweep has at most {MOST_RUNS:,}")
    if arguments.sweep and arguments.resume:
        if not is_sweep(arguments.resume):
            raise options.Usage(f"{arguments.resume} is no sweep: leave --sweep or --resume out")
        if read_sweep(arguments.resume).axes != axes:
            raise options.Usage(
                f"the sweep in {arguments.resume} has other values: leave --sweep out, or start a new one"
            )


def _checked(arguments: argparse.Namespace, axes: list[Axis]) -> Graph:
    """The graph with the first value of each setting, once it has been loaded with every other value.

    Raises GraphError with what is wrong with the values, and where the data cannot be read.
    """
    from graphlang.diagnostics import GraphError
    from graphlang.training.sections import section_of

    first = {axis.name: axis.values[0] for axis in axes}
    graph = _loaded(arguments, first)
    section_of(graph.model, "train")
    opened_data(graph, arguments)
    problems: dict[str, Any] = {}
    with console.notes_shown(False):
        for axis in axes:
            for value in axis.values[1:]:
                try:
                    _loaded(arguments, {**first, axis.name: value})
                except GraphError as error:
                    problems |= {diagnostic.message: diagnostic for diagnostic in error.diagnostics}
    if problems:
        raise GraphError(problems.values())
    return graph


def _loaded(arguments: argparse.Namespace, settings: dict[str, str]) -> Graph:
    """The graph with some settings; on no device, which the runs take."""
    changed = {"set": [*arguments.set, *settings.items()], "weights": None}
    if find_spec("jax") is not None:
        changed |= {"backend": None, "device": None, "cache": None, "devices": None}
    graph, _ = options.load_graph(argparse.Namespace(**{**vars(arguments), **changed}))
    return graph


def _opened(arguments: argparse.Namespace, axes: list[Axis], command: argparse.ArgumentParser) -> SweepFolder:
    """The folder of a sweep: a new one, or one that goes on, with more words than it was started with."""
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.weights import WrongRun
    from graphlang.sweeps.sweep_folder import SWEEP, SweepFolder, read_sweep
    from graphlang.syntax.lessons import stem_of_spec
    from graphlang.training.next_folder import NextFolder

    words = handed_on(command, arguments.words)
    if arguments.resume is None:
        chosen = arguments.run or NextFolder(ROOT, f"{stem_of_spec(arguments.spec)}-sweep")
        return SweepFolder.create(chosen, axes, words)
    before = read_sweep(arguments.resume).words
    if not are_sound(command, before):
        raise GraphError([WrongRun.damaged(str(arguments.resume / SWEEP))])
    missing = [word for word in to_repeat(command, before) if word not in words]
    if missing:
        raise options.Usage(f"the sweep was started with {' '.join(missing)}: write it again")
    folder = SweepFolder.reopen(arguments.resume)
    folder.words += [word for word in words if word not in folder.words]
    return folder
