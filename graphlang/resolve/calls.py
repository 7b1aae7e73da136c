"""Calls: binds arguments to a signature, makes the operation, infers its shape, enters the node."""

from __future__ import annotations

import json
import typing
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ValidationError

from graphlang.catalog import FOREIGN, Attribute, Entry, family_member, family_names
from graphlang.diagnostics import GraphError, Related, Span
from graphlang.diagnostics.arguments import (
    ArgumentTwice,
    LayerFailed,
    MissingArgument,
    NothingToWorkOn,
    NotKnownBefore,
    TooManyArguments,
    UnknownAttribute,
    WrongAttribute,
)
from graphlang.diagnostics.limits import LimitExceeded
from graphlang.diagnostics.names import (
    BuiltInHidden,
    NeedsCapital,
    NoSuchPart,
    UnknownOperation,
    WrongKind,
)
from graphlang.diagnostics.shapes import AmbiguousBroadcast, Hint, NotANumberYet, WrongShape
from graphlang.initializers.initializer import Initializer
from graphlang.operation import Operation, Parameter
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context, Steps, kind_of, shape_text, size_json, type_text
from graphlang.resolve.values import (
    POISON,
    Definition,
    Instance,
    Module,
    Scope,
    SharedDefinition,
    SharedLayer,
    Value,
)
from graphlang.syntax import tree
from graphlang.trace import Dim, DimScalar, ShapeError, Size, SymbolicArray, Unrecorded

BROADCASTING = frozenset(
    "add subtract multiply divide floor_divide mod power equal not_equal less less_equal greater "
    "greater_equal logical_and logical_or maximum minimum".split()
)
"""Operators of two operands, where stretching both is an error."""
RESHAPING = frozenset("reshape expand_dims broadcast_to subscript squeeze".split())
"""Operations whose use says that a stretched shape is meant."""
SYMBOLS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "floor_divide": "//",
    "mod": "%",
    "matmul": "@",
    "power": "**",
    "equal": "==",
    "not_equal": "!=",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "logical_and": "and",
    "logical_or": "or",
    "negative": "-",
    "logical_not": "not",
    "matrix_transpose": ".T",
    "subscript": "[]",
}
"""Operations as a file writes them, for messages."""
KINDS = {
    "initializers": "initialiser",
    "optimizers": "optimizer",
    "schedules": "schedule",
    "datasets": "source",
}
TYPE_WORDS = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "`true` or `false`",
    "bool_parsing": "`true` or `false`",
    "string_type": "a text",
    "list_type": "a list",
    "tuple_type": "a list",
}
"""What Pydantic's errors of type ask for, in the words of a spec."""
COUNTING = frozenset(("take", "one_hot"))
"""Operations for which a list of whole numbers is a list of indices."""


def is_operand(value: Any) -> bool:
    """Whether a node can take it: a value, a number, a size, or nested lists of numbers."""
    return isinstance(value, Value | int | float | Dim | DimScalar) or is_table(value)


def is_table(value: Any) -> bool:
    """Whether it is numbers in lists, as `[[1, 2], [3, 4]]`: an array that is written out."""
    if not isinstance(value, list):
        return False
    stack = list(value)
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif not isinstance(item, int | float):
            return False
    return bool(value)


# ---- finding what is called -----------------------------------------------------------------------


def call(context: Context, node: tree.Call, scope: Scope) -> Steps:
    """`f(a, b, k=v)`"""
    return (yield _call(context, node.function, node.arguments, scope, node.span, None, None, None))


def call_stage(context: Context, stage: Any, value: Any, scope: Scope, at: Span, label: str | None) -> Steps:
    """`value -> stage`"""
    piped = _Piped(value, at)
    if isinstance(stage, tree.Call):
        return (yield _call(context, stage.function, stage.arguments, scope, stage.span, piped, label, None))
    if isinstance(stage, tree.Name | tree.Attribute):
        return (yield _call(context, stage, (), scope, stage.span, piped, label, None))
    context.error(WrongKind(stage.span, "a chain goes through operations, and this is a value"))
    return POISON


class _Piped(NamedTuple):
    """The value that comes through `->`, and where the chain starts."""

    value: Any
    span: Span


def _call(
    context: Context,
    function: Any,
    arguments: Sequence[tree.Argument],
    scope: Scope,
    span: Span,
    piped: _Piped | None,
    label: str | None,
    instance: Instance | None,
) -> Steps:
    callee = _callee(context, function, scope)
    if callee is POISON:
        return POISON
    if isinstance(callee, Definition):
        return (yield _call_definition(context, callee, arguments, scope, span, piped, label))
    if isinstance(callee, SharedDefinition):
        return (yield _call_shared_definition(context, callee, arguments, scope, span, piped))
    if callee == "grad":
        return (yield _grad(context, arguments, scope, span, piped))
    return (yield _call_operation(context, callee, arguments, scope, span, piped, label))


