"""Signatures: puts each argument of a call where the operation wants it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

from graphlang.catalog.finder import Entry
from graphlang.diagnostics import Span
from graphlang.diagnostics.arguments import (
    ArgumentTwice,
    MissingArgument,
    NothingToWorkOn,
    TooManyArguments,
    UnknownAttribute,
)
from graphlang.resolve.context import Context
from graphlang.syntax import tree


class Piped(NamedTuple):
    """The value that comes through `->`, and where the chain starts."""

    value: Any
    span: Span


class Bound(NamedTuple):
    """Arguments in their places: expressions still, or the value that came through the chain."""

    tensors: dict[str, Any]
    more: list[Any]
    attributes: dict[str, tree.Argument]
    sizes: list[tree.Argument]


def bind(
    context: Context,
    entry: Entry,
    arguments: Sequence[tree.Argument],
    span: Span,
    piped: Piped | None,
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
            from graphlang.catalog.foreign_names import attribute_meant

            foreign = attribute_meant(name)
            context.error(UnknownAttribute(name_span(argument), entry.name, name, known, foreign))
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
    entry: Entry, arguments: Sequence[tree.Argument], piped: Piped | None, shared: bool, declared: bool
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


def name_span(argument: tree.Argument) -> Span:
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
            # After any number of sizes there is no place left: it is given by its name.
            parts.append(f"{attribute.name}=..." if entry.any_sizes else attribute.name)
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
