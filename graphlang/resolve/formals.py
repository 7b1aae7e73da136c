"""Binds the formals of a `def` to the arguments of a call, and checks their types."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphlang.diagnostics import Related, Span
from graphlang.diagnostics.shapes import TypeMisfit
from graphlang.resolve import dimensions
from graphlang.resolve.constants import described, is_number
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.operands import as_value, is_table
from graphlang.resolve.scopes import MISSING, Definition, Scope
from graphlang.resolve.values import POISON, Value, is_integer
from graphlang.syntax import tree
from graphlang.trace import Dim


class Typed(NamedTuple):
    """A value of the graph that is held against the type of its formal."""

    type: tree.Type
    value: Value
    what: str
    span: Span


def bind_formals(
    context: Context, definition: Definition, arguments: dict[str, tuple[Any, Span]], scope: Scope
) -> Steps:
    """Gives every formal its argument or default; False after a reported mistake."""
    typed: list[Typed] = []
    for formal in definition.tree.formals:
        if formal.name in arguments:
            value, at = arguments[formal.name]
        else:
            value, at = (yield formal.default, definition.scope), formal.span
            if value is POISON:
                return False
        if value is POISON:
            _poison_dimensions(formal.type, scope)
        elif formal.type is not None:
            value = _of_type(context, formal, formal.type, value, at, scope)
            if value is POISON:
                return False
            if isinstance(value, Value):
                typed.append(Typed(formal.type, value, f"`{formal.name}`", at))
        scope.names[formal.name] = value
        scope.places[formal.name] = formal.name_span
    return _check_shapes(context, typed, scope)


def _check_shapes(context: Context, typed: list[Typed], scope: Scope) -> bool:
    """Binds the dimensions of all types first, then checks every shape, as for the inputs of a file."""
    for check in (dimensions.bind_sizes, dimensions.check_sizes):
        for type_, value, what, at in typed:
            if not check(context, type_, value, scope, what, at):
                return False
    return True


def _of_type(
    context: Context, formal: tree.Formal, type_: tree.Type, value: Any, at: Span, scope: Scope
) -> Any:
    """The value of a formal with a type, a list as a node; POISON if a constant is not of that type."""
    if is_table(value):
        value = as_value(context, value, at, scope, is_index=type_.dtype == "int")
    if value is POISON or isinstance(value, Value):
        return value
    if not type_.dims and _is_of(type_.dtype, value):
        return value
    related = [Related(type_.span, "asked for here")]
    return context.poison(TypeMisfit(at, related, f"`{formal.name}`", described(value), type_.span))


def _poison_dimensions(type_: tree.Type | None, scope: Scope) -> None:
    """Marks the sizes as unknown that a formal would bind if its argument were known."""
    for dim in (type_.dims if type_ is not None else None) or ():
        if isinstance(dim, tree.Name) and scope.find(dim.name) is MISSING:
            scope.dims[dim.name] = POISON
            scope.places[dim.name] = dim.span


def _is_of(kind: str, value: Any) -> bool:
    """Whether a constant is a `bool`, an `int` or a `float`."""
    if kind == "bool" or isinstance(value, bool):
        return kind == "bool" and isinstance(value, bool)
    if kind == "int":
        return isinstance(value, Dim) or is_integer(value)
    return is_number(value)
