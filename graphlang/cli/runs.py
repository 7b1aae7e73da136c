"""The run of a command: forward and backward, on the inputs given or on samples of the data."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options
from graphlang.cli.opened_data import opened_data

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.datasets.dataset import Dataset
    from graphlang.engine.forward import Forward
    from graphlang.engine.result import Result

SAMPLES = 3
"""The number of samples from the file's data for a run without inputs."""


def both_ways(
    graph: Graph, inputs: Mapping[str, Any], arguments: argparse.Namespace
) -> tuple[Forward, Result]:
    """Runs a graph forward, and backward unless a note says why not."""
    forward = graph.forward({**samples(graph, inputs, arguments), **inputs})
    if _can_start(graph, arguments):
        return forward, forward.backward(arguments.seed_gradient, arguments.of)
    return forward, forward.result()


def samples(
    graph: Graph,
    inputs: Mapping[str, Any],
    arguments: argparse.Namespace,
    opened: Callable[[], Dataset] | None = None,
) -> dict[str, Any]:
    """The first samples of the file's data, if it has any and none of its inputs are given.

    `opened` returns the data, by default freshly opened.
    """
    section = graph.spec.data
    missing = [n for n, s in graph.inputs.items() if s.default is None and n not in inputs]
    if section is None or not missing or not set(missing) <= set(section.fields) - set(inputs):
        return {}
    named = {*inputs, *(name for name, _ in arguments.set)}
    if named & set(section.fields):  # do not mix samples of the data with other values
        return {}
    from graphlang.inputs.stand_ins import first_samples

    rows = getattr(arguments, "rows", None) or SAMPLES
    dataset = opened_data(graph, arguments) if opened is None else opened()
    fields = {n: section.fields[n] for n in missing}
    unknown = [n for n in missing if fields[n] not in dataset.train]
    if unknown:
        from graphlang.datasets.dataset import named_fields
        from graphlang.diagnostics import GraphError
        from graphlang.diagnostics.data_fields import UnknownField
        from graphlang.training.section_places import field_place

        available = named_fields(dataset.train)
        spans = {n: field_place(graph.model, fields[n], n) or graph.network.span(n) for n in unknown}
        raise GraphError([UnknownField(n, fields[n], *available, dataset.name, spans[n]) for n in unknown])
    counted = console.counted(min([rows, *(dataset.train[fields[n]].shape[0] for n in missing)]), "sample")
    console.note(f"no inputs are given: running the first {counted} of {dataset.name}")
    return first_samples(fields, dataset, rows, None)


def _can_start(graph: Graph, arguments: argparse.Namespace) -> bool:
    """Whether it is clear which value backward starts from; if not, a note says how to choose."""
    if arguments.of is not None or graph.model.may_start:
        return True
    starts = graph.model.starts
    listed = ", ".join(f"`{name}`" for name in starts)
    floats = [name for name in starts if graph.model.is_float(name)]
    if len(starts) > 1 and floats:
        console.note(f"several outputs, so no gradients: choose one of {listed} with --of NAME")
    elif starts:
        verb = "is" if len(starts) == 1 else "are"
        console.note(f"{listed} {verb} not of type float, so no gradients: choose a value with --of NAME")
    if arguments.seed_gradient is not None:
        raise options.Usage("--seed-gradient needs --of NAME here")
    return False
