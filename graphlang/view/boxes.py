"""The boxes of a scene: uses of `def`s, labelled groups and copies in loops, one inside another.

An imported file is no box of its own, for its `def`s may be used at any place; each use of one is.
"""

from __future__ import annotations

from graphlang.spec.models import Spec
from graphlang.spec.network import Network, Node
from graphlang.view.scene import Box


class Boxes:
    """Which box every value is in. Only boxes that hold something are listed."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        #: those that hold something, each after the one that it is in
        self.listed: list[Box] = []
        self._boxes: dict[int, str] = {}
        self._taken: set[str] = set()

    def of_node(self, node: Node) -> str | None:
        """The innermost box of an operation."""
        regions = self._spec.regions
        waiting: list[int] = []
        number = node.spec.region
        while number is not None and number not in self._boxes and number < len(regions):
            waiting.append(number)
            outer = regions[number].outer
            number = outer if outer is not None and outer < number else None
        for inner in reversed(waiting):
            self._enter(inner)
        return None if node.spec.region is None else self._boxes.get(node.spec.region)

    def _enter(self, number: int) -> None:
        region = self._spec.regions[number]
        parent = None if region.outer is None else self._boxes.get(region.outer)
        base = region.label if parent is None else f"{parent}/{region.label}"
        name, count = base, 1
        while name in self._taken:
            count += 1
            name = f"{base} ({count})"
        self._taken.add(name)
        self._boxes[number] = name
        self.listed.append(
            {"id": name, "parent": parent, "label": region.label, "kind": region.kind, "at": region.at}
        )


def boxes_of_leaves(network: Network, boxes: dict[str, str | None]) -> dict[str, str | None]:
    """For every parameter, the box of the operations that use it, if they are in one."""
    users: dict[int, set[str | None]] = {}
    for node in network.nodes:
        if node.name in boxes:
            for number in node.own.values():
                users.setdefault(number, set()).add(boxes[node.name])
    return {network.names[number]: next(iter(inside)) for number, inside in users.items() if len(inside) == 1}
