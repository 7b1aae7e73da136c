"""`graphlang view`: a run as one offline HTML page."""

from __future__ import annotations

import argparse
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
    console.print_json(_scene(arguments))
    return 0


def _scene(arguments: argparse.Namespace) -> Scene:
    from graphlang.view.build import scene

    graph, inputs = options.load_graph(arguments)
    forward, result = both_ways(graph, inputs, arguments)
    return scene(graph, forward, result, arguments.seed_gradient)
