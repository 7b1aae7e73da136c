"""How many nodes a file makes at least, counted on the tree before any `def` is unrolled.

`CallCounts` says how often a `def` is called; where all its calls make equally many nodes, the first one
tells the rest. Where an `if` decides, they may differ, and only what is sure is counted here: operators,
layers and functions that work on what is a value for certain, and the smaller branch of each `if`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from graphlang.catalog.finder import Catalog
from graphlang.resolve.compile_time import NAMES
from graphlang.resolve.scopes import Definition, Scope
from graphlang.resolve.uses import LEAVES, children
from graphlang.syntax import tree

WORK = 300_000
"""The most expressions that are looked at: a file that calls its `def`s in many ways is counted in part."""


NO_VALUE, VALUES, VALUE = range(3)
"""What an expression gives for certain: nothing that is known, one value or several of them, one value."""


class Least(NamedTuple):
    """What an expression makes at least, and what it gives for certain."""

    nodes: int = 0
    gives: int = NO_VALUE


class _Call(NamedTuple):
    """A `def`, and which of its formals are values for certain."""

    definition: Definition
    values: frozenset[str]


NOTHING = Least()
Given: TypeAlias = tuple[str | None, Least]
"""An argument, with its name if it has one."""
Known: TypeAlias = Mapping[str, int]
"""What names stand for."""
Counting: TypeAlias = Generator[_Call, Least, Least]
"""Asks for what calls make, one after the other, and returns what all of it makes."""


class LeastNodes:
    """The least numbers of nodes of the statements of a file, and of the calls in them."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._made: dict[tuple[int, frozenset[str]], Least] = {}
        self._work = 0

    def of_statement(self, statement: tree.Assign, known: Known, scope: Scope) -> Least:
        """What an assignment of the file makes."""
        return self._run(self._of_expression(statement.value, known, scope))

    def _run(self, counting: Counting) -> Least:
        """Counts with a stack of its own: `def`s may call one another to any depth."""
        stack: list[tuple[Counting, tuple[int, frozenset[str]] | None]] = [(counting, None)]
        answer: Any = None
        while True:
            current, key = stack[-1]
            try:
                call = current.send(answer)
            except StopIteration as stop:
                answer = stop.value
                stack.pop()
                if key is not None:
                    self._made[key] = answer
                if not stack:
                    return answer if isinstance(answer, Least) else NOTHING
                continue
            place = id(call.definition.tree), call.values
            answer = self._made.get(place)
            if answer is None:
                self._made[place] = NOTHING  # what a `def` that calls itself adds to itself
                stack.append((self._of_call(call), place))

    def _of_call(self, call: _Call) -> Counting:
        """What the body of a `def` makes."""
        node = call.definition.tree
        known = dict.fromkeys((f.name for f in node.formals), NO_VALUE) | dict.fromkeys(call.values, VALUE)
        known |= declared(node.body)
        nodes, result = 0, NO_VALUE
        for statement in node.body:
            if type(statement) is tree.Assign:
                least = yield from self._of_expression(statement.value, known, call.definition.scope)
                nodes += least.nodes
                known |= named(statement, least)
            elif type(statement) is tree.Return:
                for value in statement.values:
                    least = yield from self._of_expression(value, known, call.definition.scope)
                    nodes += least.nodes
                    result = least.gives if len(statement.values) == 1 else NO_VALUE
        return Least(nodes, result)

    def _of_expression(self, root: Any, known: Known, scope: Scope) -> Counting:
        """What an expression makes; its parts come before it, without recursion."""
        parts = [root]
        for part in parts:
            parts += _below(part)
        self._work += len(parts)
        least: dict[int, Least] = {}
        if self._work > WORK:
            return NOTHING
        for part in reversed(parts):
            rule = _RULES.get(type(part))
            if rule is not None:
                least[id(part)] = yield from rule(self, part, least, known, scope)
        return least.get(id(root), NOTHING)

    def _of_function(
        self,
        function: Any,
        first: Least,
        others: Sequence[tuple[str | None, Least]],
        known: Known,
        scope: Scope,
    ) -> Counting:
        """What a layer, a function or a `def` makes of its first operand, beside what the operands make."""
        name = function.name if type(function) is tree.Name else None
        if name is None or name in known:
            return NOTHING
        target = scope.find_callable(name)
        if isinstance(target, Definition):
            return (yield _Call(target, _values_given(target.tree, [(None, first), *others])))
        entry = self._catalog.find(name) if target is None and name not in NAMES else None
        if entry is None or not entry.built_in or not first.gives:
            return NOTHING
        return Least(1, VALUE if entry.kind == "layer" else VALUES)

    # ---- rules, one for each kind of expression -----------------------------------------------------------

    def _name(self, node: tree.Name, least: Any, known: Known, scope: Scope) -> Counting:
        yield from ()
        return Least(0, known.get(node.name, NO_VALUE))

    def _operator(self, node: Any, least: Any, known: Known, scope: Scope) -> Counting:
        yield from ()
        of = [least.get(id(part), NOTHING) for part in _below(node)]
        works = any(part.gives for part in of)
        return Least(sum(part.nodes for part in of) + works, VALUE if works else NO_VALUE)

    def _part(self, node: Any, least: Any, known: Known, scope: Scope) -> Counting:
        """`x[0]` and `x.T`; a part of several values is no node of its own."""
        yield from ()
        of = least.get(id(node.value), NOTHING)
        works = of.gives == VALUE and (type(node) is tree.Index or node.name == "T")
        return Least(of.nodes + works, VALUE if works else NO_VALUE)

    def _conditional(self, node: tree.Conditional, least: Any, known: Known, scope: Scope) -> Counting:
        yield from ()
        branches = least.get(id(node.then), NOTHING), least.get(id(node.otherwise), NOTHING)
        return Least(min(b.nodes for b in branches), min(b.gives for b in branches))

    def _call(self, node: tree.Call, least: Any, known: Known, scope: Scope) -> Counting:
        given = [(a.name, least.get(id(a.value), NOTHING)) for a in node.arguments]
        first, others = (given[0][1], given[1:]) if given and given[0][0] is None else (NOTHING, given)
        made = yield from self._of_function(node.function, first, others, known, scope)
        return Least(made.nodes + sum(part.nodes for name, part in given if name is None), made.gives)

    def _pipe(self, node: tree.Pipe, least: Any, known: Known, scope: Scope) -> Counting:
        current: Least = least.get(id(node.value), NOTHING)
        for stage in node.stages:
            function, arguments = (
                (stage.function, stage.arguments) if type(stage) is tree.Call else (stage, ())
            )
            others = [(a.name, NOTHING) for a in arguments]
            made = yield from self._of_function(function, current, others, known, scope)
            current = Least(current.nodes + made.nodes, made.gives)
        return current


