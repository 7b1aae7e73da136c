"""Nodes: infers what an operation gives for its operands, and enters it with its parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from graphlang.catalog.finder import Entry
from graphlang.catalog.operation import (
    Operation,
    Parameter,
    WrongForward,
    as_numbers,
    check_taken,
    outcome,
    owned,
)
from graphlang.diagnostics import GraphError, Related, Span
from graphlang.diagnostics.arguments import (
    LayerFailed,
)
from graphlang.diagnostics.names import (
    NeedsCapital,
)
from graphlang.diagnostics.shapes import AmbiguousBroadcast, Hint, NotANumberYet, WrongShape
from graphlang.diagnostics.too_large import LimitExceeded
from graphlang.resolve.context import Context, kind_of, sizes_text, type_text
from graphlang.resolve.values import (
    POISON,
    Instance,
    NamedTable,
    Scope,
    SharedLayer,
    Value,
)
from graphlang.syntax.operators import OPERATORS
from graphlang.trace import (
    Dim,
    DimScalar,
    DtypeError,
    ShapeError,
    Size,
    SymbolicArray,
    UndecidedError,
    Unrecorded,
)

BROADCASTING = {row.function for row in OPERATORS if row.broadcasts} | {"maximum", "minimum"}
"""Operators of two operands, where stretching both is an error."""

GUARDED = BROADCASTING | {"where"}
"""Functions whose operands are stretched to one shape."""

RESHAPING = frozenset("reshape expand_dims broadcast_to subscript squeeze".split())
"""Operations whose use says that a stretched shape is meant."""

SYMBOLS = {row.function: row.symbol for row in OPERATORS} | {"matrix_transpose": ".T", "subscript": "[]"}
"""Operations as a file writes them, for messages."""

WHOLE_ARRAYS = (
    "a layer works on whole arrays, without a Python loop over their elements: "
    "`np.sum(x, axis=0)`, `np.where(c, a, b)`, `np.maximum(x, 0)`"
)
LONGEST_IN_HELP = 30
"""Characters of an expression up to which a help line repeats it."""

BESIDE_A_VALUE = BROADCASTING | {"where", "take"}
"""Functions that take a plain number beside a value, as `maximum(x, 0)`: it needs no node of its own."""


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


def instead_of(value: Any, span: Span) -> str | None:
    """What to write instead of something that no node can take."""
    if isinstance(value, tuple):
        return f"give each a name first: `{', '.join('abcdefgh'[: len(value)])} = ...`"
    if not isinstance(value, list) or not any(isinstance(i, Value) for i in value):
        return None
    if all(isinstance(i, Value | int | float) for i in value):
        return f"join values into one: `stack({span.text})`, or `concat`"
    return None


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
    indices = _index_bounds(entry, operation, operands)
    if any(isinstance(o, Dim | DimScalar | list) for o in operands):
        operands = tuple(
            as_value(context, o, span, scope, counts=i in indices) for i, o in enumerate(operands)
        )
        if any(o is POISON for o in operands):
            return POISON
    if entry.name not in BESIDE_A_VALUE or not any(isinstance(o, Value) for o in operands):
        operands = tuple(
            _number(context, o, span, scope, counts=i in indices) for i, o in enumerate(operands)
        )
    if _index_outside(context, entry, operation.ignored_index(), indices, operands, span):
        return POISON
    arrays = [o.array if isinstance(o, Value) else o for o in operands]
    if entry.name in GUARDED and _ambiguous(context, entry.name, operands, span):
        return POISON
    instance: Instance | None = None
    own: dict[str, Value] = {}
    if entry.owns:
        instance = shared.instance if shared else new_instance(context, entry.name, scope, label, span)
        found = layer_parameters(context, operation, arrays, instance, span, scope, operands, entry.own)
        if found is None:
            return POISON
        own = found
    elif entry.kind != "function":
        instance = new_instance(context, entry.name, scope, label, span)
    keywords: dict[str, Any] = {k: v.array for k, v in own.items()}
    if entry.wants:
        keywords.update(_handed_in(context, entry))
    try:
        with context.trace:
            result = outcome(operation, _computed(operation, arrays, keywords))[0]
    except ShapeError as error:
        text = sentence(str(error))
        help = error.help or _of_matrices(entry.name, operands, span)
        context.error(WrongShape(span, _about(entry.name, text), help, origins(operands, span)))
        return POISON
    except (Unrecorded, UndecidedError, WrongForward) as error:
        context.error(layer_failed(f"`{entry.name}`", span, error))
        return POISON
    except GraphError as error:
        for diagnostic in error.diagnostics:
            context.error(diagnostic)
        return POISON
    except ValueError as error:
        wrong = WrongShape(span, _about(entry.name, sentence(str(error))), None, origins(operands, span))
        context.error(wrong.replaced(cause=error if entry.name in context.catalog.own else None))
        return POISON
    except Exception as error:  # noqa: BLE001 - the code of a layer of one's own may raise anything
        context.error(_failed(entry.name, operands, span, error))
        return POISON
    try:
        hint = operation.hint(*arrays) if entry.kind == "layer" else None
        _note_bounds(operation, entry, operands, arrays)
    except Exception as error:  # noqa: BLE001 - the same
        context.error(_failed(entry.name, operands, span, error))
        return POISON
    if hint:
        context.error(
            Hint(span, f"`{entry.name}` on {_types(operands)} is allowed, but probably not meant", hint)
        )
    made = _enter(context, entry, attributes, operands, own, result, span, scope)
    if isinstance(made, Value):
        made.instance = instance
        if label is not None and made.label is None:
            made.label = label
    return made


def _computed(operation: Operation, arrays: list[Any], keywords: dict[str, Any]) -> Any:
    """What `forward` returns; where it does not take truth values, on 1 and 0 in their place."""
    try:
        return operation.forward(*arrays, **keywords)
    except DtypeError:
        numbers = as_numbers(arrays, np.float64)
        if numbers is None:
            raise
        return operation.forward(*numbers, **keywords)


def _index_bounds(entry: Entry, operation: Any, operands: tuple[Any, ...]) -> dict[int, Any]:
    """The operands that hold indices, so that whole numbers written out stay whole; one more than the
    largest index of each, or None where any may be."""
    if all(isinstance(o, Value) for o in operands) or not operands:
        return {}
    if entry.kind == "function":
        if entry.name == "take" and isinstance(operands[0], Value):
            axis, shape = operation.attributes.get("axis", 0), operands[0].array.shape
            return {1: shape[axis] if -len(shape) <= axis < len(shape) else None}
        return {"take": {1: None}, "one_hot": {0: None}}.get(entry.name, {})
    try:
        arrays = [o.array if isinstance(o, Value) else np.asarray(o) for o in operands]
        bounds = operation.index_bounds(*arrays)
    except Exception:  # noqa: BLE001 - what does not fit is reported by `forward`
        return {}
    return {entry.tensors.index(name): bound for name, bound in bounds.items() if name in entry.tensors}


def _index_outside(
    context: Context,
    entry: Entry,
    ignored: int | None,
    indices: dict[int, Any],
    operands: tuple[Any, ...],
    span: Span,
) -> bool:
    """Whether an index that is written out lies outside of what it counts, which is reported."""
    for position, bound in indices.items():
        operand = operands[position]
        if not isinstance(bound, int) or not isinstance(operand, Value) or operand.operation != "constant":
            continue
        found = np.asarray(operand.attributes["value"])
        if found.dtype.kind != "i":  # a size that is not known yet among them
            continue
        lowest = -bound if entry.kind == "function" else 0
        wrong = found[((found < lowest) | (found >= bound)) & (found != ignored)]
        if wrong.size:
            message = f"`{entry.name}`: index {wrong[0]} lies outside of {lowest}..{bound - 1}"
            context.error(WrongShape(span, message, None, origins(operands[:position], span)))
            return True
    return False


def _number(context: Context, operand: Any, span: Span, scope: Scope, *, counts: bool) -> Any:
    """A number on its own becomes a node, for what works on it may look at its shape."""
    if not isinstance(operand, int | float):
        return operand
    kind = "float"
    if isinstance(operand, int) and (counts or isinstance(operand, bool)):
        kind = "bool" if isinstance(operand, bool) else "int"
    value = float(operand) if kind == "float" else operand
    order = context.order(scope)
    return context.add(
        Value(
            "node",
            context.input((), kind),
            span,
            scope.instance,
            order,
            operation="constant",
            attributes={"value": value},
            const=operand,
        )
    )


def as_value(context: Context, operand: Any, span: Span, scope: Scope, *, counts: bool = False) -> Any:
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
        kind = "bool" if found.dtype.kind == "b" else "int" if counts and found.dtype.kind == "i" else "float"
        if isinstance(operand, NamedTable) and kind != "int":
            return _named_table(context, operand, context.input(found.shape, kind))
        array = context.input(found.shape, kind)
    else:
        return operand
    order = context.order(scope)
    value = {"value": operand}
    const = None if isinstance(operand, list) else operand
    return context.add(
        Value("node", array, span, scope.instance, order, operation="constant", attributes=value, const=const)
    )


def _named_table(context: Context, table: NamedTable, array: SymbolicArray) -> Value:
    """The one value that a named list is."""
    if table.made is None:
        table.made = context.add(
            Value(
                "node",
                array,
                table.span,
                table.group,
                table.order,
                label=table.name,
                operation="constant",
                attributes={"value": list(table)},
            )
        )
    return table.made


def _of_matrices(name: str, operands: Sequence[Any], span: Span) -> str | None:
    """`x * W`, where the sizes are those of a product of matrices."""
    if name != "multiply" or len(operands) != 2 or not all(isinstance(o, Value) for o in operands):
        return None
    a, b = (o.array.shape for o in operands)
    if len(a) < 1 or len(b) < 2 or a[-1] != b[-2]:
        return None
    left, star, right = span.text.partition("*")
    plain = star and (left.strip() + right.strip()).isidentifier()
    written = f"{left.strip()} @ {right.strip()}" if plain else "a @ b"
    return f"`*` multiplies number by number; a product of matrices is `{written}`"


def _about(name: str, text: str) -> str:
    """What an operation has to say, with its name in front where it does not name itself."""
    shown = f"`{SYMBOLS.get(name, name)}`"
    if text.startswith((f"`{name}`", shown)):
        return shown + text[text.index("`", 1) + 1 :]
    return f"{shown}: {text}"


def sentence(text: str) -> str:
    return text[:1].lower() + text[1:] if not text[:2].isupper() else text


def layer_failed(who: str, span: Span | None, error: Exception) -> LayerFailed:
    """What to say where the code of a layer does what it cannot; the exception behind it goes along."""
    if isinstance(error, Unrecorded):
        return LayerFailed(
            span, f"{who} uses `{error.function}`, which cannot be recorded", error.help, error
        )
    if isinstance(error, UndecidedError):
        message = f"{who} asks for a number that is not known before running: {error}"
        return LayerFailed(span, message, WHOLE_ARRAYS, error)
    assert isinstance(error, WrongForward), error
    return LayerFailed(span, f"{who} {error}", error.help, error)


def _failed(name: str, operands: tuple[Any, ...], span: Span, error: Exception) -> LayerFailed:
    message = f"`{name}` failed on {_types(operands)}: {type(error).__name__}: {error}"
    return LayerFailed(span, message, None, error)


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


def new_instance(context: Context, kind: str, scope: Scope, label: str | None, at: Span) -> Instance:
    """One use of a layer or a `def`; inside a shared `def`, what an earlier use of that made here."""
    fresh = Instance(kind, scope.instance, context.order(scope), label, at)
    made = fresh if scope.memo is None else scope.memo.instance(kind, at, fresh)
    if label is not None:
        scope.instance.parts[label] = made
    return made


def _handed_in(context: Context, entry: Entry) -> dict[str, Any]:
    from graphlang.trace import SymbolicRandom

    values: dict[str, Any] = {}
    if "training" in entry.wants:
        values["training"] = True
    if "random" in entry.wants:
        values["random"] = SymbolicRandom(context.trace)
    return values


def layer_parameters(
    context: Context,
    operation: Operation,
    arrays: list[Any],
    instance: Instance,
    span: Span,
    scope: Scope,
    operands: tuple[Any, ...],
    taken: Sequence[str],
) -> dict[str, Value] | None:
    """The layer's parameters as values, which `forward` takes by these names; made once for an instance."""
    if instance.parameters is None and not may_own(context, instance, span):
        return None
    try:
        trained = owned(operation, "parameters", arrays)
        state = owned(operation, "state", arrays)
        if instance.parameters is None:
            check_taken(operation, trained | state, taken)
    except WrongForward as error:
        context.error(layer_failed(f"`{instance.kind}`", span, error))
        return None
    except (ShapeError, ValueError, IndexError) as error:
        text = sentence(str(error)) if not isinstance(error, IndexError) else "the input has too few axes"
        text = (
            text
            if text.startswith(f"`{instance.kind}`")
            else f"`{instance.kind}` on {_types(operands)}: {text}"
        )
        context.error(WrongShape(span, text, None, origins(operands, span)))
        return None
    except Exception as error:  # noqa: BLE001 - the code of a layer of one's own may raise anything
        context.error(_failed(instance.kind, operands, span, error))
        return None
    if instance.parameters is not None:
        again = {} if context.probing else {role: p.shape for role, p in (trained | state).items()}
        return _same_shapes(context, instance, again, span, operands)
    found: dict[str, Value] = {}
    for trainable, group in ((True, trained), (False, state)):
        for role, parameter in group.items():
            value = _parameter(context, role, parameter, instance, span, scope, trainable, operands)
            if value is None:
                return None
            found[role] = value
    instance.parameters = found
    return found


