"""`graphlang summary`: a row per node, never truncated."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options, weight_options

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.report.summary import Summary, SummaryRow


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "summary",
        "SPEC",
        "A row per node: operation, where from, shape, parameters and FLOPs of the forward pass (an\n"
        "estimate, by the size of the batch where that is open), and the totals.",
        """
        graphlang summary lesson:two_layer_net
        graphlang summary net.graph --set hidden=100 --json
        graphlang summary net.graph --weights runs/net-1
        """,
    )
    options.spec(command)
    weight_options.weights(command)
    options.settings(command)
    options.as_json(command)
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    from graphlang.report.summary import summarize

    graph, _ = options.load_graph(arguments)
    summary = summarize(graph.model)
    if arguments.json:
        learned = {"prepared": graph.model.learned} if graph.model.learned else {}
        console.print_json({**as_json(summary), **learned})
    else:
        _show(summary)
        _show_prepared(graph)
    return 0


def _show_prepared(graph: Graph) -> None:
    """What the data's fields are computed from, and what that learned where the weights are given."""
    data = graph.spec.data
    if data is None or not (data.prepared or graph.model.learned):
        return
    rows = [[name, text, ""] for name, text in data.fields.items() if text in data.prepared]
    for text, kept in graph.model.learned.items():
        told = [f"{what}: {_listed(values)}" for what, values in kept.items()]
        rows.append(["", text, "; ".join(told)])
    console.out("")
    console.print_table(rows, ["input", "field", "learned"])


def _listed(values: Any) -> str:
    """What was learned; of a long vocabulary its first words, which are the most frequent."""
    from graphlang.draw.numbers import short

    several = values if isinstance(values, list) else [values]
    first = several if len(several) <= _WORDS else several[: _WORDS // 4]
    more = f", and {len(several) - len(first):,} more" if len(several) > len(first) else ""
    return ", ".join(v if isinstance(v, str) else short(v) for v in first) + more


_WORDS = 40
"""How many classes or words are shown."""


def as_json(summary: Summary) -> dict[str, Any]:
    """The summary as plain data; a symbolic size is a text such as "78400*N".

    `complete` says whether the FLOPs of every node are known and counted in the total."""
    parameters = {"parameters": summary.parameters, "trainable": summary.trainable}
    totals = {**parameters, "flops": _plain(summary.flops), "complete": summary.complete}
    return {"nodes": [_row(row) for row in summary.rows], "total": totals}


def _row(row: SummaryRow) -> dict[str, Any]:
    shape = [_plain(size) for size in row.shape]
    return {**row._asdict(), "inputs": list(row.inputs), "shape": shape, "flops": _plain(row.flops)}


def _plain(size: Any) -> Any:
    return size if size is None or isinstance(size, int) else str(size)


def _show(summary: Summary) -> None:
    from graphlang.report.summary import size_text

    wide = len(f"{summary.parameters:,}")
    rows = [
        [
            row.name,
            row.operation,
            ", ".join(row.inputs),
            f"{row.dtype}[{', '.join(map(str, row.shape))}]" if row.shape else row.dtype,
            f"{row.parameters:>{wide},}" if row.parameters else "",
            "?" if row.flops is None else size_text(row.flops) if row.flops != 0 else "",
        ]
        for row in summary.rows
    ]
    flops = size_text(summary.flops) if summary.complete else f"at least {size_text(summary.flops)}"
    rows.append(["total", "", "", "", f"{summary.parameters:,}", flops])
    console.print_table(rows, ["name", "operation", "from", "shape", "parameters", "FLOPs"])
    if summary.trainable != summary.parameters:
        console.out(f"\n{summary.trainable:,} of the parameters are trained, the rest is state")
