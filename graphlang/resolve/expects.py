"""Evaluates `expect a == b within 1e-3`: the two sides, and the tolerance."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphlang.diagnostics.statements import ExpectationMakesParameters, ExpectationOfOther, WrongExpectation
from graphlang.resolve.broadcasting import comparable
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context
from graphlang.resolve.operands import as_value, is_operand
from graphlang.resolve.scopes import Scope
from graphlang.resolve.values import POISON, ParamValue, is_integer
from graphlang.syntax import tree


class EvaluatedExpect(NamedTuple):
    """An `expect` with its sides evaluated."""

    statement: tree.Expect
    left: Any
    right: Any
    within: Any


def evaluate_expectation(context: Context, statement: tree.Expect, scope: Scope) -> EvaluatedExpect:
    """Evaluates one `expect`."""
    before = len(context.values)
    nodes = (statement.left, statement.right)
    sides = [context.run(context.named(node, scope, "expect")) for node in nodes]
    within = _tolerance(context, statement, scope)
    for side, node in zip(sides, nodes, strict=True):
        if side is not POISON and not is_operand(side):
            context.error(ExpectationOfOther(node.span, described(side)))
    values = [as_value(context, side, node.span, scope) for side, node in zip(sides, nodes, strict=True)]
    if not any(v is POISON for v in (*sides, *values)):
        comparable(context, values, statement.span)
    _refuse_parameters(context, statement, before)
    left, right = values
    return EvaluatedExpect(statement, left, right, within)


def _tolerance(context: Context, statement: tree.Expect, scope: Scope) -> Any:
    if statement.within is None:
        return None
    within = context.run(context.constant(statement.within, scope))
    if within is POISON:
        return None
    if not (is_integer(within) or isinstance(within, float)) or within < 0:
        context.error(WrongExpectation.no_tolerance(statement.within.span))
    return within


def _refuse_parameters(context: Context, statement: tree.Expect, before: int) -> None:
    """Reports a new parameter: an `expect` is a test, and must not change the network that it tests."""
    for value in context.values[before:]:
        owner = [value.group, *value.group.outward()][-1]
        if isinstance(value, ParamValue) and owner.order[1] >= before:
            context.error(ExpectationMakesParameters(statement.span, owner.kind))
            return
