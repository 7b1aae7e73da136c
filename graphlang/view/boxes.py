"""The boxes of a scene: instances of `def`s, labelled groups and copies, one inside another."""

from __future__ import annotations

from graphlang.spec.models import Spec
from graphlang.spec.network import Network, Node
from graphlang.view.scene import Box


class Boxes:
    """Which box every value is in. Only boxes that hold something are listed."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self.used: dict[str, Box] = {}

    @property
    def listed(self) -> list[Box]:
        """The boxes, each after the one that it is in."""
        return list(self.used.values())

    def of_node(self, node: Node) -> str | None:
        """The innermost box of an operation."""
        return self._box(node.spec.group)

    def _box(self, group: str) -> str | None:
        """The box of a group, entered with all that it is in."""
        if not group:
            return None
        if group in self.used:
            return group
        outer = group.rpartition(".")[0]
        parent = self._box(outer)
        spec = self._spec.groups.get(group)
        if spec is None:
            return parent
        self.used[group] = {
            "id": group,
            "parent": parent,
            "label": group.rpartition(".")[2],
            "kind": "def",
            "at": spec.at,
        }
        return group


def boxes_of_leaves(network: Network, boxes: dict[str, str | None]) -> dict[str, str | None]:
    """For every parameter that one operation alone uses, the box of that operation."""
    users: dict[int, list[str]] = {}
    for node in network.nodes:
        if node.name in boxes:
            for number in node.own.values():
                users.setdefault(number, []).append(node.name)
    return {
        network.names[number]: boxes[names[0]]
        for number, names in users.items()
        if len({boxes[name] for name in names}) == 1
    }