def _callee(context: Context, function: Any, scope: Scope) -> Any:
    """A Definition, a SharedLayer, an Entry, "grad", or POISON after a reported mistake."""
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
    if not isinstance(function, tree.Name):
        context.error(WrongKind(function.span, "this is a value, and a value cannot be called"))
        return POISON
    name = function.name
    own = scope.find_callable(name)
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
        context.error(_unknown_operation(context, function, scope))
    return POISON


def _note_hidden(context: Context, own: Any, name: str) -> None:
    if isinstance(own, Definition) and name not in context.note_once:
        context.note_once.add(name)
        if context.catalog.find(name) is not None:
            context.collector.add(BuiltInHidden(own.tree.name_span, name))


def _unknown_operation(context: Context, function: tree.Name, scope: Scope) -> Any:
    name = function.name
    found = scope.find(name)
    if isinstance(found, Value):
        where = [Related(found.span, f"`{name}` is defined here")]
        return WrongKind(function.span, f"`{name}` is a value, and a value cannot be called", None, where)
    for family in ("initializers", "optimizers", "datasets", "schedules"):
        if family_member(family, name) is not None:
            return WrongKind(
                function.span, f"`{name}` is one of the {family}; it belongs in a setting or an `init`"
            )
    candidates = ["grad", *scope.callable_names(), *context.catalog.names()]
    foreign = FOREIGN.get(name)
    if foreign is not None and foreign not in candidates:
        foreign = None
    return UnknownOperation(function.span, name, candidates, foreign)


# ---- operations of the catalog --------------------------------------------------------------------


class Bound(NamedTuple):
    """Arguments in their places: expressions still, or the value that came through the chain."""

    tensors: dict[str, Any]
    more: list[Any]
    attributes: dict[str, tree.Argument]
    sizes: list[tree.Argument]


def _call_operation(
    context: Context,
    callee: Entry | SharedLayer,
    arguments: Sequence[tree.Argument],
    scope: Scope,
    span: Span,
    piped: _Piped | None,
    label: str | None,
) -> Steps:
    entry = callee.entry if isinstance(callee, SharedLayer) else callee
    bound = bind(context, entry, arguments, span, piped, shared=isinstance(callee, SharedLayer))
    if bound is None:
        return POISON
    tensors = yield _tensor_values(context, entry, bound, scope)
    if isinstance(callee, SharedLayer):
        if tensors is None:
            return POISON
        return apply(context, entry, callee.operation, callee.attributes, tensors, span, scope, shared=callee)
    given = yield _attribute_values(context, entry, bound, scope)
    if tensors is None or given is None:
        return POISON
    made = make_operation(context, entry, given, bound, span)
    if made is None:
        return POISON
    operation, attributes = made
    return apply(context, entry, operation, attributes, tensors, span, scope, label=label)


def bind(
    context: Context,
    entry: Entry,
    arguments: Sequence[tree.Argument],
    span: Span,
    piped: _Piped | None,
    *,
    shared: bool = False,
    declared: bool = False,
) -> Bound | None:
    """Puts each argument where the signature wants it; None after reported mistakes.

    `shared`: only tensors are left to give; `declared`: only attributes are given, as in `layer`.
    """
    bound = Bound({}, [], {}, [])
    places: dict[str, Span] = {}
    free_tensors = [] if declared else list(entry.tensors)
    free_attributes = [] if shared else list(entry.positional_attributes)
    known = [] if shared else list(entry.attributes)
    failed = False
    if piped is not None:
        if entry.any_tensors:
            bound.more.append(piped)
        elif free_tensors:
            bound.tensors[free_tensors.pop(0)] = piped
        else:
            context.error(TooManyArguments(span, entry.name, signature(entry)))
            return None
    if _stands_alone(entry, arguments, piped, shared, declared):
        context.error(NothingToWorkOn(span, entry.name, span.text))
        return None
    for argument in arguments:
        name = argument.name
        if name is None:
            if entry.any_tensors and not declared and not isinstance(argument.value, tree.String):
                bound.more.append(argument)
            elif free_tensors:
                name = free_tensors.pop(0)
                bound.tensors[name] = argument
            elif entry.any_sizes and not shared:
                bound.sizes.append(argument)
            elif free_attributes:
                name = free_attributes.pop(0)
                bound.attributes[name] = argument
            else:
                context.error(TooManyArguments(argument.span, entry.name, signature(entry)))
                return None
            if name:
                places[name] = argument.span
            continue
        if name in places or name in bound.tensors:
            context.error(ArgumentTwice(argument.span, entry.name, name, places.get(name)))
            failed = True
        elif name in free_tensors:
            free_tensors.remove(name)
            bound.tensors[name] = argument
        elif name == entry.any_sizes:
            bound.sizes.append(argument)
        elif name in known or entry.named_sizes:
            bound.attributes[name] = argument
            if name in free_attributes:
                free_attributes.remove(name)
        else:
            foreign = FOREIGN.get(name)
            context.error(UnknownAttribute(_name_span(argument), entry.name, name, known, foreign))
            failed = True
        places[name] = argument.span
    missing = [] if declared else [t for t in free_tensors if t not in entry.optional_tensors]
    if not shared:
        missing += [
            a.name for a in entry.attributes.values() if a.required and a.name not in bound.attributes
        ]
    if entry.any_tensors and not bound.more and not declared:
        missing.append(entry.any_tensors)
    if missing and not failed:
        context.error(MissingArgument(span, entry.name, missing, signature(entry)))
        failed = True
    return None if failed else bound


