"""`graphlang test`: the `expect` lines of specs, and their gradient checks."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options, weight_options

if TYPE_CHECKING:
    from graphlang.diagnostics import Span


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "test",
        "SPEC...",
        "The `expect` lines of each file, then the gradient check where it has a `gradcheck` section.",
        """
        graphlang test lesson:newton lesson:sigmoid
        graphlang test net.graph --seed 1 --json
        """,
    )
    options.specs(command)
    options.settings(command)
    options.inputs(command)
    weight_options.weights(command)
    options.seed(command)
    options.threads(command)
    options.as_json(command)
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    from graphlang.diagnostics import GraphError

    all_results: list[dict[str, Any]] = []
    broken = 0
    for path in options.files_of(arguments.specs):
        try:
            results = _test(path, arguments)
        except GraphError as error:
            sys.stdout.flush()
            console.report(error.diagnostics, arguments.format, sys.stderr)
            broken += 1
            continue
        if not results:
            name = "<stdin>" if path == "-" else path
            console.note(f"{name} has no `expect` line and no `gradcheck` section")
        all_results += results
        if not arguments.json:
            _show(results)
    if arguments.json:
        console.print_json(all_results)
    failed = sum(not result["ok"] for result in all_results)
    counts = [
        (f"{len(all_results) - failed} passed", len(all_results) - failed),
        (f"{failed} failed", failed),
    ]
    counts.append((f"{console.counted(broken, 'file')} could not be tested", broken))
    console.err(", ".join(text for text, number in counts if number) or "nothing to test")
    return 1 if failed or broken else 0


def _test(path: str, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from graphlang.checks.expectations import check_expectations

    graph, inputs = options.load_graph(arguments, path)
    results = [
        {"kind": "expect", "ok": e.ok, "text": e.text, "message": e.message, **_place(graph.file, e.at)}
        for e in check_expectations(graph.model, inputs)
    ]
    if graph.spec.gradcheck is not None:
        from graphlang.checks.gradcheck import gradcheck
        from graphlang.cli.gradcheck import verdict

        report = gradcheck(graph.model, inputs)
        facts = {"text": f"gradcheck of {report.of}", "message": verdict(report)}
        decided = all(row.state != "not decided" for row in report.rows)
        places = {"decided": decided, **_place(graph.file, None)}
        results.append({"kind": "gradcheck", "ok": report.ok, **facts, **places})
    return results


def _place(file: str | None, at: Span | None) -> dict[str, Any]:
    return {"file": file, "line": at.source.position(at.start)[0] if at else None}


def _show(results: list[dict[str, Any]]) -> None:
    from graphlang.draw.width import printable

    for result in results:
        ok = console.good("pass") if result["ok"] else console.bad("FAIL")
        line = f":{result['line']}" if result["line"] else ""
        console.out(f"{ok}  {printable(result['file'])}{line}: {printable(result['text'])}")
        if not (result["ok"] and result.get("decided", True)):
            console.out(f"      {printable(result['message'])}")
