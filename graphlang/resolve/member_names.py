"""Layers inside layers by their names: `fc1.W`, `enc.fc1.W`, and once all are counted `Affine1.W`."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.kinds import CountedName, InnerLayerAsValue, NothingSentIn
from graphlang.diagnostics.names import NoSuchPart
from graphlang.resolve.context import Context
from graphlang.resolve.full_names import name_instances
from graphlang.resolve.scopes import MISSING, Scope, SharedDefinition, SharedLayer
from graphlang.resolve.values import POISON, Instance
from graphlang.syntax import tree


def instance_of(context: Context, node: Any, scope: Scope) -> Instance | None:
    """The layer, group or `def` that a dotted name stands for, or None."""
    names: list[str] = []
    while isinstance(node, tree.Attribute) and node.name != "T":
        names.append(node.name)
        node = node.value
    if not isinstance(node, tree.Name):
        return None
    instance = _outermost(context, node.name, scope)
    for name in reversed(names):
        if instance is None:
            return None
        instance = instance.parts.get(name) or _counted(context, instance, name)
    return instance


def _outermost(context: Context, name: str, scope: Scope) -> Instance | None:
    callee = scope.find_callable(name)
    if isinstance(callee, SharedDefinition | SharedLayer):
        return callee.instance
    for outer in scope.outward():
        if name in outer.instance.parts:
            return outer.instance.parts[name]
    return _counted(context, context.root, name) if scope.find(name) is MISSING else None


def _counted(context: Context, parent: Instance, name: str) -> Instance | None:
    """The layer with a counted name, as `Affine1`, which is known once every statement is evaluated."""
    if not context.counted:
        return None
    instances = name_instances(context)
    return next((i for i in instances if i.parent is parent and i.name == name), None)


def parameter(context: Context, instance: Instance, node: tree.Attribute) -> Any:
    """A parameter of an instance; POISON after a reported mistake."""
    if instance.parameters is not None and node.name in instance.parameters:
        return instance.parameters[node.name]
    if not instance.unknown or node.name in instance.parts:
        context.error(_no_parameter(context, instance, node))
    return POISON


def _no_parameter(context: Context, instance: Instance, node: tree.Attribute) -> Diagnostic:
    owner = node.value.span.text
    names = [*(instance.parameters or {}), *instance.parts]
    if not names and instance.memo is not None and not instance.memo.instances:
        return NothingSentIn(node.span, owner)
    if node.name in instance.parts:
        parameters = instance.parts[node.name].parameters or {}
        return InnerLayerAsValue(node.span, [f"{owner}.{node.name}.{p}" for p in parameters])
    if is_counter(context, node.name) and not context.counted:
        return counter(node.name, node)
    return NoSuchPart(node.name_span, owner, node.name, names)


def is_counter(context: Context, name: str) -> bool:
    """Whether a name looks like a counted one: the name of a layer or a `def`, then a number."""
    kind = name.rstrip("0123456789")
    return kind not in ("", name) and (kind in context.definitions or context.catalog.find(kind) is not None)


def counter(name: str, node: Any) -> Diagnostic:
    """What to report if a counted name is used before all layers are counted."""
    return CountedName(node.span, name)
