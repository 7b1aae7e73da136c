"""`graphlang where`: where the gradient dies on its way from the loss to the parameters."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options, weight_options
from graphlang.draw.numbers import short

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.report.gradient_flow import GradientFlow, PathSummary

DIGITS = 4


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "where",
        "SPEC",
        "Where the gradient dies: how much of it arrives at every parameter, the worst first, and which\n"
        "operation on the way lets least through. Sizes are root mean squares; the factor of an operation\n"
        "is what it passes back over what it receives, where an average counts as passing back all. Runs as\n"
        "in training, on the inputs given or the first batch of the data. Where a value is used in several\n"
        "places, the path is the one through which most comes.",
        """
        graphlang where lesson:two_layer_net
        graphlang where lesson:two_layer_net --loss-from loss --to Affine1.W
        graphlang where net.graph --weights runs/net-1 --rows 500 --json
        """,
    )
    options.spec(command)
    command.add_argument(
        "--loss-from",
        "--of",
        dest="of",
        metavar="NAME",
        help="where the gradient starts: by default what `train` minimizes, else the only output",
    )
    command.add_argument("--to", metavar="NAME", help="the path to one value, every step of it")
    command.add_argument(
        "--rows", metavar="N", type=options.positive, help="how many rows of the data (default: a batch)"
    )
    options.settings(command)
    options.inputs(command)
    options.data(command)
    weight_options.weights(command)
    options.precision(command)
    options.seed(command)
    options.threads(command)
    options.as_json(command)
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    from graphlang.cli.runs import SAMPLES, samples
    from graphlang.report.gradient_flow import GradientFlow

    graph, inputs = options.load_graph(arguments)
    _check_name(graph, arguments.to)
    graph.model.start(arguments.of)  # before any data is read
    if arguments.rows is None:
        arguments.rows = (graph.spec.train and graph.spec.train.batch) or SAMPLES
    forward = graph.forward({**samples(graph, inputs, arguments), **inputs}, training=True)
    flows = GradientFlow(graph.model, forward, forward.backward(of=arguments.of))
    if arguments.json:
        console.print_json(as_json(flows, arguments.to))
    elif arguments.to is not None:
        _show_path(flows, arguments.to)
    else:
        _show_all(flows)
    return 0


def _check_name(graph: Graph, name: str | None) -> None:
    from graphlang.engine.result import unknown_value

    if name is not None and name not in graph.network.numbers:
        raise unknown_value(name, graph.network.names, graph.file)


def as_json(flows: GradientFlow, to: str | None) -> dict[str, Any]:
    """What arrives at every parameter; with `to`, at that value alone, and the path."""
    from graphlang.cli.flow_sentences import sentence
    from graphlang.engine.result import json_value

    ends = flows.ends() if to is None else [flows.to(to)]
    rows = [{**flow._asdict(), "sentence": sentence(flows, flow)} for flow in ends]
    told: dict[str, Any] = {"from": flows.network.names[flows.start], "to": [json_value(row) for row in rows]}
    if to is not None:
        told["path"] = [json_value(step._asdict()) for step in flows.path(to)]
    return told


def _show_all(flows: GradientFlow) -> None:
    from graphlang.cli.flow_sentences import sentence

    ends = flows.ends()
    if not ends:
        console.note("the graph has neither a parameter nor an input of type float: nothing has a gradient")
        return
    rows = [[f.name, _size(f.gradient), _size(f.factor), *_worst(f)] for f in ends]
    console.print_table(rows, ["to", "gradient (rms)", "arrives", "least at", "operation", "factor"])
    console.out("")
    console.say(sentence(flows, ends[0]))
    if ends[0].worst is not None:
        console.say(f"every step of it: --to {ends[0].name}")
    apart = [f"`{f.name}`" for f in ends[1:] if f.state == "apart"]
    if apart:
        console.say(f"`{flows.network.names[flows.start]}` does not depend on {', '.join(apart)}")


def _worst(flow: PathSummary) -> list[str]:
    """Where least comes through: the operation, and its factor."""
    if flow.worst is None or flow.worst_operation is None:
        return ["", "", ""]
    return [flow.worst, flow.worst_operation, _size(flow.worst_factor)]


def _size(size: float | None) -> str:
    return "none" if size is None else short(size, DIGITS)


def _show_path(flows: GradientFlow, name: str) -> None:
    from graphlang.cli.flow_sentences import sentence

    flow, path = flows.to(name), flows.path(name)
    if path:
        rows = [[s.name, s.operation, _size(s.gradient), _size(s.factor)] for s in path]
        rows[-1][-1] = ""
        console.print_table(rows, ["from", "operation", "gradient (rms)", "factor"])
        console.out("")
    console.say(sentence(flows, flow))
    if flow.divides:
        console.say("values on the way are used in several places: this is the path through which most comes")
