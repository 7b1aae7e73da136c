"""Calls: finds what is called, a `def`, a layer or a function, and unrolls or applies it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from graphlang.catalog.finder import Attribute, Entry
from graphlang.catalog.operation import Operation
from graphlang.diagnostics import GraphError, Span
from graphlang.diagnostics.arguments import (
    ArgumentTwice,
    MissingArgument,
    NothingToWorkOn,
    TooManyArguments,
    UnknownAttribute,
    WrongAttribute,
)
from graphlang.diagnostics.names import (
    BuiltInHidden,
    NoSuchPart,
    WrongKind,
)
from graphlang.diagnostics.shapes import WrongShape
from graphlang.diagnostics.too_large import LimitExceeded
from graphlang.resolve.attributes import (
    attribute_value,
    is_positive_size,
    is_size_constant,
    known,
    report_validation,
)
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context, Steps, kind_of, type_text
from graphlang.resolve.nodes import (
    apply,
    as_value,
    instead_of,
    is_operand,
    is_table,
    layer_parameters,
    may_own,
    new_instance,
    origins,
)
from graphlang.resolve.signatures import (
    Bound,
    Piped,
    bind,
    name_span,
)
from graphlang.resolve.values import (
    MISSING,
    POISON,
    Definition,
    Instance,
    Module,
    NamedTable,
    Scope,
    SharedDefinition,
    SharedLayer,
    Value,
)
from graphlang.syntax import tree
from graphlang.trace import Dim, DimScalar


def call(context: Context, node: tree.Call, scope: Scope) -> Steps:
    """`f(a, b, k=v)`"""
    return (yield _call(context, node.function, node.arguments, scope, node.span, None, None, None))


def call_stage(context: Context, stage: Any, value: Any, scope: Scope, at: Span, label: str | None) -> Steps:
    """`value -> stage`"""
    piped = Piped(value, at)
    if isinstance(stage, tree.Call):
        return (yield _call(context, stage.function, stage.arguments, scope, stage.span, piped, label, None))
    if isinstance(stage, tree.Name | tree.Attribute):
        return (yield _call(context, stage, (), scope, stage.span, piped, label, None))
    from graphlang.resolve import unknown_calls

    context.error(unknown_calls.of_stage(context, stage, scope))
    return POISON


def _call(
    context: Context,
    function: Any,
    arguments: Sequence[tree.Argument],
    scope: Scope,
    span: Span,
    piped: Piped | None,
    label: str | None,
    instance: Instance | None,
) -> Steps:
    callee = callee_of(context, function, scope, (span, arguments, piped))
    if callee is POISON:
        return (yield _unknown_call(context, function, arguments, scope, span, piped))
    if isinstance(callee, Definition):
        return (yield _call_definition(context, callee, arguments, scope, span, piped, label))
    if isinstance(callee, SharedDefinition):
        return (yield _call_shared_definition(context, callee, arguments, scope, span, piped))
    if callee == "grad":
        return (yield _grad(context, arguments, scope, span, piped))
    return (yield _call_operation(context, callee, arguments, scope, span, piped, label))


def _unknown_call(
    context: Context,
    function: Any,
    arguments: Sequence[tree.Argument],
    scope: Scope,
    span: Span,
    piped: Piped | None,
) -> Steps:
    """The mistakes of the arguments of what is unknown: a misspelt name takes what it is meant to be."""
    from graphlang.resolve import unknown_calls

    if unknown_calls.holds_layers(function, scope):
        return POISON
    meant = unknown_calls.spelled(context, function, scope)
    if meant is None:
        for argument in arguments:
            if isinstance(argument.value, tree.Call | tree.Pipe | tree.Binary):
                yield argument.value, scope
        return POISON
    bound = bind(context, meant, arguments, span, piped)
    if bound is not None:
        yield _tensor_values(context, meant, bound, scope)
        given = yield attribute_values(context, meant, bound, scope)
        if given is not None:
            make_operation(context, meant, given, bound, span)
    return POISON


def callee_of(context: Context, function: Any, scope: Scope, use: Any = None) -> Any:
    """A Definition, a SharedLayer, an Entry, "grad", or POISON after a reported mistake.

    `use` is the call as it stands in the text, for messages: its place, its arguments, what is piped in.
    """
    if isinstance(function, tree.Attribute) and isinstance(function.value, tree.Name):
        module = scope.find_callable(function.value.name)
        if isinstance(module, Module):
            found = module.scope.callables.get(function.name)
            if found is None and module.broken:
                return POISON
            if found is None:
                parts = list(module.scope.callables)
                context.error(NoSuchPart(function.name_span, module.name, function.name, parts))
                return POISON
            return found
    if isinstance(function, tree.Attribute):
        from graphlang.resolve import unknown_calls

        prefix = unknown_calls.module_of(function, scope)
        if prefix is not None:
            context.error(unknown_calls.of_module(context, function, prefix, scope, use))
            return POISON
    if isinstance(function, tree.Attribute) and isinstance(function.value, tree.Name):
        owner = function.value.name
        if POISON in (scope.find_callable(owner), scope.find(owner)):
            return POISON
        if scope.find(owner) is MISSING and scope.find_callable(owner) is None:
            help = f'import it: `import "{owner}.graph" as {owner}`'
            context.error(WrongKind(function.value.span, f"`{owner}` is no imported file", help))
            return POISON
    if not isinstance(function, tree.Name):
        from graphlang.resolve import unknown_calls

        context.error(unknown_calls.of_value(context, function, scope, use))
        return POISON
    name = function.name
    own = scope.find_callable(name)
    if own is POISON:
        return POISON
    if own is not None:
        if isinstance(own, Module):
            context.error(WrongKind(function.span, f"`{name}` is an imported file; call one of its `def`s"))
            return POISON
        _note_hidden(context, own, name)
        return own
    if name == "grad":
        return "grad"
    entry = context.catalog.find(name)
    if entry is not None:
        return entry
    if scope.find(name) is not POISON:
        from graphlang.resolve import unknown_calls

        context.error(unknown_calls.of_name(context, function, scope, use))
    return POISON


def _note_hidden(context: Context, own: Any, name: str) -> None:
    if isinstance(own, Definition) and name not in context.note_once:
        context.note_once.add(name)
        if context.catalog.find(name) is not None:
            context.collector.add(BuiltInHidden(own.tree.name_span, name))


def _call_operation(
    context: Context,
    callee: Entry | SharedLayer,
    arguments: Sequence[tree.Argument],
    scope: Scope,
    span: Span,
    piped: Piped | None,
    label: str | None,
) -> Steps:
    entry = callee.entry if isinstance(callee, SharedLayer) else callee
    bound = bind(context, entry, arguments, span, piped, shared=isinstance(callee, SharedLayer))
    if bound is None:
        return POISON
    tensors = yield _tensor_values(context, entry, bound, scope)
    if isinstance(callee, SharedLayer):
        if tensors is None or callee.operation is None:
            callee.instance.unknown = True
            return POISON
        return apply(context, entry, callee.operation, callee.attributes, tensors, span, scope, shared=callee)
    given = yield attribute_values(context, entry, bound, scope)
    made = make_operation(context, entry, given, bound, span) if given is not None else None
    if tensors is None and entry.owns:  # else `apply` asks
        instance = new_instance(context, entry.name, scope, label, span)
        instance.unknown = True
        may_own(context, instance, span)
    if tensors is None or made is None:
        return POISON
    operation, attributes = made
    return apply(context, entry, operation, attributes, tensors, span, scope, label=label)


def _tensor_values(context: Context, entry: Entry, bound: Bound, scope: Scope) -> Steps:
    """The operands in the order of `forward`; None after a reported mistake."""
    found: list[Any] = []
    for item in (*(bound.tensors.get(t) for t in entry.tensors), *bound.more):
        if item is None:
            found.append(None)
            continue
        value = item.value if isinstance(item, Piped) else (yield item.value, scope)
        name = entry.tensors[len(found)] if len(found) < len(entry.tensors) else None
        if value is None and name not in entry.optional_tensors:
            context.error(WrongKind(item.span, f"`{entry.name}` works on values, not on `none`"))
            value = POISON
        if isinstance(value, list) and entry.any_tensors and (len(bound.more) == 1 or not is_table(value)):
            if None in value:
                context.error(WrongKind(item.span, f"`{entry.name}` works on values, not on `none`"))
                return None
            found.extend(value)
        else:
            found.append(value)
    while found and found[-1] is None:
        found.pop()
    if any(v is POISON for v in found):
        return None
    for value in found:
        if value is not None and not is_operand(value):
            at = next(iter(bound.tensors.values())) if bound.tensors else bound.more[0]
            message = f"`{entry.name}` works on values, not on {described(value)}"
            context.error(WrongKind(at.span, message, instead_of(value, at.span)))
            return None
    return tuple(found)


def attribute_values(context: Context, entry: Entry, bound: Bound, scope: Scope) -> Steps:
    """What each attribute is given, as plain data; None after a reported mistake."""
    given: dict[str, Any] = {}
    failed = False
    for name, argument in bound.attributes.items():
        attribute = entry.attributes.get(name) or Attribute(name, int, True, None, "")
        value = yield attribute_value(context, attribute, entry.name, argument.value, scope)
        if name not in entry.attributes and value is not POISON and not is_positive_size(value):
            what = f"`{name}` of `{entry.name}` is {described(value)}, and a size is a positive whole number"
            context.error(WrongAttribute(argument.value.span, entry.name, what))
            value = POISON
        failed |= value is POISON
        given[name] = value
    sizes: list[Any] = []
    for argument in bound.sizes:
        value = yield argument.value, scope
        value = known(context, value, argument.span, f"a size of `{entry.name}`")
        failed |= value is POISON
        sizes.extend(value if isinstance(value, list) else [value])
    if failed:
        return None
    if entry.any_sizes:
        for size in sizes:
            if not is_size_constant(size, negative=True):
                context.error(
                    WrongAttribute(bound.sizes[0].span, entry.name, f"{described(size)} is not a size")
                )
                return None
        given[entry.any_sizes] = sizes
    return given


def make_operation(
    context: Context, entry: Entry, given: dict[str, Any], bound: Bound, span: Span
) -> tuple[Operation, dict[str, Any]] | None:
    """The operation, made once for equal attributes, and its attributes; None after a mistake."""
    if not given:
        operation = context.operations.get((entry.name, ""))
        if operation is None:
            operation = context.operations[entry.name, ""] = entry.make({})
        return operation, given
    attributes = dict(given)
    sizes = tuple(attributes.pop(entry.any_sizes)) if entry.any_sizes else ()
    try:
        return entry.make(attributes, sizes), given
    except ValidationError as error:
        if context.probing and any(_has_sizes(value) for value in given.values()):
            return None  # a number where it is called
        places = {name: argument.value.span for name, argument in bound.attributes.items()}
        report_validation(context, error, entry.name, places, span)
    except GraphError as error:
        for diagnostic in error.diagnostics:
            context.error(diagnostic)
    return None


def _has_sizes(value: Any) -> bool:
    return isinstance(value, Dim | DimScalar) or (isinstance(value, list) and any(map(_has_sizes, value)))


def shared_parameter(context: Context, shared: SharedLayer, node: tree.Attribute) -> Any:
    """`tok.W`: a parameter of a shared layer."""
    if shared.operation is None or (shared.instance.parameters is None and shared.instance.unknown):
        if node.name not in shared.entry.own and not shared.entry.takes_any:
            context.error(NoSuchPart(node.name_span, shared.name, node.name, list(shared.entry.own)))
        return POISON
    if shared.instance.parameters is None and context.probing:
        if node.name not in shared.entry.own and not shared.entry.takes_any:
            context.error(NoSuchPart(node.name_span, shared.name, node.name, list(shared.entry.own)))
        return POISON
    if shared.instance.parameters is None:
        # Some layers, as Embedding, know their parameters without seeing a value.
        try:
            shared.operation.parameters(*(None for _ in shared.entry.tensors))
        except Exception:  # noqa: BLE001 - whatever it needs of the tensors, it needs a use first
            message = f"`{shared.name}` has no parameters yet: nothing is sent into it"
            context.error(WrongKind(node.span, message, f"use it somewhere: `{shared.name}(x)`"))
            return POISON
        scope = Scope(None, shared.instance.parent or context.root)
        found = layer_parameters(
            context,
            shared.operation,
            [None for _ in shared.entry.tensors],
            shared.instance,
            shared.span,
            scope,
            (),
            shared.entry.own,
        )
        if found is None:
            return POISON
    parameters = shared.instance.parameters
    assert parameters is not None, shared.name
    if node.name not in parameters:
        context.error(NoSuchPart(node.name_span, shared.name, node.name, list(parameters)))
        return POISON
    return parameters[node.name]


def _call_shared_definition(
    context: Context,
    shared: SharedDefinition,
    arguments: Sequence[tree.Argument],
    scope: Scope,
    span: Span,
    piped: Piped | None,
) -> Steps:
    # The first formals come with the call; what `layer` was given follows.
    return (
        yield _call_definition(
            context, shared.definition, [*arguments, *shared.arguments], scope, span, piped, None, shared
        )
    )


def _call_definition(
    context: Context,
    definition: Definition,
    arguments: Sequence[tree.Argument],
    scope: Scope,
    span: Span,
    piped: Piped | None,
    label: str | None,
    shared: SharedDefinition | None = None,
) -> Steps:
    """Unrolls a `def` where it is called."""
    formals = definition.tree.formals
    name = definition.tree.name
    if len(context.calls) >= context.limits.calls:
        raise GraphError([LimitExceeded(span, "calls", context.limits.calls)])
    context.expansions += 1
    if context.expansions > context.limits.expansions:
        raise GraphError([LimitExceeded(span, "expansions", context.limits.expansions)])
    values: dict[str, tuple[Any, Span]] = {}
    text = f"{name}({', '.join(_formal_text(f) for f in formals)})"
    free = [f.name for f in formals]
    if piped is not None:
        if not free:
            context.error(TooManyArguments(span, name, text))
            return POISON
        values[free.pop(0)] = piped.value, piped.span
    for argument in arguments:
        if argument.name is None and not free:
            context.error(TooManyArguments(argument.span, name, text))
            return POISON
        target = argument.name or free[0]
        if target in values:
            context.error(ArgumentTwice(argument.span, name, target, values[target][1]))
            return POISON
        if target not in free:
            from graphlang.catalog.foreign_names import attribute_meant

            known_names = [f.name for f in formals]
            context.error(
                UnknownAttribute(name_span(argument), name, target, known_names, attribute_meant(target))
            )
            return POISON
        free.remove(target)
        value = yield argument.value, scope
        values[target] = value, argument.span
    missing = [f.name for f in formals if f.name in free and f.default is None]
    if missing:
        if not values and name[:1].isupper():
            context.error(NothingToWorkOn(span, name, span.text))
        else:
            context.error(MissingArgument(span, name, missing, text))
        return POISON
    if any(value is POISON for value, _ in values.values()):
        if shared:
            shared.instance.unknown = True
        return POISON
    instance = shared.instance if shared else new_instance(context, name, scope, label, span)
    memo = shared.instance.memo if shared else scope.memo
    return (yield context.enter(context, definition, values, instance, span, memo, scope))


def _formal_text(formal: tree.Formal) -> str:
    return f"{formal.name}={formal.default.span.text}" if formal.default is not None else formal.name


def _grad(
    context: Context, arguments: Sequence[tree.Argument], scope: Scope, span: Span, piped: Piped | None
) -> Steps:
    """`grad(y, x)`: the gradient of a scalar with respect to any value before it."""
    operands: list[Any] = [piped.value] if piped is not None else []
    before = 0
    for argument in arguments:
        if argument.name is not None:
            context.error(UnknownAttribute(name_span(argument), "grad", argument.name, []))
            return POISON
        before = len(context.values)
        operands.append((yield argument.value, scope))
    if any(o is POISON for o in operands):
        return POISON
    if len(operands) > 2:
        context.error(TooManyArguments(arguments[-1].span, "grad", "grad(y, x)"))
        return POISON
    if len(operands) != 2:
        context.error(MissingArgument(span, "grad", ["y", "x"][len(operands) :], "grad(y, x)"))
        return POISON
    y, x = operands
    if isinstance(x, NamedTable):
        x = as_value(context, x, arguments[-1].span, scope)
    if not isinstance(x, Value) or not isinstance(y, Value):
        which = "y" if not isinstance(y, Value) else "x"
        what = described(y if which == "y" else x)
        context.error(WrongKind(span, f"`{which}` of `grad(y, x)` is {what}, not a value of the graph"))
        return POISON
    if y.array.shape != ():
        message = f"`grad` starts from a scalar, and this is {type_text(y.array)}"
        context.error(
            WrongShape(arguments[0].span, message, "sum it first: `grad(sum(y), x)`", origins((y,)))
        )
        return POISON
    if kind_of(x.array) != "float":
        message = f"`grad` goes to values of type float, and this is {type_text(x.array)}"
        context.error(WrongShape(arguments[-1].span, message, None, origins((x,))))
        return POISON
    if x.kind == "node" and x.order[1] >= before:
        # It came into being after `y`, so `y` cannot be made of it.
        text = arguments[-1].span.text
        message = "`grad` goes back to a value that `y` was computed from, and this one is made on the spot"
        help = f"name it, compute `y` from the name, and take that: `h = {text}`, ..., `grad(y, h)`"
        context.error(WrongKind(arguments[-1].span, message, help))
        return POISON
    array = context.trace.input(x.array.shape, context.dtype("float"))
    value = Value(
        "node", array, span, scope.instance, context.order(scope), operation="grad", operands=(y, x)
    )
    return context.add(value)
