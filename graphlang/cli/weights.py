"""`graphlang weights`: what a file of weights holds; other names, another layout, another format."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options, weight_options

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.training.weight_files import WeightFile
    from graphlang.training.weight_statistics import ArrayStatistics

MOST = 200
"""How many arrays are listed without --full."""
HEADS = ["array", "shape", "type", "bytes", "min", "max", "mean", "std", "zeros", "not finite"]


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "weights",
        "FILE",
        "The arrays in a file of weights: shape, type, and the statistics of the numbers that are finite.\n"
        "With --for they are those that the spec takes, after --rename and --layout; with -o they are\n"
        "written, as npz or safetensors by the ending, and with --to torch as the state of the PyTorch\n"
        "module that stands for the spec.",
        """
        graphlang weights runs/net-1
        graphlang weights runs/net-1 --for net.graph --to torch -o state.npz
        graphlang weights state.npz --layout torch --for net.graph -o again.npz
        graphlang weights net.npz --rename "Affine*.*=layers.{1-1}.{2}" -o renamed.npz
        """,
    )
    command.add_argument(
        "file",
        metavar="FILE",
        type=options.named,
        help="an npz, a safetensors file or a run folder",
    )
    weight_options.renaming(command)
    command.add_argument(
        "--for",
        dest="spec",
        metavar="SPEC",
        type=options.named,
        help="the spec, or lesson:NAME, whose parameters they are",
    )
    command.add_argument(
        "--to", choices=("torch",), help="with --for and -o: write the state of the PyTorch module"
    )
    command.add_argument(
        "-o", "--output", metavar="FILE", type=options.path, help="write a file: .npz or .safetensors"
    )
    command.add_argument("--full", action="store_true", help=f"all arrays, where there are more than {MOST}")
    options.settings(command)
    options.as_json(command, "the arrays")
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    _check(arguments)
    if arguments.output is not None:
        from graphlang.training.weight_files import check_name

        check_name(arguments.output)
        count = _write(arguments)
        arrays = console.counted(count, "array")
        console.err(f"wrote {console.file_name(arguments.output)}: {arrays}")
        return 0
    from graphlang.training.weight_statistics import statistics

    with _seen(arguments) as weights:
        rows = list(statistics(weights))
    if arguments.json:
        _print_json(rows)
    else:
        _show(rows, arguments.full)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if arguments.layout and arguments.spec is None:
        raise options.Usage("--layout torch needs --for SPEC: the layers say how an array is turned")
    if arguments.to and (arguments.spec is None or arguments.output is None):
        raise options.Usage("--to torch needs --for SPEC and -o FILE")
    if arguments.set and arguments.spec is None:
        raise options.Usage("--set belongs to --for SPEC")
    if arguments.json and arguments.output is not None:
        raise options.Usage("--output writes a file, and --json writes to stdout: give one of them")


def _graph(arguments: argparse.Namespace, dtype: str | None = None) -> Graph:
    from graphlang.api import load

    settings = dict(arguments.set)
    graph = load(arguments.spec, set=settings, dtype=dtype, limits=options.limits_of(arguments))
    console.report_notes(graph.notes, arguments.format)
    return graph


@contextmanager
def _seen(arguments: argparse.Namespace) -> Iterator[WeightFile]:
    """The arrays under the names that are asked for; those of a spec are held to its parameters."""
    from graphlang.training.lacking_weights import refuse_lacking
    from graphlang.training.partial_weights import check_fit, seen_as
    from graphlang.training.run_folder import weights_of
    from graphlang.training.weight_files import opened_weights

    graph = None if arguments.spec is None else _graph(arguments)
    refuse_lacking(Path(arguments.file))
    file = weights_of(Path(arguments.file))
    with opened_weights(file) as opened:
        network = None if graph is None else graph.network
        weights = seen_as(opened, str(file), network, rename=dict(arguments.rename), layout=arguments.layout)
        if graph is not None:
            check_fit(graph.params, weights, str(file))
        yield weights


def _write(arguments: argparse.Namespace) -> int:
    """Writes the arrays in another form; returns how many."""
    from graphlang.training.weight_files import opened_weights, save

    if arguments.spec is None:
        with _seen(arguments) as weights:
            arrays = weights.read(list(weights.arrays))
        save(arguments.output, arrays)
        return len(arrays)
    from graphlang.training.run_folder import load_run, save_weights, weights_of

    with opened_weights(weights_of(Path(arguments.file))) as weights:
        kinds = {str(weights.arrays[name].dtype) for name in weights.arrays}
    graph = _graph(arguments, "float64" if "float64" in kinds else "float32")
    rename, layout = dict(arguments.rename), arguments.layout
    load_run(graph.model, Path(arguments.file), rename=rename, layout=layout)
    if arguments.to is None:
        save_weights(graph.model, arguments.output)
        return len(graph.params)
    state = graph.torch_state()
    save(arguments.output, state)
    return len(state)


# ---- output --------------------------------------------------------------------------------------


def _print_json(rows: list[ArrayStatistics]) -> None:
    from graphlang.engine.result import json_value

    arrays = [
        {name: json_value(v) if isinstance(v, float) else v for name, v in asdict(row).items()}
        | {"shape": list(row.shape)}
        for row in rows
    ]
    total = {"arrays": len(rows), "numbers": _count(rows), "bytes": sum(row.bytes for row in rows)}
    console.print_json({"arrays": arrays, "total": total})


def _count(rows: list[ArrayStatistics]) -> int:
    return sum(prod(row.shape) for row in rows)


def _show(rows: list[ArrayStatistics], full: bool) -> None:
    listed = rows if full else rows[:MOST]
    if listed:
        console.print_table([_cells(row) for row in listed], HEADS)
    if len(listed) < len(rows):
        console.note(f"{len(rows) - len(listed):,} more arrays are not listed: --full lists them")
    size = sum(row.bytes for row in rows)
    arrays, numbers = console.counted(len(rows), "array"), console.counted(_count(rows), "number")
    console.out(f"{arrays}, {numbers}, {size:,} bytes")


def _cells(row: ArrayStatistics) -> list[Any]:
    from graphlang.draw.numbers import short
    from graphlang.files.zip_directory import shown_member

    values = [row.min, row.max, row.mean, row.std]
    zeros = "" if row.zeros is None else f"{row.zeros:.1%}"
    shape = f"[{', '.join(map(str, islice(row.shape, 8)))}{', ...' if len(row.shape) > 8 else ''}]"
    numbers = ["" if value is None else short(value, 4) for value in values]
    bad = f"{row.not_finite:,}" if row.not_finite else ""
    return [console.shown(shown_member(row.name)), shape, row.dtype, f"{row.bytes:,}", *numbers, zeros, bad]
