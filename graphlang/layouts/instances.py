"""The layers of a network that own parameters: each with the names of its parameters by their roles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphlang.spec.models import NodeSpec
from graphlang.spec.network import Network


@dataclass(frozen=True)
class LayerInstance:
    """A layer with its parameters, however often it is used."""

    #: as the parameters begin: `eye.fc1` of `eye.fc1.W`
    name: str
    operation: str
    #: role -> name of the parameter
    roles: dict[str, str]


def layer_instances(network: Network) -> list[LayerInstance]:
    """The layers of a network, those inside of a `scan` too; a `param` of the file belongs to none."""
    found: dict[str, LayerInstance] = {}
    for spec in _all_nodes(network.spec.nodes):
        for role, name in spec.parameters.items():
            instance = name.removesuffix(f".{role}")
            own = found.setdefault(instance, LayerInstance(instance, spec.operation, {}))
            own.roles[role] = name
    return list(found.values())


def _all_nodes(nodes: tuple[NodeSpec, ...]) -> Iterator[NodeSpec]:
    waiting = [nodes]
    while waiting:
        for spec in waiting.pop():
            yield spec
            if spec.body is not None:
                waiting.append(spec.body.nodes)
