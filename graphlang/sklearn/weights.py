"""Gives the losses of a graph the weights of rows, where the file does not."""

from __future__ import annotations

from graphlang.api import Graph
from graphlang.sklearn.roles import Roles
from graphlang.spec.models import InputSpec, NodeSpec
from graphlang.training.sections import section_of

ROLE = "sample_weight"
"""What a loss calls the weights of rows."""


def with_weights(graph: Graph, roles: Roles) -> tuple[Graph, Roles]:
    """A graph with an input for weights, which go into every loss of y that is minimized.

    Raises ValueError where none of them takes weights.
    """
    network, spec = graph.network, graph.spec
    section = section_of(graph.model, "fit")
    minimized = [section.minimize, *(objective.loss for objective in section.objectives)]
    needed = network.ancestors([network.numbers[name] for name in minimized])
    name = ROLE
    while name in network.numbers:
        name += "_"
    changed = {
        node.name: _weighted(node, place, name)
        for node in spec.nodes
        if needed[network.numbers[node.name]]
        and (place := _place(graph, node)) is not None
        and roles.t in network.inputs_of([node.name])
    }
    if not changed:
        raise ValueError(
            f"sample_weight is given, but no loss behind `{section.minimize}` takes it: minimize one of "
            "graphlang's losses, as `SoftmaxWithLoss(y, t)`, or declare `input w: float[N]` and write it "
            "into yours"
        )
    rows = (spec.inputs[[i.name for i in spec.inputs].index(roles.x)].shape or ("N",))[:1]
    more = {
        "inputs": (*spec.inputs, InputSpec(name=name, shape=rows)),
        "nodes": tuple(changed.get(node.name, node) for node in spec.nodes),
    }
    backend = graph.model.backend
    weighted = Graph(
        spec.model_copy(update=more),
        network.catalog,
        graph.notes,
        dtype=str(graph.dtype),
        seed=graph.seed,
        threads=graph.threads,
        folder=graph.folder,
        backend=None if backend is None else backend.options,
        limits=network.limits,
    )
    return weighted, roles._replace(weight=name)


def _place(graph: Graph, node: NodeSpec) -> int | None:
    """Where a loss takes weights that the file does not give it."""
    entry = graph.network.catalog.find(node.operation)
    if entry is None or ROLE not in entry.tensors:
        return None
    place = entry.tensors.index(ROLE)
    given = place < len(node.operands) and node.operands[place] is not None
    return None if given else place


def _weighted(node: NodeSpec, place: int, name: str) -> NodeSpec:
    operands = [*node.operands, *[None] * (place + 1 - len(node.operands))]
    operands[place] = name
    return node.model_copy(update={"operands": tuple(operands)})
