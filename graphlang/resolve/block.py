"""Evaluates the statements of a scope, of the file or of a `def`, in an order that their names allow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.diagnostics import Span
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.labels import find_redefinitions
from graphlang.resolve.order import in_order
from graphlang.resolve.scopes import Scope
from graphlang.resolve.values import POISON
from graphlang.syntax import tree

EVALUATED = (tree.Assign, tree.Param, tree.LayerDecl)
"""The statements that a block evaluates; `return` and others belong to what the block is part of."""


def changed_names(statements: Sequence[Any]) -> set[str]:
    """The names that a statement gives another value, which has been reported: `est = 800; est += x`."""
    return {s.word for s in statements if type(s) is tree.Broken and s.word in s.names}


def block(
    context: Context, statements: Sequence[Any], scope: Scope, places: dict[str, Span], changed: set[str]
) -> Steps:
    """Evaluates assignments, parameters and shared layers, each after those that it uses.

    `places` is where names are defined that the statements may not define again, `changed` which of theirs
    have no value that is known.
    """
    for statement in statements:
        if type(statement) is tree.Broken:
            scope.names.update(dict.fromkeys(statement.names, POISON))
            scope.callables.update(dict.fromkeys(statement.names, POISON))
    find_redefinitions(statements, places, context.collector)
    scope.instance.taken.update(places)
    scope.places.update({n: p for n, p in places.items() if n not in scope.places})
    ordered, circular = in_order(statements, context.collector)
    position = {id(s): i for i, s in enumerate(statements)}
    scope.names.update(dict.fromkeys(circular, POISON))
    for statement in ordered:
        scope.order = position[id(statement)]
        if type(statement) is tree.Assign and changed & {target.name for target in statement.targets}:
            scope.names.update({target.name: POISON for target in statement.targets})
        elif type(statement) in EVALUATED:
            yield statement, scope
