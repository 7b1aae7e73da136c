"""The order of the statements of a scope: who needs whom, and what goes in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from graphlang.diagnostics import Collector, Span
from graphlang.diagnostics.names import Cycle, Redefinition
from graphlang.syntax import tree

if TYPE_CHECKING:
    import networkx as nx

Edges = dict[tuple[int, int], str]
"""(definition, user) -> the name that is used, statements by their numbers."""

_LEAVES = (tree.Number, tree.String, tree.Bool, tree.NoneValue, tree.Rest, type(None))


def names_used(root: Any) -> Iterator[tree.Name]:
    """Every use of a name below a node, callables included, in order of appearance; iterative."""
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
            stack.extend(a.value for a in reversed(node.arguments))
            stack.append(node.function)
        elif kind not in _LEAVES:
            stack.extend(reversed(_children(node)))


def _children(node: Any) -> Sequence[Any]:  # noqa: PLR0911 - one line per construct
    match node:
        case tree.Unary():
            return (node.operand,)
        case tree.ListOf():
            return node.items
        case tree.Conditional():
            return (node.then, node.condition, node.otherwise)
        case tree.Attribute():
            return (node.value,)
        case tree.Slice():
            return (node.start, node.stop, node.step)
        case tree.Index():
            return (node.value, *node.items)
        case tree.Pipe():
            return (node.value, *node.stages)
        case tree.Layers() | tree.Residual():
            return [s for e in node.entries for s in e.stages]
        case tree.Repeat():
            return (node.count, *(s for e in node.entries for s in e.stages))
        case tree.For():
            return (node.values, *(s for e in node.entries for s in e.stages))
        case tree.Scan():
            inner = [v for s in node.body for v in _values(s)]
            return (node.values, *(c.value for c in node.carries), *inner)
        case _:
            return _values(node)


def _values(node: Any) -> Sequence[Any]:
    match node:
        case tree.Assign() | tree.Hyper():
            return (node.value,)
        case tree.Next():
            return [c.value for c in node.carries]
        case tree.Yield() | tree.Return():
            return node.values
        case tree.LayerDecl():
            return (node.stage,)
        case tree.Param():
            return (node.init,)
        case tree.Expect():
            return (node.left, node.right)
        case _:
            return ()


def defined(statement: Any) -> list[tuple[str, Span]]:
    """The names that a statement defines."""
    if isinstance(statement, tree.Assign):
        return [(t.name, t.span) for t in statement.targets]
    if isinstance(statement, tree.Input | tree.Param | tree.LayerDecl | tree.Hyper):
        return [(statement.name, statement.name_span)]
    return []


def is_group(entry: tree.Entry) -> bool:
    """Whether the label of an entry names a group: what it labels inside is the group's own."""
    lists = tree.Layers | tree.Repeat | tree.For | tree.Residual
    return len(entry.stages) != 1 or isinstance(entry.stages[0], lists)


Branch = tuple[int, bool, Any]
"""A branch of a conditional, and the branches that it stands in: (conditional, which, outer)."""


def labels(statement: Any) -> list[tuple[str, Span]]:
    """The labels in the layer lists of a statement, but not in `repeat` and `for`: those are numbered.

    The two branches of a conditional may use the same label, for only one of them is built.
    """
    if "{" not in statement.span.text:
        return []
    found: list[tuple[str, Span]] = []
    seen: dict[str, list[Branch | None]] = {}
    stack: list[tuple[Any, Branch | None]] = [(v, None) for v in reversed(_values(statement))]
    while stack:
        node, branch = stack.pop()
        kind = type(node)
        if kind is tree.Layers or kind is tree.Residual:
            for entry in node.entries:
                if entry.label is not None:
                    others = seen.setdefault(entry.label, [])
                    if not others or not all(_exclude(branch, other) for other in others):
                        found.append((entry.label, entry.label_span))
                    others.append(branch)
            inside = [e.stages for e in node.entries if e.label is None or not is_group(e)]
            stack.extend((stage, branch) for stages in reversed(inside) for stage in reversed(stages))
        elif kind is tree.Conditional:
            stack.append((node.otherwise, (id(node), False, branch)))
            stack.append((node.then, (id(node), True, branch)))
        elif kind is tree.Call:
            stack.extend((a.value, branch) for a in reversed(node.arguments))
        elif kind is tree.Binary:
            stack.append((node.right, branch))
            stack.append((node.left, branch))
        elif kind is tree.Scan:
            stack.extend((c.value, branch) for c in reversed(node.carries))
            stack.append((node.values, branch))
        elif kind not in _LEAVES and kind not in (tree.Name, tree.Repeat, tree.For):
            stack.extend((child, branch) for child in reversed(_children(node)))
    return found


