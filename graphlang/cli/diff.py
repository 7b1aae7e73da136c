"""`graphlang diff`: what differs between two specs, two runs, or a spec and a run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options
from graphlang.draw.numbers import short

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.compare.differences import Comparison, Difference
    from graphlang.compare.runs import RunRecord

DIGITS = 6


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "diff",
        "A B",
        "What differs between two specs, two run folders, or one of each: the structure, by what is\n"
        "computed from what and not by text; shapes, parameters and settings; of runs also how they were\n"
        "started, what they reached, and their weights. The order of lines makes no difference. Another\n"
        "name of an inner value is shown and makes none; names of inputs, parameters and outputs count.\n"
        "Exits with 1 where they differ.",
        """
        graphlang diff lesson:batchnorm_vs_none mine.graph
        graphlang diff lesson:two_layer_net runs/two_layer_net-1
        graphlang diff runs/two_layer_net-1 runs/two_layer_net-2 --json
        """,
    )
    for name in ("a", "b"):
        command.add_argument(
            name,
            metavar=name.upper(),
            type=options.named,
            help="a .graph file or a run folder; `-` reads stdin",
        )
    options.limits(command)
    options.as_json(command, "the differences")
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    from graphlang.compare.differences import Comparison, compare
    from graphlang.compare.runs import run_differences

    if arguments.a == arguments.b == "-":
        raise options.Usage("only one of the two can be read from stdin")
    (a, of_a), (b, of_b) = (_side(path, arguments) for path in (arguments.a, arguments.b))
    comparison = compare(a.network, b.network)
    more = tuple(run_differences(of_a, of_b, comparison.pairs))
    comparison = Comparison((*comparison.differences, *more), comparison.pairs)
    names = tuple("<stdin>" if path == "-" else path for path in (arguments.a, arguments.b))
    if arguments.json:
        console.print_json(as_json(comparison, *names))
    else:
        compared_weights = bool(of_a.weights and of_b.weights)
        _show(comparison, list(names), compared_weights)
    return 0 if comparison.equal else 1


def _side(path: str, arguments: argparse.Namespace) -> tuple[Graph, RunRecord]:
    """The graph of one side, and what is known of its run."""
    from graphlang.api import Graph, load
    from graphlang.compare.runs import RunRecord, read_run, spec_of_run

    if path != "-" and Path(path).is_dir():
        record = read_run(Path(path))
        return Graph.from_spec(spec_of_run(Path(path))), record
    graph = load(path, limits=options.limits_of(arguments))
    console.report(graph.notes, arguments.format, sys.stderr)
    return graph, RunRecord({"seed": graph.seed, "dtype": str(graph.dtype)})


def as_json(comparison: Comparison, a: str, b: str) -> dict[str, Any]:
    """The comparison as plain data: `differences` holds a list for each part that has any."""
    parts: dict[str, list[dict[str, Any]]] = {}
    for difference in comparison.differences:
        row = {"what": difference.what, "name": difference.name, "a": difference.a, "b": difference.b}
        if difference.largest is not None:
            row["largest"] = difference.largest
        parts.setdefault(difference.part, []).append(row)
    equal, isomorphic = comparison.equal, comparison.isomorphic
    return {"a": a, "b": b, "equal": equal, "isomorphic": isomorphic, "differences": parts}


# ---- output --------------------------------------------------------------------------------------


def _show(comparison: Comparison, names: list[str], compared_weights: bool) -> None:
    from graphlang.compare.differences import PARTS

    parts = {part: [d for d in comparison.differences if d.part == part] for part in PARTS}
    for part, rows in parts.items():
        if rows:
            _show_part(part, rows, names)
            console.out("")
    counts = [f"{part} ({len(rows):,})" for part, rows in parts.items() if rows]
    if comparison.differences and not comparison.equal:
        console.out(f"they differ in {_listed(counts)}")
        return
    same = ["structure", "shapes", "parameters", "settings", *(["weights"] if compared_weights else [])]
    if comparison.differences:
        count = console.counted(len(comparison.differences), "name")
        console.out(f"the same {_listed(same)}, but for {count} inside of the file")
    else:
        console.out(f"no difference: the same {_listed(same)}")


def _show_part(part: str, rows: list[Difference], names: list[str]) -> None:
    nothing = "—" if console.unicode(sys.stdout) else "-"
    heads = [part, *names]
    cells = [[d.name, *(nothing if v is None else _rounded(v) for v in (d.a, d.b))] for d in rows]
    if part == "weights":
        heads = [part, *(f"norm in {name}" for name in names), "largest difference"]
        cells = [[*row, _rounded(d.largest)] for row, d in zip(cells, rows, strict=True)]
    console.print_table(cells, heads)


def _rounded(value: Any) -> Any:
    """Results in as many digits as one compares with the eye; --json has them all."""
    return short(value, DIGITS) if isinstance(value, float) else value


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
