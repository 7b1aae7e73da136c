"""The names that statements define, by assignment and by labels in layer lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graphlang.diagnostics import Collector, Span
from graphlang.diagnostics.names import Redefinition
from graphlang.resolve.uses import LEAVES, children, values_of
from graphlang.syntax import tree

Branch = tuple[int, bool, Any]
"""A branch of a conditional, and the branch that this is in: (conditional, which, outer)."""
Located = tuple[Any, Branch | None]
"""A node and the branch that it is in."""

_NUMBERED = (tree.Name, tree.Repeat, tree.For, tree.ListFor)
"""Below these there are no labels that keep their names."""


def defined(statement: Any) -> list[tuple[str, Span]]:
    """The names that a statement defines, but for labels."""
    if isinstance(statement, tree.Assign):
        return [(t.name, t.span) for t in statement.targets]
    if isinstance(statement, tree.Input | tree.Param | tree.LayerDecl | tree.Hyper):
        return [(statement.name, statement.name_span)]
    return []


def is_group(entry: tree.Entry) -> bool:
    """Whether the label of an entry names a group, which has labels of its own inside."""
    lists = tree.Layers | tree.Repeat | tree.For | tree.Residual
    return len(entry.stages) != 1 or isinstance(entry.stages[0], lists)


def labels(statement: Any) -> list[tuple[str, Span]]:
    """The labels in the layer lists of a statement, but not in `repeat` and `for`: those are numbered.

    The two branches of a conditional may use the same label, because only one of them is built.
    """
    if "{" not in statement.span.text:
        return []
    defined_labels: list[tuple[str, Span]] = []
    uses: dict[str, list[Branch | None]] = {}
    for entry, branch in _labelled(statement):
        others = uses.setdefault(entry.label, [])
        if not others or not all(_exclude(branch, other) for other in others):
            defined_labels.append((entry.label, entry.label_span))
        others.append(branch)
    return defined_labels


def _labelled(statement: Any) -> Iterator[Located]:
    """The entries with a label, in order of appearance, each with the branch that it is in."""
    stack: list[Located] = [(value, None) for value in reversed(values_of(statement))]
    while stack:
        node, branch = stack.pop()
        if type(node) in (tree.Layers, tree.Residual):
            yield from ((entry, branch) for entry in node.entries if entry.label is not None)
        stack.extend(reversed(_inside(node, branch)))


def _inside(node: Any, branch: Branch | None) -> list[Located]:
    """What is directly below a node, as far as labels there are the statement's own."""
    kind = type(node)
    if kind in LEAVES or kind in _NUMBERED:
        return []
    if kind is tree.Conditional:
        return [(node.then, (id(node), True, branch)), (node.otherwise, (id(node), False, branch))]
    if kind is tree.Layers or kind is tree.Residual:
        entries = [e for e in node.entries if e.label is None or not is_group(e)]
        return [(stage, branch) for entry in entries for stage in entry.stages]
    if kind is tree.Call:
        return [(argument.value, branch) for argument in node.arguments]
    if kind is tree.Scan:
        return [(node.values, branch), *((carry.value, branch) for carry in node.carries)]
    return [(child, branch) for child in children(node)]


def _exclude(a: Branch | None, b: Branch | None) -> bool:
    """Whether two places are in different branches of one conditional."""
    chosen = {}
    while a is not None:
        chosen[a[0]] = a[1]
        a = a[2]
    while b is not None:
        if chosen.get(b[0], b[1]) != b[1]:
            return True
        b = b[2]
    return False


def find_redefinitions(statements: Sequence[Any], places: dict[str, Span], collector: Collector) -> None:
    """Adds every defined name to `places`; a second definition is reported with both places."""
    for name, span in (pair for s in statements for pair in (*defined(s), *labels(s))):
        if name in places:
            collector.add(Redefinition(span, name, places[name]))
        else:
            places[name] = span