def _stands_alone(
    entry: Entry, arguments: Sequence[tree.Argument], piped: _Piped | None, shared: bool, declared: bool
) -> bool:
    """`Affine(50)` outside a chain: the number would land where the value belongs."""
    if piped is not None or shared or declared or not entry.name[:1].isupper() or not entry.tensors:
        return False
    if any(a.name in entry.tensors for a in arguments):
        return False
    positional = [a for a in arguments if a.name is None]
    required = [t for t in entry.tensors if t not in entry.optional_tensors]
    if not positional:
        return True
    first = isinstance(positional[0].value, tree.Number | tree.String | tree.Bool | tree.ListOf)
    needed = len(required) + sum(
        a.required and a.name not in {x.name for x in arguments} for a in entry.attributes.values()
    )
    return first and len(positional) < needed


def _name_span(argument: tree.Argument) -> Span:
    start = argument.span.start
    return Span(start, start + len(argument.name or ""), argument.span.source)


def signature(entry: Entry) -> str:
    """`Affine(x, units, init=he, bias=true)`, as `graphlang layers` prints it."""
    parts = [f"{t}=none" if t in entry.optional_tensors else t for t in entry.tensors]
    if entry.any_tensors:
        parts.append(f"{entry.any_tensors}...")
    for attribute in entry.attributes.values():
        if attribute.name == entry.any_sizes:
            parts.append(f"{attribute.name}...")
        elif attribute.required:
            parts.append(attribute.name)
        else:
            parts.append(f"{attribute.name}={constant_text(attribute.default)}")
    return f"{entry.name}({', '.join(parts)})"


