"""`graphlang run`: every named value and its gradient, as a picture, a table or JSON."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from graphlang.cli import console, options, weight_options
from graphlang.cli.runs import both_ways

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.draw.picture import Picture
    from graphlang.engine.forward import Forward
    from graphlang.engine.result import Result

MOST_DRAWN = 400
"""The largest picture in nodes, even with --picture."""


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "run",
        "SPEC...",
        "Forward and backward: every named value and its gradient. Scalars are drawn as a graph, values\n"
        "above the lines and gradients below; tensors, and what is too large to draw, become a table.\n"
        "Several files come one after the other, with --json each as an object on a line of its own.",
        """
        graphlang run lesson:apple_orange
        graphlang run lesson:apple_orange --set apple=120 --json
        echo 'price = (apple*num + orange*onum) * tax' | graphlang run - --inputs fruit.json
        graphlang run lesson:chain_rule --of t --seed-gradient -1e-3
        """,
    )
    options.specs(command)
    options.settings(command)
    options.inputs(command)
    options.start(command)
    command.add_argument(
        "--plan", action="store_true", help="show the planned program instead (see explain-plan)"
    )
    command.add_argument(
        "--picture", action="store_true", help="draw the picture also where it is wide or large"
    )
    command.add_argument("--full", action="store_true", help="all numbers of every array")
    options.data(command)
    command.add_argument(
        "--rows", metavar="N", type=_rows, help="how many rows of the data, or `all` (default: 3)"
    )
    weight_options.weights(command)
    options.precision(command)
    options.seed(command)
    options.threads(command)
    options.backend(command)
    options.as_json(command)
    options.form(command)
    return command


def _rows(text: str) -> int:
    return sys.maxsize if text == "all" else options.positive(text)


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
    forward, result = both_ways(graph, inputs, arguments)
    if arguments.json:
        console.print_json(result.as_json() if name is None else {"file": name, **result.as_json()})
    else:
        show(graph, forward, result, arguments)
        if name is None:
            _tell_of_the_page(arguments)
    return 0


def _tell_of_the_page(arguments: argparse.Namespace) -> None:
    """Tells a reader at a terminal how to see the same as a page."""
    if not (sys.stdout.isatty() and sys.stderr.isatty()) or arguments.specs[0] == "-":
        return
    from graphlang.cli.shell_words import shell_line

    words = _without(arguments.words[1:], {"--backend", "--device", "--cache"})
    words = [word for word in words if word not in ("--picture", "--full")]
    console.err(f"as a page: {shell_line(['graphlang', 'view', *words, '--open'])}")


def _without(words: list[str], options: set[str]) -> list[str]:
    """The words of a command without some options and their values."""
    kept: list[str] = []
    skipped = False
    for word in words:
        option, equals, _ = word.partition("=")
        if not skipped and option not in options:
            kept.append(word)
        skipped = not skipped and option in options and not equals
    return kept


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