def _same_shapes(
    context: Context, instance: Instance, wanted: dict[str, Any], span: Span, operands: tuple[Any, ...]
) -> dict[str, Value] | None:
    """The parameters of a shared layer, where this use wants them in the shapes that they have."""
    assert instance.parameters is not None, instance.kind
    for role, value in instance.parameters.items():
        if role in wanted and wanted[role] != value.array.shape:
            name = f"{instance.label or instance.kind}.{role}"
            has, wants = sizes_text(value.array.shape), sizes_text(wanted[role])
            message = f"`{name}` is shared and has the shape [{has}], but this use wants [{wants}]"
            help = "send values of one width into it, or make a layer for each"
            first = [Related(value.span, f"`{name}` got its shape here")] if value.span != span else []
            context.error(WrongShape(span, message, help, [*first, *origins(operands, span)]))
            return None
    return instance.parameters


def may_own(context: Context, instance: Instance, span: Span) -> bool:
    """A `def` with a lower-case name is a function, and a function owns nothing."""
    for number, definition in reversed(list(enumerate(context.unrolling))):
        name = definition.name
        if not name[:1].isupper():
            # Where it calls another `def` for them, that call is what has the parameters.
            inside = context.calls[number + 1 :]
            owner, at = inside[0] if inside else (instance.kind, span)
            context.error(NeedsCapital(definition.name_span, name, f"`{owner}`", at))
            return False
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
    if not all(isinstance(s, int) for s in parameter.shape) and not context.probing:
        name = f"{instance.label or instance.kind}.{role}"
        context.error(NotANumberYet(span, name, sizes_text(parameter.shape), origins(operands)))
        return None
    if not count_elements(context, parameter.shape, span):
        return None
    array = context.input(parameter.shape, "float")
    value = Value("param", array, span, instance, context.order(scope), label=role)
    value.attributes = {"init": parameter.init, "trainable": trainable}
    return context.add(value)


