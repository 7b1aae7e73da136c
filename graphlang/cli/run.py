"""`graphlang run`: every named value and its gradient, as a picture, a table or JSON."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.draw.picture import Picture
    from graphlang.engine.forward import Forward
    from graphlang.engine.result import Result

MOST_DRAWN = 400
"""The largest picture in nodes, even with --picture."""
SAMPLES = 3
"""The number of samples from the file's data for a run without inputs."""


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "run",
        "SPEC...",
        "Forward and backward: every named value and its gradient. Scalars are drawn as a graph, values\n"
        "above the lines and gradients below; tensors, and what is too large to draw, become a table.\n"
        "Several files come one after the other, with --json each as an object on a line of its own.",
        """
        graphlang run specs/apple_orange.graph
        graphlang run specs/apple_orange.graph --set apple=120 --json
        echo 'price = (apple*num + orange*onum) * tax' | graphlang run - --inputs fruit.json
        graphlang run specs/chain_rule.graph --of t --seed-gradient -1e-3
        """,
    )
    options.specs(command)
    options.settings(command)
    options.inputs(command)
    command.add_argument("--of", metavar="NAME", help="the value that backward starts from")
    command.add_argument(
        "--seed-gradient",
        metavar="V",
        type=options.number_or_list,
        help="the gradient there: a number or a list (default 1)",
    )
    command.add_argument(
        "--plan", action="store_true", help="show the planned program instead (see explain-plan)"
    )
    command.add_argument(
        "--picture", action="store_true", help="draw the picture also where it is wide or large"
    )
    command.add_argument("--full", action="store_true", help="all numbers of every array")
    options.data(command)
    options.weights(command)
    options.precision(command)
    options.seed(command)
    options.threads(command)
    options.as_json(command)
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    files = options.files_of(arguments.specs)
    if len(files) == 1:
        return _run(files[0], arguments, None)
    from graphlang.diagnostics import GraphError

    status = 0
    for number, path in enumerate(files):
        name = "<stdin>" if path == "-" else path
        if not arguments.json:
            console.out(console.heading(name, first=number == 0))
        try:
            status = max(status, _run(path, arguments, name))
        except GraphError as error:
            sys.stdout.flush()
            console.report(error.diagnostics, arguments.format, sys.stderr)
            status = 1
    return status


def _run(path: str, arguments: argparse.Namespace, name: str | None) -> int:
    """Runs one file; `name` identifies it among several."""
    graph, inputs = options.load_graph(arguments, path)
    if not graph.network.nodes:
        console.note(f"{graph.file} computes no value: there is nothing to run")
    if arguments.plan:
        from graphlang.cli import explain_plan

        return explain_plan.show(graph, inputs, arguments)
    forward = graph.forward({**_samples(graph, inputs, arguments), **inputs})
    if _can_start(graph, arguments):
        result = forward.backward(arguments.seed_gradient, arguments.of)
    else:
        result = forward.result()
    if arguments.json:
        console.print_json(result.as_json() if name is None else {"file": name, **result.as_json()})
    else:
        show(graph, forward, result, arguments)
    return 0


