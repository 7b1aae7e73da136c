"""`graphlang report`: runs of `graphlang train` beside one another, as one offline HTML page."""

from __future__ import annotations

import argparse
from pathlib import Path

from graphlang.cli import console, options

MOST_BESIDE = 8
"""How many runs of a sweep are shown beside one another: as many as a page has colours."""


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "report",
        "RUN...",
        "Runs of `graphlang train` as one HTML page that needs no network: curves, metrics, the norms of\n"
        "each layer, first weights as images, the confusion of classes, the rows most wrong, settings, and\n"
        "what differs between the runs. The folder of a sweep stands for its runs, the best first.",
        """
        graphlang report runs/two_layer_net-1
        graphlang report runs/two_layer_net-1 runs/two_layer_net-2 -o page.html --open
        graphlang report runs/net-sweep-1 -o sweep.html
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
        "runs",
        metavar="RUN",
        nargs="+",
        type=options.path,
        help="the folder of a run of `graphlang train`, or of a sweep",
    )


def named_runs(paths: list[Path]) -> list[Path]:
    """The folders of runs; a sweep stands for those of its runs that are done, the best first."""
    from graphlang.sweeps.sweep_folder import is_sweep, read_sweep

    folders: list[Path] = []
    for path in paths:
        if not is_sweep(path):
            folders.append(path)
            continue
        sweep = read_sweep(path)
        done = [sweep.folder_of(run) for run in sweep.best_first() if run.status == "done"]
        if not done:
            raise options.Usage(f"{path}: no run of the sweep is done")
        if len(done) > MOST_BESIDE:
            console.note(f"{path}: the best {MOST_BESIDE} of {len(done):,} runs by {sweep.criterion}")
        folders += done[:MOST_BESIDE]
    return folders


def run(arguments: argparse.Namespace) -> int:
    from graphlang.view.files import opened, write
    from graphlang.view.runs.report_page import report_page
    from graphlang.view.runs.reporting import reported

    if arguments.open and arguments.output == "-":
        raise options.Usage("a page on stdout cannot be opened: name a file with -o")
    items = reported(named_runs(arguments.runs), arguments.data)
    for item in items:
        if item.note:
            console.note(f"{item.run.name}: {item.note}")
    page = report_page(items)
    if arguments.output == "-":
        console.document(page)
        return 0
    path = write(Path(arguments.output or "report.html"), page, "report.html")
    console.err(f"wrote {console.file_name(path)}")
    if arguments.open and not opened(path):
        console.note(f"no browser could be started: open {path.resolve().as_uri()}")
    return 0
