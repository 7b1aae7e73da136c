"""The range of an input of indices (labels, ids), and the diagnostic for the first index outside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from graphlang.diagnostics.inputs import WrongIndex
from graphlang.spec.models import InputSpec
from graphlang.spec.network import Network, Node, Ref


def first_not_allowed(spec: InputSpec, sizes: Mapping[str, int]) -> int | None:
    """One more than the largest index allowed in an input; None if unbounded, or if a size is missing."""
    bound = spec.below if spec.dtype == "int" else None
    if bound is None or isinstance(bound, int):
        return bound
    return bound.bind(sizes) if set(bound.symbols) <= set(sizes) else None


def wrong_index(network: Network, name: str, ids: Any, below: int, ignored: int | None) -> WrongIndex | None:
    """The diagnostic for the first index outside 0 to `below` - 1 that is not `ignored`; or None."""
    if not ids.size or (ids.min() >= 0 and ids.max() < below):
        return None
    wrong = (ids < 0) | (ids >= below)
    if ignored is not None:
        wrong &= ids != ignored
    if not wrong.any():
        return None
    place = tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), ids.shape))
    role, operation = _use(network, name)
    return WrongIndex(name, int(ids[place]), place, below, network.span(name), ignored, role, operation)


Role = Literal["lengths", "ids", "labels"]


def _use(network: Network, name: str) -> tuple[Role | None, str]:
    """What a value is to the operations that look something up by it, where they agree, and one of them."""
    number = network.numbers[name]
    used: dict[Role | None, str] = {}
    for node in network.nodes:
        for role, operand in zip(node.indexed, node.operands, strict=False):
            if type(operand) is Ref and operand.number == number:
                used[_role(network, node, role)] = node.spec.operation
    return next(iter(used.items())) if len(used) == 1 else (None, "")


def _role(network: Network, node: Node, tensor: str) -> Role | None:
    entry = network.catalog.find(node.spec.operation)
    if tensor == "lengths":
        return "lengths"
    if entry is not None and entry.kind == "loss":
        return "labels"
    return "ids" if entry is not None and "vocab" in getattr(entry.target, "model_fields", ()) else None