def count_elements(context: Context, shape: Sequence[Any], span: Span) -> bool:
    """Keeps the sum of all parameters within the limits."""
    if context.probing:
        return True
    elements = 1
    for size in shape:
        elements *= size
    context.elements += elements
    if context.elements > context.limits.parameters:
        context.error(LimitExceeded(span, "parameters", context.limits.parameters))
        return False
    return True


def _note_bounds(operation: Operation, entry: Entry, operands: tuple[Any, ...], arrays: list[Any]) -> None:
    if entry.kind == "function":
        return
    ignored = operation.ignored_index()
    for name, bound in operation.index_bounds(*arrays).items():
        if name in entry.tensors:
            operand = operands[entry.tensors.index(name)]
            if isinstance(operand, Value) and kind_of(operand.array) == "int":
                # What a second use allows otherwise is checked where it is used.
                if operand.bounds is None:
                    operand.bounds, operand.ignored = bound, ignored
                elif isinstance(bound, int) and isinstance(operand.bounds, int):
                    operand.bounds = (
                        min(bound, operand.bounds) if ignored == operand.ignored else operand.bounds
                    )


def _ambiguous(context: Context, name: str, operands: tuple[Any, ...], span: Span) -> bool:
    """Whether two of the operands would both be stretched, which is reported."""
    values = [o for o in operands if isinstance(o, Value)]
    return any(_both_stretched(context, name, pair, span) for pair in combinations(values, 2))