def constant_text(value: Any) -> str:
    """A constant as a spec writes it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(constant_text(v) for v in value) + "]"
    if isinstance(value, BaseModel):
        given = value.model_dump(exclude_unset=True)
        inside = ", ".join(constant_text(v) for v in given.values())
        return f"{type(value).__name__}({inside})" if given else type(value).__name__
    return str(value)


def _tensor_values(context: Context, entry: Entry, bound: Bound, scope: Scope) -> Steps:
    """The operands in the order of `forward`; None after a reported mistake."""
    found: list[Any] = []
    for item in (*(bound.tensors.get(t) for t in entry.tensors), *bound.more):
        if item is None:
            found.append(None)
            continue
        value = item.value if isinstance(item, _Piped) else (yield item.value, scope)
        name = entry.tensors[len(found)] if len(found) < len(entry.tensors) else None
        if value is None and name not in entry.optional_tensors:
            context.error(WrongKind(item.span, f"`{entry.name}` works on values, not on `none`"))
            value = POISON
        if isinstance(value, list) and entry.any_tensors:
            found.extend(value)
        else:
            found.append(value)
    while found and found[-1] is None:
        found.pop()
    if any(v is POISON for v in found):
        return None
    for value in found:
        if value is not None and not is_operand(value):
            what = "several values at once" if isinstance(value, tuple) else described(value)
            at = next(iter(bound.tensors.values())) if bound.tensors else bound.more[0]
            context.error(WrongKind(at.span, f"`{entry.name}` works on values, not on {what}"))
            return None
    return tuple(found)


def _attribute_values(context: Context, entry: Entry, bound: Bound, scope: Scope) -> Steps:
    """What each attribute is given, as plain data; None after a reported mistake."""
    given: dict[str, Any] = {}
    failed = False
    for name, argument in bound.attributes.items():
        attribute = entry.attributes.get(name) or Attribute(name, int, True, None, "")
        value = yield attribute_value(context, attribute, entry.name, argument.value, scope)
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
            if not _is_size(size, negative=True):
                context.error(
                    WrongAttribute(bound.sizes[0].span, entry.name, f"{described(size)} is not a size")
                )
                return None
        given[entry.any_sizes] = sizes
    return given


def _is_size(value: Any, *, negative: bool = False) -> bool:
    if isinstance(value, Dim):
        return True
    return isinstance(value, int) and not isinstance(value, bool) and (negative or value >= 0)


def attribute_value(
    context: Context, attribute: Attribute, owner: str, expression: Any, scope: Scope
) -> Steps:
    """The value of one attribute; an `init` is looked up among the initialisers."""
    if _wants_initializer(attribute.type):
        return (yield member(context, "initializers", expression, scope))
    if isinstance(expression, tree.Name) and expression.name in _words(attribute.type):
        return expression.name
    value = yield expression, scope
    return known(context, value, expression.span, f"`{attribute.name}` of `{owner}`")


def _words(hint: Any) -> tuple[Any, ...]:
    """The words that an attribute takes, as `last` in `return=last`: they need no quotes."""
    return typing.get_args(hint) if typing.get_origin(hint) is Literal else ()


def _wants_initializer(hint: Any) -> bool:
    options = getattr(hint, "__args__", None) or (hint,)
    return any(isinstance(o, type) and issubclass(o, Initializer) for o in options)


def known(context: Context, value: Any, span: Span, what: str) -> Any:
    """The constant behind a value, or POISON after saying that it must be known before running."""
    if isinstance(value, Value):
        if value.const is None:
            where = [Related(value.span, "this is a value of the graph")] if value.span != span else []
            context.error(NotKnownBefore(span, what, None, where))
            return POISON
        return value.const
    if isinstance(value, list):
        items = [known(context, v, span, what) for v in value]
        return POISON if any(i is POISON for i in items) else items
    return value


def member(context: Context, family: Any, expression: Any, scope: Scope) -> Steps:
    """An initialiser, optimizer, schedule or source from `name` or `name(...)`; POISON after a mistake."""
    if family == "initializers" and not isinstance(expression, tree.Name | tree.Call):
        value = yield expression, scope
        value = known(context, value, expression.span, "a starting value")
        if value is POISON:
            return POISON
        return _make_member(context, family, "constant", {"c": value}, {}, expression.span)
    function = expression.function if isinstance(expression, tree.Call) else expression
    arguments = expression.arguments if isinstance(expression, tree.Call) else ()
    if not isinstance(function, tree.Name):
        context.error(WrongKind(expression.span, f"one of the {family} is needed here", _listed(family)))
        return POISON
    model = family_member(family, function.name)
    if model is None:
        if family == "initializers" and isinstance(expression, tree.Name):
            number = scope.find(function.name)
            if isinstance(number, Value) and number.const is not None:
                number = number.const
            if isinstance(number, int | float):
                return _make_member(context, family, "constant", {"c": number}, {}, expression.span)
        foreign = FOREIGN.get(function.name)
        names = family_names(family)
        kind = KINDS[family]
        context.error(
            UnknownOperation(function.span, function.name, names, foreign if foreign in names else None, kind)
        )
        return POISON
    given: dict[str, Any] = {}
    places: dict[str, Span] = {}
    failed = False
    names = [f.alias or n for n, f in model.model_fields.items()]
    for position, argument in enumerate(arguments):
        name = argument.name
        if name is None:
            if position >= len(names):
                text = f"{function.name}({', '.join(names)})"
                context.error(TooManyArguments(argument.span, function.name, text))
                return POISON
            name = names[position]
        if name in given:
            context.error(ArgumentTwice(argument.span, function.name, name, places[name]))
            return POISON
        if name not in names:
            foreign = FOREIGN.get(name)
            context.error(UnknownAttribute(_name_span(argument), function.name, name, names, foreign))
            return POISON
        if family == "datasets" and isinstance(argument.value, tree.Name) and name == "target":
            value = argument.value.name
        else:
            value = yield argument.value, scope
            value = known(context, value, argument.span, f"`{name}` of `{function.name}`")
        failed |= value is POISON
        given[name], places[name] = value, argument.value.span
    if failed:
        return POISON
    return _make_member(context, family, function.name, given, places, expression.span)


def _listed(family: Any) -> str:
    return "there are " + ", ".join(f"`{n}`" for n in family_names(family))


def _make_member(
    context: Context, family: Any, name: str, given: dict[str, Any], places: dict[str, Span], span: Span
) -> Any:
    model = family_member(family, name)
    assert model is not None, (family, name)
    try:
        return model(**given)
    except ValidationError as error:
        report_validation(context, error, name, places, span)
        return POISON


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
        places = {name: argument.value.span for name, argument in bound.attributes.items()}
        report_validation(context, error, entry.name, places, span)
    except GraphError as error:
        for diagnostic in error.diagnostics:
            context.error(diagnostic)
    return None


def report_validation(
    context: Context, error: ValidationError, owner: str, places: dict[str, Span], span: Span
) -> None:
    """Turns what Pydantic found into diagnostics at the arguments."""
    seen = set()
    for found in error.errors(include_url=False):
        name = str(found["loc"][0]) if found["loc"] else ""
        if name in seen:
            continue
        seen.add(name)
        if found["type"] == "missing":
            message = f"`{owner}` needs `{name}`"
        else:
            message = requirement(f"`{name}` of `{owner}`" if name else f"`{owner}`", found)
        context.error(WrongAttribute(places.get(name, span), owner, message))


def requirement(what: str, found: Any) -> str:
    """What Pydantic asks of a value, in the words of a spec: "`units` must be a whole number"."""
    text = str(found["msg"]).removeprefix("Value error, ")
    if found["type"] not in ("value_error", "missing") and text.startswith("Input should be "):
        wanted = TYPE_WORDS.get(found["type"]) or text.removeprefix("Input should be ").replace("'", "`")
        given = f", but it is {described(found['input'])}" if is_plain(found["input"]) else ""
        return f"{what} must be {wanted}{given}"
    return f"{what}: {text[:1].lower()}{text[1:]}"


def is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


# ---- nodes ------------------------------------------------------------------------------------------


def apply_named(context: Context, name: str, operands: tuple[Any, ...], span: Span, scope: Scope) -> Any:
    """The node of an operator or another operation without attributes."""
    entry = context.catalog.find(name)
    assert entry is not None, name
    operation = context.operations.get((name, ""))
    if operation is None:
        operation = context.operations[name, ""] = entry.make({})
    return apply(context, entry, operation, {}, operands, span, scope)


def apply(
    context: Context,
    entry: Entry,
    operation: Operation,
    attributes: dict[str, Any],
    operands: tuple[Any, ...],
    span: Span,
    scope: Scope,
    *,
    label: str | None = None,
    shared: SharedLayer | None = None,
) -> Any:
    """Infers the result of an operation and enters its node; POISON after a reported mistake."""
    if any(isinstance(o, Dim | DimScalar | list) for o in operands):
        operands = tuple(as_value(context, o, span, scope, entry.name) for o in operands)
        if any(o is POISON for o in operands):
            return POISON
    if entry.kind != "function":
        operands = tuple(_layer_operand(context, o, span, scope) for o in operands)
    arrays = [o.array if isinstance(o, Value) else o for o in operands]
    if len(arrays) == 2 and entry.name in BROADCASTING and _ambiguous(context, entry, operands, span):
        return POISON
    instance: Instance | None = None
    own: dict[str, Value] = {}
    if entry.own:
        instance = shared.instance if shared else _instance(context, entry.name, scope, label)
        found = _parameters(context, operation, arrays, instance, span, scope, shared, operands)
        if found is None:
            return POISON
        own = found
    elif entry.kind != "function":
        instance = _instance(context, entry.name, scope, label)
    keywords: dict[str, Any] = {k: v.array for k, v in own.items()}
    if entry.wants:
        keywords.update(_handed_in(context, entry))
    try:
        with context.trace:
            result = operation.forward(*arrays, **keywords)[0]
    except ShapeError as error:
        text = sentence(str(error))
        context.error(WrongShape(span, _about(entry.name, text), error.help, origins(operands, span)))
        return POISON
    except Unrecorded as error:
        context.error(_unrecorded(entry, span, error))
        return POISON
    except GraphError as error:
        for diagnostic in error.diagnostics:
            context.error(diagnostic)
        return POISON
    except ValueError as error:
        context.error(
            WrongShape(span, _about(entry.name, sentence(str(error))), None, origins(operands, span))
        )
        return POISON
    except Exception as error:  # noqa: BLE001 - the code of a layer of one's own may raise anything
        context.error(LayerFailed(span, f"`{entry.name}` failed on {_types(operands)}: {error!r}"))
        return POISON
    hint = operation.hint(*arrays) if entry.kind == "layer" else None
    if hint:
        context.error(
            Hint(span, f"`{entry.name}` on {_types(operands)} is allowed, but probably not meant", hint)
        )
    _note_bounds(operation, entry, operands, arrays)
    made = _enter(context, entry, attributes, operands, own, result, span, scope)
    if isinstance(made, Value):
        made.instance = instance
        if label is not None and made.label is None:
            made.label = label
    return made


def _layer_operand(context: Context, operand: Any, span: Span, scope: Scope) -> Any:
    """A number that is sent into a layer becomes a node, for the layer may look at its shape."""
    if not isinstance(operand, int | float):
        return operand
    array = context.input((), "float")
    value = {"value": float(operand)}
    order = context.order(scope)
    return context.add(
        Value(
            "node", array, span, scope.instance, order, operation="constant", attributes=value, const=operand
        )
    )


def as_value(context: Context, operand: Any, span: Span, scope: Scope, used_by: str = "") -> Any:
    """A size or a list that stands in arithmetic becomes a node: a size is known when data arrives."""
    if isinstance(operand, Dim | DimScalar):
        array = context.input((), "int" if isinstance(operand, Dim) else "float")
    elif isinstance(operand, list):
        try:
            found = np.asarray(operand)
        except ValueError:
            context.error(WrongShape(span, "the rows of this list differ in length"))
            return POISON
        # A list of whole numbers is still of the run's precision, as `2 * x` is, except where it counts.
        kind = "int" if used_by in COUNTING and found.dtype.kind == "i" else "float"
        array = context.input(found.shape, kind)
    else:
        return operand
    order = context.order(scope)
    value = {"value": operand}
    const = None if isinstance(operand, list) else operand
    return context.add(
        Value("node", array, span, scope.instance, order, operation="constant", attributes=value, const=const)
    )


def _about(name: str, text: str) -> str:
    """What an operation has to say, with its name in front where it does not name itself."""
    return text if text.startswith(f"`{name}`") else f"`{SYMBOLS.get(name, name)}`: {text}"


def sentence(text: str) -> str:
    return text[:1].lower() + text[1:] if not text[:2].isupper() else text


def _unrecorded(entry: Entry, span: Span, error: Unrecorded) -> LayerFailed:
    message = f"`{entry.name}` uses `{error}`, which cannot be recorded"
    return LayerFailed(
        span, message, "use another NumPy function, or write it as a kernel: a primitive of its own"
    )


def _types(operands: tuple[Any, ...]) -> str:
    return " and ".join(type_text(o.array) if isinstance(o, Value) else f"`{o}`" for o in operands)


def origins(operands: Sequence[Any], at: Span | None = None) -> list[Related]:
    """Where each operand comes from, and its type there, but for the place of the mistake itself."""
    found: dict[Span, Related] = {}
    for operand in operands:
        if isinstance(operand, Value) and operand.span not in found and operand.span != at:
            found[operand.span] = Related(operand.span, f"this is {type_text(operand.array)}")
    return list(found.values())


def _enter(
    context: Context,
    entry: Entry,
    attributes: dict[str, Any],
    operands: tuple[Any, ...],
    own: dict[str, Value],
    result: Any,
    span: Span,
    scope: Scope,
) -> Any:
    if isinstance(result, tuple | list):
        return tuple(
            _node(context, entry, {**attributes, "part": i}, operands, own, part, span, scope)
            for i, part in enumerate(result)
        )
    return _node(context, entry, attributes, operands, own, result, span, scope)


def _node(
    context: Context,
    entry: Entry,
    attributes: dict[str, Any],
    operands: tuple[Any, ...],
    own: dict[str, Value],
    result: Any,
    span: Span,
    scope: Scope,
) -> Value:
    if not isinstance(result, SymbolicArray):
        # An operation on constants alone, as `exp(1)` or `zeros(3)`, has computed its result.
        result = (
            context.trace.input(result.shape, result.dtype)
            if hasattr(result, "shape")
            else context.input(
                (), "bool" if isinstance(result, bool) else "int" if isinstance(result, int) else "float"
            )
        )
    value = Value(
        "node",
        result,
        span,
        scope.instance,
        context.order(scope),
        operation=entry.name,
        operands=operands,
        attributes=attributes,
        parameters=own,
    )
    return context.add(value)


def _instance(
    context: Context, kind: str, scope: Scope, label: str | None, span: Span | None = None
) -> Instance:
    return Instance(kind, scope.instance, context.order(scope), label, span)


def _handed_in(context: Context, entry: Entry) -> dict[str, Any]:
    from graphlang.trace import SymbolicRandom

    values: dict[str, Any] = {}
    if "training" in entry.wants:
        values["training"] = True
    if "random" in entry.wants:
        values["random"] = SymbolicRandom(context.trace)
    return values


def _parameters(
    context: Context,
    operation: Operation,
    arrays: list[Any],
    instance: Instance,
    span: Span,
    scope: Scope,
    shared: SharedLayer | None,
    operands: tuple[Any, ...],
) -> dict[str, Value] | None:
    """The layer's parameters as values; made once for a shared layer."""
    if shared is not None and shared.parameters is not None:
        return shared.parameters
    memo = scope.memo if shared is None else None
    if memo is not None and (made := memo.recall()) is not None:
        return made
    if not _may_own(context, scope, instance, span):
        return None
    try:
        trained = operation.parameters(*arrays)
        state = operation.state(*arrays)
    except (ShapeError, ValueError, IndexError) as error:
        text = sentence(str(error)) if not isinstance(error, IndexError) else "the input has too few axes"
        text = (
            text
            if text.startswith(f"`{instance.kind}`")
            else f"`{instance.kind}` on {_types(operands)}: {text}"
        )
        context.error(WrongShape(span, text, None, origins(operands, span)))
        return None
    found: dict[str, Value] = {}
    for trainable, group in ((True, trained), (False, state)):
        for role, parameter in group.items():
            value = _parameter(context, role, parameter, instance, span, scope, trainable, operands)
            if value is None:
                return None
            found[role] = value
    if shared is not None:
        shared.parameters = found
    if memo is not None:
        memo.keep(found)
    return found


