"""`graphlang plot`: the curves of runs of `graphlang train` as PNG, PDF or SVG, by matplotlib."""

from __future__ import annotations

import argparse
from pathlib import Path

from graphlang.cli import console, options
from graphlang.cli.report import named_runs, runs


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "plot",
        "RUN...",
        "The loss and the metrics of runs of `graphlang train` as an image: PNG, PDF or SVG.\n"
        "It needs matplotlib, the extra `plot`.",
        """
        graphlang plot runs/two_layer_net-1
        graphlang plot runs/two_layer_net-1 runs/two_layer_net-2 -o losses.pdf
        """,
    )
    runs(command)
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=options.path,
        default=Path("plot.png"),
        help="the image: .png, .pdf or .svg (default: plot.png)",
    )
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    from graphlang.diagnostics.extras import installing
    from graphlang.view.runs.plots import SUFFIXES, plot
    from graphlang.view.runs.run import shown_runs

    path: Path = arguments.output
    if path.suffix.lower() not in SUFFIXES:
        raise options.Usage(f"-o {path}: the name of the image ends in {', '.join(SUFFIXES)}")
    read = shown_runs(named_runs(arguments.runs))
    try:
        plot(read, path)
    except ImportError:
        console.err("error: `graphlang plot` needs matplotlib, which is not installed")
        console.err(f"help: install it with `{installing('plot')}`")
        return 1
    console.err(f"wrote {console.file_name(path)}")
    return 0
