"""Calls of `grad(y, x)`: the gradient of a scalar with respect to a value that it was computed from."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.arguments import MissingOfSignature, TooManyArguments, UnknownAttribute
from graphlang.diagnostics.statements import GradOfOtherKind, GradOfOtherType, WrongGrad
from graphlang.resolve.call_arguments import CallSite, name_span
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.nodes import add_node
from graphlang.resolve.operands import as_value
from graphlang.resolve.scopes import Scope
from graphlang.resolve.type_texts import kind_of, origins, type_text
from graphlang.resolve.values import POISON, NamedTable, NodeValue, Value


def call_grad(context: Context, site: CallSite, scope: Scope) -> Steps:
    """The node of a gradient; POISON after a reported mistake."""
    operands = yield _operands(context, site, scope)
    if operands is None:
        return POISON
    y, x, before = operands
    if isinstance(x, NamedTable):
        x = as_value(context, x, site.arguments[-1].span, scope)
    problem = _not_values(site, y, x) or _no_scalar(site, y) or _no_float(site, x)
    problem = problem or _made_on_the_spot(site, x, before)
    if problem is not None:
        return context.poison(problem)
    array = context.array(x.array.shape, "float")
    return add_node(context, scope, site.span, array, "grad", (y, x))


def _operands(context: Context, site: CallSite, scope: Scope) -> Steps:
    """`y`, `x` and how many values there were before `x`; None after a reported mistake."""
    operands: list[Any] = [site.piped.value] if site.piped is not None else []
    before = 0
    for argument in site.arguments:
        if argument.name is not None:
            context.error(UnknownAttribute(name_span(argument), "grad", argument.name, []))
            return None
        before = len(context.values)
        operands.append((yield context.named(argument.value, scope, "grad")))
    if any(o is POISON for o in operands):
        return None
    if len(operands) > 2:
        context.error(TooManyArguments(site.arguments[-1].span, "grad", "grad(y, x)"))
        return None
    if len(operands) != 2:
        context.error(MissingOfSignature(site.span, "grad", ["y", "x"][len(operands) :], "grad(y, x)"))
        return None
    return (*operands, before)


def _not_values(site: CallSite, y: Any, x: Any) -> Diagnostic | None:
    if isinstance(x, Value) and isinstance(y, Value):
        return None
    which, value = ("y", y) if not isinstance(y, Value) else ("x", x)
    kind: Any = GradOfOtherKind
    if isinstance(value, str):
        kind = GradOfOtherKind.text
    elif isinstance(value, list | tuple):
        kind = GradOfOtherKind.several
    problem: Diagnostic = kind(site.span, (), which, described(value))
    return problem


def _no_scalar(site: CallSite, y: Value) -> Diagnostic | None:
    if y.array.shape == ():
        return None
    return GradOfOtherType.no_scalar(site.arguments[0].span, origins((y,)), type_text(y.array))


def _no_float(site: CallSite, x: Value) -> Diagnostic | None:
    if kind_of(x.array) == "float":
        return None
    return GradOfOtherType.no_float(site.arguments[-1].span, origins((x,)), type_text(x.array))


def _made_on_the_spot(site: CallSite, x: Value, before: int) -> Diagnostic | None:
    """What to report if `x` was created after `y`, so that `y` cannot depend on it."""
    if not isinstance(x, NodeValue) or x.order[1] < before:
        return None
    return WrongGrad.to_later_value(site.arguments[-1].span, ())