_RULES: dict[type, Any] = {
    tree.Name: LeastNodes._name,
    tree.Binary: LeastNodes._operator,
    tree.Unary: LeastNodes._operator,
    tree.Index: LeastNodes._part,
    tree.Attribute: LeastNodes._part,
    tree.Conditional: LeastNodes._conditional,
    tree.Call: LeastNodes._call,
    tree.Pipe: LeastNodes._pipe,
}


def _below(node: Any) -> Sequence[Any]:
    """The parts of an expression that are looked at."""
    kind = type(node)
    if kind in LEAVES or kind not in _RULES:
        return ()
    if kind is tree.Pipe or kind is tree.Index or kind is tree.Attribute:
        return (node.value,)
    if kind is tree.Call:
        return [argument.value for argument in node.arguments]
    if kind is tree.Conditional:
        return node.then, node.otherwise
    return children(node)


def _values_given(node: tree.Def, given: Iterable[Given]) -> frozenset[str]:
    """Which formals get what is a value for certain."""
    free, values = [f.name for f in node.formals], set()
    for name, least in given:
        if name is None and not free:
            break  # too many, which is reported where it is called
        target = name or free[0]
        if target in free:
            free.remove(target)
            values |= {target} if least.gives == VALUE else set()
    return frozenset(values)


def named(statement: tree.Assign, least: Least) -> dict[str, int]:
    """What the names of an assignment stand for; of several, nothing is known."""
    alone = len(statement.targets) == 1
    return {target.name: least.gives if alone else NO_VALUE for target in statement.targets}


def declared(statements: Iterable[Any]) -> dict[str, int]:
    """What the inputs, parameters and layers of a block stand for."""
    known = {s.name: VALUE for s in statements if type(s) in (tree.Input, tree.Param)}
    return known | {s.name: NO_VALUE for s in statements if type(s) in (tree.LayerDecl, tree.Hyper)}
