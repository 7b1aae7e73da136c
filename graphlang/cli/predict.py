"""`graphlang predict`: the outputs in evaluation mode."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options, weight_options
from graphlang.cli.opened_data import opened_data, rows_of_file
from graphlang.cli.outputs import check_suffix, put_together, write, write_blocks, writes_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphlang.api import Graph
    from graphlang.datasets.dataset import Column
    from graphlang.training.batches import Origin


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "predict",
        "SPEC",
        "The outputs, in evaluation mode, as one JSON object on stdout or in a file. Needs only the inputs\n"
        "that the outputs depend on; --data takes them from all rows of a file, --split from a part of the\n"
        "data. With --text, a model of a text goes on with the words that it is given.",
        """
        graphlang predict net.graph --weights runs/net-1 --inputs x.npz -o y.npz
        echo '{"x": [[1, 2]]}' | graphlang predict net.graph --weights net.npz --inputs -
        graphlang predict net.graph --weights runs/net-1 --data more.npz -o y.csv
        graphlang predict lesson:transformer --weights runs/transformer-1 --text "Once upon"
        """,
    )
    options.spec(command)
    weight_options.weights(command)
    options.inputs(command)
    options.data(command)
    splits = ("train", "validation", "test")
    command.add_argument("--split", choices=splits, help="predict over this part of the data")
    options.settings(command)
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=options.path,
        help="write a file: .npz, .npy, .csv, .json or .jsonl",
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
    import numpy as np

    from graphlang.cli.outputs import ids_named, json_of
    from graphlang.training.class_names import are_scores, classes_of

    over_data = arguments.data is not None or arguments.split is not None
    if over_data and (arguments.inputs or arguments.text is not None):
        raise options.Usage(
            "--data and --split give the inputs: --inputs and --text have no place beside them"
        )
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
    blocks: Iterator[dict[str, Any]] | None = None
    if over_data:
        with rows_of_file(graph, arguments):
            columns, origin = _columns(graph, arguments)
        if not inputs:
            blocks = _blocks(graph, columns, origin)
        inputs = {} if blocks else {**{n: c.take(slice(None)) for n, c in columns.items()}, **inputs}
    classes = classes_of(graph.model)
    if blocks is not None and arguments.output and writes_rows(arguments.output):
        write_blocks(arguments.output, blocks, classes)
        console.err(f"wrote {console.file_name(arguments.output)}: {', '.join(graph.spec.outputs)}")
        return 0
    outputs = _outputs(graph, inputs) if blocks is None else put_together(blocks)
    if arguments.output is None:
        named = ids_named(outputs, classes)
        console.print_json({name: json_of(value) for name, value in named.items()})
        scores = [name for name, value in outputs.items() if are_scores(np.asarray(value), len(classes))]
        if scores:
            order = ", ".join(map(console.shown, classes))
            console.note(f"the numbers of a row of {', '.join(scores)} are for {order}, in this order")
        return 0
    write(arguments.output, outputs, classes)
    console.err(f"wrote {console.file_name(arguments.output)}: {', '.join(outputs)}")
    return 0


_TABLES = {"npz": "new.npz", "parquet": "new.parquet", "jsonl": "new.jsonl", "csv": "new.csv"}
"""What a file of new rows may be called, by the source of the `data` section."""


def _outputs(graph: Graph, inputs: dict[str, Any]) -> dict[str, Any]:
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.inputs import MissingInputs

    try:
        prediction = graph.predict(inputs)
    except GraphError as error:
        source = graph.spec.data and graph.spec.data.source.name
        file = None if inputs else _TABLES.get(source or "")
        raise GraphError(
            [
                p.replaced(rows_from=file) if isinstance(p, MissingInputs) and p.rows else p
                for p in error.diagnostics
            ]
        ) from None
    return prediction if len(graph.outputs) != 1 else {graph.spec.outputs[0]: prediction}


def _columns(graph: Graph, arguments: argparse.Namespace) -> tuple[dict[str, Column], Origin]:
    """The rows of a file or of the spec's data, for the inputs that the outputs or their sizes depend on."""
    from graphlang.datasets.dataset import named_fields
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.data_fields import UnknownField
    from graphlang.training.batches import Origin
    from graphlang.training.not_finite_fields import field_not_finite
    from graphlang.training.section_places import field_place

    network, section = graph.network, graph.spec.data
    needed, sizes = network.sources_of([network.numbers[name] for name in graph.spec.outputs])
    needed += network.inputs_with(sizes, () if section is None else section.fields)
    dataset = opened_data(graph, arguments, needed, undivided=arguments.split is None)
    split = arguments.split or "train"
    if split not in dataset.splits:
        raise options.Usage(f"the data has no {split} split: it has {', '.join(dataset.splits)}")
    fields = {} if section is None else {n: f for n, f in section.fields.items() if n in needed}
    columns: dict[str, Column] = {}
    for name, field in fields.items():
        column = dataset.splits[split].get(field)
        if column is None:
            span = field_place(graph.model, field, name) or graph.network.span(name)
            raise GraphError([UnknownField(name, field, *named_fields(dataset.train), dataset.name, span)])
        if column.alone is not None and len(graph.inputs[name].shape or ()) == 1:
            column = column.alone
        columns[name], origin = column, Origin(dataset.name, split)
        problem = field_not_finite(graph.model, name, field, column, origin)
        if problem is not None:
            raise GraphError([problem.replaced(target=False)])
    return columns, Origin(dataset.name, split)


def _blocks(graph: Graph, columns: dict[str, Column], origin: Origin) -> Iterator[dict[str, Any]] | None:
    """The outputs block by block; None where there are few rows, or where they are mixed."""
    from graphlang.training.predictions import BLOCK, predicted_blocks

    if not columns or next(iter(columns.values())).shape[0] <= BLOCK:
        return None
    graph.predict({name: column.take(slice(0, 2)) for name, column in columns.items()})  # says what misfits
    return predicted_blocks(graph.model, columns, origin)


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
