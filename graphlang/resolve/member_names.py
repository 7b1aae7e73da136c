"""Parts by their names: `fc1.W`, `enc.fc1.W`, and once everything is counted `Affine1.W`."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics.names import NoSuchPart, WrongKind
from graphlang.resolve.context import Context
from graphlang.resolve.full_names import name_instances
from graphlang.resolve.values import MISSING, POISON, Instance, Scope, SharedDefinition, SharedLayer, Value
from graphlang.syntax import tree


def instance_of(context: Context, node: Any, scope: Scope) -> Instance | None:
    """The layer, group or `def` that a name or names with points stand for; None where they do not."""
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
    inner: Scope | None = scope
    while inner is not None:
        if name in inner.instance.parts:
            return inner.instance.parts[name]
        inner = inner.parent
    return _counted(context, context.root, name) if scope.find(name) is MISSING else None


def _counted(context: Context, parent: Instance, name: str) -> Instance | None:
    """What a counter names, as `Affine1`: known when every statement has been elaborated."""
    if not context.counted:
        return None
    path = parent.path()
    return name_instances(context).get(f"{path}.{name}" if path else name)


def parameter(context: Context, instance: Instance, node: tree.Attribute) -> Value | Any:
    """A parameter of an instance; POISON after a reported mistake."""
    owner = node.value.span.text
    if instance.parameters is not None and node.name in instance.parameters:
        return instance.parameters[node.name]
    if instance.unknown and node.name not in instance.parts:
        return POISON
    listed = [*(instance.parameters or {}), *instance.parts]
    if not listed and instance.memo is not None and not instance.memo.made:
        message = f"`{owner}` has no parameters yet: nothing is sent into it"
        context.error(WrongKind(node.span, message, f"use it somewhere: `{owner}(x)`"))
    elif node.name in instance.parts:
        text = f"`{owner}.{node.name}` is a layer, not a value"
        inner = ", ".join(f"`{owner}.{node.name}.{p}`" for p in instance.parts[node.name].parameters or {})
        context.error(WrongKind(node.span, text, f"its parameters are {inner}" if inner else None))
    elif is_counter(context, node.name) and not context.counted:
        context.error(counter(node.name, node))
    else:
        context.error(NoSuchPart(node.name_span, owner, node.name, listed))
    return POISON


def is_counter(context: Context, name: str) -> bool:
    """Whether a name looks like one that counting gives: a layer's or a `def`'s, and a number."""
    kind = name.rstrip("0123456789")
    return kind not in ("", name) and (kind in context.definitions or context.catalog.find(kind) is not None)


def counter(name: str, node: Any) -> WrongKind:
    """What to say where a name is read that is only counted at the end."""
    kind = name.rstrip("0123456789")
    text = f"`{name}` is what counting calls a layer once all are made, so only `expect` can read it"
    return WrongKind(
        node.span,
        text,
        f"give it a name of its own: a label, `fc1: {kind}(...)`, or `layer fc1 = {kind}(...)`",
    )
