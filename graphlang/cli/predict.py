"""`graphlang predict`: the outputs in evaluation mode."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from graphlang.cli import console, options
from graphlang.cli.outputs import check_suffix, write

if TYPE_CHECKING:
    from graphlang.api import Graph


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "predict",
        "SPEC",
        "The outputs, in evaluation mode, as one JSON object on stdout or in a file. Needs only the inputs\n"
        "that the outputs depend on. With --text, a model of a text goes on with the words that it is given.",
        """
        graphlang predict net.graph --weights runs/net-1 --inputs x.npz -o y.npz
        echo '{"x": [[1, 2]]}' | graphlang predict net.graph --weights net.npz --inputs -
        graphlang predict lesson:transformer --weights runs/transformer-1 --text "Once upon"
        """,
    )
    options.spec(command)
    options.weights(command)
    options.inputs(command)
    options.settings(command)
    command.add_argument(
        "-o", "--output", metavar="FILE", type=options.path, help="write a file: .npz, .npy, .csv or .json"
    )
    command.add_argument("--text", metavar="START", help="go on with this text")
    command.add_argument(
        "--length",
        metavar="N",
        type=options.positive,
        default=200,
        help="how many characters (default: 200)",
    )
    command.add_argument(
        "--temperature",
        metavar="T",
        type=_temperature,
        default=0.0,
        help="0 takes the likeliest character (default), 1 draws as the model says; --seed decides the draws",
    )
    options.as_json(command, "the outputs, as without it,")
    options.precision(command)
    options.seed(command)
    options.threads(command)
    options.backend(command)
    options.form(command)
    return command


def _temperature(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number, 0 or more")
    return value


def run(arguments: argparse.Namespace) -> int:
    from graphlang.engine.result import json_value

    if arguments.text is not None and (arguments.inputs or arguments.output):
        raise options.Usage("--text goes on with a text: --inputs and --output have no place beside it")
    if arguments.json and arguments.output:
        raise options.Usage("--output writes a file, and --json writes to stdout: give one of them")
    if arguments.output:
        check_suffix(arguments.output)
    graph, inputs = options.load_graph(arguments)
    options.need_weights(graph, arguments)
    if arguments.text is not None:
        return _continue_text(graph, arguments)
    prediction = graph.predict(inputs)
    outputs = prediction if len(graph.outputs) != 1 else {graph.spec.outputs[0]: prediction}
    if arguments.output is None:
        console.print_json({name: json_value(value) for name, value in outputs.items()})
        return 0
    write(arguments.output, outputs)
    console.err(f"wrote {console.file_name(arguments.output)}: {', '.join(outputs)}")
    return 0


def _continue_text(graph: Graph, arguments: argparse.Namespace) -> int:
    from graphlang.training.generation import continuation

    seed = arguments.seed or 0
    characters = continuation(
        graph.model, arguments.text, arguments.length, temperature=arguments.temperature, seed=seed
    )
    text = arguments.text + "".join(characters)
    if arguments.json:
        console.print_json({"text": text})
    elif sys.stdout.isatty():  # the text that was learned may hold what a terminal obeys
        console.out("\n".join(map(console.shown, text.split("\n"))))
    else:
        console.out(text)
    return 0
