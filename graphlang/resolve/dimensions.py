"""Types and their sizes: what `float[N, 3*D]` means in its scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.diagnostics import Diagnostic, Related, Span, closest
from graphlang.diagnostics.shapes import NotASize, SizeWithoutNumber, TypeMisfit, UnknownDimension, WrongSize
from graphlang.diagnostics.spelling import free_size, searches_left
from graphlang.resolve.built_in_values import BUILT_IN_VALUES
from graphlang.resolve.compile_time import NAMES
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context
from graphlang.resolve.scopes import MISSING, Definition, Scope
from graphlang.resolve.type_texts import kind_of, origins, type_text
from graphlang.resolve.uses import names_used
from graphlang.resolve.values import POISON, Value, is_integer, is_positive_size, without_node
from graphlang.syntax import tree
from graphlang.trace import Dim, Size


def bind_new(dims: Sequence[Any], scope: Scope) -> None:
    """Binds the names in an input's shape that are new: each is a dimension."""
    for dim in dims:
        if isinstance(dim, tree.Name) and scope.find(dim.name) is MISSING:
            scope.dims[dim.name] = Dim.symbol(dim.name)
            scope.places[dim.name] = dim.span


def size(context: Context, dim: Any, scope: Scope) -> Any:
    """The size that an expression in brackets has; POISON after a reported mistake."""
    known = BUILT_IN_VALUES.keys() | NAMES
    used = (name for name in names_used(dim) if name.name not in known or scope.find_callable(name.name))
    unknown = next((name for name in used if scope.find(name.name) is MISSING), None)
    if unknown is not None:
        match = closest(unknown.name, scope.visible()) if searches_left() else None
        head = _head_with(context, unknown.name, scope) if scope.definition is not None else None
        return context.poison(UnknownDimension(unknown.span, unknown.name, match, head))
    return _checked(context, dim, without_node(context.evaluate(dim, scope)))


def _head_with(context: Context, dim: str, scope: Scope) -> str | None:
    """The head of the `def` around a size, with a formal that brings it; None if none can."""
    definition = scope.find_callable(scope.definition or "")
    tree_ = definition.tree if isinstance(definition, Definition) else None
    formals = tree_.formals if tree_ is not None else ()
    free = next((f for f in formals if f.type is None and f.default is None), None)
    if tree_ is None or free is None:
        return None
    written = [f"{f.name}: float[N, {dim}]" if f is free else f.span.text for f in formals]
    return f"def {tree_.name}({', '.join(written)})"


def _checked(context: Context, dim: Any, value: Any) -> Any:
    """The value of a size; POISON after reporting that it is none."""
    if value is POISON or is_positive_size(value):
        return value
    return context.poison(_wrong_size(dim, value))


def _wrong_size(dim: Any, value: Any) -> Diagnostic:
    what = "a value of the graph" if isinstance(value, Value) else described(value)
    if isinstance(value, str) and value.isidentifier():
        return SizeWithoutNumber.in_quotes(dim.span, what, value)
    if value is None or (value == -1 and not isinstance(value, bool)):
        return SizeWithoutNumber.not_given(dim.span, what, free_size(dim.span))
    return NotASize(dim.span, what)


def shape(context: Context, type_: tree.Type, scope: Scope) -> tuple[Size, ...] | None:
    """The shape of a type; None after a reported mistake."""
    sizes = []
    for dim in type_.dims or ():
        if isinstance(dim, tree.Rest):
            context.error(WrongSize.dots_outside_def(dim.span))
            return None
        sizes.append(size(context, dim, scope))
    return None if any(s is POISON for s in sizes) else tuple(sizes)


def match(context: Context, type_: tree.Type, value: Value, scope: Scope, what: str, at: Span) -> bool:
    """Checks that a value is of a type, and binds the new names in the type to the value's sizes."""
    bound = bind_sizes(context, type_, value, scope, what, at)
    return bound and check_sizes(context, type_, value, scope, what, at)


def bind_sizes(context: Context, type_: tree.Type, value: Value, scope: Scope, what: str, at: Span) -> bool:
    """Checks kind and number of axes, and binds the new names in the type to the value's sizes."""
    if not _is_of_kind(type_, value):
        context.error(_mismatch(type_, value, what, at))
        return False
    if type_.dims is None:
        return True
    if not _has_one_rest(context, type_.dims):
        return False
    shape_ = value.array.shape
    if not _fits(type_.dims, shape_) or not all(_bind(*pair, scope) for pair in _pairs(type_.dims, shape_)):
        context.error(_mismatch(type_, value, what, at, scope))
        return False
    return True


def _is_of_kind(type_: tree.Type, value: Value) -> bool:
    kind = kind_of(value.array)
    return kind == type_.dtype or (type_.dtype == "float" and kind == "int" and value.array.shape == ())


def _has_one_rest(context: Context, dims: Sequence[Any]) -> bool:
    rests = [dim for dim in dims if isinstance(dim, tree.Rest)]
    if len(rests) <= 1:
        return True
    context.error(WrongSize.dots_twice(rests[1].span))
    return False


def _fits(dims: Sequence[Any], shape_: tuple[Size, ...]) -> bool:
    """Whether a shape has as many axes as a type asks for."""
    rests = sum(isinstance(dim, tree.Rest) for dim in dims)
    return len(dims) - rests <= len(shape_) if rests else len(dims) == len(shape_)


def _bind(dim: Any, actual: Size, scope: Scope) -> bool:
    """Binds a new name to a size; False for the name of a `hyper` that is another number."""
    if not isinstance(dim, tree.Name) or dim.name in scope.dims or dim.name in scope.names:
        return True
    hyper = scope.find(dim.name)
    if is_integer(hyper):
        return bool(hyper == actual)
    scope.dims[dim.name] = actual
    scope.places[dim.name] = dim.span
    return True


def check_sizes(context: Context, type_: tree.Type, value: Value, scope: Scope, what: str, at: Span) -> bool:
    """Checks the sizes of a value against those of a type whose names are bound."""
    for dim, actual in _pairs(type_.dims or (), value.array.shape):
        expected = size(context, dim, scope)
        if expected is POISON:
            return False
        if expected != actual:
            context.error(_mismatch(type_, value, what, at, scope))
            return False
    return True


def _pairs(dims: Sequence[Any], actual: tuple[Size, ...]) -> list[tuple[Any, Size]]:
    """The sizes of a type with those of a value, without the axes that `...` stands for."""
    rest = next((i for i, d in enumerate(dims) if isinstance(d, tree.Rest)), len(dims))
    after = len(dims) - rest - 1
    pairs = list(zip(dims[:rest], actual, strict=False))
    return pairs + (list(zip(dims[rest + 1 :], actual[-after:], strict=True)) if after > 0 else [])


def _mismatch(type_: tree.Type, value: Value, what: str, at: Span, scope: Scope | None = None) -> Diagnostic:
    related = [Related(type_.span, "asked for here"), *origins((value,), at)]
    names = [] if scope is None else _bound_names(type_, scope)
    return TypeMisfit(at, related, what, type_text(value.array), type_.span, names)


def _bound_names(type_: tree.Type, scope: Scope) -> list[str]:
    """What the names in a type stand for, unless that is the name itself."""
    names = dict.fromkeys(name.name for dim in type_.dims or () for name in names_used(dim))
    sizes = {name: without_node(scope.find(name)) for name in names}
    return [f"`{n}` is {s}" for n, s in sizes.items() if isinstance(s, int | Dim) and str(s) != n]
