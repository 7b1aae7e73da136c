"""`graphlang predict`: the outputs in evaluation mode."""

from __future__ import annotations

import argparse
from pathlib import Path

from graphlang.cli import console, options


def parser() -> options.Parser:
    found = options.Parser(
        "predict",
        "SPEC",
        "The outputs, in evaluation mode, as one JSON object or an npz. Needs only the inputs that the\n"
        "outputs depend on.",
        """
        graphlang predict net.graph --weights runs/net-1 --inputs x.npz -o y.npz
        echo '{"x": [[1, 2]]}' | graphlang predict net.graph --weights net.npz --inputs -
        """,
    )
    options.spec(found)
    options.weights(found)
    options.inputs(found)
    options.settings(found)
    found.add_argument("-o", "--output", metavar="FILE", type=Path, help="write an npz instead of JSON")
    options.precision(found)
    options.seed(found)
    options.threads(found)
    options.form(found)
    return found


def run(arguments: argparse.Namespace) -> int:
    from graphlang.result import listed

    graph, feeds = options.load(arguments)
    options.need_weights(graph, arguments)
    found = graph.predict(feeds)
    outputs = found if len(graph.outputs) != 1 else {graph.outputs[0]: found}
    if arguments.output is None:
        console.data({name: listed(value) for name, value in outputs.items()})
        return 0
    from graphlang.weights import save

    save(arguments.output, outputs)
    console.err(f"wrote {arguments.output}: {', '.join(outputs)}")
    return 0
