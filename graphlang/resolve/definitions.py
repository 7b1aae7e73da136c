"""Calls of a `def`: binds the arguments to its formals and unrolls its body where it is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.diagnostics import Span
from graphlang.diagnostics.arguments import (
    ArgumentTwice,
    MissingOfSignature,
    NothingToWorkOn,
    TooManyArguments,
)
from graphlang.diagnostics.statements import ReturnCount
from graphlang.resolve import dimensions
from graphlang.resolve.block import block, changed_names
from graphlang.resolve.call_arguments import CallSite, unknown_attribute
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.formals import bind_formals
from graphlang.resolve.layer_parameters import new_instance
from graphlang.resolve.scopes import Definition, Scope, SharedDefinition
from graphlang.resolve.trials import Trial
from graphlang.resolve.values import POISON, Instance, Memo, Region, Value
from graphlang.syntax import tree

Arguments = dict[str, tuple[Any, Span]]
"""The value of each formal that is given one, and where it comes from."""


def call_shared_definition(context: Context, shared: SharedDefinition, site: CallSite, scope: Scope) -> Steps:
    """`enc(x)`: the call's arguments come first, then those that `layer enc = Block(3)` was given."""
    site = site._replace(arguments=[*site.arguments, *shared.arguments])
    return call_definition(context, shared.definition, site, scope, shared)


def call_definition(
    context: Context,
    definition: Definition,
    site: CallSite,
    scope: Scope,
    shared: SharedDefinition | None = None,
) -> Steps:
    """The result of a `def`; POISON after a reported mistake."""
    _count(context, site.span)
    arguments = yield _evaluate_arguments(context, definition.tree, site, scope)
    if arguments is None or _lacks_arguments(context, definition.tree, site, arguments):
        return POISON
    if any(value is POISON for value, _ in arguments.values()):
        if shared is not None:
            shared.instance.unknown = True
        return POISON
    if shared is not None:
        instance, memo = shared.instance, shared.instance.memo
    else:
        instance = new_instance(context, definition.tree.name, scope, site.label, site.span)
        memo = scope.memo
    if memo is not None and memo is not scope.memo:
        memo.start()
    region = Region("def", scope.region, site.span, instance=instance)
    if definition.tree.name_span.source is not context.source:
        region.kind = "file"
    if id(definition.tree) in context.large_calls and not context.unrolling and not (memo and memo.instances):
        _try(context, definition, arguments, site.span)
    steps = unroll(context, definition, arguments, instance, site.span, memo, region)
    if isinstance(context, Trial):
        steps = context.call(definition, arguments, steps, site.span, memo is not None)
    return (yield steps)


def _try(context: Context, definition: Definition, arguments: Arguments, span: Span) -> None:
    """Refuses a call that would make more than the limits allow, whatever its `if`s decide."""
    trial = Trial(context)
    instance = Instance(definition.tree.name, trial.root, (0, 0), None, span)
    trial.refuse(unroll(trial, definition, trial.arguments(arguments), instance, span, None))


def _count(context: Context, span: Span) -> None:
    """Refuses more calls than the limits allow."""
    context.expansions += 1
    context.refuse_above_limit("calls", len(context.calls) + 1, span)
    context.refuse_above_limit("expansions", context.expansions, span)


def _evaluate_arguments(context: Context, node: tree.Def, site: CallSite, scope: Scope) -> Steps:
    """The arguments by formal; None after a reported mistake in their number or names."""
    free = [f.name for f in node.formals]
    arguments: Arguments = {}
    if site.piped is not None:
        if not free:
            context.error(TooManyArguments(site.span, node.name, _signature(node)))
            return None
        arguments[free.pop(0)] = site.piped.value, site.piped.span
    for argument in site.arguments:
        target = _formal_of(context, node, argument, free, arguments)
        if target is None:
            return None
        free.remove(target)
        arguments[target] = (yield argument.value, scope), argument.span
    return arguments


