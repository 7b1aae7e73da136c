"""The arguments of a call: assigns each of them to what the operation calls for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from graphlang.catalog.finder import CatalogEntry
from graphlang.diagnostics import Span
from graphlang.diagnostics.arguments import (
    ArgumentTwice,
    MissingOfSignature,
    NothingToWorkOn,
    TooManyArguments,
    UnknownAttribute,
)
from graphlang.resolve.context import Context
from graphlang.resolve.signatures import signature_text
from graphlang.syntax import tree


class Piped(NamedTuple):
    """The value that comes through `->`, and where the chain starts."""

    value: Any
    span: Span


class CallSite(NamedTuple):
    """A call as the text has it: `f(a, b=1)`, or a stage of a chain."""

    function: Any
    arguments: Sequence[tree.Argument]
    span: Span
    piped: Piped | None = None
    label: str | None = None


class Bound(NamedTuple):
    """The arguments by what they are for: expressions still, or the value that came through the chain."""

    tensors: dict[str, Any]
    #: for an operation of any number of tensors
    more: list[Any]
    attributes: dict[str, tree.Argument]
    #: for an operation that takes any number of sizes
    sizes: list[tree.Argument]


def bind_arguments(
    context: Context, entry: CatalogEntry, site: CallSite, *, shared: bool = False, declared: bool = False
) -> Bound | None:
    """Assigns the arguments of a call; if `shared`, only tensors, if `declared`, only attributes."""
    return _Binder(context, entry, site, shared, declared).bind()


class _Binder:
    def __init__(
        self, context: Context, entry: CatalogEntry, site: CallSite, shared: bool, declared: bool
    ) -> None:
        self.context = context
        self.entry = entry
        self.site = site
        self.shared = shared
        self.declared = declared
        self.bound = Bound({}, [], {}, [])
        #: where each name got its argument
        self.places: dict[str, Span] = {}
        self.free_tensors = [] if declared else list(entry.tensors)
        self.free_attributes = [] if shared else list(entry.positional_attributes)
        self.attributes = [] if shared else list(entry.attributes)
        self.failed = False

    def bind(self) -> Bound | None:
        entry, site = self.entry, self.site
        if site.piped is not None and not self._pipe(site.piped):
            self.context.error(TooManyArguments(site.span, entry.name, signature_text(entry)))
            return None
        if self._stands_alone():
            self.context.error(NothingToWorkOn(site.span, entry.name, site.span.text))
            return None
        for argument in site.arguments:
            if argument.name is not None:
                self._named(argument, argument.name)
            elif not self._positional(argument):
                self.context.error(TooManyArguments(argument.span, entry.name, signature_text(entry)))
                return None
        missing = self._missing()
        if missing and not self.failed:
            self.context.error(MissingOfSignature(site.span, entry.name, missing, signature_text(entry)))
        return None if self.failed or missing else self.bound

    def _pipe(self, piped: Piped) -> bool:
        """Assigns the value of the chain; False if no tensor is expected."""
        if self.entry.any_tensors:
            self.bound.more.append(piped)
        elif self.free_tensors:
            self.bound.tensors[self.free_tensors.pop(0)] = piped
        else:
            return False
        return True

    def _positional(self, argument: tree.Argument) -> bool:
        """Assigns an argument without a name; False if there is one too many."""
        bound, entry = self.bound, self.entry
        if entry.any_tensors and not self.declared and not isinstance(argument.value, tree.String):
            bound.more.append(argument)
        elif self.free_tensors and (required := self._required_tensor()):
            self.free_tensors.remove(required)
            self._place(bound.tensors, required, argument)
        elif entry.any_sizes and not self.shared:
            bound.sizes.append(argument)
        elif self.free_attributes:
            self._place(bound.attributes, self.free_attributes.pop(0), argument)
        elif self.free_tensors:
            self._place(bound.tensors, self.free_tensors.pop(0), argument)
        else:
            return False
        return True

    def _required_tensor(self) -> str | None:
        """The next tensor that a call must give; `optional_tensor` finds what is given for others."""
        return next((name for name in self.free_tensors if name not in self.entry.optional_tensors), None)

    def _place(self, group: dict[str, Any], name: str, argument: tree.Argument) -> None:
        group[name] = argument
        self.places[name] = argument.span

    def _named(self, argument: tree.Argument, name: str) -> None:
        """Assigns an argument with a name."""
        bound, entry = self.bound, self.entry
        if name in self.places or name in bound.tensors:
            self._error(ArgumentTwice(argument.span, entry.name, name, self.places.get(name)))
        elif name in self.free_tensors:
            self.free_tensors.remove(name)
            bound.tensors[name] = argument
        elif name == entry.any_sizes:
            bound.sizes.append(argument)
        elif name in self.attributes or entry.named_sizes:
            bound.attributes[name] = argument
            if name in self.free_attributes:
                self.free_attributes.remove(name)
        else:
            self._error(unknown_attribute(argument, entry.name, name, self.attributes))
        self.places[name] = argument.span

    def _error(self, diagnostic: Any) -> None:
        self.context.error(diagnostic)
        self.failed = True

    def _missing(self) -> list[str]:
        entry, bound = self.entry, self.bound
        missing = [] if self.declared else [t for t in self.free_tensors if t not in entry.optional_tensors]
        if not self.shared:
            missing += [name for name in entry.required_attributes if name not in bound.attributes]
        if entry.any_tensors and not bound.more and not self.declared:
            missing.append(entry.any_tensors)
        return missing

    def _stands_alone(self) -> bool:
        """`Affine(50)` outside of a chain, whose number would be taken for the value to work on."""
        entry, arguments = self.entry, self.site.arguments
        if self.site.piped is not None or self.shared or self.declared:
            return False
        if (
            not entry.name[:1].isupper()
            or not entry.tensors
            or any(a.name in entry.tensors for a in arguments)
        ):
            return False
        positional = [a for a in arguments if a.name is None]
        if not positional:
            return True
        first = isinstance(positional[0].value, tree.Number | tree.String | tree.Bool | tree.ListOf)
        return first and len(positional) < _needed(entry, arguments)


def optional_tensor(entry: CatalogEntry, site: CallSite) -> tuple[int, str] | None:
    """The place of an argument without a name that may be an optional tensor, and the name of that.

    None where there is none. What is known before running is an attribute, as the 4 of `Attention(x, 4)`.
    """
    if not entry.optional_tensors or entry.any_tensors:
        return None
    named = {a.name for a in site.arguments if a.name is not None}
    free = [t for t in entry.tensors if t not in named]
    if site.piped is not None:
        free = free[1:]
    positional = [i for i, a in enumerate(site.arguments) if a.name is None]
    required = sum(t not in entry.optional_tensors for t in free)
    place = next(iter(positional[required:]), None)
    optional = next((t for t in free if t in entry.optional_tensors), None)
    if place is None or optional is None:
        return None
    literal = isinstance(
        site.arguments[place].value, tree.Number | tree.String | tree.Bool | tree.ListOf | tree.NoneValue
    )
    return None if literal else (place, optional)


def _needed(entry: CatalogEntry, arguments: Sequence[tree.Argument]) -> int:
    """How many positional arguments a call needs beside those that it names."""
    names = {a.name for a in arguments}
    tensors = [t for t in entry.tensors if t not in entry.optional_tensors]
    return len(tensors) + sum(name not in names for name in entry.required_attributes)


def unknown_attribute(
    argument: tree.Argument, owner: str, name: str, attributes: Sequence[str]
) -> UnknownAttribute:
    """What to report for an argument whose name the owner does not have."""
    from graphlang.catalog.foreign_names import attribute_meant, attribute_note

    return UnknownAttribute(
        name_span(argument), owner, name, list(attributes), attribute_meant(name), attribute_note(name)
    )


def name_span(argument: tree.Argument) -> Span:
    """Where the name of an argument stands."""
    start = argument.span.start
    return Span(start, start + len(argument.name or ""), argument.span.source)
