"""`graphlang gradcheck`: backpropagation against numerical differentiation, a row per parameter."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options, weight_options

if TYPE_CHECKING:
    from graphlang.checks.gradcheck import Report


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "gradcheck",
        "SPEC",
        "Backpropagation against numerical differentiation, in float64: a row per parameter with the mean\n"
        "absolute difference, as the book prints it, and the worst relative error. Inputs that are not\n"
        "given are drawn at random. Where a gradient is wrong, the first operation at fault is named.\n"
        "Samples at a corner, as of `relu` at 0, are counted apart: all between the two slopes is right.",
        """
        graphlang gradcheck lesson:two_layer_net
        graphlang gradcheck net.graph --set gradcheck.samples=200 --json
        """,
    )
    options.spec(command)
    options.settings(command)
    options.inputs(command)
    command.add_argument("--of", metavar="NAME", help="the scalar whose gradients are checked")
    weight_options.weights(command)
    options.seed(command)
    options.threads(command)
    options.as_json(command)
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    from graphlang.checks.gradcheck import gradcheck

    graph, inputs = options.load_graph(arguments)
    report = gradcheck(graph.model, inputs, of=arguments.of)
    if arguments.json:
        console.print_json(as_json(report))
    else:
        _show(report)
    return 0 if report.ok else 1


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    from dataclasses import asdict

    from graphlang.engine.result import json_value

    rows = [
        {key: json_value(value) for key, value in asdict(row).items()} | {"ok": row.ok} for row in report.rows
    ]
    facts = {
        "ok": report.ok,
        "of": report.of,
        "tolerance": report.tolerance,
        "worst": json_value(report.worst),
    }
    return {**facts, "culprit": report.culprit, "rows": rows}


def verdict(report: Report) -> str:
    """The report in one line."""
    from graphlang.draw.numbers import short

    if not report.rows:
        return f"`{report.of}` depends on nothing that has a gradient: nothing was checked"
    corners = _corners(report)
    if all(row.state == "not decided" for row in report.rows):
        return f"nothing is decided: {corners}; check at other values"
    worst, tolerance = short(report.worst, 3), short(report.tolerance, 3)
    error = f"worst relative error {worst}, tolerance {tolerance}"
    if report.ok:
        open_ = ", ".join(f"`{row.name}`" for row in report.rows if row.state == "not decided")
        undecided = f"; not decided: {open_}, with no other samples" if open_ else ""
        return (
            f"backpropagation agrees with the numbers: {error}{'; ' if corners else ''}{corners}{undecided}"
        )
    wrong = ", ".join(f"`{row.name}`" for row in report.rows if not row.ok)
    if all(row.worst_relative == math.inf for row in report.rows if not row.ok):
        where = f"; the first operation with such a gradient: {report.culprit}" if report.culprit else ""
        return f"gradients of `{report.of}` that are not finite, by {wrong}{where}; check at other values"
    where = f"; the first operation whose own gradient is wrong: {report.culprit}" if report.culprit else ""
    return f"wrong gradients of `{report.of}` by {wrong}: {error}{where}"


def _corners(report: Report) -> str:
    """The numbers of samples at corners and jumps, where there is no single slope."""
    corners, jumps = (sum(getattr(row, kind) for row in report.rows) for kind in ("corners", "jumps"))
    if not corners and not jumps:
        return ""
    places = [f"at a corner (as `relu` has at 0): {corners:,}"] if corners else []
    places += [f"at a jump: {jumps:,}"] if jumps else []
    return f"samples {', '.join(places)}; there is no single slope there to compare with"


RESULTS = {"ok": "ok", "not decided": "not decided", "wrong": "WRONG"}


def columns_of_report(report: Report) -> tuple[list[list[Any]], list[str]]:
    """The rows of the table, and its heads."""
    from graphlang.draw.numbers import short

    heads = ["name", "mean difference", "worst relative", "checked"]
    kinds = (("corners", "at a corner"), ("jumps", "at a jump"))
    extra = [(kind, head) for kind, head in kinds if any(getattr(r, kind) for r in report.rows)]
    rows = [
        [
            r.name,
            short(r.mean_difference, 4),
            short(r.worst_relative, 4),
            r.checked,
            *(getattr(r, kind) for kind, _ in extra),
            RESULTS[r.state],
        ]
        for r in report.rows
    ]
    return rows, [*heads, *(head for _, head in extra), "result"]


def _show(report: Report) -> None:
    if report.rows:
        console.print_table(*columns_of_report(report))
        console.out("")
    text = console.prose(verdict(report))
    console.out(console.good(text) if report.ok else console.bad(text))
