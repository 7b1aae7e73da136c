"""Calls of layers and functions: evaluates the arguments, creates the operation and applies it."""

from __future__ import annotations

from typing import Any, cast

from pydantic import ValidationError

from graphlang.catalog.finder import CatalogEntry, OperationAttribute
from graphlang.catalog.operation import Operation
from graphlang.diagnostics import Diagnostic, GraphError, Span
from graphlang.diagnostics.arguments import NoPositiveSize, NoSizeArgument, SizeOfInput
from graphlang.diagnostics.kinds import WrongArgument
from graphlang.resolve.application import Application
from graphlang.resolve.apply import apply
from graphlang.resolve.attributes import attribute_value, is_size_for_start
from graphlang.resolve.call_arguments import (
    Bound,
    CallSite,
    Piped,
    bind_arguments,
    optional_tensor,
)
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.inferred import made
from graphlang.resolve.known_values import constant_behind
from graphlang.resolve.layer_parameters import may_own, new_instance
from graphlang.resolve.operands import is_operand, is_table, remedy
from graphlang.resolve.scopes import Scope, SharedLayer
from graphlang.resolve.signatures import signature_text
from graphlang.resolve.validation import report_validation
from graphlang.resolve.values import POISON, Value, is_positive_size, is_size_constant, without_node
from graphlang.syntax import tree
from graphlang.trace import Symbolic


def call_operation(context: Context, entry: CatalogEntry, site: CallSite, scope: Scope) -> Steps:
    """`Affine(x, 50)`, `exp(x)`"""
    if entry.optional_tensors:
        site = yield _with_optional_tensors(context, entry, site, scope)
    bound = bind_arguments(context, entry, site)
    if bound is None:
        return POISON
    tensors = yield _tensors(context, entry, bound, scope)
    operation_and_attributes = yield operation_with_attributes(context, entry, bound, site.span, scope)
    if tensors is None:
        _note_unknown_instance(context, entry, site, scope)
    if tensors is None or operation_and_attributes is None:
        return POISON
    operation, attributes = operation_and_attributes
    return apply(context, Application(entry, operation, attributes, site.span, scope, site.label), tensors)


def _with_optional_tensors(context: Context, entry: CatalogEntry, site: CallSite, scope: Scope) -> Steps:
    """The call with the names of the optional tensors that it gives without a name."""
    while (at := optional_tensor(entry, site)) is not None:
        place, name = at
        argument = site.arguments[place]
        value = without_node((yield argument.value, scope))
        if value is not POISON and not isinstance(value, Value):
            break
        arguments = list(site.arguments)
        arguments[place] = tree.Argument(
            name, cast("tree.Expression", Piped(value, argument.span)), argument.span
        )
        site = site._replace(arguments=arguments)
    return site


def _note_unknown_instance(context: Context, entry: CatalogEntry, site: CallSite, scope: Scope) -> None:
    """Creates the instance of a layer with mistakes in what it works on; nothing else is known of it."""
    if entry.owns:
        instance = new_instance(context, entry.name, scope, site.label, site.span)
        instance.unknown = True
        may_own(context, instance, site.span)


def call_shared_layer(context: Context, shared: SharedLayer, site: CallSite, scope: Scope) -> Steps:
    """`tok(x)`, of a layer that `layer tok = ...` has created."""
    bound = bind_arguments(context, shared.entry, site, shared=True)
    if bound is None:
        return POISON
    tensors = yield _tensors(context, shared.entry, bound, scope)
    if tensors is None or shared.operation is None:
        shared.instance.unknown = True
        return POISON
    attributes = shared.attributes
    use = Application(shared.entry, shared.operation, attributes, site.span, scope, None, shared)
    return apply(context, use, tensors)


def check_arguments(context: Context, entry: CatalogEntry, site: CallSite, scope: Scope) -> Steps:
    """Reports the mistakes in the arguments of a call whose name was misspelt."""
    bound = bind_arguments(context, entry, site)
    if bound is not None:
        yield _tensors(context, entry, bound, scope)
        yield operation_with_attributes(context, entry, bound, site.span, scope)


# ---- tensors --------------------------------------------------------------------------------------------


def _tensors(context: Context, entry: CatalogEntry, bound: Bound, scope: Scope) -> Steps:
    """The operands in the order of `forward`; None after a reported mistake."""
    operands: list[Any] = []
    for place, item in enumerate((*(bound.tensors.get(t) for t in entry.tensors), *bound.more)):
        if item is None:
            operands += [None] * (place == len(operands))
            continue
        evaluated = item if isinstance(item, Piped) else item.value
        value = evaluated.value if isinstance(evaluated, Piped) else (yield evaluated, scope)
        optional = entry.tensors[len(operands) : len(operands) + 1]
        if value is None and not set(optional) & set(entry.optional_tensors):
            context.error(_no_none(entry, item.span))
            value = POISON
        spread = _spread(entry, len(operands), value)
        if spread is not None:
            operands.extend(spread)
        elif not _is_list_of_tensors(entry, bound, value):
            operands.append(value)
        elif None in value:
            context.error(_no_none(entry, item.span))
            return None
        else:
            operands.extend(value)
    while operands and operands[-1] is None:
        operands.pop()
    return tuple(operands) if _all_usable(context, entry, bound, operands) else None


