"""Nodes of numbers that are known before running, where nothing but the number was wanted."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.resolve.values import NodeValue, Value


def without_spare(values: Sequence[Value]) -> list[Value]:
    """The values without the spare nodes that no other node works on, and without their operands."""
    if not any(isinstance(v, NodeValue) and v.spare for v in values):
        return list(values)
    used: set[int] = set()
    dropped: set[int] = set()
    for value in reversed(values):
        if not isinstance(value, NodeValue):
            continue
        if value.spare and value.label is None and id(value) not in used:
            dropped.add(id(value))
            dropped.update(id(o) for o in value.operands if isinstance(o, NodeValue) and o.label is None)
        elif id(value) not in dropped:
            inner = () if value.body is None else value.body.nodes
            used.update(id(o) for node in (value, *inner) for o in node.operands)
    return [value for value in values if id(value) not in dropped - used]
