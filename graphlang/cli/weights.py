"""`graphlang weights`: what a file of weights holds; other names, another layout, another format."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
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
        graphlang weights net.npz -o net.safetensors
        graphlang weights torch.safetensors --layout torch --for net.graph -o net.npz
        graphlang weights old.npz --rename "layers.*.W=enc{1+1}.W" --for net.graph
        graphlang weights runs/net-1 --for net.graph --to torch -o state.safetensors
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
    with _seen(arguments) as weights:
        if arguments.json:
            _print_json(weights)
        else:
            _show(weights, arguments.full)
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


def _graph(arguments: argparse.Namespace) -> Graph:
    from graphlang.api import load

    graph = load(arguments.spec, set=dict(arguments.set), limits=options.limits_of(arguments))
    console.report_notes(graph.notes, arguments.format)
    return graph


@contextmanager
def _seen(arguments: argparse.Namespace) -> Iterator[WeightFile]:
    """The arrays under the names that are asked for; those of a spec are held to its parameters."""
    from graphlang.training.partial_weights import check_fit, seen_as
    from graphlang.training.run_folder import weights_of
    from graphlang.training.weight_files import opened_weights

    graph = None if arguments.spec is None else _graph(arguments)
    file = weights_of(Path(arguments.file))
    with opened_weights(file) as opened:
        network = None if graph is None else graph.network
        weights = seen_as(
            opened, str(file), network, rename=dict(arguments.rename), layout=arguments.layout
        )
        if graph is not None:
            check_fit(graph.params, weights, str(file))
        yield weights


def _write(arguments: argparse.Namespace) -> int:
    """Writes the arrays in another form; returns how many."""
    from graphlang.training.weight_files import save

    if arguments.spec is None:
        with _seen(arguments) as weights:
            arrays = weights.read(list(weights.arrays))
        save(arguments.output, arrays)
        return len(arrays)
    from graphlang.training.run_folder import load_run, save_weights

    graph = _graph(arguments)
    rename, layout = dict(arguments.rename), arguments.layout
    load_run(graph.model, Path(arguments.file), rename=rename, layout=layout)
    if arguments.to is None:
        save_weights(graph.model, arguments.output)
        return len(graph.params)
    state = graph.torch_state()
    save(arguments.output, state)
    return len(state)


# ---- output --------------------------------------------------------------------------------------


def _print_json(weights: WeightFile) -> None:
    from graphlang.engine.result import json_value
    from graphlang.training.weight_statistics import statistics

    rows = []
    for row in statistics(weights):
        values = asdict(row)
        numbers = {name: json_value(v) for name, v in values.items() if isinstance(v, float)}
        rows.append({**values, "shape": list(row.shape), **numbers})
    total = {"arrays": len(rows), "numbers": _count(weights), "bytes": sum(row["bytes"] for row in rows)}
    console.print_json({"arrays": rows, "total": total})


def _count(weights: WeightFile) -> int:
    from math import prod

    return sum(prod(weights.arrays[name].shape) for name in weights.arrays)


def _show(weights: WeightFile, full: bool) -> None:
    from graphlang.training.weight_statistics import statistics

    cells, size = [], 0
    for number, row in enumerate(statistics(weights)):
        size += row.bytes
        if full or number < MOST:
            cells.append(_cells(row))
    if cells:
        console.print_table(cells, HEADS)
    arrays, numbers = console.counted(len(weights.arrays), "array"), _count(weights)
    if len(cells) < len(weights.arrays):
        console.note(f"{len(weights.arrays) - len(cells):,} more arrays are not listed: --full lists them")
    console.out(f"{arrays}, {console.counted(numbers, 'number')}, {size:,} bytes")


def _cells(row: ArrayStatistics) -> list[Any]:
    from graphlang.draw.numbers import short
    from graphlang.files.zip_directory import shown_member

    values = [row.min, row.max, row.mean, row.std]
    zeros = "" if row.zeros is None else f"{row.zeros:.1%}"
    shape = f"[{', '.join(map(str, islice(row.shape, 8)))}{', ...' if len(row.shape) > 8 else ''}]"
    numbers = ["" if value is None else short(value, 4) for value in values]
    bad = f"{row.not_finite:,}" if row.not_finite else ""
    return [console.shown(shown_member(row.name)), shape, row.dtype, f"{row.bytes:,}", *numbers, zeros, bad]
