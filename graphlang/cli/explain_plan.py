"""`graphlang explain-plan`: the planned program of a training step, so that a person can follow it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.report.explained_plan import Explanation, PlannedGroup, PlannedStep


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "explain-plan",
        "SPEC",
        "The program of a training step (in a file without `train`: of a value and its gradients): every\n"
        "operation with what it reads and where it writes, which operations are fused, and their cost.\n"
        "Nothing is run, and no data is read. A transpose or another view costs nothing and is not listed.",
        """
        graphlang explain-plan lesson:two_layer_net
        graphlang explain-plan net.graph --batch 256 --threads 1 --json
        """,
    )
    options.spec(command)
    batch(command)
    options.settings(command)
    options.inputs(command)
    options.precision(command)
    options.threads(command)
    options.as_json(command, "the plan")
    options.form(command)
    return command


def batch(parser: options.CommandParser) -> None:
    parser.add_argument("--batch", metavar="N", type=options.positive, help="the rows of a batch to plan for")


def run(arguments: argparse.Namespace) -> int:
    graph, inputs = options.load_graph(arguments)
    return show(graph, inputs, arguments)


def show(graph: Graph, inputs: dict[str, Any], arguments: argparse.Namespace) -> int:
    """Explains the plan for inputs of these shapes."""
    from graphlang.report.explained_plan import explained

    rows = getattr(arguments, "batch", None)
    plan = explained(graph.model, {**_from_data(graph, inputs, rows), **inputs}, rows)
    if arguments.json:
        console.print_json(as_json(plan))
    else:
        _show(plan)
    return 0


def _from_data(graph: Graph, inputs: dict[str, Any], rows: int | None) -> dict[str, Any]:
    """The first samples of the file's data, if a size depends on them, such as the length of a text's rows.

    If the data is missing, a size is assumed.
    """
    section, train = graph.spec.data, graph.spec.train
    missing = [s for n, s in graph.network.inputs.items() if n not in inputs and s.default is None]
    open_sizes = any(not isinstance(size, int) for spec in missing for size in (spec.shape or ())[1:])
    if section is None or train is None or not open_sizes or inputs:
        return {}
    from graphlang.diagnostics import GraphError
    from graphlang.inputs.stand_ins import first_samples
    from graphlang.training.sections import open_data

    try:
        return first_samples(section.fields, open_data(graph.model), rows or train.batch or 1, None)
    except GraphError:
        return {}


# ---- JSON ----------------------------------------------------------------------------------------


def as_json(plan: Explanation) -> dict[str, Any]:
    """The plan as plain data."""
    return {
        "what": plan.what,
        "inputs": {name: list(shape) for name, shape in plan.inputs.items()},
        "dtype": plan.dtype,
        "threads": plan.threads,
        "own_threads": plan.division.own,
        "blas_threads": plan.division.blas,
        "groups": [_group_json(group) for group in plan.groups],
        "outputs": plan.outputs,
        "copies": list(plan.copies),
        "buffers": list(plan.buffers),
        "memory": {**plan.memory._asdict(), "total": plan.memory.total},
        "flops": plan.flops,
    }


def _group_json(group: PlannedGroup) -> dict[str, Any]:
    from dataclasses import asdict

    steps = [{**asdict(step), "shape": list(step.shape)} for step in group.steps]
    if group.body:
        body = [_group_json(inner) for inner in group.body]
        return {"fused": False, "steps": steps, "repetitions": group.repetitions, "body": body}
    if group.iteration_shape is None:
        return {"fused": False, "threads": group.threads, "steps": steps}
    cut = {"blocks": group.blocks, "block": list(group.block), "threads": group.threads}
    return {"fused": True, "iteration_shape": list(group.iteration_shape), **cut, "steps": steps}


# ---- text ----------------------------------------------------------------------------------------


def _show(plan: Explanation) -> None:
    shapes = ", ".join(f"{name}{_shape(shape)}" for name, shape in plan.inputs.items())
    threads = console.counted(plan.threads, "thread")
    console.out(f"{plan.what}\nfor {shapes or 'no inputs'} in {plan.dtype}, {threads}{_division(plan)}\n")
    rows = [row for group in plan.groups for row in _rows(group)]
    console.print_table(
        rows, ["step", "result", "= operation", "for", "type", "written to", "bytes", "FLOPs", "threads"]
    )
    for copy in plan.copies:
        console.out(f"at the end: {copy}")
    console.out("")
    named = [(label, name) for label, name in plan.outputs.items() if label != name]
    for label, name in named:
        console.out(f"{label} is {name}")
    if named:
        console.out("")
    _totals(plan)


def _division(plan: Explanation) -> str:
    """Who uses the threads, and how many of them pay."""
    own, blas = plan.division
    if plan.threads == 1:
        return ""
    if own > 1:
        return (
            ": each fused group, kernel and product is divided over as many as pay, and BLAS is held to one"
        )
    if blas > 1:
        return f": BLAS divides the products, over {blas} at most"
    return ", of which one is used, since dividing so little work does not pay"


def _rows(group: PlannedGroup) -> list[list[str]]:
    if group.body:
        return [*(_row(step, "") for step in group.steps), *_repeated(group)]
    if group.iteration_shape is None:
        return [_row(step, "", group.threads) for step in group.steps]
    rows, columns = group.block
    threads = console.counted(group.threads, "thread")
    cut = f"{console.counted(group.blocks, 'block')} of {rows} x {columns}, {threads}"
    head = ["", "", f"fused over {_shape(group.iteration_shape)}, {cut}:", "", "", "", "", "", ""]
    return [head, *[_row(step, "  ") for step in group.steps]]


def _repeated(group: PlannedGroup) -> list[list[str]]:
    """The rows of what a `scan` does in each of its steps."""
    head = ["", "", f"in each of {console.counted(group.repetitions, 'repetition')}:", *[""] * 6]
    rows = [row for inner in group.body for row in _rows(inner)]
    return [head, *([number, name, f"  {text}", *rest] for number, name, text, *rest in rows)]


def _row(step: PlannedStep, indent: str, threads: int = 1) -> list[str]:
    from graphlang.report.explained_plan import bytes_text

    return [
        f"{step.number}",
        step.result,
        f"{indent}= {step.operation}",
        step.origin,
        f"{step.dtype}{_shape(step.shape)}",
        f"{step.where}, in place" if step.in_place else step.where,
        bytes_text(step.nbytes) if step.nbytes else "",
        f"{step.flops:,}" if step.flops else "",
        f"{threads}" if threads > 1 else "",
    ]


def _shape(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]" if shape else ""


def _totals(plan: Explanation) -> None:
    from graphlang.report.explained_plan import bytes_text

    names = {
        "inputs": "the batch and other inputs",
        "parameters": "parameters and state",
        "optimizer": "state of the optimizer",
        "buffers": console.counted(len(plan.buffers), "buffer"),
        "scratch": "temporaries of fused steps",
    }
    rows = [[text, bytes_text(getattr(plan.memory, field))] for field, text in names.items()]
    rows.append(["total", bytes_text(plan.memory.total)])
    rows.append(["arithmetic of one run", f"{plan.flops:,} FLOPs"])
    console.print_table(rows, ["memory", "size"])
