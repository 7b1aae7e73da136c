"""`graphlang gradcheck`: backpropagation against numerical differentiation, a row per parameter."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options

if TYPE_CHECKING:
    from graphlang.gradcheck import Report


def parser() -> options.Parser:
    found = options.Parser(
        "gradcheck",
        "SPEC",
        "Backpropagation against numerical differentiation, in float64: a row per parameter with the mean\n"
        "absolute difference, as the book prints it, and the worst relative error. Inputs that are not\n"
        "given are drawn at random. Where a gradient is wrong, the first operation at fault is named.",
        """
        graphlang gradcheck specs/two_layer_net.graph
        graphlang gradcheck net.graph --set gradcheck.samples=200 --json
        """,
    )
    options.spec(found)
    options.settings(found)
    options.inputs(found)
    found.add_argument("--of", metavar="NAME", help="the scalar whose gradients are checked")
    options.weights(found)
    options.seed(found)
    options.threads(found)
    options.as_json(found)
    options.form(found)
    return found


def run(arguments: argparse.Namespace) -> int:
    from graphlang.gradcheck import gradcheck

    graph, feeds = options.load(arguments)
    report = gradcheck(graph, feeds, of=arguments.of)
    if arguments.json:
        console.data(as_json(report))
    else:
        _show(report)
    return 0 if report.ok else 1


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    from dataclasses import asdict

    from graphlang.result import listed

    rows = [{key: listed(value) for key, value in asdict(row).items()} for row in report.rows]
    facts = {"ok": report.ok, "of": report.of, "tolerance": report.tolerance, "worst": listed(report.worst)}
    return {**facts, "culprit": report.culprit, "rows": rows}


def verdict(report: Report) -> str:
    """The report in one line."""
    from graphlang.draw.numbers import short

    if not report.rows:
        return f"`{report.of}` depends on nothing that has a gradient: nothing was checked"
    worst, tolerance = short(report.worst, 3), short(report.tolerance, 3)
    if report.ok:
        return f"backpropagation agrees with the numbers: worst relative error {worst}, tolerance {tolerance}"
    wrong = ", ".join(f"`{row.name}`" for row in report.rows if not row.ok)
    where = f"; the first operation whose own gradient is wrong: {report.culprit}" if report.culprit else ""
    error = f"worst relative error {worst}, tolerance {tolerance}"
    return f"wrong gradients of `{report.of}` by {wrong}: {error}{where}"


def _ok(ok: bool) -> str:
    return "ok" if ok else "WRONG"


def _show(report: Report) -> None:
    from graphlang.draw.numbers import short

    if report.rows:
        rows = [
            [r.name, short(r.mean_difference, 4), short(r.worst_relative, 4), r.checked, _ok(r.ok)]
            for r in report.rows
        ]
        console.table(rows, ["name", "mean difference", "worst relative", "checked", "result"])
        console.out("")
    said = console.prose(verdict(report))
    console.out(console.good(said) if report.ok else console.bad(said))