def _both_stretched(context: Context, operation: str, pair: tuple[Value, Value], span: Span) -> bool:
    left, right = pair
    if left.operation in RESHAPING or right.operation in RESHAPING:
        return False
    a, b = left.array.shape, right.array.shape
    pairs = _aligned(a, b)
    if not _stretch_both(pairs):
        return False
    result = ", ".join(str(q if p == 1 else p) for p, q in pairs)
    shapes = f"({_tuple_text(a)}) and ({_tuple_text(b)}) give ({result})"
    message = f"`{SYMBOLS.get(operation, operation)}` would stretch both operands: {shapes}"
    every, target = (right, _padded(b, a)) if len(b) <= len(a) else (left, _padded(a, b))
    help = f"where every combination is meant, say so: {_reshaped(every, target)}"
    if _plain(a) == _plain(b):
        longer, shape = (left, b) if len(a) > len(b) else (right, a)
        help = f"bring both to one shape: {_reshaped(longer, shape)}; {help}"
    else:
        help = f"bring both to one shape; {help}"
    context.error(AmbiguousBroadcast(span, message, help, origins(pair)))
    return True


def _padded(shape: tuple[Size, ...], other: tuple[Size, ...]) -> tuple[Size, ...]:
    """A shape with an axis of size 1 in front for each that the other has more, as broadcasting takes it."""
    return (1,) * (len(other) - len(shape)) + shape


