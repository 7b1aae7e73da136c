"""`graphlang view`: a run as one offline HTML page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from graphlang.cli import console, options
from graphlang.cli.runs import SAMPLES, both_ways

if TYPE_CHECKING:
    from graphlang.view.scene import Scene


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "view",
        "SPEC",
        "Forward and backward as one HTML page that needs no network: every value and every gradient at its\n"
        "edge, to step through node by node, and inputs to change.",
        """
        graphlang view specs/apple_orange.graph --open
        graphlang view specs/two_layer_net.graph --weights runs/two_layer_net-1 --rows 10 -o net.html
        graphlang view specs/apple.graph --json
        """,
    )
    options.spec(command)
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=options.named,
        help="the page (default: named after the spec, in the current folder); `-` writes to stdout",
    )
    command.add_argument("--open", action="store_true", help="open the page in the browser")
    options.settings(command)
    options.inputs(command)
    options.start(command)
    options.data(command)
    command.add_argument(
        "--rows",
        metavar="N",
        type=options._positive,
        default=SAMPLES,
        help=f"how many samples of the data, where no inputs are given (default: {SAMPLES})",
    )
    options.weights(command)
    options.precision(command)
    options.seed(command)
    options.threads(command)
    options.as_json(command, "what the page shows")
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    if arguments.json and (arguments.output or arguments.open):
        raise options.Usage(
            "--json prints what the page shows instead of writing one: leave -o and --open out"
        )
    if arguments.open and arguments.output == "-":
        raise options.Usage("a page on stdout cannot be opened: name a file with -o")
    scene = _scene(arguments)
    if arguments.json:
        console.print_json(scene)
        return 0
    from graphlang.view.page import page

    _write(page(scene), arguments)
    return 0


def _scene(arguments: argparse.Namespace) -> Scene:
    from graphlang.view.build import scene

    graph, inputs = options.load_graph(arguments)
    if not graph.network.nodes:
        console.note(f"{graph.file} computes no value: there is nothing to see")
    forward, result = both_ways(graph, inputs, arguments)
    return scene(graph, forward, result, arguments.seed_gradient)


def _write(text: str, arguments: argparse.Namespace) -> None:
    """Writes the page where the options say, and opens it where they say so."""
    if arguments.output == "-":
        sys.stdout.write(text)
        return
    from graphlang.view.files import opened, write

    name = default_name(arguments.spec)
    path = write(Path(arguments.output or name), text, name)
    console.err(f"wrote {path}")
    if arguments.open and not opened(path):
        console.note(f"no browser could be started: open {path.resolve().as_uri()}")


def default_name(spec: str) -> str:
    """The name of the page of a spec: `apple.html` for `specs/apple.graph`."""
    return f"{'graph' if spec == '-' else Path(spec).stem}.html"
