"""Declares the inputs of a file, with their types and defaults."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.diagnostics import Diagnostic, Related, Span
from graphlang.diagnostics.names import Cycle, Redefinition
from graphlang.diagnostics.shapes import DefaultMisfit, DefaultsDiffer, DefaultWithoutNumber, NumberForArray
from graphlang.resolve import dimensions
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context
from graphlang.resolve.known_values import constant_behind
from graphlang.resolve.operands import is_numeric
from graphlang.resolve.scopes import Scope
from graphlang.resolve.signatures import constant_text
from graphlang.resolve.uses import names_used
from graphlang.resolve.values import POISON, InputValue
from graphlang.syntax import tree
from graphlang.trace import Size
from graphlang.trace.dims import name_of

SMALL = 12
"""The largest array, in elements, that a help line writes out."""
_KINDS = {"f": "float", "i": "int", "u": "int", "b": "bool"}
_ALLOWED_KINDS = {"float": "fiu", "int": "iu", "bool": "b"}


def declare_inputs(
    context: Context, inputs: Sequence[tree.Input], scope: Scope, overrides: Mapping[str, Any]
) -> None:
    """Enters the declared inputs: binds every new dimension first, then evaluates every shape."""
    for statement in inputs:
        if statement.type is not None:
            dimensions.bind_new(statement.type.dims or (), scope)
    for statement in inputs:
        if statement.name in scope.names:
            continue
        if statement.name in scope.dims:
            first = scope.places.get(statement.name, statement.name_span)
            context.error(Redefinition(statement.name_span, statement.name, first))
        _declare(context, statement, scope, overrides)
    problem = _two_sizes([s for s in inputs if s.name not in overrides], scope)
    if problem is not None:
        context.error(problem)


def _declare(context: Context, statement: tree.Input, scope: Scope, overrides: Mapping[str, Any]) -> None:
    name, type_ = statement.name, statement.type
    scope.names[name] = POISON
    scope.places[name] = statement.name_span
    sizes = dimensions.shape(context, type_, scope) if type_ is not None else ()
    default = _default(context, statement, scope)
    if default is POISON or sizes is None:
        return
    default = overrides.get(name, default)
    kind = type_.dtype if type_ is not None else "float"
    add_input(context, scope, name, statement.name_span, kind, sizes, default, is_open=type_ is None)
    if default is not None and type_ is not None and name not in overrides:
        problem = _wrong_default(statement, type_, default, sizes)
        if problem is not None:
            context.error(problem)


def _default(context: Context, statement: tree.Input, scope: Scope) -> Any:
    """The default of an input, or None; POISON after a reported mistake."""
    if statement.default is None:
        return None
    if any(use.name == statement.name for use in names_used(statement.default)):
        return context.poison(Cycle.of_one([statement.name], [statement.name_span]))
    what, span = f"the default of `{statement.name}`", statement.default.span
    default = constant_behind(context, context.evaluate(statement.default, scope), span, what)
    if default is not POISON and not is_numeric(default):
        return context.poison(DefaultWithoutNumber(span, (), statement.name, _no_number(default)))
    return default


def _no_number(default: Any) -> str:
    """What a default is that is no number; of a list, what is wrong in it."""
    inner = default
    while isinstance(inner, list | tuple) and inner:
        inner = next((item for item in inner if not is_numeric(item)), None)
    whole = described(default)
    return whole if inner is default or inner is None else f"{whole} that holds {described(inner)}"


def add_input(
    context: Context,
    scope: Scope,
    name: str,
    span: Span,
    kind: str = "float",
    sizes: tuple[Size, ...] = (),
    default: Any = None,
    *,
    is_open: bool,
) -> InputValue:
    """Enters an input of the file."""
    array, order = context.array(sizes, kind), (-1, len(context.values))
    value = InputValue(array, span, context.root, order, name, default=default, is_open=is_open)
    scope.names[name] = context.add(value)
    scope.places[name] = span
    return value


# ---- defaults -------------------------------------------------------------------------------------------


def _two_sizes(inputs: Sequence[tree.Input], scope: Scope) -> Diagnostic | None:
    """What to report if the defaults of two inputs give one dimension two sizes."""
    first_of: dict[str, tuple[int, tree.Input]] = {}
    for statement, size, actual in _sizes_of_defaults(inputs, scope):
        number, first = first_of.setdefault(size, (actual, statement))
        if number != actual and statement.default is not None and first.default is not None:
            related = [Related(first.default.span, f"`{size}` is {number}")]
            facts = first.name, statement.name, size, number, actual
            return DefaultsDiffer(statement.default.span, related, *facts)
    return None


def _sizes_of_defaults(inputs: Sequence[tree.Input], scope: Scope) -> Iterator[tuple[tree.Input, str, int]]:
    """Each dimension in the type of an input, with its size in the default."""
    for statement in inputs:
        value = scope.names.get(statement.name)
        if not isinstance(value, InputValue) or value.default is None or statement.type is None:
            continue
        if not _has_rank(value.default, len(value.array.shape)):
            continue  # which is reported as a wrong default
        for size, actual in zip(value.array.shape, np.shape(value.default), strict=True):
            if name_of(size) is not None:
                yield statement, str(size), actual


def _has_rank(default: Any, rank: int) -> bool:
    try:
        return np.ndim(default) == rank
    except ValueError:
        return False


def _wrong_default(
    statement: tree.Input, type_: tree.Type, default: Any, sizes: tuple[Size, ...]
) -> Diagnostic | None:
    """What to report for a default that is not of the type of its input."""
    assert statement.default is not None
    try:
        array = np.asarray(default)
    except ValueError:
        array = np.asarray(None)
    is_of_kind = array.dtype.kind in _ALLOWED_KINDS[type_.dtype]
    if is_of_kind and _is_of_shape(array.shape, sizes):
        return None
    shape = f"[{', '.join(map(str, array.shape))}]" if array.shape else ""
    what = f"{_KINDS.get(array.dtype.kind, 'ragged')}{shape}"
    related = [Related(type_.span, "declared here")]
    facts = statement.default.span, related, statement.name, what, type_.span
    numbers = [size for size in sizes if isinstance(size, int)]
    if not is_of_kind or not isinstance(default, int | float) or not sizes or len(numbers) != len(sizes):
        return DefaultMisfit(*facts)
    if math.prod(numbers) > SMALL:
        return DefaultMisfit.number_for_large_array(*facts)
    return NumberForArray(*facts, _written_out(default, numbers))


def _is_of_shape(shape: tuple[int, ...], sizes: tuple[Size, ...]) -> bool:
    return len(shape) == len(sizes) and all(
        not isinstance(size, int) or size == actual for size, actual in zip(sizes, shape, strict=True)
    )


def _written_out(default: float, sizes: Sequence[int]) -> str:
    """One number for every element of an array."""
    rows: Any = default
    for size in reversed(sizes):
        rows = [rows] * size
    return constant_text(rows)