def _may_own(context: Context, scope: Scope, instance: Instance, span: Span) -> bool:
    """A `def` with a lower-case name is a function, and a function owns nothing."""
    inner: Scope | None = scope
    while inner is not None:
        name = inner.definition
        if name is not None and not name[:1].isupper():
            at = context.definitions[name].tree.name_span if name in context.definitions else span
            context.error(NeedsCapital(at, name, f"`{instance.kind}`", span))
            return False
        inner = inner.parent
    return True


def _parameter(
    context: Context,
    role: str,
    parameter: Parameter,
    instance: Instance,
    span: Span,
    scope: Scope,
    trainable: bool,
    operands: tuple[Any, ...],
) -> Value | None:
    if not all(isinstance(s, int) for s in parameter.shape):
        name = f"{instance.label or instance.kind}.{role}"
        context.error(NotANumberYet(span, name, shape_text(parameter.shape), origins(operands)))
        return None
    if not count_elements(context, parameter.shape, span):
        return None
    array = context.input(parameter.shape, "float")
    value = Value("param", array, span, instance, context.order(scope), label=role)
    value.attributes = {"init": parameter.init, "trainable": trainable}
    return context.add(value)


def count_elements(context: Context, shape: Sequence[Any], span: Span) -> bool:
    """Keeps the sum of all parameters within the limits."""
    elements = 1
    for size in shape:
        elements *= size
    context.elements += elements
    if context.elements > context.limits.parameters:
        context.error(LimitExceeded(span, "parameters", context.limits.parameters))
        return False
    return True


