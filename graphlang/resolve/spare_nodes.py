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
    for node in reversed([v for v in values if isinstance(v, NodeValue)]):
        if node.spare and node.label is None and id(node) not in used:
            dropped |= {id(node), *_unnamed_operands(node)}
        elif id(node) not in dropped:
            used |= _worked_on(node)
    return [value for value in values if id(value) not in dropped - used]


def _unnamed_operands(node: NodeValue) -> set[int]:
    return {id(o) for o in node.operands if isinstance(o, NodeValue) and o.label is None}


def _worked_on(node: NodeValue) -> set[int]:
    """What a node works on, in the body of a `scan` too."""
    inner = () if node.body is None else node.body.nodes
    return {id(o) for n in (node, *inner) for o in n.operands}
