"""Evaluates the statements of a scope, of the file or of a `def`, in the order that the names demand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlang.diagnostics import Edit, Related, Span, closest
from graphlang.diagnostics.names import Cycle, Redefinition, UnknownName, WrongKind
from graphlang.diagnostics.shapes import NotANumberYet, WrongShape, WrongType
from graphlang.initializers.constant import constant
from graphlang.resolve import attributes, calls, dimensions, expressions, nodes, signatures
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context, Steps, sizes_text, type_text
from graphlang.resolve.order import find_redefinitions, in_order, names_used
from graphlang.resolve.scans import scan
from graphlang.resolve.values import (
    MISSING,
    POISON,
    Definition,
    Instance,
    Memo,
    Module,
    NamedTable,
    Scope,
    SharedDefinition,
    SharedLayer,
    Value,
)
from graphlang.syntax import tree
from graphlang.trace import Dim, DimScalar

SMALL = 12
"""Elements up to which a help line writes an array out."""


def elaborate(context: Context, statements: Sequence[Any], scope: Scope, places: dict[str, Span]) -> Steps:
    """Evaluates assignments, parameters and shared layers, each after what it needs."""
    for statement in statements:
        if type(statement) is tree.Broken:
            scope.names.update(dict.fromkeys(statement.names, POISON))
            scope.callables.update(dict.fromkeys(statement.names, POISON))
    find_redefinitions(statements, places, context.collector)
    scope.instance.taken.update(places)
    scope.places.update({n: p for n, p in places.items() if n not in scope.places})
    ordered, circular = in_order(statements, context.collector)
    position = {id(s): i for i, s in enumerate(statements)}
    scope.names.update(dict.fromkeys(circular, POISON))
    for statement in ordered:
        scope.order = position[id(statement)]
        kind = type(statement)
        if kind is tree.Assign:
            yield _assign(context, statement, scope)
        elif kind is tree.Param:
            yield _param(context, statement, scope)
        elif kind is tree.LayerDecl:
            yield _layer(context, statement, scope)


def _assign(context: Context, statement: tree.Assign, scope: Scope) -> Steps:
    targets = statement.targets
    if all(scope.names.get(t.name) is POISON for t in targets):
        return
    if isinstance(statement.value, tree.Scan):
        before = len(context.values)
        value: Any = yield scan(context, statement.value, scope, elaborate)
    else:
        before = len(context.values)
        value = yield statement.value, scope
    if len(targets) == 1:
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        _define(context, targets[0], value, scope, before)
        return
    parts = _parts(context, statement, value, scope)
    for target, part in zip(targets, parts, strict=True):
        _define(context, target, part, scope, before if value is not POISON else 0)


def _parts(context: Context, statement: tree.Assign, value: Any, scope: Scope) -> Sequence[Any]:
    """The values for several targets: the results of a `split`, or the slices along the first axis."""
    count = len(statement.targets)
    poisoned = [POISON] * count
    if value is POISON:
        return poisoned
    if isinstance(value, list | tuple):
        if len(value) == count:
            return value
        message = f"{len(value)} values for {count} names"
    elif isinstance(value, Value) and value.array.shape:
        first = value.array.shape[0]
        if first == count:
            span = statement.value.span
            entry = context.catalog.find("subscript")
            assert entry is not None
            return [
                nodes.apply(
                    context, entry, entry.make({"items": (i,)}), {"items": [i]}, (value,), span, scope
                )
                for i in range(count)
            ]
        message = f"{type_text(value.array)} has {first} slices along its first axis, for {count} names"
    else:
        what = type_text(value.array) if isinstance(value, Value) else described(value)
        message = f"{what} cannot be taken apart into {count} names"
    context.error(WrongKind(statement.span, message))
    return poisoned


def _define(context: Context, target: tree.Target, value: Any, scope: Scope, before: int) -> None:
    """Gives a value its name; a second name of one value becomes a node of its own."""
    name = target.name
    if name in scope.names and scope.definition is not None and name not in scope.instance.taken:
        return
    if isinstance(value, Value):
        fresh = value.label is None and value.kind == "node" and value.order[1] >= before
        if fresh:
            value.label = name
            value.group = scope.instance
            value.span = target.span
        else:
            value = _alias(context, value, target, scope)
    elif scope.definition is None and _is_plain_number(value):
        value = _constant(context, value, target, scope)
    elif scope.definition is None and nodes.is_table(value):
        value = NamedTable(value, name, target.span, scope.instance, context.order(scope))
    scope.names[name] = value


def _is_plain_number(value: Any) -> bool:
    return isinstance(value, int | float | Dim | DimScalar) and not isinstance(value, bool)


def _alias(context: Context, value: Value, target: tree.Target, scope: Scope) -> Any:
    const = value.const
    made = nodes.apply_named(context, "Identity", (value,), target.span, scope)
    if isinstance(made, Value):
        made.label, made.const = target.name, const
        made.instance = None
    return made


def _constant(context: Context, number: Any, target: tree.Target, scope: Scope) -> Value:
    """A named number of the file is a node without operands: it has a value, and a gradient."""
    array = context.input((), "float")
    value = Value(
        "node",
        array,
        target.span,
        scope.instance,
        context.order(scope),
        label=target.name,
        operation="constant",
        attributes={"value": number},
        const=number,
    )
    return context.add(value)


def _param(context: Context, statement: tree.Param, scope: Scope) -> Steps:
    scope.names.setdefault(statement.name, POISON)
    init: Any = None
    if statement.init is not None:
        init = yield attributes.member(context, "initializers", statement.init, scope)
        if init is POISON:
            if statement.type is not None:
                dimensions.shape(context, statement.type, scope)
            return
    type_ = statement.type or _type_of_start(context, statement, init)
    sizes = dimensions.shape(context, type_, scope) if type_ is not None else None
    if sizes is None or type_ is None:
        return
    if init is None:
        init = _default_init(sizes)
    if not all(isinstance(s, int) for s in sizes) and not context.probing:
        context.error(NotANumberYet(type_.span, statement.name, sizes_text(sizes)))
        return
    fits = context.probing or not isinstance(init, constant)
    if not fits and not _starts_right(context, statement, type_, init.c, sizes):
        return
    made = scope.instance.parameters if scope.memo is not None else None
    if made is not None and statement.name in made:
        scope.names[statement.name] = made[statement.name]
        return
    if not _owner_may(context, scope, statement) or not nodes.count_elements(context, sizes, statement.span):
        return
    array = context.input(sizes, type_.dtype)
    value = Value(
        "param", array, statement.name_span, scope.instance, context.order(scope), label=statement.name
    )
    value.attributes = {"init": init, "trainable": type_.dtype == "float"}
    scope.names[statement.name] = context.add(value)
    if scope.definition is not None:
        scope.instance.parameters = {**(scope.instance.parameters or {}), statement.name: value}


def _type_of_start(context: Context, statement: tree.Param, init: Any) -> tree.Type | None:
    """The type of a parameter that starts as a number or a list; None after a reported mistake."""
    if not isinstance(init, constant) or statement.init is None:
        from graphlang.diagnostics.syntax.statements import ParamNeedsType

        context.error(ParamNeedsType(statement.name_span, statement.name, statement.span))
        return None
    span = statement.init.span
    try:
        sizes = np.shape(init.c)
    except ValueError:
        context.error(WrongShape(span, "the rows of this list differ in length"))
        return None
    return tree.Type("float", tuple(tree.Number(size, span) for size in sizes), span)


def _starts_right(context: Context, statement: tree.Param, type_: tree.Type, start: Any, sizes: Any) -> bool:
    """Whether a number or a list is what a parameter of this type can start as; reported where it is not."""
    assert statement.init is not None or not start, statement
    try:
        array = np.asarray(start, np.float64)
    except ValueError:
        array = np.full((0,), np.nan)
    whole = {"float": array, "int": np.floor(array), "bool": array != 0}[type_.dtype]
    if array.shape in ((), sizes) and array.size and bool(np.all(whole == array)):
        return True
    message = f"`{statement.name}` is {type_.span.text} and cannot start as {{}}"
    if array.shape not in ((), sizes):
        what = f"a list of shape [{sizes_text(array.shape)}]" if array.size else "a list whose rows differ"
    else:
        what = described(start) if isinstance(start, float) else "a list with other numbers in it"
    assert statement.init is not None, statement
    related = [Related(type_.span, "declared here")]
    context.error(WrongType(statement.init.span, message.format(what), None, related))
    return False


def _default_init(sizes: Any) -> Any:
    if sizes is not None and len(sizes) > 1:
        from graphlang.initializers.he import he

        return he()
    return constant(c=0)


def _owner_may(context: Context, scope: Scope, statement: tree.Param) -> bool:
    holder = Instance(f"param {statement.name}", scope.instance, (0, 0))
    return nodes.may_own(context, holder, statement.span)


def _layer(context: Context, statement: tree.LayerDecl, scope: Scope) -> Steps:
    scope.callables[statement.name] = POISON
    stage = statement.stage
    function = stage.function if isinstance(stage, tree.Call) else stage
    arguments = stage.arguments if isinstance(stage, tree.Call) else ()
    callee = (
        calls.callee_of(context, function, scope)
        if isinstance(function, tree.Name | tree.Attribute)
        else None
    )
    if callee is POISON:
        return
    instance = nodes.new_instance(context, statement.name, scope, statement.name, statement.span)
    if isinstance(callee, Definition):
        context.groups.append((instance, callee.tree.name))
        scope.callables[statement.name] = SharedDefinition(
            statement.name, statement.name_span, callee, tuple(arguments), scope, instance
        )
        return
    if callee is None or isinstance(callee, str | SharedLayer | SharedDefinition | Module):
        text = "`layer` makes one instance of a layer or a `def`"
        if isinstance(callee, str | Module):
            context.error(WrongKind(stage.span, text))
        elif isinstance(callee, SharedLayer | SharedDefinition):
            help = f"`{stage.span.text}` is shared already: use it as it is"
            context.error(WrongKind(stage.span, text, help))
        else:
            context.error(WrongKind(stage.span, text, *_as_definition(context, statement, scope)))
        return
    bound = signatures.bind(context, callee, arguments, stage.span, None, declared=True)
    if bound is None:
        return
    given = yield calls.attribute_values(context, callee, bound, scope)
    made = calls.make_operation(context, callee, given, bound, stage.span) if given is not None else None
    instance.unknown = made is None
    operation, attributes_ = made if made is not None else (None, {})
    scope.callables[statement.name] = SharedLayer(
        statement.name, statement.name_span, callee, operation, attributes_, instance
    )


def _as_definition(
    context: Context, statement: tree.LayerDecl, scope: Scope
) -> tuple[str, Sequence[Related], Sequence[Edit]]:
    """The help for a list of layers that is to be shared, and the edits that make a `def` of it."""
    name = f"{statement.name[:1].upper()}{statement.name[1:]}"
    taken = {statement.name, *scope.callable_names(), *scope.visible(), *context.definitions}
    while name in taken or context.catalog.find(name) is not None:
        name += "Block"
    stage = statement.stage.span
    inside = stage.text if "\n" not in stage.text else "..."
    help = f"make a `def` of it: `def {name}(x) = x -> {inside}`, then `layer {statement.name} = {name}`"
    if scope.definition is not None:
        return help, (), ()
    start = Span(statement.span.start, statement.span.start, stage.source)
    return help, (), (Edit(start, f"def {name}(x) = x -> {stage.text}\n"), Edit(stage, name))


# ---- entering a def ------------------------------------------------------------------------------------


def enter(
    context: Context,
    definition: Definition,
    values: dict[str, tuple[Any, Span]],
    instance: Instance,
    span: Span,
    memo: Memo | None,
    caller: Scope,
) -> Steps:
    """Unrolls the body of a `def` for the values of one call."""
    node = definition.tree
    context.entered.add(id(node))
    scope = Scope(definition.scope, instance, node.name)
    scope.memo = memo
    outermost = memo is not None and memo is not caller.memo
    if outermost and memo is not None:
        memo.start()
    context.calls.append((node.name, span))
    context.unrolling.append(node)
    context.groups.append((instance, node.name))
    places: dict[str, Span] = {f.name: f.name_span for f in node.formals}
    result: Any = POISON
    if (yield _bind_formals(context, definition, values, scope)):
        places |= {n: scope.places[n] for n in scope.dims if n not in places}
        yield elaborate(context, node.body, scope, places)
        result = yield _returned(context, node, scope, span)
    context.calls.pop()
    context.unrolling.pop()
    return result


def _bind_formals(
    context: Context, definition: Definition, values: dict[str, tuple[Any, Span]], scope: Scope
) -> Steps:
    typed: list[tuple[tree.Type, Value, str, Span]] = []
    for formal in definition.tree.formals:
        if formal.name in values:
            value, at = values[formal.name]
        else:
            value, at = (yield formal.default, definition.scope), formal.span
            if value is POISON:
                return False
        if value is POISON:
            _poison_dimensions(formal.type, scope)
        elif formal.type is not None:
            if nodes.is_table(value):
                counts = formal.type.dtype == "int"
                value = nodes.as_value(context, value, at, scope, counts=counts)
                if value is POISON:
                    return False
            if not isinstance(value, Value):
                if formal.type.dims or not _is_of(formal.type.dtype, value):
                    message = (
                        f"`{formal.name}` is {described(value)}, but {formal.type.span.text} is asked for"
                    )
                    context.error(WrongType(at, message, None, [Related(formal.type.span, "asked for here")]))
                    return False
            else:
                typed.append((formal.type, value, f"`{formal.name}`", at))
        scope.names[formal.name] = value
        scope.places[formal.name] = formal.name_span
    # As for inputs: first every new dimension, then every shape.
    for hold in (dimensions.bind_sizes, dimensions.check_sizes):
        for type_, value, what, at in typed:
            if not hold(context, type_, value, scope, what, at):
                return False
    return True


def _poison_dimensions(type_: tree.Type | None, scope: Scope) -> None:
    """The sizes that a formal would bring, where nothing is known of it."""
    for dim in (type_.dims if type_ is not None else None) or ():
        if isinstance(dim, tree.Name) and scope.find(dim.name) is MISSING:
            scope.dims[dim.name] = POISON
            scope.places[dim.name] = dim.span


def _is_of(dtype: str, value: Any) -> bool:
    """Whether a constant is of a type without a shape."""
    if dtype == "bool" or isinstance(value, bool):
        return dtype == "bool" and isinstance(value, bool)
    return isinstance(value, int | Dim if dtype == "int" else int | float | Dim | DimScalar)


def _returned(context: Context, node: tree.Def, scope: Scope, span: Span) -> Steps:
    returns = [s for s in node.body if isinstance(s, tree.Return)]
    if not returns and any(type(s) is tree.Broken for s in node.body):
        return POISON
    if len(returns) != 1:
        text = "no `return`" if not returns else "more than one `return`"
        at = node.name_span if not returns else returns[1].span
        help = (
            "end it with `return value`"
            if not returns
            else "one `return` at its end gives every result: `return a, b`"
        )
        context.error(WrongKind(at, f"`def {node.name}` has {text}", help))
        return POISON
    scope.order = len(node.body)
    results = []
    for expression in returns[0].values:
        value = yield expression, scope
        if value is POISON:
            return POISON
        if node.returns is not None and isinstance(value, Value):
            what = f"the result of `{node.name}`"
            if not dimensions.match(context, node.returns, value, scope, what, expression.span):
                return POISON
        results.append(value)
    return results[0] if len(results) == 1 else tuple(results)


# ---- inputs ----------------------------------------------------------------------------------------------


def declare_inputs(
    context: Context, inputs: Sequence[tree.Input], scope: Scope, overrides: dict[str, Any]
) -> None:
    """Enters the declared inputs: first every new dimension, then every shape."""
    for statement in inputs:
        if statement.type is not None:
            dimensions.bind_new(statement.type.dims or (), scope)
    for statement in inputs:
        if statement.name in scope.names:
            continue
        if statement.name in scope.dims:
            first = scope.places.get(statement.name, statement.name_span)
            context.error(Redefinition(statement.name_span, statement.name, first))
        _declare_input(context, statement, scope, overrides)
    _check_sizes(context, [s for s in inputs if s.name not in overrides], scope)


def _check_sizes(context: Context, inputs: Sequence[tree.Input], scope: Scope) -> None:
    """Holds the defaults of the inputs against one another: a dimension has one size."""
    sizes: dict[str, tuple[int, tree.Input]] = {}
    for statement in inputs:
        value = scope.names.get(statement.name)
        default = value.attributes.get("default") if isinstance(value, Value) else None
        if default is None or statement.type is None or not isinstance(value, Value):
            continue
        if not _is_array_of(default, len(value.array.shape)):
            continue  # reported
        for size, found in zip(value.array.shape, np.shape(default), strict=True):
            if not isinstance(size, Dim) or size != Dim.symbol(str(size)):
                continue
            first = sizes.setdefault(str(size), (found, statement))
            if first[0] != found and statement.default is not None and first[1].default is not None:
                message = f"the defaults of `{first[1].name}` and `{statement.name}` give `{size}` two sizes"
                message += f", {first[0]} and {found}"
                related = [Related(first[1].default.span, f"`{size}` is {first[0]}")]
                context.error(WrongShape(statement.default.span, message, None, related))
                return


def _is_array_of(default: Any, axes: int) -> bool:
    try:
        return np.ndim(default) == axes
    except ValueError:
        return False


def _declare_input(context: Context, statement: tree.Input, scope: Scope, overrides: dict[str, Any]) -> None:
    scope.names[statement.name] = POISON
    scope.places[statement.name] = statement.name_span
    type_ = statement.type
    sizes = dimensions.shape(context, type_, scope) if type_ is not None else ()
    default: Any = None
    if statement.default is not None:
        if any(use.name == statement.name for use in names_used(statement.default)):
            context.error(Cycle([statement.name], [statement.name_span]))
            return
        default = expressions.evaluate(context, statement.default, scope)
        default = attributes.known(
            context, default, statement.default.span, f"the default of `{statement.name}`"
        )
        if default is POISON:
            return
        if not _numbers(default):
            message = f"the default of `{statement.name}` is {described(default)}, not a number"
            context.error(WrongType(statement.default.span, message))
            return
    if sizes is None:
        return
    default = overrides.get(statement.name, default)
    dtype = type_.dtype if type_ is not None else "float"
    _enter_input(context, scope, statement.name, statement.name_span, dtype, sizes, default, type_ is None)
    if default is not None and type_ is not None and statement.name not in overrides:
        _check_default(context, statement, default, sizes, dtype)


def _check_default(context: Context, statement: tree.Input, default: Any, sizes: Any, dtype: str) -> None:
    assert statement.default is not None
    try:
        array = np.asarray(default)
    except ValueError:
        array = np.asarray(None)
    right_kind = {"float": "fiu", "int": "iu", "bool": "b"}[dtype]
    fits = len(array.shape) == len(sizes) and all(
        not isinstance(s, int) or s == a for s, a in zip(sizes, array.shape, strict=True)
    )
    if array.dtype.kind not in right_kind or not fits:
        assert statement.type is not None
        found = f"{ {'f': 'float', 'i': 'int', 'u': 'int', 'b': 'bool'}.get(array.dtype.kind, 'ragged') }"
        shape = f"[{', '.join(map(str, array.shape))}]" if array.shape else ""
        message = (
            f"the default of `{statement.name}` is {found}{shape}, but {statement.type.span.text} is declared"
        )
        context.error(
            WrongShape(
                statement.default.span,
                message,
                _written_out(default, sizes) if array.dtype.kind in right_kind else None,
                [Related(statement.type.span, "declared here")],
            )
        )


def _written_out(default: Any, sizes: Any) -> str | None:
    """How to give one number for every element of a small array."""
    if not isinstance(default, int | float) or not sizes or not all(isinstance(s, int) for s in sizes):
        return None
    if math.prod(sizes) > SMALL:
        return "a default has the shape of its input; leave it out, and give the value when the graph is run"
    rows: Any = default
    for size in reversed(sizes):
        rows = [rows] * size
    return f"write every number: `{signatures.constant_text(rows)}`"


def _numbers(value: Any) -> bool:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif not isinstance(item, int | float):
            return False
    return True


def open_input(context: Context, name: str, span: Span, scope: Scope, default: Any) -> Value:
    """Makes a free name of an open formula one of its inputs."""
    return _enter_input(context, scope, name, span, "float", (), None if default is POISON else default, True)


def _enter_input(
    context: Context,
    scope: Scope,
    name: str,
    span: Span,
    dtype: str,
    sizes: Any,
    default: Any,
    is_open: bool,
) -> Value:
    array = context.input(sizes, dtype)
    value = Value("input", array, span, context.root, (-1, len(context.values)), label=name)
    value.attributes = {"default": default, "open": is_open}
    scope.names[name] = context.add(value)
    scope.places[name] = span
    return value


def find_output(context: Context, statement: tree.Output, scope: Scope) -> Value | None:
    """The value that an `output` names."""
    found = scope.names.get(statement.name, MISSING)
    if isinstance(found, Value):
        return found
    if found is POISON or scope.find(statement.name) is POISON:
        return None
    if nodes.is_table(found):
        made = nodes.as_value(context, found, scope.places[statement.name], scope)
        if not isinstance(made, Value):
            return None
        made.label, scope.names[statement.name] = statement.name, made
        return made
    if found is MISSING:
        values = {n: p for n, p in scope.visible().items() if isinstance(scope.names.get(n), Value)}
        help = None if closest(statement.name, values) else "an output is the name of a value of the file"
        context.error(UnknownName(statement.span, statement.name, values, help))
        return None
    message = f"`{statement.name}` is {described(found)}, not a value of the graph"
    at = scope.places.get(statement.name)
    where = [Related(at, f"`{statement.name}` is defined here")] if at is not None else []
    help = nodes.instead_of(found, statement.span)
    context.error(WrongKind(statement.span, message, help, where))
    return None