def _exclude(a: Branch | None, b: Branch | None) -> bool:
    """Whether two places stand in different branches of one conditional."""
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
    """Enters every defined name with its place; a second definition is reported at both places."""
    for statement in statements:
        for name, span in [*defined(statement), *labels(statement)]:
            if name in places:
                collector.add(Redefinition(span, name, places[name]))
            else:
                places[name] = span


def in_order(statements: Sequence[Any], collector: Collector) -> tuple[list[Any], set[str]]:
    """The statements in an order in which they can be evaluated, and the names that stand in a circle.

    As they stand where that is such an order, which spares most files the import of NetworkX; else NetworkX
    decides, and keeps to the order of the file as far as it can.
    """
    owner: dict[str, int] = {}
    for number, statement in enumerate(statements):
        for name, _ in [*defined(statement), *_label_names(statement)]:
            owner.setdefault(name, number)
    edges: Edges = {}
    shared = {s.name for s in statements if isinstance(s, tree.LayerDecl)}
    first_call = _first_calls(statements, shared) if shared else {}
    for number, statement in enumerate(statements):
        for value in _values(statement):
            for use in names_used(value):
                other = owner.get(use.name)
                if other is not None and (other != number or use.name not in _label_set(statement)):
                    edges[other, number] = use.name
            if shared:
                _after_first_call(edges, value, number, first_call)
    if all(definition < user for definition, user in edges):
        return list(statements), set()
    import networkx as nx

    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(statements)))
    graph.add_edges_from((a, b, {"name": name}) for (a, b), name in edges.items())
    circular = _report_cycles(graph, statements, collector)
    order = nx.lexicographical_topological_sort(graph)
    return [statements[i] for i in order], circular


def _label_names(statement: Any) -> list[tuple[str, Span]]:
    return labels(statement) if isinstance(statement, tree.Assign) else []


def _label_set(statement: Any) -> set[str]:
    return {name for name, _ in _label_names(statement)}


def _first_calls(statements: Sequence[Any], shared: set[str]) -> dict[str, int]:
    """For a shared layer, the first statement that sends a value through it."""
    first: dict[str, int] = {}
    for number, statement in enumerate(statements):
        for value in _values(statement):
            parts = _parts_read(value)
            for use in names_used(value):
                if use.name in shared and id(use) not in parts:
                    first.setdefault(use.name, number)
    return first


def _parts_read(root: Any) -> dict[int, str]:
    """The uses of a name that only read a part of it, as `tok` in `tok.W`."""
    found: dict[int, str] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, tree.Attribute) and isinstance(node.value, tree.Name):
            found[id(node.value)] = node.value.name
        elif isinstance(node, tree.Binary):
            stack += [node.right, node.left]
        elif isinstance(node, tree.Call):
            stack += [node.function, *(a.value for a in node.arguments)]
        elif type(node) is not tree.Name and type(node) not in _LEAVES:
            stack.extend(_children(node))
    return found


def _after_first_call(edges: Edges, value: Any, number: int, first_call: dict[str, int]) -> None:
    """`tok.W` comes after the call that gives `tok` its parameters."""
    for name in _parts_read(value).values():
        call = first_call.get(name)
        if call is not None and call != number and (number, call) not in edges:
            edges[call, number] = name


def _report_cycles(graph: nx.DiGraph[int], statements: Sequence[Any], collector: Collector) -> set[str]:
    """Reports every circle with its path and cuts it open, so that the rest can be looked at."""
    import networkx as nx

    circular: set[str] = set()
    if nx.is_directed_acyclic_graph(graph):
        return circular
    for component in list(nx.strongly_connected_components(graph)):
        first = min(component)
        if len(component) == 1 and not graph.has_edge(first, first):
            continue
        edges = nx.find_cycle(graph.subgraph(component), first)
        # An edge goes from the definition to its user; a reader follows the needs, the other way.
        path = [graph.edges[a, b]["name"] for a, b in reversed(edges)]
        spans = [_place(statements[a], graph.edges[a, b]["name"]) for a, b in reversed(edges)]
        start = min(range(len(path)), key=lambda i: spans[i].start)
        collector.add(Cycle(path[start:] + path[:start], spans[start:] + spans[:start]))
        for number in component:
            circular.update(name for name, _ in defined(statements[number]))
        graph.remove_edges_from([(a, b) for a, b in graph.edges(component) if b in component])
    return circular


def _place(statement: Any, name: str) -> Span:
    for other, span in [*defined(statement), *_label_names(statement)]:
        if other == name:
            return span
    return statement.span  # type: ignore[no-any-return]
