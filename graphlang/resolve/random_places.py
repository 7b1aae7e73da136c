"""What the numbers of a random value follow from where the file gives it no name of its own.

An automatic name counts, so it would not stay the same when another random value is added. Such a value
takes the first named value that is computed from it, and its place among the calls that lead to this value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from graphlang.resolve.context import Context
from graphlang.resolve.values import NodeValue, Value

_Place = tuple[str, int, int]


def place_random_values(context: Context, values: Sequence[Value]) -> None:
    """Sets the `stream` of every random value that has no name of its own; all values have their names."""
    nodes = [value for value in values if isinstance(value, NodeValue)]
    waiting = [node for node in nodes if _is_random(context, node) and not _is_settled(node)]
    if not waiting:
        return
    users = _first_users(nodes)
    places: dict[tuple[str, str], dict[_Place, int]] = {}
    copies: Counter[tuple[str, str, _Place]] = Counter()
    for node in waiting:
        target = _target(node, users)
        if target is None:
            continue
        key = target.name, node.operation
        place = node.span.source.name, node.span.start, node.span.end
        calls = places.setdefault(key, {})
        number = calls.setdefault(place, len(calls))
        copy = copies[(*key, place)]
        copies[(*key, place)] += 1
        node.stream = f"{target.name}: {node.operation} {number}" + (f", copy {copy}" if copy else "")


def _is_random(context: Context, node: NodeValue) -> bool:
    entry = context.catalog.find(node.operation)
    return entry is not None and "stream" in entry.supplied


def _is_settled(value: Value) -> bool:
    """Whether the file gives a value its whole name, so that nothing of it is counted: the uses of a `def`
    that has no label are, and those of one that shares its layers."""
    outward = value.group.outward()
    return value.label is not None and all(o.label is not None and o.memo is None for o in outward)


def _first_users(nodes: Sequence[NodeValue]) -> dict[int, NodeValue]:
    """The first node that each value is an operand of; of what a `scan` yields or carries, the `scan`."""
    users: dict[int, NodeValue] = {}
    for node in nodes:
        results = [] if node.body is None else [*node.body.following, *node.body.yields]
        for value in (*node.operands, *results):
            if isinstance(value, Value):
                users.setdefault(id(value), node)
    return users


def _target(value: NodeValue, users: dict[int, NodeValue]) -> Value | None:
    """The first value on the way from a random one that has a whole name; None where there is none."""
    seen: set[int] = set()
    user = users.get(id(value))
    while user is not None and not _is_settled(user):
        if id(user) in seen:
            return None
        seen.add(id(user))
        user = users.get(id(user))
    return user
