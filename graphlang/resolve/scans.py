"""Evaluates `scan`: the body of a recurrence is evaluated once, as a graph of its own inside one node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from graphlang.diagnostics import Diagnostic, Span, closest
from graphlang.diagnostics.names import Redefinition
from graphlang.diagnostics.statements import (
    CountForSequence,
    NoSuchOption,
    NoTimeAxis,
    OptionElsewhere,
    WrongAxis,
    WrongCarry,
    WrongScan,
)
from graphlang.resolve.block import block, changed_names
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.layer_parameters import new_instance
from graphlang.resolve.nodes import add_node
from graphlang.resolve.operands import as_value
from graphlang.resolve.scan_results import last_values, next_values, yielded_values
from graphlang.resolve.scopes import Scope
from graphlang.resolve.type_texts import kind_of, origins, type_text
from graphlang.resolve.values import (
    POISON,
    Body,
    Instance,
    LocalValue,
    NodeValue,
    Value,
    is_integer,
    without_node,
)
from graphlang.syntax import tree


class Start(NamedTuple):
    """What a `scan` starts with: the sequence, and the first value of each carried one."""

    xs: Value
    carried: Sequence[Any]
    axis: int
    reverse: bool


def scan(context: Context, node: tree.Scan, scope: Scope) -> Steps:
    """The result of a `scan`, or a tuple if it yields several values; POISON after a mistake."""
    start = yield _start(context, node, scope)
    if start is None:
        return POISON
    inner, local_values = _inner_scope(context, node, scope, start)
    first = len(context.values)
    _report_hidden(context, node, scope)
    yield _evaluate_body(context, node, inner)
    following = yield next_values(context, node, inner, start.carried)
    yields = yield yielded_values(context, node, inner)
    last = last_values(context, node)
    if following is None or yields is None or last is None:
        return POISON
    nodes = _take_nodes(context, first)
    body = Body([*local_values, *_captured(nodes, local_values)], nodes, following, yields)
    operands = (start.xs, *start.carried, *body.inputs[len(local_values) :])
    return _results(context, node, scope, operands, body, start, last)


def _start(context: Context, node: tree.Scan, scope: Scope) -> Steps:
    """The sequence and the first values; None after a reported mistake."""
    xs = yield node.values, scope
    carried = []
    for carry in node.carries:
        carried.append((yield carry.value, scope))
    if xs is POISON or any(s is POISON for s in carried):
        yield _check_body(context, node, scope)
        return None
    if not isinstance(xs, Value) or not xs.array.shape:
        what = type_text(xs.array) if isinstance(xs, Value) else "a constant"
        context.error(_count(node.values, xs) or NoTimeAxis(node.values.span, (), what))
        return None
    options = yield _options(context, node, xs, scope)
    if options is None:
        return None
    for carry, value in zip(node.carries, carried, strict=True):
        if not isinstance(value, Value | int | float) or isinstance(value, bool):
            context.error(WrongCarry.other_kind(carry.span, (), carry.name))
            return None
    values = zip(carried, node.carries, strict=True)
    return Start(xs, [as_value(context, value, carry.span, scope) for value, carry in values], *options)


def _options(context: Context, node: tree.Scan, xs: Value, scope: Scope) -> Steps:
    """The axis and the direction; None after a reported mistake."""
    ndim = len(xs.array.shape)
    options: dict[str, Any] = {"axis": min(1, ndim - 1), "reverse": False}
    for option in node.options:
        if option.name not in options:
            context.error(_no_option(node, option))
            return None
        options[option.name] = without_node((yield option.value, scope))
    axis, reverse = options["axis"], options["reverse"]
    if axis is POISON or reverse is POISON:
        return None
    if not is_integer(axis) or not -ndim <= axis < ndim:
        context.error(_no_axis(node, xs, ndim))
        return None
    if not isinstance(reverse, bool):
        context.error(WrongScan.wrong_reverse(node.options[-1].span, ()))
        return None
    return axis % ndim, reverse


def _no_axis(node: tree.Scan, xs: Value, ndim: int) -> Diagnostic:
    at = next(option.span for option in node.options if option.name == "axis")
    axes = "no axis but 0" if ndim == 1 else f"the axes 0 to {ndim - 1}"
    return WrongAxis(at, origins((xs,), at), type_text(xs.array), axes, min(1, ndim - 1))


_OPTIONS = {
    **dict.fromkeys("dim time_axis time_dim dimension".split(), "axis"),
    **dict.fromkeys("reversed backwards backward go_backwards".split(), "reverse"),
}


def _count(values: Any, count: Any) -> Diagnostic | None:
    """What to report for a `scan` that goes over a whole number, or over `range(n)`."""
    call = isinstance(values, tree.Call) and isinstance(values.function, tree.Name)
    if call and values.function.name == "range" and len(values.arguments) == 1:
        text = values.arguments[0].span.text
    elif is_integer(count):
        text = values.span.text
    else:
        return None
    return CountForSequence(values.span, (), "a count", f"arange({text})")


def _no_option(node: tree.Scan, option: tree.Argument) -> Diagnostic:
    """What to report for an option that a `scan` does not have, as `h` in `scan x in xs, h = 0 { ... }`."""
    start, name = option.span.start, option.name or ""
    meant = _OPTIONS.get(name.casefold()) or closest(name, ("axis", "reverse"))
    if meant is not None:
        place = Span(start, start + len(name), option.span.source)
        return OptionElsewhere(place, (), name, place, meant)
    comma = option.span.source.text.rindex(",", 0, start)
    source = option.span.source
    return NoSuchOption(Span(comma, comma + 1, source), (), name, Span(comma, start + len(name), source))


def _check_body(context: Context, node: tree.Scan, scope: Scope) -> Steps:
    """Reports what is wrong in the body whatever it goes along."""
    inner = Scope(scope, Instance("scan", scope.instance, context.order(scope)), scope.definition)
    inner.names.update(dict.fromkeys(_places(node), POISON))
    yield _evaluate_body(context, node, inner)
    for statement in node.body:
        values = statement.values if isinstance(statement, tree.Yield) else ()
        carried = statement.carries if isinstance(statement, tree.Next) else ()
        for expression in (*values, *(c.value for c in carried)):
            yield expression, inner


def _places(node: tree.Scan) -> dict[str, Span]:
    """Where the local values of a `scan` are named."""
    return {node.variable: node.variable_span, **{c.name: c.name_span for c in node.carries}}


def _evaluate_body(context: Context, node: tree.Scan, inner: Scope) -> Steps:
    body = [s for s in node.body if isinstance(s, tree.Assign | tree.Broken)]
    yield block(context, body, inner, _places(node), changed_names(body))
    inner.order = len(body)


def _report_hidden(context: Context, node: tree.Scan, scope: Scope) -> None:
    """Reports names of the body that are defined outside of it already."""
    targets = [(t.name, t.span) for s in node.body if isinstance(s, tree.Assign) for t in s.targets]
    for name, span in (*_places(node).items(), *targets):
        outer = scope.place(name)
        if outer is not None:
            context.error(Redefinition(span, name, outer))


def _inner_scope(
    context: Context, node: tree.Scan, scope: Scope, start: Start
) -> tuple[Scope, list[LocalValue]]:
    """The scope of the body, with a local value for the element and for each carried one."""
    instance = new_instance(context, "scan", scope, None, node.span)
    context.groups.append((instance, "scan"))
    inner = Scope(scope, instance, scope.definition)
    shape = (*start.xs.array.shape[: start.axis], *start.xs.array.shape[start.axis + 1 :])
    element = context.array(shape, kind_of(start.xs.array))
    local_values = [LocalValue(element, node.variable_span, instance, (-1, 0), node.variable)]
    inner.names[node.variable] = local_values[0]
    for carry, value in zip(node.carries, start.carried, strict=True):
        if carry.name in inner.names:
            context.error(Redefinition(carry.name_span, carry.name, node.variable_span))
        is_value = isinstance(value, Value)
        array = context.array(*((value.array.shape, kind_of(value.array)) if is_value else ((), "float")))
        local = LocalValue(array, carry.name_span, instance, (-1, 0), carry.name)
        inner.names[carry.name] = local
        local_values.append(local)
    return inner, local_values


def _take_nodes(context: Context, first: int) -> list[NodeValue]:
    """Takes the nodes of the body out of the values of the file.

    Its parameters stay there, and so does a named list outside of it that became a node at this use.
    """
    nodes: list[NodeValue] = []
    others: list[Value] = []
    for value in context.values[first:]:
        if isinstance(value, NodeValue) and value.order[1] >= first:
            nodes.append(value)
        else:
            others.append(value)
    context.values[first:] = others
    return nodes


def _captured(nodes: Sequence[NodeValue], local_values: Sequence[LocalValue]) -> list[Value]:
    """The outer values that the body uses."""
    inside = {id(v) for v in (*nodes, *local_values)}
    operands = [o for node in nodes for o in (*node.operands, *node.parameters.values())]
    captured = {id(o): o for o in operands if isinstance(o, Value) and id(o) not in inside}
    return list(captured.values())


def _results(
    context: Context,
    node: tree.Scan,
    scope: Scope,
    operands: tuple[Any, ...],
    body: Body,
    start: Start,
    last: Sequence[int],
) -> Any:
    """The nodes of a `scan`: one for each value that it yields, then for each one of `last`."""
    length, axis = start.xs.array.shape[start.axis], start.axis
    arrays = []
    for value in body.yields:
        shape = value.array.shape
        if not shape and axis:
            return context.poison(WrongScan.yield_of_scalar(value.span, ()))
        arrays.append(context.trace.input((*shape[:axis], length, *shape[axis:]), value.array.dtype))
    arrays += [
        context.trace.input(body.following[i].array.shape, body.following[i].array.dtype) for i in last
    ]
    way = ({"axis": axis} if axis != 1 else {}) | ({"reverse": True} if start.reverse else {})
    results = []
    for part, array in enumerate(arrays):
        attributes = {"part": part} if len(arrays) > 1 else {}
        if part >= len(body.yields):
            attributes["last"] = last[part - len(body.yields)]
        results.append(
            add_node(
                context, scope, node.span, array, "scan", operands, attributes=attributes | way, body=body
            )
        )
    return results[0] if len(results) == 1 else tuple(results)
