"""How often each `def` will be called, counted on the tree before anything is unrolled.

The counts, except for `most`, are lower bounds: what stands in a branch of `if`, or in a loop whose number of
copies is no literal, may not be evaluated. A `def` that calls itself has no bound here: its depth is limited
while it is unrolled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from graphlang.resolve.scopes import Definition, Module, Scope
from graphlang.resolve.uses import LEAVES, children, values_of
from graphlang.syntax import tree


class CallCounts:
    """The calls of the `def`s of a file."""

    def __init__(self, statements: Sequence[Any], scope: Scope) -> None:
        #: the statements that call a `def`, each with how many calls it makes, indirect ones included
        self.statements: list[tuple[Any, int]] = []
        #: by the `id` of the tree of a `def`: how often it is called altogether
        self.totals: dict[int, int] = {}
        #: the same for the `def`s whose calls all make equally many nodes: nothing in them depends on an `if`
        self.regular: dict[int, int] = {}
        #: by the `id` of the tree of a `def`: how many calls one call makes at most, as far as the text tells
        self.most: dict[int, int] = {}
        self._bodies: dict[int, _Calls] = {}
        #: how many calls one call makes, itself included
        self._calls: dict[int, int] = {}
        #: the `def`s, each after those that it calls
        self._order: list[Definition] = []
        layers = _layers(statements, scope)
        for statement in statements:
            calls = _Calls([statement], scope, layers)
            for definition, _ in (*calls.calls, *calls.possible):
                self._visit(definition)
            if calls.calls:
                self.statements.append((statement, self._number(calls)))
                for definition, times in calls.calls:
                    self._add(definition, times)
        self._add_up()

    def _visit(self, definition: Definition) -> None:
        """Counts what one call of a `def` calls, with a stack of its own: they may call one another to any
        depth."""
        stack = [(definition, False)]
        while stack:
            current, ready = stack.pop()
            key = id(current.tree)
            if ready:
                calls = self._bodies[key]
                self._calls[key] = 1 + self._number(calls)
                both = (*calls.calls, *calls.possible)
                self.most[key] = min(MANY, sum((1 + self.most.get(id(d.tree), MANY)) * t for d, t in both))
                self._order.append(current)
            elif key not in self._calls:
                self._calls[key] = 0  # what a `def` that calls itself adds to itself
                body, formals = current.tree.body, {f.name for f in current.tree.formals}
                calls = _Calls(body, current.scope, _layers(body, current.scope), formals)
                self._bodies[key] = calls
                stack.append((current, True))
                stack += [(called, False) for called, _ in (*calls.calls, *calls.possible)]

    def _number(self, calls: _Calls) -> int:
        return sum(times * self._calls[id(d.tree)] for d, times in calls.calls)

    def _add(self, definition: Definition, times: int) -> None:
        key = id(definition.tree)
        self.totals[key] = self.totals.get(key, 0) + times

    def _add_up(self) -> None:
        for definition in reversed(self._order):
            key = id(definition.tree)
            for called, times in self._bodies[key].calls:
                self._add(called, times * self.totals.get(key, 0))
        for definition in self._order:
            key = id(definition.tree)
            body = self._bodies[key]
            if body.regular and all(id(called.tree) in self.regular for called, _ in body.calls):
                self.regular[key] = self.totals.get(key, 0)


MANY = 10**6
"""A number of calls that stands for all larger ones, and for those of a `def` that calls itself."""
_REPEATING = frozenset((tree.Conditional, tree.Repeat, tree.For, tree.ListFor))
UNKNOWN = 100
"""What an unknown number of copies is taken for."""


class _Calls:
    """The `def`s that some statements surely call, each as often as it stands there."""

    def __init__(
        self,
        statements: Iterable[Any],
        scope: Scope,
        layers: dict[str, Definition],
        hidden: Collection[str] = (),
    ) -> None:
        self.calls: list[tuple[Definition, int]] = []
        #: those that they may call beside
        self.possible: list[tuple[Definition, int]] = []
        #: whether they do the same whatever the values are
        self.regular = True
        self._scope, self._layers, self._hidden = scope, layers, hidden
        stack = [(v, 1, True) for s in statements if type(s) is not tree.LayerDecl for v in values_of(s)]
        while stack:
            node, times, sure = stack.pop()
            kind = type(node)
            if kind is tree.Binary:
                stack += ((node.left, times, sure), (node.right, times, sure))
                continue
            if kind in LEAVES:
                continue
            definition = self._definition(node) if kind is tree.Name or kind is tree.Attribute else None
            if definition is not None:
                (self.calls if sure else self.possible).append((definition, times))
            elif kind in _REPEATING:
                stack += [(child, times * n, sure and known) for child, n, known in self._below(node)]
            elif kind is not tree.Name:
                stack += [(child, times, sure) for child in children(node)]

    def _below(self, node: Any) -> list[tuple[Any, int, bool]]:
        """What is evaluated below an `if` or a loop, how often, and whether that is known."""
        kind = type(node)
        if kind is tree.Conditional:
            self.regular = False
            return [(node.condition, 1, True), (node.then, 1, False), (node.otherwise, 1, False)]
        if kind is tree.Repeat or kind is tree.For:
            return self._copied([stage for entry in node.entries for stage in entry.stages], node)
        return [(node.values, 1, True), *self._copied([node.item], node)]

    def _copied(self, nodes: list[Any], loop: Any) -> list[tuple[Any, int, bool]]:
        """What a loop makes copies of."""
        copies = _copies(loop)
        self.regular = self.regular and copies is not None
        times = UNKNOWN if copies is None else copies
        return [(node, times, copies is not None) for node in nodes if times]

    def _definition(self, node: Any) -> Definition | None:
        """The `def` that a node names."""
        if type(node) is tree.Name:
            return (
                None if node.name in self._hidden else self._layers.get(node.name) or _def(node, self._scope)
            )
        return _def(node, self._scope)


def _layers(statements: Iterable[Any], scope: Scope) -> dict[str, Definition]:
    """The layers that are a `def`: `layer enc = Block(3)`."""
    declared = {s.name: s.stage for s in statements if type(s) is tree.LayerDecl}
    named = {n: _def(s.function if type(s) is tree.Call else s, scope) for n, s in declared.items()}
    return {name: definition for name, definition in named.items() if definition is not None}


def _def(node: Any, scope: Scope) -> Definition | None:
    """The `def` that a name, or a name in an imported file, stands for."""
    target = None
    if type(node) is tree.Name:
        target = scope.find_callable(node.name)
    elif type(node) is tree.Attribute and type(node.value) is tree.Name:
        module = scope.find_callable(node.value.name)
        target = module.scope.callables.get(node.name) if isinstance(module, Module) else None
    return target if isinstance(target, Definition) else None


def _copies(loop: Any) -> int | None:
    """How many copies a loop makes, where that is written there."""
    if type(loop) in (tree.For, tree.ListFor):
        return len(loop.values.items) if type(loop.values) is tree.ListOf else None
    count = loop.count.value if type(loop.count) is tree.Number else None
    return count if isinstance(count, int) else None
