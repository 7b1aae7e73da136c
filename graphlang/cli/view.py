"""`graphlang view`: a run as one offline HTML page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from graphlang.cli import console, options, weight_options
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
        graphlang view lesson:apple_orange --open
        graphlang view lesson:two_layer_net --weights runs/two_layer_net-1 --rows 10 -o net.html
        graphlang view lesson:apple --svg -o apple.svg
        graphlang view lesson:softmax_with_loss --mermaid --unfold all
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
    _documents(command)
    _browser(command)
    options.settings(command)
    options.inputs(command)
    options.start(command)
    options.data(command)
    command.add_argument(
        "--rows",
        metavar="N",
        type=options.positive,
        default=SAMPLES,
        help=f"how many samples of the data, where no inputs are given (default: {SAMPLES})",
    )
    weight_options.weights(command)
    options.precision(command)
    options.seed(command)
    options.threads(command)
    options.as_json(command, "what the page shows")
    options.form(command)
    return command


def _documents(command: options.CommandParser) -> None:
    document = command.add_mutually_exclusive_group()
    for name, what in (("svg", "an image"), ("dot", "a graph for Graphviz"), ("mermaid", "a flowchart")):
        document.add_argument(
            f"--{name}",
            dest="document",
            action="store_const",
            const=name,
            help=f"{what} instead of the page, to stdout or into the file of -o",
        )
    command.add_argument(
        "--unfold",
        metavar="NAME",
        action="append",
        default=[],
        help="in a document: an operation as its primitives; `all` for every layer and loss",
    )
    command.add_argument(
        "--closed", action="store_true", help="in a document: every group (a `def`, a copy) as one node"
    )


def _browser(command: options.CommandParser) -> None:
    command.add_argument("--open", action="store_true", help="open the page in the browser")
    command.add_argument(
        "--live",
        action="store_true",
        help="serve the page on this machine: it follows the file, computes changes, and trains",
    )
    command.add_argument(
        "--port", metavar="N", type=_port, help="where --live serves it (default: a free one)"
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 5 or not 0 < int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"`{text}` is no port: a whole number from 1 to {2**16 - 1:,}")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    if arguments.live:
        from graphlang.cli.view_live import serve

        return serve(arguments)
    if arguments.port is not None:
        raise options.Usage("--port belongs to --live")
    if arguments.json and (arguments.output or arguments.open):
        raise options.Usage(
            "--json prints what the page shows instead of writing one: leave -o and --open out"
        )
    if arguments.document is None and (arguments.unfold or arguments.closed):
        raise options.Usage(
            "--unfold and --closed are of --svg, --dot and --mermaid: the page opens by a click"
        )
    if arguments.document is not None and (arguments.json or arguments.open):
        raise options.Usage(f"--{arguments.document} writes a document: leave --json and --open out")
    if arguments.open and arguments.output == "-":
        raise options.Usage("a page on stdout cannot be opened: name a file with -o")
    scene = _scene(arguments)
    if arguments.json:
        console.print_json(scene)
        return 0
    if arguments.document is not None:
        _write_document(scene, arguments)
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


def _write_document(scene: Scene, arguments: argparse.Namespace) -> None:
    """Writes the run as text for a document, to stdout unless a file is named."""
    from graphlang.view.documents import dot, mermaid, scene_svg
    from graphlang.view.files import write
    from graphlang.view.unfolded import leading, unfolded, with_boxes_closed

    scene = leading(scene)
    scene = unfolded(scene, _to_unfold(scene, arguments.unfold))
    scene = with_boxes_closed(scene) if arguments.closed else scene
    text = {"svg": scene_svg, "dot": dot, "mermaid": mermaid}[arguments.document](scene)
    if arguments.output in (None, "-"):
        console.document(text)
        return
    name = f"{Path(default_name(arguments.spec)).stem}.{arguments.document}"
    console.err(f"wrote {write(Path(arguments.output), text, name)}")


def _to_unfold(scene: Scene, names: list[str]) -> set[str]:
    """The operations that the options name; a note says where nothing can be opened."""
    from graphlang.diagnostics import did_you_mean
    from graphlang.view.unfolded import openable

    chosen: set[str] = set()
    insides = openable(scene)
    ids = [node["id"] for node in scene["nodes"]]
    for name in names:
        if name == "all" and name not in ids:
            chosen |= {
                node["id"] for node in scene["nodes"] if node["id"] in insides and node["op"][0].isupper()
            }
            if not chosen:
                console.note("no layer of this graph consists of several primitives: nothing is unfolded")
        elif name in insides:
            chosen.add(name)
        elif name in ids:
            console.note(f"`{name}` does not consist of several primitives: it stays as it is")
        else:
            help = did_you_mean(name, insides) or f"there are {', '.join(f'`{n}`' for n in insides[:8])}"
            raise options.Usage(
                f"--unfold: there is no value `{name}` to open{f'; {help}' if insides else ''}"
            )
    return chosen


def _write(text: str, arguments: argparse.Namespace) -> None:
    """Writes the page where the options say, and opens it where they say so."""
    if arguments.output == "-":
        console.document(text)
        return
    from graphlang.view.files import opened, write

    name = default_name(arguments.spec)
    path = write(Path(arguments.output or name), text, name)
    console.err(f"wrote {console.file_name(path)}")
    if arguments.open and not opened(path):
        console.note(f"no browser could be started: open {path.resolve().as_uri()}")


def default_name(spec: str) -> str:
    """The name of the page of a spec: `apple.html` for `specs/apple.graph` and `lesson:apple`."""
    from graphlang.syntax.lessons import stem_of_spec

    return f"{'graph' if spec == '-' else stem_of_spec(spec)}.html"
