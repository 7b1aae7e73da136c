"""Evaluates operators, lists and conditionals: constants are computed, everything else becomes nodes."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics import Diagnostic, Span
from graphlang.diagnostics.arguments import ListTooDeep, NoCondition, NotKnownBefore
from graphlang.diagnostics.kinds import WrongOperand
from graphlang.resolve import constants
from graphlang.resolve.apply import apply_named
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.operands import as_value, is_operand, is_table, remedy
from graphlang.resolve.scopes import Scope
from graphlang.resolve.values import POISON, NodeValue, Value, without_node
from graphlang.syntax import tree
from graphlang.syntax.operators import ANYTHING, ARRAYS, BINARY, COMPARISON, TRUTH_VALUES, UNARY, Operator
from graphlang.trace import Symbolic

DEEPEST_LIST = 32
OF_CALLS = ("GL401", "GL403", "GL404", "GL405", "GL406")
"""Mistakes in the arguments of a call, whatever the values are."""


def binary(context: Context, node: tree.Binary, scope: Scope) -> Steps:
    """`a + b`"""
    left = yield node.left, scope
    right = yield node.right, scope
    return operate(context, node.operator, (left, node.left.span), (right, node.right.span), node.span, scope)


def operate(
    context: Context, op: str, left: tuple[Any, Span], right: tuple[Any, Span], span: Span, scope: Scope
) -> Any:
    """The result of an operator on two operands, each with its place."""
    a, b = left[0], right[0]
    if a is POISON or b is POISON:
        return POISON
    row = BINARY[op]
    if _is_constant(a, row) and _is_constant(b, row):
        return _computed(context, row, a, b, span)
    for operand, at in (left, right):
        if not is_operand(operand):
            return context.poison(_unusable(operand, op, at))
    value = apply_named(context, row.function, (a, b), span, scope)
    if isinstance(value, NodeValue):
        value.const = _known_result(row, a, b)
    return value


def _is_constant(operand: Any, row: Operator) -> bool:
    """Whether it is no operand for a node; `==` and `!=` compare lists as lists, not as arrays."""
    if isinstance(operand, (Value, tuple)):
        return False
    return row.operands is ANYTHING or not is_table(operand)


def _computed(context: Context, row: Operator, a: Any, b: Any, span: Span) -> Any:
    """The result of an operator on constants."""
    if (
        context.probing
        and row.precedence == COMPARISON
        and a != b
        and (is_size_of_data(a) or is_size_of_data(b))
    ):
        return POISON  # when the `def` is called, the sizes may be the same, or the other one larger
    try:
        return constants.binary_value(row.symbol, a, b)
    except constants.NoValue as no:
        return context.poison(no.at(span))


def is_size_of_data(value: Any) -> bool:
    """Whether it is a size that the data decides."""
    return isinstance(value, Symbolic)


def _unusable(operand: Any, op: str, at: Span) -> Diagnostic:
    return WrongOperand(at, op, constants.described(operand), remedy(operand, at))


def _known_result(row: Operator, left: Any, right: Any) -> Any:
    """The result of an operator on values that are known before running; else None."""
    a, b = without_node(left), without_node(right)
    if isinstance(a, Value) or isinstance(b, Value) or a is None or b is None:
        return None
    if row.operands in (TRUTH_VALUES, ARRAYS):
        return None
    try:
        return constants.binary_value(row.symbol, a, b)
    except constants.NoValue:
        return None


def unary(context: Context, node: tree.Unary, scope: Scope) -> Steps:
    """`-a` and `not a`"""
    operand = yield node.operand, scope
    if is_table(operand):
        operand = as_value(context, operand, node.operand.span, scope)
    if operand is POISON:
        return POISON
    if isinstance(operand, tuple):
        return context.poison(_unusable(operand, node.operator, node.operand.span))
    if not isinstance(operand, Value):
        return _computed_unary(context, node, operand)
    function = UNARY[node.operator].function
    value = apply_named(context, function, (operand,), node.span, scope)
    const = without_node(operand)
    if isinstance(value, NodeValue) and const is not operand and node.operator == "-":
        value.const = -const
    return value


def _computed_unary(context: Context, node: tree.Unary, operand: Any) -> Any:
    try:
        return constants.unary_value(node.operator, operand)
    except constants.NoValue as no:
        return context.poison(no.at(node.span))


def list_of(context: Context, node: tree.ListOf, scope: Scope) -> Steps:
    """`[a, b, c]`"""
    items = []
    for item in node.items:
        value = yield item, scope
        if value is POISON:
            return POISON
        items.append(value)
    if _deeper(items, DEEPEST_LIST):
        return context.poison(ListTooDeep(node.span, DEEPEST_LIST))
    return items


def _deeper(items: list[Any], levels: int) -> bool:
    """Whether lists nest deeper than this; below it, later code may be recursive."""
    while items and levels:
        items = [inner for item in items if isinstance(item, list) for inner in item]
        levels -= 1
    return bool(items)


def conditional(context: Context, node: tree.Conditional, scope: Scope) -> Steps:
    """`a if c else b`, where `c` is known before running."""
    condition = yield context.constant(node.condition, scope)
    if condition is POISON:
        yield _both_branches(context, node, scope)
        return POISON
    condition = without_node(condition)
    if not isinstance(condition, bool):
        return context.poison(_no_condition(node.condition, condition))
    return (yield (node.then if condition else node.otherwise), scope)


def _no_condition(node: Any, condition: Any) -> Diagnostic:
    if isinstance(condition, Value):
        place = condition.span if condition.span != node.span else None
        return NotKnownBefore.condition(node.span, "the condition of `if`", place)
    return NoCondition(node.span, constants.described(condition))


def _both_branches(context: Context, node: tree.Conditional, scope: Scope) -> Steps:
    """Checks both branches if the condition is unknown; shapes need to fit only in the one that is taken."""
    diagnostics = context.collector.diagnostics
    before = len(diagnostics)
    yield node.then, scope
    yield node.otherwise, scope
    diagnostics[before:] = [d for d in diagnostics[before:] if is_of_names(d)]


def is_of_names(diagnostic: Diagnostic) -> bool:
    """Whether a mistake is one of names and arguments, which is one whatever the sizes are."""
    return diagnostic.code.startswith("GL2") or diagnostic.code in OF_CALLS
