"""Evaluates `param W: float[3, 4] = he`."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.diagnostics import Related
from graphlang.diagnostics.shapes import NotANumberYet, RaggedList, StartOfOtherType
from graphlang.initializers.constant import constant
from graphlang.resolve import dimensions
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.layer_parameters import count_elements, may_own
from graphlang.resolve.members import member
from graphlang.resolve.scopes import Scope
from graphlang.resolve.type_texts import sizes_text
from graphlang.resolve.values import POISON, Instance, ParamValue
from graphlang.syntax import tree


def param(context: Context, statement: tree.Param, scope: Scope) -> Steps:
    """Creates the parameter, or finds that of an earlier use of a shared `def`."""
    scope.names.setdefault(statement.name, POISON)
    init = None if statement.init is None else (yield member(context, "initializers", statement.init, scope))
    if init is POISON:
        if statement.type is not None:  # whose mistakes are reported as well
            dimensions.shape(context, statement.type, scope)
        return
    type_ = statement.type or _type_of_start(context, statement, init)
    sizes = dimensions.shape(context, type_, scope) if type_ is not None else None
    if sizes is None or type_ is None:
        return
    init = _default_init(sizes) if init is None else init
    if not _starts(context, statement, type_, init, sizes):
        return
    shared = scope.instance.parameters if scope.memo is not None else None
    if shared is not None and statement.name in shared:
        scope.names[statement.name] = shared[statement.name]
    elif _is_allowed(context, statement, sizes, scope):
        scope.names[statement.name] = _create(context, statement, type_, init, sizes, scope)


def _starts(context: Context, statement: tree.Param, type_: tree.Type, init: Any, sizes: Any) -> bool:
    """Whether its shape is known and its start has that shape; reported if not."""
    if context.probing:
        return True
    if not all(isinstance(s, int) for s in sizes):
        context.error(NotANumberYet(type_.span, (), statement.name, sizes_text(sizes)))
        return False
    return not isinstance(init, constant) or _starts_right(context, statement, type_, init.c, sizes)


def _create(
    context: Context, statement: tree.Param, type_: tree.Type, init: Any, sizes: Any, scope: Scope
) -> ParamValue:
    name, instance = statement.name, scope.instance
    array, order = context.array(sizes, type_.dtype), context.order(scope)
    value = ParamValue(array, statement.name_span, instance, order, name, init, type_.dtype == "float")
    if scope.definition is not None:
        instance.parameters = {**(instance.parameters or {}), name: value}
    return context.add(value)


def _is_allowed(context: Context, statement: tree.Param, sizes: Any, scope: Scope) -> bool:
    holder = Instance(f"param {statement.name}", scope.instance, (0, 0))
    allowed = may_own(context, holder, statement.span)
    return allowed and count_elements(context, sizes, statement.span)


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
        context.error(RaggedList(span))
        return None
    return tree.Type("float", tuple(tree.Number(size, span) for size in sizes), span)


def _starts_right(context: Context, statement: tree.Param, type_: tree.Type, start: Any, sizes: Any) -> bool:
    """Whether a number or a list is a start for a parameter of this type; reported if it is not."""
    try:
        array = np.asarray(start, np.float64)
    except ValueError:
        array = np.full((0,), np.nan)
    rounded = {"float": array, "int": np.floor(array), "bool": array != 0}[type_.dtype]
    if array.shape in ((), sizes) and array.size and bool(np.all(rounded == array)):
        return True
    assert statement.init is not None, statement
    what = _start_text(start, array, sizes)
    related = [Related(type_.span, "declared here")]
    context.error(StartOfOtherType(statement.init.span, related, statement.name, type_.span, what))
    return False


def _start_text(start: Any, array: Any, sizes: Any) -> str:
    if array.shape not in ((), sizes):
        return f"a list of shape [{sizes_text(array.shape)}]" if array.size else "a list whose rows differ"
    return described(start) if isinstance(start, float) else "a list with other numbers in it"


def _default_init(sizes: Any) -> Any:
    """`he` for matrices, zero for vectors and scalars."""
    if len(sizes) > 1:
        from graphlang.initializers.he import he

        return he()
    return constant(c=0)