def _formal_of(
    context: Context, node: tree.Def, argument: tree.Argument, free: Sequence[str], arguments: Arguments
) -> str | None:
    """The formal that an argument is for; None after a reported mistake."""
    if argument.name is None and not free:
        context.error(TooManyArguments(argument.span, node.name, _signature(node)))
        return None
    target = argument.name or free[0]
    if target in arguments:
        context.error(ArgumentTwice(argument.span, node.name, target, arguments[target][1]))
        return None
    if target not in free:
        context.error(unknown_attribute(argument, node.name, target, [f.name for f in node.formals]))
        return None
    return target


def _lacks_arguments(context: Context, node: tree.Def, site: CallSite, arguments: Arguments) -> bool:
    """Whether a formal without a default is given nothing, which is reported."""
    missing = [f.name for f in node.formals if f.name not in arguments and f.default is None]
    if not missing:
        return False
    if not arguments and node.name[:1].isupper():
        context.error(NothingToWorkOn(site.span, node.name, site.span.text))
    else:
        context.error(MissingOfSignature(site.span, node.name, missing, _signature(node)))
    return True


def _signature(node: tree.Def) -> str:
    """A `def` as a call names its formals: `Block(x, units=50)`."""
    formals = (f"{f.name}={f.default.span.text}" if f.default is not None else f.name for f in node.formals)
    return f"{node.name}({', '.join(formals)})"


# ---- the body -------------------------------------------------------------------------------------------


def unroll(
    context: Context,
    definition: Definition,
    arguments: Arguments,
    instance: Instance,
    span: Span,
    memo: Memo | None,
    region: Region | None = None,
) -> Steps:
    """Evaluates the body of a `def` for the arguments of one call."""
    node = definition.tree
    scope = Scope(definition.scope, instance, node.name)
    scope.memo = memo
    scope.region = region
    first, before = id(node) not in context.unrolled, len(context.values)
    context.unrolled.add(id(node))
    context.calls.append((node.name, span))
    context.unrolling.append(node)
    context.groups.append((instance, node.name))
    result: Any = POISON
    if (yield bind_formals(context, definition, arguments, scope)):
        result = yield _body(context, node, scope)
    context.calls.pop()
    context.unrolling.pop()
    if first and id(node) in context.regular_calls and result is not POISON:
        nodes = len(context.values) - before
        context.refuse_repetition(nodes, context.regular_calls[id(node)], span)
    return result


def _body(context: Context, node: tree.Def, scope: Scope) -> Steps:
    """Evaluates the statements of a `def` whose formals are bound."""
    places = {f.name: f.name_span for f in node.formals}
    places |= {n: scope.places[n] for n in scope.dims if n not in places}
    yield block(context, node.body, scope, places, changed_names(node.body))
    return (yield _returned(context, node, scope))


def _returned(context: Context, node: tree.Def, scope: Scope) -> Steps:
    """The values after `return`: one, or a tuple; POISON after a reported mistake."""
    returned = _return_statement(context, node)
    if returned is None:
        return POISON
    scope.order = len(node.body)
    results = []
    for expression in returned.values:
        value = yield expression, scope
        if value is POISON:
            return POISON
        if node.returns is not None and isinstance(value, Value):
            what = f"the result of `{node.name}`"
            if not dimensions.match(context, node.returns, value, scope, what, expression.span):
                return POISON
        results.append(value)
    return results[0] if len(results) == 1 else tuple(results)


def _return_statement(context: Context, node: tree.Def) -> tree.Return | None:
    """The one `return` of a `def`; None after a reported mistake."""
    returns = [s for s in node.body if isinstance(s, tree.Return)]
    if len(returns) == 1:
        return returns[0]
    if returns:
        context.error(ReturnCount.second(returns[1].span, node.name))
    elif not any(type(s) is tree.Broken for s in node.body):
        context.error(ReturnCount.none(node.name_span, node.name))
    return None
