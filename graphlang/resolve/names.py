"""Evaluates a name, and says what is wrong with a name that nothing defines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from graphlang.catalog.first_version import OF_VERSION_1
from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.kinds import NameAsValue, ValueAmongConstants
from graphlang.diagnostics.names import (
    MisspeltName,
    NameElsewhere,
    NameInOtherForm,
    NameNotPassed,
    NameOfMathematics,
    NotOfTheFile,
    NotVisibleInDef,
    UnknownName,
)
from graphlang.diagnostics.spelling import searches_left
from graphlang.resolve.built_in_values import BUILT_IN_VALUES
from graphlang.resolve.context import Context
from graphlang.resolve.scopes import MISSING, Scope, SharedLayer
from graphlang.resolve.values import POISON
from graphlang.syntax import tree

_SLASHES = re.compile(r"(?:^|\s{2,})(//)\s*$")
TYPES = ("float", "int", "bool")


def name(context: Context, node: tree.Name, scope: Scope) -> Any:
    """What a name stands for."""
    value = scope.find(node.name)
    return value if value is not MISSING else _undefined(context, node, scope)


def _undefined(context: Context, node: tree.Name, scope: Scope) -> Any:
    """In an open formula a new input; else POISON after a reported mistake."""
    if scope.find_callable(node.name) is POISON:
        return POISON
    problem = comment_of(node)
    if problem is None and may_open(context, scope) and not _is_operation(context, node.name, scope):
        assert context.open is not None, node
        return context.open(node.name, node.span)
    if problem is None and node.name in BUILT_IN_VALUES:
        return BUILT_IN_VALUES[node.name]
    return context.poison(problem or _unknown(context, node, scope))


def comment_of(node: tree.Name) -> Diagnostic | None:
    """What to report for a name in what is a comment in other languages: `y = x * 2  // twice`."""
    source, start, end = node.span.source, node.span.start, node.span.end
    line_start = source.text.rfind("\n", 0, start) + 1
    if source.text.rfind("//", line_start, start) < 0:
        return None
    line_end = source.text.find("\n", end)
    rest = source.text[end : line_end if line_end >= 0 else None].partition("#")[0].strip()
    slashes = _SLASHES.search(source.text[line_start:start])
    if slashes is None or rest:
        return None
    from graphlang.diagnostics.syntax.foreign import ForeignComment

    at = line_start + slashes.start(1)
    span = Span(at, at + 2, source)
    return ForeignComment(span, [Edit(span, "#")])


def may_open(context: Context, scope: Scope) -> bool:
    """Whether an unknown name is an input here: in an open formula, outside of `def`s and of constants."""
    return context.open is not None and scope.definition is None and scope.parent is not None


def is_value_name(node: Any, scope: Scope) -> bool:
    """Whether it is the name of a value or a size."""
    return isinstance(node, tree.Name) and scope.find(node.name) is not MISSING


def _is_operation(context: Context, name: str, scope: Scope) -> bool:
    """Whether an operation has this name; those with a sign of their own, as `power`, leave it free, and so
    do those that version 1 did not have, for its files go on working."""
    if scope.find_callable(name) is not None or name in context.catalog.own:
        return True
    return name in OF_VERSION_1 and context.catalog.find(name) is not None


# ---- what is wrong with a name --------------------------------------------------------------------------


def _unknown(context: Context, node: tree.Name, scope: Scope) -> Diagnostic:
    """What to report for a name that stands for no value."""
    place = context.declared.get(node.span.source.name, {}).get(node.name)
    problem = _operation_as_value(context, node, scope)
    if problem is None and scope.definition is not None and place is not None:
        problem = NotVisibleInDef(node.span, node.name, scope.definition, place)
    problem = problem or _word_of_other_languages(node)
    return problem or _undefined_name(node, scope, place, context)


def _operation_as_value(context: Context, node: tree.Name, scope: Scope) -> Diagnostic | None:
    name = node.name
    callee = scope.find_callable(name)
    if isinstance(callee, SharedLayer):
        return NameAsValue.layer(node.span, name)
    if callee is None and context.catalog.find(name) is None:
        return None
    if callee is None and may_open(context, scope):
        return NameAsValue.operation_or_input(node.span, name)
    entry = context.catalog.find(name)
    return NameAsValue.operation(node.span, name, ", ".join(entry.tensors) if entry is not None else "x")


def _word_of_other_languages(node: tree.Name) -> Diagnostic | None:
    """What to report for a type, and for a name that means something elsewhere, as `pi`."""
    from graphlang.catalog.foreign_names import value_meant

    name = node.name
    if name in TYPES:
        return NameAsValue.type(node.span, name)
    meant = value_meant(name)
    if meant is None:
        built_in = name.casefold()
        return NameOfMathematics(node.span, name, built_in) if built_in in BUILT_IN_VALUES else None
    written = meant.formula or meant.name
    if meant.note is None and written is not None:
        return NameOfMathematics(node.span, name, written)
    return NameElsewhere(node.span, name, meant.note or "", written)


def _undefined_name(node: tree.Name, scope: Scope, place: Span | None, context: Context) -> Diagnostic:
    """What to report for a name that nothing defines, or nothing that can be used here."""
    name = node.name
    only_constants = scope.definition is None and scope.parent is None  # as in a `hyper`
    if only_constants and place is not None:
        return ValueAmongConstants(node.span, name, place)
    visible = scope.visible() if searches_left() else {}
    written = _other_form(name, visible)
    if written is not None and not only_constants:
        return NameInOtherForm(node.span, name, written)
    problem = MisspeltName(node.span, name, visible)
    if problem.match is not None:
        return problem
    if scope.definition is not None:
        return NameNotPassed(node.span, name, scope.definition)
    if name[:1] == "d" and name[1:] in visible:
        return UnknownName.of_slope(node.span, name)
    if only_constants or context.among_attributes:
        return UnknownName.among_constants(node.span, name)
    if context.naming is not None:
        return NotOfTheFile(node.span, name, context.naming, _unused(node, scope) if visible else None)
    return problem.replaced(unused=_unused(node, scope) if visible else None)


def _other_form(name: str, visible: Mapping[str, Span | None]) -> str | None:
    """What `WT` and `dz_dx` are here, where `W`, or `z` and `x`, are names of the file."""
    turned = re.fullmatch(r"(\w+?)(?:T|_[tT]|_?transposed?)", name)
    if turned is not None and turned[1] in visible:
        return f"{turned[1]}.T"
    slope = re.fullmatch(r"d(\w+?)_?d(\w+)", name)
    if slope is not None and slope[1] in visible and slope[2] in visible:
        return f"grad({slope[1]}, {slope[2]})"
    return None


def _unused(node: tree.Name, scope: Scope) -> str | None:
    """The value defined before that nothing uses, where there is one alone; numbers in names are no slips."""
    at = node.span
    words = Counter(re.findall(r"[^\W\d]\w*", at.source.text))
    parts = [part for part in scope.outward() if part.places]
    places = {name: part.places[name] for part in parts for name in part.names if name in part.places}
    before = [name for name, place in places.items() if place.source is at.source and place.start < at.start]
    unused = [name for name in before if words[name] == 1]
    if len(unused) != 1 or unused[0].rstrip("0123456789") == node.name.rstrip("0123456789"):
        return None
    return unused[0]
