"""`graphlang compare`: whether two specs, runs or ONNX files compute the same, value by value."""

from __future__ import annotations

import argparse
import math
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options, weight_options

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.compare.values import ComparedValue, ComparedValues

MOST = 200
"""How many values are listed without --full."""
TOLERANCE = 1e-6


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "compare",
        "A B",
        "Runs two graphs on the same inputs, in evaluation mode, and shows by how much each value differs\n"
        "and which is the first that does. Each is a spec, the folder of a run, or an ONNX file. Values are\n"
        "matched by name, outputs without a partner by their place. Inputs without a default in A or B are\n"
        "random unless --inputs gives them. Exits with 1 where they differ. (`diff` compares the text.)",
        """
        graphlang compare net.graph mine.graph --weights runs/net-1
        graphlang compare net.graph runs/net-1 --weights-a net.npz --rename "y=y" --seed 1
        graphlang compare runs/two_layer_net-1 runs/two_layer_net-2 --tolerance 1e-3 --json
        graphlang compare runs/two_layer_net-1 net.onnx --dtype float32 --inputs batch.npz
        """,
    )
    for name in ("a", "b"):
        command.add_argument(
            name,
            metavar=name.upper(),
            type=options.named,
            help="a .graph file, lesson:NAME, a run folder or an ONNX file; `-` reads stdin",
        )
    command.add_argument(
        "--weights",
        metavar="FILE",
        type=options.named,
        help="parameters of both, but for runs and ONNX files, which bring their own",
    )
    for name in ("a", "b"):
        command.add_argument(
            f"--weights-{name}", metavar="FILE", type=options.named, help=f"parameters of {name.upper()}"
        )
    weight_options.name_rules(command, "", "names of A in B")
    options.inputs(command)
    command.add_argument(
        "--tolerance",
        metavar="T",
        type=_tolerance,
        default=TOLERANCE,
        help="what is no difference, over the larger number where that is above 1 (default: 1e-6)",
    )
    command.add_argument("--full", action="store_true", help=f"all values, where there are more than {MOST}")
    options.settings(command)
    options.precision(command)
    options.seed(command)
    options.as_json(command, "the differences")
    options.form(command)
    return command


def _tolerance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (value >= 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number, 0 or more")
    return value


def run(arguments: argparse.Namespace) -> int:
    from graphlang.cli.values import read_inputs
    from graphlang.compare.values import compare_values

    if [arguments.a, arguments.b, arguments.inputs].count("-") > 1:
        raise options.Usage("only one of the two, or --inputs, can be read from stdin")
    a = _side(arguments.a, arguments.weights_a or arguments.weights, arguments)
    b = _side(arguments.b, arguments.weights_b or arguments.weights, arguments)
    inputs = {} if arguments.inputs is None else read_inputs(arguments.inputs)
    _refuse_unknown(inputs, a, b)
    comparison = compare_values(
        a.model,
        b.model,
        inputs,
        rename=dict(arguments.rename),
        tolerance=arguments.tolerance,
        seed=arguments.seed or 0,
    )
    names = ["<stdin>" if path == "-" else path for path in (arguments.a, arguments.b)]
    if arguments.json:
        console.print_json(as_json(comparison, *names))
    else:
        _show(comparison, names, arguments.full)
    return 0 if comparison.equal else 1


def _side(path: str, weights: str | None, arguments: argparse.Namespace) -> Graph:
    """The graph of one side with its weights."""
    from graphlang.api import Graph, load
    from graphlang.compare.runs import spec_of_run
    from graphlang.training.run_folder import load_run

    how: dict[str, Any] = {"dtype": arguments.dtype or "float64", "seed": arguments.seed}
    if path != "-" and Path(path).is_dir():
        graph = Graph.from_spec(spec_of_run(Path(path)), limits=options.limits_of(arguments), **how)
        weights = path
    elif path.lower().endswith(".onnx"):
        return _onnx(path, arguments, how)
    else:
        graph = load(path, set=_settings(arguments), limits=options.limits_of(arguments), **how)
        console.report_notes(graph.notes, arguments.format)
    if weights is not None:
        load_run(graph.model, Path(weights))
    elif graph.params:
        console.note(f"{console.file_name(path)} has no weights: its parameters are where training starts")
    return graph


def _settings(arguments: argparse.Namespace) -> dict[str, str]:
    if any(value.startswith("@") for _, value in arguments.set):
        raise options.Usage("files of inputs are given with --inputs here")
    return dict(arguments.set)


def _onnx(path: str, arguments: argparse.Namespace, how: dict[str, Any]) -> Graph:
    """The graph of an ONNX file; its weights are in the file."""
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.files import PackageMissing

    try:
        loading = import_module("graphlang.onnx.importing.loading")
        imported = loading.import_file(path, limits=options.limits_of(arguments), every_name=True)
        graph: Graph = loading.graph_of(imported, Path(path).name, **how)
    except ImportError:
        raise GraphError([PackageMissing.to_read(path, "onnx")]) from None
    console.report_notes(graph.notes, arguments.format)
    return graph


def _refuse_unknown(inputs: dict[str, Any], a: Graph, b: Graph) -> None:
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.inputs import UnknownInput

    known = [*a.inputs, *b.inputs]
    wrong = [name for name in inputs if name not in known]
    if wrong:
        raise GraphError([UnknownInput(name, known, a.file) for name in wrong[:8]])


def as_json(comparison: ComparedValues, a: str, b: str) -> dict[str, Any]:
    """The comparison as plain data."""
    from graphlang.engine.result import json_value

    rows = [
        {
            "name": value.name,
            "other": value.other,
            "shape": list(value.shape),
            "other_shape": list(value.other_shape),
            "absolute": None if value.absolute is None else json_value(value.absolute),
            "relative": None if value.relative is None else json_value(value.relative),
            "place": None if value.place is None else list(value.place),
            "differs": value.differs,
        }
        for value in comparison.values
    ]
    first = None if comparison.first is None else comparison.first.name
    only = {"only_a": list(comparison.only_first), "only_b": list(comparison.only_second)}
    told = {"a": a, "b": b, "equal": comparison.equal, "tolerance": comparison.tolerance, "first": first}
    return {**told, "values": rows, **only}


# ---- output --------------------------------------------------------------------------------------


def _show(comparison: ComparedValues, names: list[str], full: bool) -> None:
    most = len(comparison.values) if full else MOST
    cells = [_cells(value) for value in comparison.values[:most]]
    if cells:
        heads = [f"value of {names[0]}", f"of {names[1]}", "absolute", "relative", "place", ""]
        console.print_table(cells, heads)
    if len(comparison.values) > most:
        console.note(f"{len(comparison.values) - most:,} more values are not listed: --full lists them")
    for name, only in zip(names, (comparison.only_first, comparison.only_second), strict=True):
        if only:
            listed = ", ".join(f"`{n}`" for n in only[:8]) + (", ..." if len(only) > 8 else "")
            console.note(f"only in {console.file_name(name)}: {listed}; --rename matches other names")
    console.out(str(comparison))


def _cells(value: ComparedValue) -> list[Any]:
    from graphlang.draw.numbers import short

    differs = console.bad("differs") if value.differs else ""
    if value.absolute is None or value.relative is None:
        shapes = f"{list(value.shape)} and {list(value.other_shape)}"
        return [value.name, value.other, shapes, "", "", differs]
    place = "" if not value.place or not value.absolute else f"[{', '.join(map(str, value.place))}]"
    return [value.name, value.other, short(value.absolute, 4), short(value.relative, 4), place, differs]
