"""Evaluates expressions without recursion: constants are folded, everything else becomes nodes."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import GeneratorType
from typing import Any

from graphlang.diagnostics import Diagnostic, Edit, Related, Span
from graphlang.diagnostics.arguments import CannotCompute, NotKnownBefore
from graphlang.diagnostics.names import (
    NoSuchPart,
    NotVisibleInDef,
    Redefinition,
    UnknownName,
    WrongKind,
)
from graphlang.diagnostics.shapes import WrongShape
from graphlang.diagnostics.too_large import LimitExceeded
from graphlang.resolve import calls, constants, member_names, nodes, subscripts
from graphlang.resolve.context import Context, Steps, type_text
from graphlang.resolve.order import is_group
from graphlang.resolve.values import (
    MISSING,
    POISON,
    Module,
    Scope,
    SharedLayer,
    Value,
)
from graphlang.syntax import tree
from graphlang.syntax.operators import ANYTHING, ARRAYS, BINARY, COMPARISON, TRUTH_VALUES, UNARY
from graphlang.trace import Dim, DimScalar

DEEPEST_LIST = 32
OF_CALLS = ("GL401", "GL403", "GL404", "GL405", "GL406")
"""Mistakes in what a call is given, whatever the values are."""


def evaluate(context: Context, expression: Any, scope: Scope) -> Any:
    """The value of an expression: a constant, a size, a Value, or POISON after a reported mistake."""
    return run(context, (expression, scope))


def run(context: Context, request: Any) -> Any:
    """Drives evaluation with a stack of its own, so that depth costs memory and not recursion."""
    stack: list[Any] = []
    value: Any = None
    while True:
        if request is not None:
            if type(request) is GeneratorType:
                stack.append(request)
                value = None
            else:
                node, scope = request
                leaf = _LEAVES.get(type(node))
                if leaf is not None:
                    value = leaf(context, node, scope)
                else:
                    stack.append(_HANDLERS[type(node)](context, node, scope))
                    value = None
        if not stack:
            return value
        try:
            request = stack[-1].send(value)
        except StopIteration as stop:
            stack.pop()
            value, request = stop.value, None


# ---- leaves -----------------------------------------------------------------------------------


def _literal(context: Context, node: Any, scope: Scope) -> Any:
    return node.value


def _none(context: Context, node: tree.NoneValue, scope: Scope) -> None:
    return None


def _name(context: Context, node: tree.Name, scope: Scope) -> Any:
    found = scope.find(node.name)
    if found is not MISSING:
        return found
    if scope.find_callable(node.name) is POISON:
        return POISON
    comment = comment_of(node)
    if comment is not None:
        context.error(comment)
        return POISON
    if _may_open(context, scope) and not _is_operation(context, node.name, scope):
        assert context.open is not None, node
        return context.open(node.name, node.span)
    context.error(unknown(context, node, scope))
    return POISON


_SLASHES = re.compile(r"(?:^|\s{2,})(//)\s*$")


def comment_of(node: tree.Name) -> Diagnostic | None:
    """What to say about a name that stands as a comment would elsewhere: `y = x * 2  // twice`."""
    source, start, end = node.span.source, node.span.start, node.span.end
    line_start = source.text.rfind("\n", 0, start) + 1
    rest = source.text[end:].partition("\n")[0].partition("#")[0].strip()
    found = _SLASHES.search(source.text[line_start:start])
    if found is None or rest:
        return None
    from graphlang.diagnostics.syntax.foreign import ForeignComment

    at = line_start + found.start(1)
    span = Span(at, at + 2, source)
    return ForeignComment(span, [Edit(span, "#")])


def _may_open(context: Context, scope: Scope) -> bool:
    """Whether an unknown name is an input here: in an open formula, outside of `def`s and of constants."""
    return context.open is not None and scope.definition is None and scope.parent is not None


def _is_operation(context: Context, name: str, scope: Scope) -> bool:
    """Whether a name is taken by an operation; operators have symbols, so `power` and `add` are free."""
    if scope.find_callable(name) is not None:
        return True
    return name not in nodes.SYMBOLS and context.catalog.find(name) is not None


def unknown(context: Context, node: tree.Name, scope: Scope) -> Any:
    """What to say about a name that nothing defines."""
    name = node.name
    callee = scope.find_callable(name)
    if isinstance(callee, SharedLayer):
        return WrongKind(node.span, f"`{name}` is a layer, not a value", f"send a value into it: `{name}(x)`")
    if callee is not None or context.catalog.find(name) is not None:
        help = f"call it, as in `{name}(x)`, or write `x -> {name}`"
        if callee is None and _may_open(context, scope):
            help += f"; if it is meant as an input, declare it: `input {name}`"
        return WrongKind(node.span, f"`{name}` is an operation, not a value", help)
    place = context.declared.get(node.span.source.name, {}).get(name)
    if scope.definition is not None and place is not None:
        return NotVisibleInDef(node.span, name, scope.definition, place)
    from graphlang.catalog.foreign_names import value_meant

    if name in ("float", "int", "bool"):
        text = f"`{name}` is a type, not a value"
        return WrongKind(node.span, text, f"a type stands behind a `:`, as in `input x: {name}[N, 3]`")
    meant = value_meant(name)
    if meant is not None:
        instead = meant.formula or meant.name
        return UnknownName(node.span, name, {}, meant.note or f"write `{instead}`", instead)
    problem = UnknownName(node.span, name, scope.visible())
    advice: str | None = None
    if scope.definition is not None:
        advice = f"pass it in: add `{name}` to the formals of `{scope.definition}`"
    elif scope.parent is None:  # where only constants are, as in a `hyper` or the default of a formal
        if place is not None:
            text = f"`{name}` is a value of the graph, and here only what is known before running can stand"
            return WrongKind(
                node.span, text, "use numbers and `hyper`s", [Related(place, f"`{name}` is defined here")]
            )
        advice = f"here only constants can stand; declare it: `hyper {name} = ...`"
    return problem if problem.match or advice is None else UnknownName(node.span, name, {}, advice)


# ---- operators ----------------------------------------------------------------------------------


def _binary(context: Context, node: tree.Binary, scope: Scope) -> Steps:
    left = yield node.left, scope
    right = yield node.right, scope
    return binary(context, node.operator, left, right, node, scope)


def binary(context: Context, op: str, left: Any, right: Any, node: Any, scope: Scope) -> Any:
    if left is POISON or right is POISON:
        return POISON
    row = BINARY[op]
    # `==` and `!=` compare two lists as lists; every other operator makes arrays of them.
    lists_stay = row.operands is ANYTHING
    if not any(isinstance(o, Value | tuple) or (nodes.is_table(o) and not lists_stay) for o in (left, right)):
        if context.probing and row.precedence == COMPARISON and left != right and _is_size(left, right):
            return POISON  # the sizes may be the same, or the larger one, where it is called
        try:
            return constants.binary(op, left, right)
        except constants.NoValue as no:
            context.error(CannotCompute(node.span, str(no), no.help))
            return POISON
    if not _usable(context, left, right, op, node):
        return POISON
    value = nodes.apply_named(context, row.function, (left, right), node.span, scope)
    if isinstance(value, Value):
        value.const = _folded(op, left, right)
    return value


def _is_size(*operands: Any) -> bool:
    return any(isinstance(operand, Dim | DimScalar) for operand in operands)


def _usable(context: Context, left: Any, right: Any, op: str, node: Any) -> bool:
    for operand, side in ((left, node.left), (right, node.right)):
        if not nodes.is_operand(operand):
            context.error(_unusable(operand, op, side.span))
            return False
    return True


def _unusable(operand: Any, op: str, at: Span) -> WrongKind:
    what = constants.described(operand)
    return WrongKind(at, f"`{op}` cannot work on {what}", nodes.instead_of(operand, at))


def _folded(op: str, left: Any, right: Any) -> Any:
    a = left.const if isinstance(left, Value) else left
    b = right.const if isinstance(right, Value) else right
    if a is None or b is None or BINARY[op].operands in (TRUTH_VALUES, ARRAYS):
        return None
    try:
        return constants.binary(op, a, b)
    except constants.NoValue:
        return None


def _unary(context: Context, node: tree.Unary, scope: Scope) -> Steps:
    operand = yield node.operand, scope
    if operand is POISON:
        return POISON
    if nodes.is_table(operand):
        operand = nodes.as_value(context, operand, node.operand.span, scope)
    if operand is POISON:
        return POISON
    if isinstance(operand, tuple):
        context.error(_unusable(operand, node.operator, node.operand.span))
        return POISON
    if not isinstance(operand, Value):
        try:
            return constants.unary(node.operator, operand)
        except constants.NoValue as no:
            context.error(CannotCompute(node.span, str(no), no.help))
            return POISON
    function = UNARY[node.operator].function
    value = nodes.apply_named(context, function, (operand,), node.span, scope)
    if isinstance(value, Value) and operand.const is not None and node.operator == "-":
        value.const = -operand.const
    return value


def _list(context: Context, node: tree.ListOf, scope: Scope) -> Steps:
    items = []
    for item in node.items:
        value = yield item, scope
        if value is POISON:
            return POISON
        items.append(value)
    if _deeper(items, DEEPEST_LIST):
        context.error(
            CannotCompute(node.span, f"lists nest at most {DEEPEST_LIST} deep, as the axes of an array do")
        )
        return POISON
    return items


def _deeper(items: list[Any], levels: int) -> bool:
    """Whether lists nest deeper than this; what works on them later may then be recursive."""
    level = items
    for _ in range(levels):
        level = [i for item in level if isinstance(item, list) for i in item]
        if not level:
            return False
    return True


def _conditional(context: Context, node: tree.Conditional, scope: Scope) -> Steps:
    condition = yield node.condition, scope
    if condition is POISON:
        yield _both(context, node, scope)
        return POISON
    if isinstance(condition, Value) and condition.const is not None:
        condition = condition.const
    if isinstance(condition, Value):
        help = "`where(c, a, b)` chooses at run time"
        named = condition.span != node.condition.span
        where = [Related(condition.span, "this is a value of the graph")] if named else []
        context.error(NotKnownBefore(node.condition.span, "the condition of `if`", help, where))
        return POISON
    if not isinstance(condition, bool):
        what = constants.described(condition)
        context.error(
            CannotCompute(node.condition.span, f"the condition of `if` is {what}, neither true nor false")
        )
        return POISON
    return (yield (node.then if condition else node.otherwise), scope)


def _both(context: Context, node: tree.Conditional, scope: Scope) -> Steps:
    """Looks into both branches where it is open which is taken; shapes may fit only where that one is."""
    found = context.collector.diagnostics
    before = len(found)
    yield node.then, scope
    yield node.otherwise, scope
    found[before:] = [d for d in found[before:] if is_of_names(d)]


def is_of_names(diagnostic: Diagnostic) -> bool:
    """Whether a mistake is one of names and arguments, which is one whatever the sizes are."""
    return diagnostic.code.startswith("GL2") or diagnostic.code in OF_CALLS


# ---- parts ------------------------------------------------------------------------------------------


def _attribute(context: Context, node: tree.Attribute, scope: Scope) -> Steps:
    if isinstance(node.value, tree.Name):
        callee = scope.find_callable(node.value.name)
        if callee is POISON:
            return POISON
        if isinstance(callee, SharedLayer):
            return calls.shared_parameter(context, callee, node)
        if isinstance(callee, Module):
            context.error(_module_part(node, callee))
            return POISON
    instance = member_names.instance_of(context, node.value, scope)
    if instance is not None and not (node.name == "T" and _is_value(node.value, scope)):
        return member_names.parameter(context, instance, node)
    if isinstance(node.value, tree.Name) and not _is_value(node.value, scope):
        name = node.value.name
        if (
            not context.counted
            and scope.find_callable(name) is None
            and member_names.is_counter(context, name)
        ):
            context.error(member_names.counter(name, node))
            return POISON
    if isinstance(node.value, tree.Name | tree.Attribute) and not _may_open(context, scope):
        from graphlang.resolve.unknown_calls import module_of, part_of_module

        prefix = module_of(node, scope)
        if prefix is not None:
            context.error(part_of_module(node, prefix))
            return POISON
    value = yield node.value, scope
    if value is POISON:
        return POISON
    if node.name == "T" and isinstance(value, Value):
        if len(value.array.shape) < 2:
            message = f"`.T` swaps the last two axes, and this is {type_text(value.array)}"
            context.error(WrongKind(node.name_span, message, related=nodes.origins((value,))))
            return POISON
        return nodes.apply_named(context, "matrix_transpose", (value,), node.span, scope)
    from graphlang.resolve.unknown_calls import of_part

    context.error(of_part(node))
    return POISON


def _is_value(node: Any, scope: Scope) -> bool:
    return isinstance(node, tree.Name) and scope.find(node.name) is not MISSING


def _module_part(node: tree.Attribute, module: Module) -> Any:
    if node.name in module.scope.callables:
        text = f"`{module.name}.{node.name}` is an operation, not a value"
        return WrongKind(node.span, text, f"call it, as in `{module.name}.{node.name}(x)`")
    return NoSuchPart(node.name_span, module.name, node.name, list(module.scope.callables))


def _index(context: Context, node: tree.Index, scope: Scope) -> Steps:
    value = yield node.value, scope
    if value is POISON and isinstance(node.value, tree.Name) and node.value.name in ("float", "int", "bool"):
        return POISON
    items: list[Any] = []
    for item in node.items:
        if isinstance(item, tree.Slice):
            parts = []
            for part in (item.start, item.stop, item.step):
                parts.append((yield part, scope) if part is not None else None)
            items.append((item, parts))
        elif isinstance(item, tree.Rest):
            items.append((item, ...))
        else:
            items.append((item, (yield item, scope)))
    return subscripts.subscript(context, node, value, items, scope)


# ---- chains -----------------------------------------------------------------------------------------


def _pipe(context: Context, node: tree.Pipe, scope: Scope) -> Steps:
    value = yield node.value, scope
    for stage in node.stages:
        # After a mistake the later stages are still looked at: their arguments may be wrong on their own.
        value = yield through(context, value, stage, scope, node.value.span)
    return value


def through(
    context: Context, value: Any, stage: Any, scope: Scope, at: Span, label: str | None = None
) -> Steps:
    """Sends a value through one stage of a chain."""
    kind = type(stage)
    if kind is tree.Layers:
        return (yield _entries(context, value, stage.entries, scope, at))
    if kind is tree.Residual:
        result = yield _entries(context, value, stage.entries, scope, at)
        if result is POISON or value is POISON:
            return POISON
        if isinstance(value, Value) and isinstance(result, Value) and _misfit(context, value, result, stage):
            return POISON
        node = tree.Binary("+", _Place(at), _Place(stage.span), stage.span)  # type: ignore[arg-type]
        return binary(context, "+", value, result, node, scope)
    if kind is tree.Repeat:
        return (yield _repeat(context, value, stage, scope, at))
    if kind is tree.For:
        return (yield _for(context, value, stage, scope, at))
    if kind is tree.Broken:
        scope.names.update(dict.fromkeys(stage.names, POISON))
        return POISON
    return (yield calls.call_stage(context, stage, value, scope, at, label))


def _misfit(context: Context, x: Value, y: Value, stage: tree.Residual) -> bool:
    """Whether what a `residual` makes has not the shape of what goes in, which is reported."""
    if nodes.broadcasts(x.array.shape, y.array.shape):
        return False
    message = f"`residual` adds what goes in, {type_text(x.array)}, and what comes out, {type_text(y.array)}"
    help = "end it with a layer that gives the shape of what goes in"
    context.error(WrongShape(stage.span, message, help, nodes.origins((x, y), stage.span)))
    return True


class _Place:
    """Stands for an operand that has a place but no text of its own."""

    def __init__(self, span: Span) -> None:
        self.span = span


def _entries(context: Context, value: Any, entries: Any, scope: Scope, at: Span) -> Steps:
    for entry in entries:
        single = not is_group(entry)
        inner = scope
        label = entry.label
        if label is not None and scope.copied:
            label = _numbered_label(scope, label)
        if label is not None and not single:
            inner = Scope(scope, nodes.new_instance(context, label, scope, label, entry.span))
            inner.order = scope.order
            inner.definition = scope.definition
            context.groups.append((inner.instance, label))
        for stage in entry.stages:
            value = yield through(context, value, stage, inner, at, label if single else None)
        if value is POISON:
            inner.instance.unknown |= inner is not scope
            scope.instance.unknown |= scope.instance.parent is not None
        if entry.label is not None:
            if isinstance(value, Value) and value.label is None and value.kind == "node" and not scope.copied:
                value.label = label
                value.group = scope.instance
            scope.names[entry.label] = value
    return value


def _numbered_label(scope: Scope, label: str) -> str:
    number = 1
    while f"{label}{number}" in scope.instance.taken or f"{label}{number}" in scope.numbered:
        number += 1
    scope.numbered.add(f"{label}{number}")
    return f"{label}{number}"


def _copy(scope: Scope) -> Scope:
    """The scope of one copy in a `repeat` or `for`: what it labels is its own."""
    inner = Scope(scope, scope.instance, scope.definition)
    inner.order = scope.order
    inner.copied = True
    return inner


def _repeat(context: Context, value: Any, stage: tree.Repeat, scope: Scope, at: Span) -> Steps:
    count = yield stage.count, scope
    if isinstance(count, Value) and count.const is not None:
        count = count.const
    if count is POISON or (context.probing and _is_size(count)):
        yield _entries(context, POISON, stage.entries, _copy(scope), at)
        return POISON
    if isinstance(count, Value | Dim | DimScalar):
        context.error(NotKnownBefore(stage.count.span, "the count of `repeat`"))
        return POISON
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        what = constants.described(count)
        text = f"`repeat` needs a whole number of times, not {what}"
        divided = isinstance(stage.count, tree.Binary) and stage.count.operator == "/"
        help = "`/` gives a fraction; `//` divides whole numbers" if divided else None
        context.error(CannotCompute(stage.count.span, text, help))
        return POISON
    if count > context.limits.unrolled:
        context.error(LimitExceeded(stage.count.span, "unrolled", context.limits.unrolled))
        return POISON
    for _ in range(count):
        value = yield _entries(context, value, stage.entries, _copy(scope), at)
        if value is POISON:
            return POISON
    return value


def _counted(values: Any) -> Any:
    """`for n in range(3)`: only where a `for` has been written with it is it looked at more closely."""
    if not isinstance(values, tree.Call) or not isinstance(values.function, tree.Name):
        return None
    if values.function.name not in ("range", "arange"):
        return None
    from graphlang.resolve.unknown_calls import of_range

    return of_range(values)


def _for(context: Context, value: Any, stage: tree.For, scope: Scope, at: Span) -> Steps:
    counted = _counted(stage.values)
    if counted is not None:
        context.error(counted)
    items = POISON if counted is not None else (yield stage.values, scope)
    if items is POISON:
        items = [POISON]
    if not isinstance(items, list):
        what = constants.described(items) if not isinstance(items, Value) else "a value of the graph"
        message = f"`for` goes through a list, and this is {what}"
        context.error(CannotCompute(stage.values.span, message, "write a list, as in `for c in [16, 32]`"))
        return POISON
    first = scope.place(stage.variable)
    if first is not None:
        context.error(Redefinition(stage.variable_span, stage.variable, first))
    for item in items:
        inner = _copy(scope)
        inner.names[stage.variable] = item
        inner.places[stage.variable] = stage.variable_span
        value = yield _entries(context, value, stage.entries, inner, at)
        if value is POISON:
            return POISON
    return value


def _call(context: Context, node: tree.Call, scope: Scope) -> Steps:
    return (yield calls.call(context, node, scope))


_LEAVES: dict[type, Callable[[Context, Any, Scope], Any]] = {
    tree.Number: _literal,
    tree.String: _literal,
    tree.Bool: _literal,
    tree.NoneValue: _none,
    tree.Name: _name,
}
_HANDLERS: dict[type, Callable[[Context, Any, Scope], Steps]] = {
    tree.Binary: _binary,
    tree.Unary: _unary,
    tree.ListOf: _list,
    tree.Conditional: _conditional,
    tree.Attribute: _attribute,
    tree.Index: _index,
    tree.Pipe: _pipe,
    tree.Call: _call,
}
