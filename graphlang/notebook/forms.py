"""What graphs, results, histories and reports look like in a notebook."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from graphlang.api import Graph
from graphlang.checks.gradcheck import Report
from graphlang.diagnostics import GraphError
from graphlang.draw.from_graph import drawable, picture
from graphlang.draw.svg import svg
from graphlang.engine.forward import Forward
from graphlang.engine.model import Model
from graphlang.engine.result import Gradients, Named, Result
from graphlang.notebook.tables import framed, html_table, loss_curve, paragraph
from graphlang.training.record import History, row_of

MOST_DRAWN = 60
"""The largest picture in nodes."""
Forms = dict[str, str]


def forms(shown: Any) -> Forms:
    """An object in every form that it has, by MIME type."""
    return {**rich(shown), "text/plain": repr(shown)}


@singledispatch
def rich(shown: Any) -> Forms:
    """The picture or the HTML of an object; a page stands in a frame."""
    page = getattr(shown, "html", None)
    return {"text/html": framed(page)} if isinstance(page, str) else {}


@rich.register
def _graph(graph: Graph) -> Forms:
    """The picture with its values where all inputs have some, else a row per node."""
    model = graph.model
    if all(spec.default is not None for spec in graph.inputs.values()):
        try:
            forward = graph.forward()
            drawn = _drawn(model, forward, _both_ways(model, forward))
        except GraphError:  # `run` tells what is wrong
            drawn = None
        if drawn is not None:
            return drawn
    return {"text/html": _summary(model)}


def _both_ways(model: Model, forward: Forward) -> Result:
    try:
        return forward.backward()
    except GraphError:  # several outputs, or none with a gradient
        return forward.result()


def _drawn(model: Model, forward: Forward, result: Result) -> Forms | None:
    names = drawable(model, result)
    if not names or len(names) > MOST_DRAWN:
        return None
    return {"image/svg+xml": svg(picture(model, forward, result, names), "auto")}


def _summary(model: Model) -> str:
    from graphlang.report.summary import summarize

    summary = summarize(model)
    rows = [
        (r.name, r.operation, ", ".join(r.inputs), _type(r.dtype, r.shape), r.parameters or None)
        for r in summary.rows
    ]
    total = f"{model.described}; {summary.parameters:,} numbers in parameters"
    return html_table(["name", "operation", "from", "shape", "parameters"], rows) + paragraph(total)


def _type(dtype: str, shape: tuple[Any, ...]) -> str:
    return f"{dtype}[{', '.join(map(str, shape))}]" if shape else dtype


@rich.register
def _result(result: Result) -> Forms:
    source = result._source
    if callable(source):
        source = source()._source
    if isinstance(source, Forward):
        drawn = _drawn(source._model, source, result)
        if drawn is not None:
            return drawn
    gradients = dict(result.grad)
    heads = ["name", "value"] + ([] if result.of is None else [f"gradient of {result.of}"])
    rows = [(name, value, gradients.get(name))[: len(heads)] for name, value in result.items()]
    return {"text/html": html_table(heads, rows)}


@rich.register
def _named(values: Named) -> Forms:
    head = "gradient" if isinstance(values, Gradients) else "value"
    return {"text/html": html_table(["name", head], list(values.items()))}


@rich.register
def _history(history: History) -> Forms:
    rows = [row_of(epoch) for epoch in history.epochs]
    heads = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[row.get(name) for name in heads] for row in rows]
    epochs = html_table(heads, cells, digits=4) if rows else paragraph(repr(history))
    curves = [loss_curve(losses, name) for name, losses in history.objectives.items()]
    curves = curves or [loss_curve(history.losses)]
    return {"text/html": "".join(curves) + epochs}


@rich.register
def _report(report: Report) -> Forms:
    from graphlang.cli.gradcheck import RESULTS, verdict

    heads = ["name", "mean difference", "worst relative", "checked", "result"]
    rows = [(r.name, r.mean_difference, r.worst_relative, r.checked, RESULTS[r.state]) for r in report.rows]
    return {"text/html": (html_table(heads, rows, digits=4) if rows else "") + paragraph(verdict(report))}