def _note_bounds(operation: Operation, entry: Entry, operands: tuple[Any, ...], arrays: list[Any]) -> None:
    if entry.kind == "function" or getattr(operation, "ignore", None) is not None:
        return
    for name, bound in operation.index_bounds(*arrays).items():
        if name in entry.tensors:
            operand = operands[entry.tensors.index(name)]
            if isinstance(operand, Value) and kind_of(operand.array) == "int":
                both = isinstance(bound, int) and isinstance(operand.bounds, int)
                operand.bounds = min(bound, operand.bounds) if both else (operand.bounds or bound)


# ---- the guard of broadcasting --------------------------------------------------------------------


def _ambiguous(context: Context, entry: Entry, operands: tuple[Any, ...], span: Span) -> bool:
    left, right = operands
    if not (isinstance(left, Value) and isinstance(right, Value)):
        return False
    a, b = left.array.shape, right.array.shape
    if a == b or not a or not b:
        return False
    rank = max(len(a), len(b))
    wide_a = (1,) * (rank - len(a)) + a
    wide_b = (1,) * (rank - len(b)) + b
    pairs = list(zip(wide_a, wide_b, strict=True))
    stretched_a = any(p == 1 and q != 1 for p, q in pairs)
    stretched_b = any(q == 1 and p != 1 for p, q in pairs)
    if not (stretched_a and stretched_b):
        return False
    if any(p not in (q, 1) and q != 1 for p, q in pairs):
        return False  # does not broadcast at all: the shape rule says so
    if left.operation in RESHAPING or right.operation in RESHAPING:
        return False
    result = ", ".join(str(q if p == 1 else p) for p, q in pairs)
    shapes = f"({_tuple_text(a)}) and ({_tuple_text(b)}) give ({result})"
    message = f"`{SYMBOLS.get(entry.name, entry.name)}` would stretch both operands: {shapes}"
    name = right.label or "b"
    target = ", ".join(constant_text(size_json(s)).strip('"') for s in b)
    help = f"bring both to one shape; where every combination is meant, say so: `reshape({name}, {target})`"
    context.error(AmbiguousBroadcast(span, message, help, origins(operands)))
    return True


