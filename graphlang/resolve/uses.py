"""Walks the tree for the names that it uses; iterative, for trees may be 100,000 levels deep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from graphlang.syntax import tree

LEAVES = frozenset((tree.Number, tree.String, tree.Bool, tree.NoneValue, tree.Rest, type(None)))


def names_used(root: Any) -> Iterator[tree.Name]:
    """Every use of a name below a node, callables included, in order of appearance."""
    stack = [root]
    while stack:
        node = stack.pop()
        kind = type(node)
        if kind is tree.Name:
            yield node
        elif kind is tree.Binary:
            stack.append(node.right)
            stack.append(node.left)
        elif kind is tree.Call:
            stack.extend([argument.value for argument in reversed(node.arguments)])
            stack.append(node.function)
        elif kind not in LEAVES:
            stack.extend(reversed(children(node)))


def children(node: Any) -> Sequence[Any]:
    """The expressions and statements directly below a node, in order of appearance."""
    rule = _CHILDREN.get(type(node))
    return () if rule is None else rule(node)


def values_of(statement: Any) -> Sequence[Any]:
    """The expressions of a statement."""
    rule = _VALUES.get(type(statement))
    return () if rule is None else rule(statement)


def _stages(node: Any) -> list[Any]:
    return [stage for entry in node.entries for stage in entry.stages]


def _of_scan(node: tree.Scan) -> Sequence[Any]:
    inner = [value for statement in node.body for value in values_of(statement)]
    options = (option.value for option in node.options)
    return (node.values, *options, *(c.value for c in node.carries), *inner)


_VALUES: dict[type, Callable[[Any], Sequence[Any]]] = {
    tree.Assign: lambda s: (s.value,),
    tree.Hyper: lambda s: (s.value,),
    tree.Next: lambda s: [c.value for c in s.carries],
    tree.Yield: lambda s: s.values,
    tree.Return: lambda s: s.values,
    tree.LayerDecl: lambda s: (s.stage,),
    tree.Param: lambda s: (s.init,),
    tree.Expect: lambda s: (s.left, s.right),
}
_CHILDREN: dict[type, Callable[[Any], Sequence[Any]]] = {
    **_VALUES,
    tree.Binary: lambda n: (n.left, n.right),
    tree.Call: lambda n: (n.function, *(a.value for a in n.arguments)),
    tree.Unary: lambda n: (n.operand,),
    tree.ListOf: lambda n: n.items,
    tree.TupleOf: lambda n: n.items,
    tree.ListFor: lambda n: (n.item, n.values),
    tree.Conditional: lambda n: (n.then, n.condition, n.otherwise),
    tree.Attribute: lambda n: (n.value,),
    tree.Slice: lambda n: (n.start, n.stop, n.step),
    tree.Index: lambda n: (n.value, *n.items),
    tree.Pipe: lambda n: (n.value, *n.stages),
    tree.Layers: _stages,
    tree.Residual: _stages,
    tree.Repeat: lambda n: (n.count, *_stages(n)),
    tree.For: lambda n: (n.values, *_stages(n)),
    tree.Scan: _of_scan,
}
