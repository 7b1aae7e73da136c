"""The target `json`: the resolved spec, from which `from_spec` makes the same graph."""

from __future__ import annotations

from graphlang.api import Graph


def export(graph: Graph) -> str:
    return graph.spec.model_dump_json(indent=2, exclude_defaults=True) + "\n"
