"""The parameters of a shared layer by their names: `tok.W`."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics.kinds import NothingSentIn
from graphlang.diagnostics.names import NoSuchPart
from graphlang.resolve.application import Application
from graphlang.resolve.context import Context
from graphlang.resolve.layer_parameters import Values, declared_by, layer_parameters
from graphlang.resolve.scopes import Scope, SharedLayer
from graphlang.resolve.values import POISON
from graphlang.syntax import tree


def shared_parameter(context: Context, shared: SharedLayer, node: tree.Attribute) -> Any:
    """A parameter of a shared layer; POISON after a reported mistake."""
    parameters = shared.instance.parameters
    if shared.operation is None or (parameters is None and (shared.instance.unknown or context.probing)):
        if node.name not in shared.entry.own and not shared.entry.takes_any:
            context.error(NoSuchPart(node.name_span, shared.name, node.name, list(shared.entry.own)))
        return POISON
    if parameters is None:
        parameters = _without_use(context, shared, node)
    if parameters is None:
        return POISON
    if node.name not in parameters:
        return context.poison(NoSuchPart(node.name_span, shared.name, node.name, list(parameters)))
    return parameters[node.name]


def _without_use(context: Context, shared: SharedLayer, node: tree.Attribute) -> Values | None:
    """The parameters of a layer that nothing uses yet; some, as Embedding, know them without a value."""
    assert shared.operation is not None, shared.name
    nothing = [None for _ in shared.entry.tensors]
    try:
        shared.operation.parameters(*nothing)
    except Exception:  # noqa: BLE001 - a layer that looks at a value needs a use first, whatever it raises
        context.error(NothingSentIn(node.span, shared.name))
        return None
    scope = Scope(None, shared.instance.parent or context.root)
    use = Application(shared.entry, shared.operation, shared.attributes, shared.span, scope)
    declared = declared_by(context, use, shared.instance, (), nothing)
    return None if declared is None else layer_parameters(context, use, shared.instance, (), declared)
