"""Types and their sizes: what `float[N, 3*D]` means where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.diagnostics import Related, Span, closest
from graphlang.diagnostics.shapes import UnknownDimension, WrongSize, WrongType
from graphlang.diagnostics.spelling import free_size
from graphlang.resolve import expressions
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context, kind_of, type_text
from graphlang.resolve.nodes import origins
from graphlang.resolve.values import MISSING, POISON, Scope, Value
from graphlang.syntax import tree
from graphlang.trace import Dim, Size


def bind_new(dims: Sequence[Any], scope: Scope) -> None:
    """Binds the bare new names in an input's shape: each is a dimension of its own."""
    for dim in dims:
        if isinstance(dim, tree.Name) and scope.find(dim.name) is MISSING:
            scope.dims[dim.name] = Dim.symbol(dim.name)
            scope.places[dim.name] = dim.span


def size(context: Context, dim: Any, scope: Scope) -> Any:
    """The size that an expression in brackets gives; POISON after a reported mistake."""
    for name in _names(dim):
        if scope.find(name.name) is MISSING:
            context.error(UnknownDimension(name.span, name.name, closest(name.name, scope.visible())))
            return POISON
    value = expressions.evaluate(context, dim, scope)
    if isinstance(value, Value) and value.const is not None:
        value = value.const
    if value is POISON or isinstance(value, Dim):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        what = "a value of the graph" if isinstance(value, Value) else described(value)
        context.error(
            WrongSize(dim.span, f"a size is a positive whole number, not {what}", *_named(dim, value))
        )
        return POISON
    return value


def _named(dim: Any, value: Any) -> tuple[str | None, str | None]:
    """What to write for a size that only the data knows, and for a name in quotes, and the text for it."""
    if isinstance(value, str) and value.isidentifier():
        return f"write `{value}`: the name of a size needs no quotes", value
    if value not in (None, -1) or isinstance(value, bool):
        return None, None
    name = free_size(dim.span)
    return f"a size that is not known before has a name: write `{name}`", name


def _names(dim: Any) -> list[tree.Name]:
    from graphlang.resolve.order import names_used

    return list(names_used(dim))


def shape(context: Context, type_: tree.Type, scope: Scope) -> tuple[Size, ...] | None:
    """The shape of a type; None after a reported mistake."""
    sizes = []
    for dim in type_.dims or ():
        if isinstance(dim, tree.Rest):
            context.error(WrongSize(dim.span, "`...` stands only in the types of a `def`"))
            return None
        sizes.append(size(context, dim, scope))
    return None if any(s is POISON for s in sizes) else tuple(sizes)


def match(context: Context, type_: tree.Type, value: Value, scope: Scope, what: str, at: Span) -> bool:
    """Holds a value against a type and binds the new names in it to the value's sizes."""
    bound = bind_sizes(context, type_, value, scope, what, at)
    return bound and check_sizes(context, type_, value, scope, what, at)


def bind_sizes(context: Context, type_: tree.Type, value: Value, scope: Scope, what: str, at: Span) -> bool:
    """Holds kind and axes of a value against a type and binds the new names in it to the value's sizes."""
    actual = value.array.shape
    if kind_of(value.array) != type_.dtype and not (
        type_.dtype == "float" and kind_of(value.array) == "int" and actual == ()
    ):
        return _mismatch(context, type_, value, what, at)
    if type_.dims is None:
        return True
    dims = type_.dims
    rests = [i for i, d in enumerate(dims) if isinstance(d, tree.Rest)]
    if len(rests) > 1:
        message = "`...` stands once in a type: with two, nothing says which axes are which"
        context.error(
            WrongSize(dims[rests[1]].span, message, "name the axes between, or leave one `...` out")
        )
        return False
    if len(dims) - len(rests) > len(actual) or (not rests and len(dims) != len(actual)):
        return _mismatch(context, type_, value, what, at, scope)
    for dim, found in _pairs(dims, actual):
        if isinstance(dim, tree.Name) and dim.name not in scope.dims and dim.name not in scope.names:
            hyper = scope.find(dim.name)
            if isinstance(hyper, int) and not isinstance(hyper, bool):
                if hyper != found:
                    return _mismatch(context, type_, value, what, at, scope)
                continue
            scope.dims[dim.name] = found
            scope.places[dim.name] = dim.span
    return True


def check_sizes(context: Context, type_: tree.Type, value: Value, scope: Scope, what: str, at: Span) -> bool:
    """Holds the sizes of a value against those of a type, whose names are bound."""
    for dim, found in _pairs(type_.dims or (), value.array.shape):
        wanted = size(context, dim, scope)
        if wanted is POISON:
            return False
        if wanted != found:
            return _mismatch(context, type_, value, what, at, scope)
    return True


def _pairs(dims: Sequence[Any], actual: tuple[Size, ...]) -> list[tuple[Any, Size]]:
    """The sizes of a type beside those of a value, without the axes that `...` leaves open."""
    rest = next((i for i, d in enumerate(dims) if isinstance(d, tree.Rest)), len(dims))
    after = len(dims) - rest - 1
    pairs = list(zip(dims[:rest], actual, strict=False))
    return pairs + (list(zip(dims[rest + 1 :], actual[-after:], strict=True)) if after > 0 else [])


def _mismatch(
    context: Context, type_: tree.Type, value: Value, what: str, at: Span, scope: Scope | None = None
) -> bool:
    message = f"{what} is {type_text(value.array)}, but {type_.span.text} is asked for"
    related = [Related(type_.span, "asked for here"), *origins((value,), at)]
    context.error(WrongType(at, message, None if scope is None else _bound(type_, scope), related))
    return False


def _bound(type_: tree.Type, scope: Scope) -> str | None:
    """What the names in a type stand for, where they differ from their own text."""
    found: dict[str, str] = {}
    for name in (n for dim in type_.dims or () for n in _names(dim)):
        size_ = scope.find(name.name)
        size_ = size_.const if isinstance(size_, Value) else size_
        if isinstance(size_, int | Dim) and str(size_) != name.name:
            found[name.name] = f"`{name.name}` is {size_}"
    return f"{' and '.join(found.values())} here" if found else None