def _samples(graph: Graph, inputs: dict[str, Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """The first samples of the file's data, if it has any and none of its inputs are given."""
    section = graph.spec.data
    missing = [n for n, s in graph.inputs.items() if s.default is None and n not in inputs]
    if section is None or not missing or not set(missing) <= set(section.fields) - set(inputs):
        return {}
    named = {*inputs, *(name for name, _ in arguments.set)}
    if named & set(section.fields):  # do not mix samples of the data with other values
        return {}
    from graphlang.inputs.stand_ins import first_samples

    dataset = options.opened(graph, arguments)
    fields = {n: section.fields[n] for n in missing}
    unknown = [n for n in missing if fields[n] not in dataset.train]
    if unknown:
        from graphlang.diagnostics import GraphError
        from graphlang.diagnostics.data_fields import UnknownField

        available, span = list(dataset.train), graph.network.span
        raise GraphError([UnknownField(n, fields[n], available, dataset.name, span(n)) for n in unknown])
    console.note(f"no inputs are given: running the first {SAMPLES} samples of {dataset.name}")
    return first_samples(fields, dataset, SAMPLES, None)


def _can_start(graph: Graph, arguments: argparse.Namespace) -> bool:
    """Whether it is clear which value backward starts from; if not, a note says how to choose."""
    if arguments.of is not None or graph.spec.train is not None:
        return True
    starts = graph.model.starts
    if len(starts) == 1 and _is_float(graph, starts[0]):
        return True
    listed = ", ".join(f"`{name}`" for name in starts)
    floats = [name for name in starts if _is_float(graph, name)]
    if len(starts) > 1 and floats:
        console.note(f"several outputs, so no gradients: choose one of {listed} with --of NAME")
    elif starts:
        verb = "is" if len(starts) == 1 else "are"
        console.note(f"{listed} {verb} not of type float, so no gradients: choose a value with --of NAME")
    if arguments.seed_gradient is not None:
        raise options.Usage("--seed-gradient needs --of NAME here")
    return False


def _is_float(graph: Graph, name: str) -> bool:
    values: list[Any] = [*graph.spec.inputs, *graph.spec.params, *graph.spec.nodes]
    return any(value.name == name and value.dtype == "float" for value in values)


# ---- output --------------------------------------------------------------------------------------


def show(graph: Graph, forward: Forward, result: Result, arguments: argparse.Namespace) -> None:
    """Shows scalars as a picture if it fits, and all other values as a table."""
    drawn = _draw(graph, forward, result, arguments)
    rest = [name for name in result if name not in drawn]
    if not rest:
        return
    if drawn:
        console.out("")
    gradients = dict(result.grad)
    heads = ["name", "value"] if result.of is None else ["name", "value", f"gradient of {result.of}"]
    rows = [[name, result[name], gradients.get(name)][: len(heads)] for name in rest]
    console.print_arrays(rows, heads, full=arguments.full)


def _draw(graph: Graph, forward: Forward, result: Result, arguments: argparse.Namespace) -> set[str]:
    """Draws the ancestors of the outputs, or only those of `--of` if that is too much; returns their names.

    If there is no picture, a note says why.
    """
    from graphlang.draw.from_graph import leading_to, picture
    from graphlang.draw.terminal import terminal

    width, why = console.columns(), ""
    of = [arguments.of] if arguments.of else []
    for names in (leading_to(graph, [*graph.outputs, *of]), leading_to(graph, of)):
        array = next((name for name in names if getattr(result[name], "ndim", 0)), None)
        if array is not None:
            why = f"`{array}` is an array, and a picture is of single numbers"
        elif names:
            drawing = picture(graph, forward, result, names)
            why = _too_much(drawing, width, arguments.picture)
            if not why:
                console.out(terminal(drawing, width, console.color(sys.stdout), console.unicode(sys.stdout)))
                return set(names)
    if why:
        console.note(f"a table instead of a picture: {why}")
    return set()


def _too_much(drawing: Picture, width: int, forced: bool) -> str:
    """Why a picture is too large to draw, and what to do; empty if it is not."""
    from graphlang.draw.terminal import MOST_NODES, fits, least_width

    count = len(drawing.nodes)
    if count > MOST_DRAWN:
        return f"it would have {count:,} nodes; choose a value with --of NAME, to draw what leads to it"
    if forced or fits(drawing, width):
        return ""
    ways = "choose a value with --of NAME, or draw it anyway with --picture"
    if count > MOST_NODES:
        return f"it would have {count} nodes, and more than {MOST_NODES} are hard to read; {ways}"
    return f"it takes {least_width(drawing)} columns, and there are {width}; widen the terminal, {ways}"
