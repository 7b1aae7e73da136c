"""The parameters of a layer: created at its first use, and the same for every further use if it is shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphlang.catalog.operation import Parameter, check_taken, owned
from graphlang.diagnostics import Related, Span
from graphlang.diagnostics.names import NeedsCapital
from graphlang.diagnostics.shapes import NotANumberYet, SharedOtherwise
from graphlang.diagnostics.too_large import limit_exceeded
from graphlang.resolve.application import Application
from graphlang.resolve.context import Context
from graphlang.resolve.failures import failure_of_parameters
from graphlang.resolve.inferred import Declared, Inferred
from graphlang.resolve.scopes import Scope
from graphlang.resolve.type_texts import origins, sizes_text
from graphlang.resolve.values import Instance, ParamValue

Values = dict[str, ParamValue]


def new_instance(context: Context, kind: str, scope: Scope, label: str | None, at: Span) -> Instance:
    """One use of a layer or a `def`; inside a shared `def`, the instance that an earlier use created here."""
    instance = Instance(kind, scope.instance, context.order(scope), label, at)
    if scope.memo is not None:
        instance = scope.memo.instance(kind, at, instance)
    if label is not None:
        scope.instance.parts[label] = instance
    return instance


def declared_by(
    context: Context,
    use: Application,
    instance: Instance,
    operands: tuple[Any, ...],
    arrays: list[Any],
    known: Inferred | None = None,
) -> Declared | None:
    """The parameters that a layer declares for its operands; None after a reported mistake."""
    if instance.parameters is None and not may_own(context, instance, use.span):
        return None
    if known is not None:
        return known.declared
    try:
        declared = Declared(owned(use.operation, "parameters", arrays), owned(use.operation, "state", arrays))
        if instance.parameters is None:
            check_taken(use.operation, declared.both, use.entry.own)
    except Exception as error:  # noqa: BLE001 - the code of a user's own layer may raise anything
        context.error(failure_of_parameters(use, instance, operands, error))
        return None
    return declared


def layer_parameters(
    context: Context, use: Application, instance: Instance, operands: tuple[Any, ...], declared: Declared
) -> Values | None:
    """The parameters by the names that `forward` gives them; None after a reported mistake."""
    if instance.parameters is not None:
        both = {} if context.probing else declared.both
        return _checked(context, instance, instance.parameters, both, use.span, operands)
    instance.parameters = _created(context, use, instance, operands, declared.trained, declared.state)
    return instance.parameters


def _created(
    context: Context,
    use: Application,
    instance: Instance,
    operands: tuple[Any, ...],
    trained: Mapping[str, Parameter],
    state: Mapping[str, Parameter],
) -> Values | None:
    parameters: Values = {}
    declared = [(*item, True) for item in trained.items()] + [(*item, False) for item in state.items()]
    for role, parameter, trainable in declared:
        if not _has_numbers_for_sizes(context, role, parameter, instance, use.span, operands):
            return None
        if not count_elements(context, parameter.shape, use.span):
            return None
        array, order = context.array(parameter.shape, "float"), context.order(use.scope)
        value = ParamValue(array, use.span, instance, order, role, parameter.init, trainable)
        parameters[role] = context.add(value)
    return parameters


def _has_numbers_for_sizes(
    context: Context,
    role: str,
    parameter: Parameter,
    instance: Instance,
    span: Span,
    operands: tuple[Any, ...],
) -> bool:
    if context.probing or all(isinstance(s, int) for s in parameter.shape):
        return True
    name = f"{instance.label or instance.kind}.{role}"
    context.error(NotANumberYet(span, origins(operands), name, sizes_text(parameter.shape)))
    return False


def _checked(
    context: Context,
    instance: Instance,
    parameters: Values,
    declared: Mapping[str, Parameter],
    span: Span,
    operands: tuple[Any, ...],
) -> Values | None:
    """The parameters of a shared layer, if this use declares the same shapes; else that is reported."""
    for role, value in parameters.items():
        if role in declared and declared[role].shape != value.array.shape:
            name = f"{instance.label or instance.kind}.{role}"
            has, wants = sizes_text(value.array.shape), sizes_text(declared[role].shape)
            first = [Related(value.span, f"`{name}` got its shape here")] if value.span != span else []
            places = [*first, *origins(operands, span)]
            context.error(SharedOtherwise(span, places, name, has, wants))
            return None
    return parameters


def may_own(context: Context, instance: Instance, span: Span) -> bool:
    """Whether parameters may be created here; a `def` with a lower-case name, a function, has none."""
    for number, definition in reversed(list(enumerate(context.unrolling))):
        name = definition.name
        if not name[:1].isupper():
            # If the parameters belong to a `def` that it calls, the message names that call.
            inside = context.calls[number + 1 :]
            owner, at = inside[0] if inside else (instance.kind, span)
            context.error(NeedsCapital(definition.name_span, name, f"`{owner}`", at))
            return False
    return True


def count_elements(context: Context, shape: Sequence[Any], span: Span) -> bool:
    """Keeps the number of elements of all parameters within the limits."""
    if context.probing:
        return True
    elements = 1
    for size in shape:
        elements *= size
    context.elements += elements
    if context.elements > context.limits.parameters:
        context.error(limit_exceeded(span, "parameters", context.limits.parameters))
        return False
    return True
