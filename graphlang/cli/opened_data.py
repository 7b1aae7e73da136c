"""The data that a command works on: that of the file's `data` section, or of `--data`."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from graphlang.cli import console

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.datasets.dataset import Dataset
    from graphlang.diagnostics import Diagnostic


@contextmanager
def rows_of_file(graph: Graph, arguments: argparse.Namespace) -> Iterator[None]:
    """Says of a column that the file at `--data` lacks what to do about that file."""
    from graphlang.diagnostics import GraphError

    try:
        yield
    except GraphError as error:
        if arguments.data is None:
            raise
        raise GraphError([_of_file(graph, arguments, problem) for problem in error.diagnostics]) from None


def _of_file(graph: Graph, arguments: argparse.Namespace, problem: Diagnostic) -> Diagnostic:
    from graphlang.diagnostics.data_fields import UnknownField
    from graphlang.training.gaps_in_targets import columns_of_targets

    if not isinstance(problem, UnknownField):
        return problem
    is_truth = arguments.words[0] == "evaluate" and problem.field in columns_of_targets(graph.model)
    return problem.replaced(from_file=True, is_truth=is_truth)


def opened_data(
    graph: Graph,
    arguments: argparse.Namespace,
    inputs: Collection[str] | None = None,
    *,
    undivided: bool = False,
) -> Dataset:
    """The data of the `data` section, or of `--data`; images are scaled as when the weights were trained.

    With `inputs`, only their fields are of interest; `undivided`, all rows of `--data` are in one split.
    """
    from graphlang.diagnostics import GraphError
    from graphlang.training.sections import open_data

    resume = getattr(arguments, "resume", None)
    trained = resume or getattr(arguments, "weights", None)
    if resume is not None:
        from graphlang.training.run_folder import take_learned

        take_learned(graph.model, Path(resume))
    command = arguments.words[0]
    if arguments.data is not None and trained is None and command != "train" and not graph.model.learned:
        with suppress(GraphError):  # without the file's own data the message is about what is not learned
            open_data(graph.model, None, command, inputs)
    with rows_of_file(graph, arguments):
        dataset = open_data(graph.model, arguments.data, command, inputs, undivided=undivided)
    if trained is not None:
        from graphlang.cli.as_in_data import divisors_of_run

        dataset.divide_by(divisors_of_run(Path(trained)))
    for note in dataset.notes:
        console.note(note)
    return dataset
