"""`graphlang report`: runs of `graphlang train` beside one another, as one offline HTML page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from graphlang.cli import console, options


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "report",
        "RUN...",
        "Runs of `graphlang train` as one HTML page that needs no network: curves, metrics, the norms of\n"
        "each layer, first weights as images, the confusion of classes, the rows most wrong, settings, and\n"
        "what differs between the runs.",
        """
        graphlang report runs/two_layer_net-1
        graphlang report runs/two_layer_net-1 runs/two_layer_net-2 -o page.html --open
        """,
    )
    runs(command)
    options.data(command)
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=options.named,
        help="the page (default: report.html); `-` writes to stdout",
    )
    command.add_argument("--open", action="store_true", help="open the page in the browser")
    options.form(command)
    return command


def runs(command: options.CommandParser) -> None:
    command.add_argument(
        "runs", metavar="RUN", nargs="+", type=options.path, help="the folder of a run of `graphlang train`"
    )


def run(arguments: argparse.Namespace) -> int:
    from graphlang.view.files import opened, write
    from graphlang.view.runs.report_page import report_page
    from graphlang.view.runs.reporting import reported

    if arguments.open and arguments.output == "-":
        raise options.Usage("a page on stdout cannot be opened: name a file with -o")
    items = reported(arguments.runs, arguments.data)
    for item in items:
        if item.note:
            console.note(f"{item.run.name}: {item.note}")
    page = report_page(items)
    if arguments.output == "-":
        sys.stdout.write(page)
        return 0
    path = write(Path(arguments.output or "report.html"), page, "report.html")
    console.err(f"wrote {console.file_name(path)}")
    if arguments.open and not opened(path):
        console.note(f"no browser could be started: open {path.resolve().as_uri()}")
    return 0
