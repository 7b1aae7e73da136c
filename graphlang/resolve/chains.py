"""Evaluates chains, `x -> Affine(50) -> Relu`, with the layer lists, `residual`s and loops in them."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics import Diagnostic, Span
from graphlang.diagnostics.arguments import NoCount, NotKnownBefore
from graphlang.diagnostics.shapes import ResidualMisfit
from graphlang.diagnostics.too_large import limit_exceeded
from graphlang.resolve.broadcasting import broadcasts
from graphlang.resolve.call_arguments import Piped
from graphlang.resolve.calls import call_stage
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.labels import is_group
from graphlang.resolve.layer_parameters import new_instance
from graphlang.resolve.loops import no_list, report_hidden, scope_of_round
from graphlang.resolve.operators import is_size_of_data, operate
from graphlang.resolve.scopes import Scope
from graphlang.resolve.type_texts import origins, type_text
from graphlang.resolve.values import POISON, NodeValue, Region, Value, is_integer, without_node
from graphlang.syntax import tree


def pipe(context: Context, node: tree.Pipe, scope: Scope) -> Steps:
    """`x -> Affine(50) -> Relu`"""
    value = yield node.value, scope
    for stage in node.stages:
        # After a mistake the later stages are still evaluated, for mistakes in their arguments.
        value = yield _through(context, stage, Piped(value, node.value.span), scope)
    return value


def _through(context: Context, stage: Any, piped: Piped, scope: Scope, label: str | None = None) -> Steps:
    """The steps that send a value through one stage of a chain."""
    kind = type(stage)
    if kind is tree.Layers:
        return _entries(context, stage.entries, piped, scope)
    if kind is tree.Residual:
        return _residual(context, stage, piped, scope)
    if kind is tree.Repeat:
        return _repeat(context, stage, piped, scope)
    if kind is tree.For:
        return _for(context, stage, piped, scope)
    if kind is tree.Broken:
        return _broken(stage, scope)
    return call_stage(context, stage, piped, scope, label)


def _broken(stage: tree.Broken, scope: Scope) -> Steps:
    """Nothing is known of what a stage defines that could not be read."""
    yield from ()
    scope.names.update(dict.fromkeys(stage.names, POISON))
    return POISON


# ---- layer lists ------------------------------------------------------------------------------------------


def _entries(context: Context, entries: Any, piped: Piped, scope: Scope) -> Steps:
    """Sends a value through a list of layers, `{ fc1: Affine(50); Relu }`."""
    value = piped.value
    for entry in entries:
        label = entry.label
        if label is not None and scope.copied:
            label = _numbered(scope, label)
        grouped = is_group(entry)
        inner = scope if label is None or not grouped else _group(context, label, entry.span, scope)
        for stage in entry.stages:
            value = yield _through(
                context, stage, Piped(value, piped.span), inner, None if grouped else label
            )
        if value is POISON:
            inner.instance.unknown |= inner is not scope
            scope.instance.unknown |= scope.instance.parent is not None
        if entry.label is not None:
            _name_result(value, label, scope)
            scope.names[entry.label] = value
    return value


def _group(context: Context, label: str, span: Span, scope: Scope) -> Scope:
    """The scope of a labelled group of layers, which is an instance of its own."""
    inner = Scope(scope, new_instance(context, label, scope, label, span), scope.definition)
    inner.order = scope.order
    inner.region = Region("layers", scope.region, span, instance=inner.instance)
    context.groups.append((inner.instance, label))
    return inner


def _name_result(value: Any, label: str | None, scope: Scope) -> None:
    if isinstance(value, NodeValue) and value.label is None and not scope.copied:
        value.label = label
        value.group = scope.instance


def _numbered(scope: Scope, label: str) -> str:
    """The label of one copy: `fc1`, `fc2` and so on for `fc`."""
    number = scope.counts.get(label, 0) + 1
    while f"{label}{number}" in scope.instance.taken or f"{label}{number}" in scope.numbered:
        number += 1
    scope.counts[label] = number
    scope.numbered.add(f"{label}{number}")
    return f"{label}{number}"


def _residual(context: Context, stage: tree.Residual, piped: Piped, scope: Scope) -> Steps:
    """`residual { ... }`: the value, plus what the layers compute from it."""
    value = piped.value
    result = yield _entries(context, stage.entries, piped, scope)
    if result is POISON or value is POISON:
        return POISON
    if isinstance(value, Value) and isinstance(result, Value):
        problem = _misfit(value, result, stage)
        if problem is not None:
            return context.poison(problem)
    return operate(context, "+", (value, piped.span), (result, stage.span), stage.span, scope)


def _misfit(x: Value, y: Value, stage: tree.Residual) -> Diagnostic | None:
    """What to report if the result of a `residual` has not the shape of what goes in."""
    if broadcasts(x.array.shape, y.array.shape):
        return None
    operands, a, b = origins((x, y), stage.span), x.array.shape, y.array.shape
    width = a[-1] if a and len(a) == len(b) and a[:-1] == b[:-1] and isinstance(a[-1], int) else None
    return ResidualMisfit(stage.span, operands, type_text(x.array), type_text(y.array), width)


# ---- loops ----------------------------------------------------------------------------------------------


def _repeat(context: Context, stage: tree.Repeat, piped: Piped, scope: Scope) -> Steps:
    """`repeat 3 { ... }`: as many copies of the layers, each with its own parameters."""
    count = without_node((yield context.constant(stage.count, scope)))
    if count is POISON or (context.probing and is_size_of_data(count)):
        yield _entries(context, stage.entries, Piped(POISON, piped.span), scope.copy("", stage.span))
        return POISON
    problem = _no_count(context, stage.count, count)
    if problem is not None:
        return context.poison(problem)
    literal = type(stage.count) is tree.Number
    around = context.copies, context.repeats
    context.repeats *= count
    context.copies = context.copies * count if literal else context.repeats
    context.refuse_repetition(1, context.copies, stage.span)
    value = yield _copies(context, stage, count, piped, scope)
    context.copies, context.repeats = around
    return value


def _copies(context: Context, stage: tree.Repeat, count: int, piped: Piped, scope: Scope) -> Steps:
    """One copy after the other; the second tells how many nodes each of the others will make."""
    value = piped.value
    for number in range(1, count + 1):
        before = len(context.values)
        inner = scope.copy(f"repeat {number} of {count}", stage.span)
        value = yield _entries(context, stage.entries, Piped(value, piped.span), inner)
        if value is POISON:
            return POISON
        if number == 2:
            context.refuse_repetition(len(context.values) - before, context.copies, stage.span)
    return value


def _no_count(context: Context, node: Any, count: Any) -> Diagnostic | None:
    """What to report for a value that is no number of copies."""
    if isinstance(count, Value) or is_size_of_data(count):
        return NotKnownBefore.attribute(node.span, "the count of `repeat`", None)
    if not is_integer(count) or count < 0:
        divided = isinstance(node, tree.Binary) and node.operator == "/"
        return (NoCount.fraction if divided else NoCount)(node.span, described(count))
    if count > context.limits.unrolled:
        return limit_exceeded(node.span, "unrolled", context.limits.unrolled)
    return None


def _for(context: Context, stage: tree.For, piped: Piped, scope: Scope) -> Steps:
    """`for c in [16, 32] { ... }`: one copy of the layers for each item."""
    problem = _range(stage.values)
    outside, context.among_attributes = context.among_attributes, True
    items = POISON if problem is not None else (yield stage.values, scope)
    context.among_attributes = outside
    if items is POISON:
        items = [POISON]  # one round, for mistakes in the layers
    problem = problem or no_list(stage.values, items)
    if problem is not None:
        context.error(problem)
    if not isinstance(items, list | tuple):
        return POISON
    report_hidden(context, stage.variables, scope)
    around = context.copies
    if type(stage.values) is tree.ListOf or _is_hyper(stage.values, scope):
        context.copies *= max(len(items), 1)
        context.refuse_repetition(1, context.copies, stage.span)
    value = piped.value
    for item in items:
        inner = scope_of_round(context, stage, item, scope)
        value = yield _entries(context, stage.entries, Piped(value, piped.span), inner)
        if value is POISON:
            break
    context.copies = around
    return value


def _is_hyper(values: Any, scope: Scope) -> bool:
    """Whether a list is that of a `hyper`, which is as long in every copy around."""
    return type(values) is tree.Name and values.name in list(scope.outward())[-1].names


def _range(values: Any) -> Diagnostic | None:
    """What to report for `for n in arange(3)`; other values do without the import."""
    if not isinstance(values, tree.Call) or not isinstance(values.function, tree.Name):
        return None
    if values.function.name != "arange":
        return None
    from graphlang.resolve.unknown_calls import of_range

    return of_range(values)