def _spread(entry: CatalogEntry, place: int, value: Any) -> list[Any] | None:
    """The values of `start=(h, c)` for the tensors `start` and `start_cell`; None for any other argument."""
    if not isinstance(value, list | tuple) or not any(isinstance(v, Value) for v in value):
        return None
    first = entry.tensors[place : place + 1]
    more = [t for t in entry.tensors[place + 1 :] if first and t.startswith(f"{first[0]}_")]
    return list(value) if more and len(value) == 1 + len(more) else None


def _is_list_of_tensors(entry: CatalogEntry, bound: Bound, value: Any) -> bool:
    """`stack([a, b])`, which is `stack(a, b)`."""
    return (
        isinstance(value, list) and bool(entry.any_tensors) and (len(bound.more) == 1 or not is_table(value))
    )


def _no_none(entry: CatalogEntry, at: Span) -> Diagnostic:
    return WrongArgument(at, entry.name, "`none`")


def _all_usable(context: Context, entry: CatalogEntry, bound: Bound, operands: list[Any]) -> bool:
    if any(v is POISON for v in operands):
        return False
    for value in operands:
        if value is not None and not is_operand(value):
            at = next(iter(bound.tensors.values())) if bound.tensors else bound.more[0]
            wrong = WrongArgument(at.span, entry.name, described(value), remedy(value, at.span))
            context.error(wrong)
            return False
    return True


# ---- attributes ---------------------------------------------------------------------------------------


def operation_with_attributes(
    context: Context, entry: CatalogEntry, bound: Bound, span: Span, scope: Scope
) -> Steps:
    """The operation and its attributes, a pair; None after a reported mistake."""
    attributes = yield _attributes(context, entry, bound, scope)
    if attributes is None:
        return None
    operation = _operation(context, entry, attributes, bound, span)
    return None if operation is None else (operation, attributes)


def _attributes(context: Context, entry: CatalogEntry, bound: Bound, scope: Scope) -> Steps:
    """The attributes of a call as plain data; None after a reported mistake."""
    attributes: dict[str, Any] = {}
    for name, argument in bound.attributes.items():
        attribute = entry.attributes.get(name) or OperationAttribute(name, int, True, None, "")
        if is_size_for_start(attribute, argument, scope):
            value = context.poison(_size_of_input(entry, bound, name, argument))
        else:
            value = yield attribute_value(context, attribute, entry.name, argument.value, scope)
        if name not in entry.attributes and value is not POISON and not is_positive_size(value):
            wrong = NoPositiveSize(argument.value.span, entry.name, name, described(value))
            context.error(wrong)
            value = POISON
        attributes[name] = value
    if entry.any_sizes:
        attributes[entry.any_sizes] = yield _sizes(context, entry, bound, scope)
    return None if any(v is POISON for v in attributes.values()) else attributes


def _size_of_input(entry: CatalogEntry, bound: Bound, name: str, argument: tree.Argument) -> Diagnostic:
    """What to report for `Affine(784, 50)`, where `Affine(50)` is meant."""
    first = next(a.span for a in bound.attributes.values() if a.name is None)
    at = argument.value.span
    surplus = Span(first.start, at.start, at.source)
    return SizeOfInput(at, entry.name, signature_text(entry), name, surplus)


def _sizes(context: Context, entry: CatalogEntry, bound: Bound, scope: Scope) -> Steps:
    """The sizes of an operation that takes any number of them, as `reshape(x, 2, 3)`; POISON after a
    reported mistake."""
    sizes: list[Any] = []
    outside, context.among_attributes = context.among_attributes, True
    for argument in bound.sizes:
        value = yield argument.value, scope
        value = constant_behind(context, value, argument.span, f"a size of `{entry.name}`")
        sizes.extend(value if isinstance(value, list) else [value])
    context.among_attributes = outside
    if any(size is POISON for size in sizes):
        return POISON
    wrong = next((size for size in sizes if not is_size_constant(size, negative=True)), None)
    if wrong is not None:
        return context.poison(NoSizeArgument(bound.sizes[0].span, entry.name, described(wrong)))
    return sizes


def _operation(
    context: Context, entry: CatalogEntry, attributes: dict[str, Any], bound: Bound, span: Span
) -> Operation | None:
    """The operation with these attributes; None after a reported mistake."""
    if not attributes:
        return context.operation(entry)
    named = dict(attributes)
    sizes = tuple(named.pop(entry.any_sizes)) if entry.any_sizes else ()
    try:
        return made(entry, named, sizes)
    except ValidationError as error:
        if not context.probing or not any(_has_sizes(value) for value in attributes.values()):
            places = {name: argument.value.span for name, argument in bound.attributes.items()}
            report_validation(context, error, entry.name, places, span)
    except GraphError as error:
        context.errors(error)
    return None


def _has_sizes(value: Any) -> bool:
    """Whether it contains a size, which is a number once the `def` is called."""
    return isinstance(value, Symbolic) or (isinstance(value, list) and any(map(_has_sizes, value)))