def _plain(shape: tuple[Size, ...]) -> tuple[Size, ...]:
    return tuple(size for size in shape if size != 1)


def _reshaped(value: Value, shape: tuple[Size, ...]) -> str:
    text = value.span.text
    if re.fullmatch(r"\([^()]*\)", text):
        text = text[1:-1]
    name = value.label or (text if len(text) <= LONGEST_IN_HELP and "\n" not in text else "...")
    sizes = ", ".join(str(s) for s in shape)
    return f"`reshape({name}, {sizes})`"


def _aligned(a: tuple[Size, ...], b: tuple[Size, ...]) -> list[tuple[Size, Size]]:
    """The sizes of two shapes side by side, aligned at the right, the shorter one filled up with 1."""
    rank = max(len(a), len(b))
    return list(zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True))


def _stretch_both(pairs: list[tuple[Size, Size]]) -> bool:
    if any(p not in (q, 1) and q != 1 for p, q in pairs):
        return False  # does not broadcast at all: the shape rule says so
    return any(p == 1 and q != 1 for p, q in pairs) and any(q == 1 and p != 1 for p, q in pairs)


def broadcasts(a: tuple[Size, ...], b: tuple[Size, ...]) -> bool:
    """Whether two shapes stretch to one, as NumPy stretches them."""
    return all(p == q or 1 in (p, q) for p, q in _aligned(a, b))


def comparable(context: Context, sides: tuple[Any, Any], span: Span) -> bool:
    """Whether the two sides of an `expect` may be of one shape when data arrives; reported where not."""
    a, b = (side.array.shape if isinstance(side, Value) else () for side in sides)
    pairs = _aligned(a, b)
    wrong = [(p, q) for p, q in pairs if 1 not in (p, q) and _differ(p, q)]
    if not wrong and not _stretch_both(pairs):
        return True
    message = (
        f"`expect` compares number by number, but the sides are ({_tuple_text(a)}) and ({_tuple_text(b)})"
    )
    kind = WrongShape if wrong else AmbiguousBroadcast
    context.error(kind(span, message, "bring both to one shape", origins(sides, span)))
    return False


def _differ(p: Size, q: Size) -> bool:
    """Whether two sizes are unequal whatever the data."""
    try:
        return bool(p > q or p < q)
    except UndecidedError:
        return False


def _tuple_text(shape: tuple[Size, ...]) -> str:
    return sizes_text(shape) + ("," if len(shape) == 1 else "")
