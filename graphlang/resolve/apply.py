"""Applies an operation: infers the type of its result and enters its node, and the parameters of a layer."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphlang.diagnostics import Span
from graphlang.diagnostics.shapes import Hint
from graphlang.resolve.application import Application
from graphlang.resolve.broadcasting import BROADCASTING, is_ambiguous
from graphlang.resolve.context import Context
from graphlang.resolve.failures import failed, report_failure
from graphlang.resolve.forward_calls import result_of_forward
from graphlang.resolve.index_bounds import Bounds, bounds_of_indices, is_index_outside, note_index_bounds
from graphlang.resolve.inferred import INFERRED, Declared, Inferred, inferred, key_of
from graphlang.resolve.layer_parameters import declared_by, layer_parameters, new_instance
from graphlang.resolve.nodes import add_node
from graphlang.resolve.operands import as_value, number_as_value
from graphlang.resolve.scopes import Scope
from graphlang.resolve.type_texts import types_text
from graphlang.resolve.values import POISON, Instance, NodeValue, ParamValue, Value
from graphlang.trace import SymbolicArray

BESIDE_A_VALUE = BROADCASTING | {"where", "take"}
"""Functions that take a plain number beside a value, as `maximum(x, 0)`: it needs no node of its own."""


class Owner(NamedTuple):
    """The instance of a layer and its parameters, as it declares them; a function has neither."""

    instance: Instance | None
    parameters: dict[str, ParamValue]
    declared: Declared = Declared({}, {})


NO_OWNER = Owner(None, {})


def apply_named(context: Context, name: str, operands: tuple[Any, ...], span: Span, scope: Scope) -> Any:
    """Applies an operator or another operation without attributes."""
    entry = context.entry(name)
    return apply(context, Application(entry, context.operation(entry), {}, span, scope), operands)


def apply(context: Context, use: Application, operands: tuple[Any, ...]) -> Any:
    """The result of an operation, a node or several; POISON after a reported mistake."""
    plain = [o for o in operands if not isinstance(o, Value)]
    values = _as_values(context, use, operands) if plain else operands
    if values is None or is_ambiguous(context, use.entry.name, values, use.span):
        return POISON
    arrays = [o.array if isinstance(o, Value) else o for o in values]
    key = None if context.probing else key_of(context.trace, use, arrays)
    known = INFERRED.get(key) if key is not None else None
    owner = _owner(context, use, values, arrays, known)
    if owner is None:
        return POISON
    if known is None or owner.parameters.keys() != known.declared.both.keys():
        result = _inferred(context, use, values, arrays, owner, key)
    else:
        result = known.result_in(context.trace)
        note_index_bounds(use.entry, values, known.bounds, known.ignored)
        _hint(context, use, values, known.hint)
    return POISON if result is POISON else _enter(context, use, values, owner, result)


def _as_values(context: Context, use: Application, operands: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The operands with a node for each size, each list, and each number that needs one; None after a
    reported mistake."""
    bounds = bounds_of_indices(use.entry, use.operation, operands)
    values = _with_nodes(context, use, operands, bounds)
    if any(v is POISON for v in values) or is_index_outside(context, use, bounds, values):
        return None
    return values


def _with_nodes(
    context: Context, use: Application, operands: tuple[Any, ...], indices: Bounds
) -> tuple[Any, ...]:
    at = use.span, use.scope
    values = [as_value(context, o, *at, is_index=i in indices) for i, o in enumerate(operands)]
    if use.entry.name not in BESIDE_A_VALUE or not any(isinstance(v, Value) for v in values):
        values = [number_as_value(context, v, *at, is_index=i in indices) for i, v in enumerate(values)]
    return tuple(values)


def _owner(
    context: Context,
    use: Application,
    operands: tuple[Any, ...],
    arrays: list[Any],
    known: Inferred | None,
) -> Owner | None:
    """The instance of a layer and its parameters; None after a reported mistake."""
    entry = use.entry
    if entry.kind == "function" and not entry.owns:
        return NO_OWNER
    if use.shared is not None and entry.owns:
        instance = use.shared.instance
    else:
        instance = new_instance(context, entry.name, use.scope, use.label, use.span)
    if not entry.owns:
        return Owner(instance, {})
    declared = declared_by(context, use, instance, operands, arrays, known)
    if declared is None:
        return None
    parameters = layer_parameters(context, use, instance, operands, declared)
    return None if parameters is None else Owner(instance, parameters, declared)


def _result(context: Context, use: Application, arrays: list[Any], parameters: dict[str, ParamValue]) -> Any:
    own = {role: value.array for role, value in parameters.items()}
    return result_of_forward(use.entry, use.operation, arrays, own, context.trace)


def _inferred(
    context: Context,
    use: Application,
    operands: tuple[Any, ...],
    arrays: list[Any],
    owner: Owner,
    key: Any,
) -> Any:
    """What `forward` returns, and what the layer says about its operands, which is remembered by the key;
    POISON after a reported mistake."""
    try:
        result = _result(context, use, arrays, owner.parameters)
    except Exception as error:  # noqa: BLE001 - the code of a user's own layer may raise anything
        report_failure(context, use, operands, error)
        return POISON
    try:
        known = inferred(use, arrays, owner.declared, result)
        note_index_bounds(use.entry, operands, known.bounds, known.ignored)
    except Exception as error:  # noqa: BLE001
        context.error(failed(use.entry.name, operands, use.span, error))
        return POISON
    _hint(context, use, operands, known.hint)
    if key is not None and known.result is not None:
        INFERRED[key] = known
    return result


def _hint(context: Context, use: Application, operands: tuple[Any, ...], hint: str | None) -> None:
    if hint:
        context.error(Hint(use.span, use.entry.name, types_text(operands), hint))


def _enter(
    context: Context, use: Application, operands: tuple[Any, ...], owner: Owner, result: Any
) -> NodeValue | tuple[NodeValue, ...]:
    """Enters the node of an operation, or one for each of its results."""
    if isinstance(result, tuple | list):
        parts = [
            _node(context, use, operands, owner, part, {**use.attributes, "part": number})
            for number, part in enumerate(result)
        ]
        return tuple(parts)
    node = _node(context, use, operands, owner, result, use.attributes)
    node.instance = owner.instance
    node.label = use.label
    return node


def _node(
    context: Context,
    use: Application,
    operands: tuple[Any, ...],
    owner: Owner,
    result: Any,
    attributes: dict[str, Any],
) -> NodeValue:
    array = result if isinstance(result, SymbolicArray) else _as_array(context, result)
    return add_node(
        context,
        use.scope,
        use.span,
        array,
        use.entry.name,
        operands,
        attributes=attributes,
        parameters=owner.parameters,
    )


def _as_array(context: Context, result: Any) -> SymbolicArray:
    """The array of a result that is a number: of an operation on constants alone, as `zeros(3)`."""
    if hasattr(result, "shape"):
        return context.trace.input(result.shape, result.dtype)
    if isinstance(result, bool):
        return context.array((), "bool")
    return context.array((), "int" if isinstance(result, int) else "float")
