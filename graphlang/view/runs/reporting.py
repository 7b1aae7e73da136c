"""Makes what a report shows of run folders: the weights and the data are read where they are at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphlang.api import Graph
from graphlang.datasets.dataset import Dataset
from graphlang.diagnostics import GraphError
from graphlang.files.regular import resolved_below
from graphlang.syntax.lessons import folder_of_spec
from graphlang.training.column_binding import bind_columns
from graphlang.training.outcomes import outcomes
from graphlang.training.run_folder import WEIGHTS, load_run
from graphlang.training.sections import open_data
from graphlang.view.runs.first_layer import first_layer
from graphlang.view.runs.report_page import Reported
from graphlang.view.runs.run import Run, shown_runs

LEFT_OUT = "What the weights say of the data is left out"
OUTSIDE = "the run names a spec outside of the current folder; `--data` names its data"


def reported(folders: Sequence[Path], data: Path | None = None) -> list[Reported]:
    """The runs with what their weights and data show; `data` takes the place of the data that they name."""
    return [_reported(run, data) for run in shown_runs(folders)]


def _reported(run: Run, data: Path | None) -> Reported:
    if not run.spec or not (run.folder / WEIGHTS).is_file():
        return Reported(run, note="The folder has no weights: what they say of the data is left out.")
    if data is None and not _is_below_here(run.about.get("file")):
        return Reported(run, note=f"{LEFT_OUT}: {OUTSIDE}.")
    try:
        graph = _graph(run)
        dataset = open_data(graph.model, data, "report")
        dataset.divide_by({name: float(by) for name, by in run.about.get("divided_by", {}).items()})
        if not dataset.train:
            return Reported(run)
        first = first_layer(graph.network, graph.params, _image_shapes(graph, dataset))
        return Reported(run, outcomes(graph.model, dataset), first)
    except (GraphError, OSError, ValueError) as error:  # ValueError: a spec or a precision of other making
        why = error.diagnostics[0].message if isinstance(error, GraphError) else _sentence(error)
        return Reported(run, note=f"{LEFT_OUT}: {why}.")


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _is_below_here(file: object) -> bool:
    """Whether the file that a run names lies below the current folder: its path leads no further."""
    try:
        return not isinstance(file, str) or resolved_below(Path(), file) is not None
    except OSError:
        return False


def _graph(run: Run) -> Graph:
    """The graph of a run with its weights; its data is looked for beside its file."""
    spec = Graph.from_spec(run.spec).spec
    file = run.about.get("file")
    folder = folder_of_spec(file) if isinstance(file, str) else None
    graph = Graph(spec, dtype=run.about.get("dtype"), folder=folder)
    load_run(graph.model, run.folder)
    return graph


def _image_shapes(graph: Graph, dataset: Dataset) -> dict[str, tuple[int, ...]]:
    """The shapes of the inputs whose rows are images."""
    data = bind_columns(graph.model, dataset.train, None, dataset.name)
    shapes = {data.names[n]: column.image_shape for n, column in data.columns.items()}
    return {name: shape for name, shape in shapes.items() if shape is not None}
