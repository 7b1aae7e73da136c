"""The order in which statements are evaluated, each after those that it uses; reports circular ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graphlang.diagnostics import Collector, Span
from graphlang.diagnostics.names import Cycle, DefinitionsInCycle
from graphlang.resolve.labels import defined, labels
from graphlang.resolve.uses import LEAVES, children, names_used, values_of
from graphlang.syntax import tree

Edges = dict[tuple[int, int], str]
"""(definition, user) -> the name that is used, statements by their numbers."""


def in_order(statements: Sequence[Any], collector: Collector) -> tuple[list[Any], set[str]]:
    """The statements in an order of evaluation, and the names that are defined in a circle.

    The order of the file is kept if it is one of evaluation, which spares most files the import of
    NetworkX; otherwise NetworkX decides, and keeps to the order of the file as far as possible.
    """
    edges = _edges(statements)
    if all(definition < user for definition, user in edges):
        return list(statements), set()
    import networkx as nx

    graph: Any = nx.DiGraph()
    graph.add_nodes_from(range(len(statements)))
    graph.add_edges_from((a, b, {"name": name}) for (a, b), name in edges.items())
    circular = _report_cycles(graph, statements, collector)
    order = nx.lexicographical_topological_sort(graph)
    return [statements[i] for i in order], circular


def _edges(statements: Sequence[Any]) -> Edges:
    """Which statement uses a name of which other."""
    owner: dict[str, int] = {}
    for number, statement in enumerate(statements):
        for name, _ in _definitions(statement):
            owner.setdefault(name, number)
    edges: Edges = {}
    shared = {s.name for s in statements if isinstance(s, tree.LayerDecl)}
    first_call = _first_calls(statements, shared) if shared else {}
    for number, statement in enumerate(statements):
        for value in values_of(statement):
            for use in names_used(value):
                other = owner.get(use.name)
                if other is not None and (other != number or use.name not in _own_labels(statement)):
                    edges[other, number] = use.name
            if shared:
                _after_first_call(edges, value, number, first_call)
    return edges


def _definitions(statement: Any) -> list[tuple[str, Span]]:
    """The names that a statement defines, and its labels if it is an assignment."""
    names = defined(statement)
    return [*names, *labels(statement)] if isinstance(statement, tree.Assign) else names


def _own_labels(statement: Any) -> set[str]:
    return {name for name, _ in labels(statement)} if isinstance(statement, tree.Assign) else set()


# ---- shared layers ----------------------------------------------------------------------------------------


def _first_calls(statements: Sequence[Any], shared: set[str]) -> dict[str, int]:
    """For each shared layer, the first statement that sends a value through it."""
    first: dict[str, int] = {}
    for number, statement in enumerate(statements):
        for value in values_of(statement):
            owners = {id(name) for name in _owners(value)}
            for use in names_used(value):
                if use.name in shared and id(use) not in owners:
                    first.setdefault(use.name, number)
    return first


def _owners(root: Any) -> Iterator[tree.Name]:
    """The names of which only a part is used, as `tok` in `tok.W`."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, tree.Attribute) and isinstance(node.value, tree.Name):
            yield node.value
        elif type(node) not in LEAVES:
            stack.extend(reversed(children(node)))


def _after_first_call(edges: Edges, value: Any, number: int, first_call: dict[str, int]) -> None:
    """`tok.W` comes after the call that gives `tok` its parameters."""
    for name in _owners(value):
        call = first_call.get(name.name)
        if call is not None and call != number and (number, call) not in edges:
            edges[call, number] = name.name


# ---- circles ----------------------------------------------------------------------------------------------


def _report_cycles(graph: Any, statements: Sequence[Any], collector: Collector) -> set[str]:
    """Reports every circle with its path, and removes its edges so that the rest can be ordered."""
    import networkx as nx

    circular: set[str] = set()
    if nx.is_directed_acyclic_graph(graph):
        return circular
    for component in list(nx.strongly_connected_components(graph)):
        first = min(component)
        if len(component) == 1 and not graph.has_edge(first, first):
            continue
        collector.add(_cycle(graph, statements, nx.find_cycle(graph.subgraph(component), first)))
        for number in component:
            circular.update(name for name, _ in defined(statements[number]))
        graph.remove_edges_from([(a, b) for a, b in graph.edges(component) if b in component])
    return circular


def _cycle(graph: Any, statements: Sequence[Any], edges: Sequence[tuple[int, int]]) -> Cycle:
    # An edge goes from a definition to its user; a reader goes from a user to what it needs.
    path = [graph.edges[a, b]["name"] for a, b in reversed(edges)]
    spans = [_place(statements[a], graph.edges[a, b]["name"]) for a, b in reversed(edges)]
    start = min(range(len(path)), key=lambda i: spans[i].start)
    kind: type[Cycle] = DefinitionsInCycle
    if len(path) == 1:
        kind = Cycle.of_a_call if _calls(statements[edges[0][0]], path[0]) else Cycle.of_one
    return kind(path[start:] + path[:start], spans[start:] + spans[:start])


def _calls(statement: Any, name: str) -> bool:
    """Whether a statement calls a function of this name."""
    stack = list(values_of(statement))
    while stack:
        node = stack.pop()
        if (
            isinstance(node, tree.Call)
            and isinstance(node.function, tree.Name)
            and node.function.name == name
        ):
            return True
        if type(node) not in LEAVES:
            stack.extend(children(node))
    return False


def _place(statement: Any, name: str) -> Span:
    """Where a statement defines a name."""
    for other, span in _definitions(statement):
        if other == name:
            return span
    return statement.span  # type: ignore[no-any-return]
