"""`graphlang evaluate`: the metrics over a whole split of the data."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from graphlang.cli import console, options, weight_options
from graphlang.cli.opened_data import opened_data, rows_of_file

if TYPE_CHECKING:
    from graphlang.datasets.dataset import Dataset


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "evaluate",
        "SPEC",
        "The loss and the metrics of the `train` section over the test split, in evaluation mode.",
        """
        graphlang evaluate lesson:two_layer_net --weights runs/two_layer_net-1
        graphlang evaluate net.graph --weights net.npz --data more.npz --split train --json
        """,
    )
    options.spec(command)
    weight_options.weights(command)
    options.data(command)
    splits = ("train", "validation", "test")
    command.add_argument("--split", choices=splits, default="test", help="which part of the data")
    options.settings(command)
    options.precision(command)
    options.seed(command)
    options.threads(command)
    options.backend(command)
    options.as_json(command)
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    import numpy as np

    from graphlang.cli.metric_tables import classes_of_fields, print_metrics
    from graphlang.engine.result import json_value
    from graphlang.training.evaluation import evaluate, note_on_not_finite
    from graphlang.training.sections import section_of

    graph, _ = options.load_graph(arguments)
    section_of(graph.model, "evaluate")
    options.need_weights(graph, arguments)
    dataset = opened_data(graph, arguments)
    if arguments.split not in dataset.splits:
        console.note(f"the data has no {arguments.split} split: evaluating all of it")
    with rows_of_file(graph, arguments):
        metrics = evaluate(graph.model, dataset, split=arguments.split)
    console.err(_measured(dataset, arguments.split))
    note = note_on_not_finite(dataset, arguments.split, metrics)
    if note is not None:
        console.note(note)
    if arguments.json:
        console.print_json({name: json_value(value) for name, value in metrics.items()})
    else:
        over = f" over {arguments.split}" if arguments.split in dataset.splits else ""
        named = {f"{name}{over}" if np.ndim(v) else name: v for name, v in metrics.items()}
        print_metrics(named, classes_of_fields(graph, dataset))
    return 0


def _measured(dataset: Dataset, split: str) -> str:
    """What was evaluated: `the test split of mnist_12k.npz, 2,000 samples`."""
    columns = dataset.splits.get(split) or dataset.train
    if not columns:
        return "evaluated with the values that the file gives its inputs"
    rows = console.counted(next(iter(columns.values())).shape[0], "sample")
    part = f"the {split} split of {dataset.name}" if split in dataset.splits else dataset.name
    return f"evaluated over {part}, {rows}"
