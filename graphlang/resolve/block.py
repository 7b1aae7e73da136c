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


def block(context: Context, statements: Sequence[Any], scope: Scope, places: dict[str, Span]) -> Steps:
    """Evaluates assignments, parameters and shared layers, each after those that it uses.

    `places` is where names are defined that the statements may not define again.
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
        if type(statement) in EVALUATED:
            yield statement, scope
