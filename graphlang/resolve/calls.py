"""Evaluates calls, `f(x)` and `x -> f`: each kind of callee has a module of its own."""

from __future__ import annotations

from typing import Any

from graphlang.resolve.call_arguments import CallSite, Piped
from graphlang.resolve.callees import GRAD, callee_of
from graphlang.resolve.constant_calls import call_of_constants, may_be_constant
from graphlang.resolve.context import Context
from graphlang.resolve.definitions import call_definition, call_shared_definition
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.gradient_calls import call_grad
from graphlang.resolve.operation_calls import call_operation, call_shared_layer, check_arguments
from graphlang.resolve.scopes import Definition, Scope, SharedDefinition, SharedLayer
from graphlang.resolve.values import POISON
from graphlang.syntax import tree


def call(context: Context, node: tree.Call, scope: Scope) -> Steps:
    """`f(a, b, k=v)`"""
    return _call(context, CallSite(node.function, node.arguments, node.span), scope)


def call_stage(context: Context, stage: Any, piped: Piped, scope: Scope, label: str | None) -> Steps:
    """A stage of a chain: `x -> f(a)` or `x -> f`."""
    if isinstance(stage, tree.Call):
        site = CallSite(stage.function, stage.arguments, stage.span, piped, label)
        return _call(context, site, scope)
    if isinstance(stage, tree.Name | tree.Attribute):
        return _call(context, CallSite(stage, (), stage.span, piped, label), scope)
    return _no_stage(context, stage, scope)


def _no_stage(context: Context, stage: Any, scope: Scope) -> Steps:
    """Reports a stage that calls nothing."""
    from graphlang.resolve.unknown_calls import of_stage

    yield from ()
    return context.poison(of_stage(context, stage, scope))


def _call(context: Context, site: CallSite, scope: Scope) -> Steps:
    """The steps of what is called."""
    if may_be_constant(context, site, scope):
        return call_of_constants(
            context, site, scope, lambda evaluated: _of_callee(context, evaluated, scope)
        )
    return _of_callee(context, site, scope)


def _of_callee(context: Context, site: CallSite, scope: Scope) -> Steps:
    callee = callee_of(context, site.function, scope, site)
    if callee is POISON:
        return _unknown_call(context, site, scope)
    if isinstance(callee, Definition):
        return call_definition(context, callee, site, scope)
    if isinstance(callee, SharedDefinition):
        return call_shared_definition(context, callee, site, scope)
    if callee == GRAD:
        return call_grad(context, site, scope)
    if isinstance(callee, SharedLayer):
        return call_shared_layer(context, callee, site, scope)
    return call_operation(context, callee, site, scope)


def _unknown_call(context: Context, site: CallSite, scope: Scope) -> Steps:
    """Checks the arguments of an unknown operation: as those of the one whose name was misspelt, if any."""
    from graphlang.resolve import unknown_calls

    if unknown_calls.holds_layers(site.function, scope):
        return POISON
    meant = unknown_calls.spelled(context, site.function, scope)
    if meant is not None:
        yield check_arguments(context, meant, site, scope)
        return POISON
    for argument in site.arguments:
        if isinstance(argument.value, tree.Call | tree.Pipe | tree.Binary):
            yield argument.value, scope
    return POISON
