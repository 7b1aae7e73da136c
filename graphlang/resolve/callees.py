"""Decides what a call calls: a `def`, a layer, a function or `grad`."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics.kinds import CalledImport, NoSuchModule
from graphlang.diagnostics.names import BuiltInHidden, NoSuchPart
from graphlang.resolve.call_arguments import CallSite
from graphlang.resolve.context import Context
from graphlang.resolve.scopes import Definition, Module, Scope
from graphlang.resolve.values import POISON
from graphlang.syntax import tree

GRAD = "grad"


def callee_of(context: Context, function: Any, scope: Scope, site: CallSite | None = None) -> Any:
    """A Definition, a shared one, a SharedLayer, an Entry, GRAD, or POISON after a reported mistake.

    `site` is the call in the text, which messages suggest an edit for; None for `layer a = b`.
    """
    if isinstance(function, tree.Name):
        return _named(context, function, scope, site)
    if isinstance(function, tree.Attribute):
        return _member(context, function, scope, site)
    if _of_unread_name(function, scope):
        return POISON
    from graphlang.resolve.unknown_calls import of_value

    return context.poison(of_value(context, function, scope, site))


def _of_unread_name(function: Any, scope: Scope) -> bool:
    """Whether it starts from a name whose definition could not be read: `nn.Linear(3)` after `import nn`."""
    while isinstance(function, tree.Call | tree.Attribute):
        function = function.function if isinstance(function, tree.Call) else function.value
    return isinstance(function, tree.Name) and scope.find_callable(function.name) is POISON


def _named(context: Context, function: tree.Name, scope: Scope, site: CallSite | None) -> Any:
    """What a plain name calls."""
    name = function.name
    own = scope.find_callable(name)
    if own is not None:
        return _own(context, function, own)
    if name == GRAD:
        return GRAD
    entry = context.catalog.find(name)
    if entry is not None:
        return entry
    if scope.find(name) is not POISON:
        from graphlang.resolve.unknown_calls import of_name

        context.error(of_name(context, function, scope, site))
    return POISON


def _own(context: Context, function: tree.Name, own: Any) -> Any:
    """What a name calls that the file defines."""
    name = function.name
    if isinstance(own, Module):
        context.error(CalledImport(function.span, name))
        return POISON
    if isinstance(own, Definition):
        _note_hidden(context, name, own)
    return own


def _note_hidden(context: Context, name: str, definition: Definition) -> None:
    """Notes once that a `def` has the name of a built-in operation."""
    if name not in context.noted and context.catalog.find(name) is not None:
        context.collector.add(BuiltInHidden(definition.tree.name_span, name))
    context.noted.add(name)


def _member(context: Context, function: tree.Attribute, scope: Scope, site: CallSite | None) -> Any:
    """What a dotted name calls: a `def` of an imported file; all else is a mistake."""
    owner = function.value.name if isinstance(function.value, tree.Name) else None
    module = scope.find_callable(owner) if owner is not None else None
    if isinstance(module, Module):
        return _of_imported(context, function, module)
    from graphlang.resolve import unknown_calls

    prefix = unknown_calls.module_of(function, scope)
    if prefix is not None:
        context.error(unknown_calls.of_module(context, function, prefix, scope, site))
    elif owner is None:
        context.error(unknown_calls.of_value(context, function, scope, site))
    elif module is not POISON and scope.find(owner) is not POISON:
        if scope.defines(owner):
            context.error(unknown_calls.of_value(context, function, scope, site))
        else:
            context.error(NoSuchModule.not_imported(function.value.span, owner))
    return POISON


def _of_imported(context: Context, function: tree.Attribute, module: Module) -> Any:
    """A `def` of an imported file."""
    definition = module.scope.callables.get(function.name)
    if definition is None and not module.broken:
        parts = list(module.scope.callables)
        context.error(NoSuchPart(function.name_span, module.name, function.name, parts))
    return POISON if definition is None else definition
