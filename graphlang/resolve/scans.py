"""`scan`: elaborates the body of a recurrence once, as a graph of its own inside one node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.diagnostics import Related, Span
from graphlang.diagnostics.names import Redefinition, WrongKind
from graphlang.diagnostics.shapes import WrongShape
from graphlang.resolve import nodes
from graphlang.resolve.context import Context, Steps, kind_of, type_text
from graphlang.resolve.values import POISON, Instance, Scope, Value
from graphlang.syntax import tree
from graphlang.trace import SymbolicArray


class Body:
    """What a `scan` node holds: its local inputs, its values, what is handed on and what is yielded."""

    def __init__(
        self, inputs: list[Value], values: list[Value], following: list[Value], yields: list[Value]
    ) -> None:
        self.inputs = inputs
        self.values = values
        self.following = following
        self.yields = yields


def scan(context: Context, node: tree.Scan, scope: Scope, elaborate: Any) -> Steps:
    """The result of a `scan`, or a tuple where it yields several values; POISON after a mistake."""
    xs = yield node.values, scope
    starts = []
    for carry in node.carries:
        starts.append((yield carry.value, scope))
    if xs is POISON or any(s is POISON for s in starts):
        yield _probed(context, node, scope, elaborate)
        return POISON
    if not isinstance(xs, Value) or len(xs.array.shape) < 2:
        what = type_text(xs.array) if isinstance(xs, Value) else "a constant"
        context.error(WrongKind(node.values.span, f"`scan` goes along axis 1, time, and this is {what}"))
        return POISON
    if not _carries_are_values(context, node, starts):
        return POISON
    starts = [nodes.as_value(context, s, c.span, scope) for s, c in zip(starts, node.carries, strict=True)]
    inner, placeholders = _inner_scope(context, node, scope, xs, starts)
    first = len(context.values)
    places = {node.variable: node.variable_span, **{c.name: c.name_span for c in node.carries}}
    targets = [(t.name, t.span) for s in node.body if isinstance(s, tree.Assign) for t in s.targets]
    for name, span in (*places.items(), *targets):
        outer = scope.place(name)
        if outer is not None:
            context.error(Redefinition(span, name, outer))
    body = [s for s in node.body if isinstance(s, tree.Assign | tree.Broken)]
    yield elaborate(context, body, inner, places)
    inner.order = len(body)
    following = yield _following(context, node, inner, starts)
    yields = yield _yields(context, node, inner)
    made = context.values[first:]
    if following is None or yields is None:
        return POISON
    # What the body makes at every step is no value of the file; its parameters are, and a named list of it.
    values = [v for v in made if v.kind == "node" and v.order[1] >= first]
    context.values[first:] = [v for v in made if v.kind != "node" or v.order[1] < first]
    return _nodes(context, node, scope, xs, starts, placeholders, Body([], values, following, yields))


def _probed(context: Context, node: tree.Scan, scope: Scope, elaborate: Any) -> Steps:
    """Looks into the body where nothing is known of what it goes along."""
    inner = Scope(scope, Instance("scan", scope.instance, context.order(scope)), scope.definition)
    places = {node.variable: node.variable_span, **{c.name: c.name_span for c in node.carries}}
    inner.names.update(dict.fromkeys(places, POISON))
    body = [s for s in node.body if isinstance(s, tree.Assign | tree.Broken)]
    yield elaborate(context, body, inner, places)
    for statement in node.body:
        values = statement.values if isinstance(statement, tree.Yield) else ()
        carried = statement.carries if isinstance(statement, tree.Next) else ()
        for expression in (*values, *(c.value for c in carried)):
            yield expression, inner


def _carries_are_values(context: Context, node: tree.Scan, starts: Sequence[Any]) -> bool:
    for carry, start in zip(node.carries, starts, strict=True):
        if not isinstance(start, Value | int | float) or isinstance(start, bool):
            message = f"`{carry.name}` starts as no value of the graph"
            context.error(WrongKind(carry.span, message, f"start it with `{carry.name} = zeros(...)`"))
            return False
    return True


def _inner_scope(
    context: Context, node: tree.Scan, scope: Scope, xs: Value, starts: Sequence[Any]
) -> tuple[Scope, list[Value]]:
    instance = nodes.new_instance(context, "scan", scope, None, node.span)
    context.groups.append((instance, "scan"))
    inner = Scope(scope, instance, scope.definition)
    shape = (xs.array.shape[0], *xs.array.shape[2:])
    found = [_local(context, node.variable, node.variable_span, shape, kind_of(xs.array), instance)]
    inner.names[node.variable] = found[0]
    for carry, start in zip(node.carries, starts, strict=True):
        if carry.name in inner.names:
            context.error(Redefinition(carry.name_span, carry.name, node.variable_span))
        is_value = isinstance(start, Value)
        sizes = start.array.shape if is_value else ()
        value = _local(
            context,
            carry.name,
            carry.name_span,
            sizes,
            kind_of(start.array) if is_value else "float",
            instance,
        )
        inner.names[carry.name] = value
        found.append(value)
    return inner, found


def _local(
    context: Context, name: str, span: Span, shape: tuple[Any, ...], dtype: str, instance: Instance
) -> Value:
    return Value("local", context.input(shape, dtype), span, instance, (-1, 0), label=name)


def _following(context: Context, node: tree.Scan, inner: Scope, starts: Sequence[Any]) -> Steps:
    """The next value of every carried one, in their order; None after a mistake."""
    given: dict[str, tuple[Any, Span]] = {}
    known = [c.name for c in node.carries]
    for statement in node.body:
        if not isinstance(statement, tree.Next):
            continue
        for carry in statement.carries:
            if carry.name not in known:
                listed = ", ".join(f"`{k}`" for k in known)
                context.error(
                    WrongKind(carry.name_span, f"`{carry.name}` is not carried", f"carried are {listed}")
                )
                return None
            if carry.name in given:
                context.error(Redefinition(carry.name_span, carry.name, given[carry.name][1]))
                return None
            given[carry.name] = (yield carry.value, inner), carry.span
    found = []
    for carry, start in zip(node.carries, starts, strict=True):
        if carry.name not in given:
            if any(isinstance(s, tree.Broken) for s in node.body):
                return None
            message = f"`{carry.name}` is carried, but no `next {carry.name} = ...` hands it on"
            context.error(WrongKind(carry.name_span, message))
            return None
        value, at = given[carry.name]
        if value is POISON:
            return None
        value = _as_node(context, value, at, inner)
        shape = start.array.shape if isinstance(start, Value) else ()
        if not isinstance(value, Value) or value.array.shape != shape:
            what = type_text(value.array) if isinstance(value, Value) else "no value"
            begins = type_text(start.array) if isinstance(start, Value) else "float"
            message = f"`{carry.name}` starts as {begins}, but `next {carry.name}` is {what}"
            context.error(WrongShape(at, message, None, [Related(carry.span, f"it starts as {begins}")]))
            return None
        found.append(value)
    return found


def _as_node(context: Context, value: Any, at: Span, inner: Scope) -> Any:
    """A value that the body itself makes: a constant or an outer one becomes a node of the body."""
    if isinstance(value, int | float):
        array = context.input((), "float")
        return context.add(
            Value(
                "node",
                array,
                at,
                inner.instance,
                context.order(inner),
                operation="constant",
                attributes={"value": value},
            )
        )
    if isinstance(value, Value) and (value.kind != "node" or value.group is not inner.instance):
        return nodes.apply_named(context, "Identity", (value,), at, inner)
    return value


def _yields(context: Context, node: tree.Scan, inner: Scope) -> Steps:
    statements = [s for s in node.body if isinstance(s, tree.Yield)]
    if not statements and any(isinstance(s, tree.Broken) for s in node.body):
        return None
    if len(statements) != 1:
        text = "a `scan` yields nothing" if not statements else "a `scan` has one `yield`"
        at = node.span if not statements else statements[1].span
        context.error(WrongKind(at, text, "end the body with `yield h2`; several values go with commas"))
        return None
    found = []
    for expression in statements[0].values:
        value = yield expression, inner
        if value is POISON:
            return None
        value = _as_node(context, value, expression.span, inner)
        if not isinstance(value, Value):
            context.error(WrongKind(expression.span, "`yield` takes values of the graph"))
            return None
        found.append(value)
    return found


def _nodes(
    context: Context,
    node: tree.Scan,
    scope: Scope,
    xs: Value,
    starts: Sequence[Any],
    placeholders: list[Value],
    body: Body,
) -> Any:
    inside = {id(v) for v in (*body.values, *placeholders)}
    captured: dict[int, Value] = {}
    for value in body.values:
        for operand in (*value.operands, *value.parameters.values()):
            if isinstance(operand, Value) and id(operand) not in inside:
                captured.setdefault(id(operand), operand)
    body.inputs = [*placeholders, *captured.values()]
    operands = (xs, *starts, *captured.values())
    length = xs.array.shape[1]
    results = []
    for part, value in enumerate(body.yields):
        shape = (value.array.shape[0], length, *value.array.shape[1:]) if value.array.shape else ()
        if not shape:
            context.error(
                WrongShape(value.span, "a `scan` yields values with a batch axis, and this is a scalar")
            )
            return POISON
        array: SymbolicArray = context.trace.input(shape, value.array.dtype)
        made = Value(
            "node",
            array,
            node.span,
            scope.instance,
            context.order(scope),
            operation="scan",
            operands=operands,
            attributes={"part": part} if len(body.yields) > 1 else {},
        )
        made.body = body
        results.append(context.add(made))
    return results[0] if len(results) == 1 else tuple(results)
