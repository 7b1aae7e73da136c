"""Evaluates `layer fc = Affine(50)`: one instance of a layer or a `def`, whose parameters all uses share."""

from __future__ import annotations

from typing import Any

from graphlang.catalog.finder import CatalogEntry
from graphlang.diagnostics import Diagnostic, Span
from graphlang.diagnostics.kinds import LayersToShare, NoLayerToShare
from graphlang.resolve.call_arguments import CallSite, bind_arguments
from graphlang.resolve.callees import callee_of
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.layer_parameters import new_instance
from graphlang.resolve.operation_calls import operation_with_attributes
from graphlang.resolve.scopes import Definition, Module, Scope, SharedDefinition, SharedLayer
from graphlang.resolve.values import POISON, Instance, Memo
from graphlang.syntax import tree


def layer(context: Context, statement: tree.LayerDecl, scope: Scope) -> Steps:
    """Creates a SharedLayer or a SharedDefinition under the name of the statement."""
    scope.callables[statement.name] = POISON
    stage = statement.stage
    function = stage.function if isinstance(stage, tree.Call) else stage
    named = isinstance(function, tree.Name | tree.Attribute)
    callee = callee_of(context, function, scope) if named else None
    if callee is POISON:
        return
    instance = new_instance(context, statement.name, scope, statement.name, statement.span)
    arguments = tuple(stage.arguments) if isinstance(stage, tree.Call) else ()
    if isinstance(callee, Definition):
        context.groups.append((instance, callee.tree.name))
        instance.memo = instance.memo or Memo()
        scope.callables[statement.name] = SharedDefinition(callee, arguments, instance)
    elif isinstance(callee, CatalogEntry):
        yield _shared_layer(
            context, statement, callee, CallSite(function, arguments, stage.span), instance, scope
        )
    else:
        context.error(_not_shareable(context, statement, callee, scope))


def _shared_layer(
    context: Context,
    statement: tree.LayerDecl,
    entry: CatalogEntry,
    site: CallSite,
    instance: Instance,
    scope: Scope,
) -> Steps:
    bound = bind_arguments(context, entry, site, declared=True)
    if bound is None:
        return
    operation_and_attributes = yield operation_with_attributes(context, entry, bound, site.span, scope)
    instance.unknown = operation_and_attributes is None
    operation, attributes = operation_and_attributes or (None, {})
    scope.callables[statement.name] = SharedLayer(
        statement.name, statement.name_span, entry, operation, attributes, instance
    )


def _not_shareable(context: Context, statement: tree.LayerDecl, callee: Any, scope: Scope) -> Diagnostic:
    """What to report for `layer a = b`, where `b` is neither a layer nor a `def`."""
    at = statement.stage.span
    if isinstance(callee, str | Module):
        return NoLayerToShare(at)
    if isinstance(callee, SharedLayer | SharedDefinition):
        return NoLayerToShare.shared_already(at)
    return _as_definition(context, statement, scope)


def _as_definition(context: Context, statement: tree.LayerDecl, scope: Scope) -> Diagnostic:
    """What to report for a list of layers that is to be shared, which becomes a `def`."""
    name = _free_name(context, statement.name, scope)
    stage, start = statement.stage.span, statement.span.start
    place = Span(start, start, stage.source) if scope.definition is None else None
    return LayersToShare(stage, statement.name, name, place)


def _free_name(context: Context, base: str, scope: Scope) -> str:
    """A name for a `def` that nothing else has."""
    name = f"{base[:1].upper()}{base[1:]}"
    taken = {base, *scope.callable_names(), *scope.visible(), *context.definitions}
    while name in taken or context.catalog.find(name) is not None:
        name += "Block"
    return name