def _tuple_text(shape: tuple[Size, ...]) -> str:
    return shape_text(shape) + ("," if len(shape) == 1 else "")


# ---- slices -----------------------------------------------------------------------------------------


def subscript(
    context: Context, node: tree.Index, value: Any, items: list[tuple[Any, Any]], scope: Scope
) -> Any:
    """`x[i, a:b, ...]`; an index that is a value of the graph is a `take`."""
    if value is POISON or any(v is POISON for _, v in items):
        return POISON
    if isinstance(value, list | tuple):
        return _list_item(context, node, value, items)
    if not isinstance(value, Value):
        context.error(WrongKind(node.value.span, f"{described(value)} has no parts to take"))
        return POISON
    index: list[Any] = []
    for item, found in items:
        if isinstance(item, tree.Slice):
            parts = [known(context, p, item.span, "a slice's end") if p is not None else None for p in found]
            if any(p is POISON for p in parts):
                return POISON
            index.append(parts)
        elif found == "..." or found is None:
            index.append(found)
        elif (isinstance(found, Value) and found.const is None) or is_table(found):
            if len(items) != 1:
                context.error(
                    NotKnownBefore(item.span, "an index among several", "use `take(x, ids, axis=...)`")
                )
                return POISON
            return apply_named(context, "take", (value, found), node.span, scope)
        else:
            found = known(context, found, item.span, "an index")
            if not _is_size(found, negative=True):
                context.error(WrongKind(item.span, f"an index is a whole number, not {described(found)}"))
                return POISON
            index.append(found)
    entry = context.catalog.find("subscript")
    assert entry is not None
    operation = entry.make({"items": tuple(tuple(i) if isinstance(i, list) else i for i in index)})
    return apply(context, entry, operation, {"items": index}, (value,), node.span, scope)


