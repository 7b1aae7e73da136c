"""Where the `data` section of a text names a field or a file, for problems that show when data is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.diagnostics.data import FileMissing, FileUnreadable
from graphlang.diagnostics.data_fields import UnknownField
from graphlang.diagnostics.places import Span
from graphlang.engine.model import Model
from graphlang.resolve.uses import children
from graphlang.syntax import tree
from graphlang.syntax.parse import parse


def placed(model: Model, problem: Diagnostic) -> Diagnostic:
    """A problem with what the section names, at its place there, where the text has it."""
    span = None
    if isinstance(problem, UnknownField):
        span = field_place(model, problem.field)
    elif isinstance(problem, FileMissing | FileUnreadable):
        span = _place(model, _is_text(problem.own_file))
    return problem if span is None else problem.replaced(span=span)


def field_place(model: Model, field: str, of: str | None = None) -> Span | None:
    """The first place where the section takes a field, for the input `of` or for any."""

    def names(node: Any) -> bool:
        return (isinstance(node, tree.Name) and node.name == field) or _is_text(field)(node)

    return (_place(model, names, of) if of is not None else None) or _place(model, names)


def setting_place(model: Model, name: str) -> Span | None:
    """What the section writes for an input; None where no text has it."""
    return next((value.span for value in _values(model, name)), None)


def _is_text(text: str | None) -> Callable[[Any], bool]:
    return lambda node: isinstance(node, tree.String) and node.value == text


def _place(model: Model, wanted: Callable[[Any], bool], setting: str | None = None) -> Span | None:
    """The first part of the section that is wanted."""
    for value in _values(model, setting):
        waiting = [value]
        while waiting:
            node = waiting.pop()
            if wanted(node):
                span: Span = node.span
                return span
            waiting += reversed(children(node))
    return None


def _values(model: Model, setting: str | None) -> Iterator[Any]:
    """The expressions of the section, or that of one setting."""
    for source in model.network.sources:
        try:
            statements = parse(source.text, source.name, model.network.limits).statements
        except GraphError:  # what was loaded is not the text alone
            continue
        for section in statements:
            if isinstance(section, tree.Section) and section.name == "data":
                yield from (s.value for s in section.settings if setting in (None, s.name))