def _list_item(context: Context, node: tree.Index, value: Any, items: list[tuple[Any, Any]]) -> Any:
    if len(items) == 1 and isinstance(items[0][1], int) and -len(value) <= items[0][1] < len(value):
        return value[items[0][1]]
    context.error(WrongKind(node.span, f"a list of {len(value)} has no such item"))
    return POISON


# ---- shared layers and definitions -------------------------------------------------------------------


def shared_parameter(context: Context, shared: SharedLayer, node: tree.Attribute) -> Any:
    """`tok.W`: a parameter of a shared layer."""
    if shared.parameters is None:
        # Some layers, as Embedding, know their parameters without seeing a value.
        try:
            shared.operation.parameters(*(None for _ in shared.entry.tensors))
        except Exception:  # noqa: BLE001 - whatever it needs of the tensors, it needs a use first
            message = f"`{shared.name}` has no parameters yet: nothing is sent into it"
            context.error(WrongKind(node.span, message, f"use it somewhere: `{shared.name}(x)`"))
            return POISON
        scope = Scope(None, shared.instance.parent or context.root)
        found = _parameters(
            context,
            shared.operation,
            [None for _ in shared.entry.tensors],
            shared.instance,
            shared.span,
            scope,
            shared,
            (),
        )
        if found is None:
            return POISON
    assert shared.parameters is not None
    if node.name not in shared.parameters:
        context.error(NoSuchPart(node.name_span, shared.name, node.name, list(shared.parameters)))
        return POISON
    return shared.parameters[node.name]


def _call_shared_definition(
    context: Context,
    shared: SharedDefinition,
    arguments: Sequence[tree.Argument],
    scope: Scope,
    span: Span,
    piped: _Piped | None,
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
    piped: _Piped | None,
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
            known_names = [f.name for f in formals]
            context.error(
                UnknownAttribute(_name_span(argument), name, target, known_names, FOREIGN.get(target))
            )
            return POISON
        free.remove(target)
        value = yield argument.value, scope
        if value is POISON:
            return POISON
        values[target] = value, argument.span
    missing = [f.name for f in formals if f.name in free and f.default is None]
    if missing:
        if not values and name[:1].isupper():
            context.error(NothingToWorkOn(span, name, span.text))
        else:
            context.error(MissingArgument(span, name, missing, text))
        return POISON
    instance = shared.instance if shared else _instance(context, name, scope, label, span)
    memo = shared.memo if shared else scope.memo
    return (yield context.enter(context, definition, values, instance, span, memo, scope))


def _formal_text(formal: tree.Formal) -> str:
    return f"{formal.name}={formal.default.span.text}" if formal.default is not None else formal.name


# ---- grad ---------------------------------------------------------------------------------------------


def _grad(
    context: Context, arguments: Sequence[tree.Argument], scope: Scope, span: Span, piped: _Piped | None
) -> Steps:
    """`grad(y, x)`: the gradient of a scalar with respect to any value before it."""
    operands: list[Any] = [piped.value] if piped is not None else []
    for argument in arguments:
        if argument.name is not None:
            context.error(UnknownAttribute(_name_span(argument), "grad", argument.name, []))
            return POISON
        operands.append((yield argument.value, scope))
    if any(o is POISON for o in operands):
        return POISON
    if len(operands) != 2:
        context.error(MissingArgument(span, "grad", ["y", "x"][len(operands) :] or ["y", "x"], "grad(y, x)"))
        return POISON
    y, x = operands
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
    array = context.trace.input(x.array.shape, context.dtype("float"))
    value = Value(
        "node", array, span, scope.instance, context.order(scope), operation="grad", operands=(y, x)
    )
    return context.add(value)
