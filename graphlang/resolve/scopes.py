"""Scopes: what the names stand for in the file, in the body of a `def`, or in one round of a `for`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphlang.catalog.finder import CatalogEntry
from graphlang.catalog.operation import Operation
from graphlang.diagnostics import Span
from graphlang.resolve.values import Instance, Memo, Region
from graphlang.syntax import tree


class Missing:
    """What a name stands for that nothing defines."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


class Scope:
    """The names of the file, of a `def`'s body, of a labelled group or of a copy in a loop."""

    __slots__ = (
        "callables",
        "copied",
        "counts",
        "definition",
        "dims",
        "instance",
        "memo",
        "names",
        "numbered",
        "order",
        "parent",
        "places",
        "region",
    )

    def __init__(self, parent: Scope | None, instance: Instance, definition: str | None = None) -> None:
        self.parent = parent
        self.instance = instance
        self.definition = definition
        self.names: dict[str, Any] = {}
        #: where each name is defined
        self.places: dict[str, Span] = {}
        self.dims: dict[str, Any] = {}
        self.callables: dict[str, Any] = {}
        #: the position of the statement that is being evaluated, for names in order of appearance
        self.order = 0
        self.memo: Memo | None = parent.memo if parent is not None else None
        #: where its values are drawn
        self.region: Region | None = parent.region if parent is not None else None
        outer = parent if parent is not None and parent.instance is instance else None
        #: whether it is a copy in a `repeat` or `for`, where labels get numbers
        self.copied: bool = outer.copied if outer is not None else False
        #: the numbered labels that the copies have used
        self.numbered: set[str] = outer.numbered if outer is not None else set()
        #: the last number of each label
        self.counts: dict[str, int] = outer.counts if outer is not None else {}

    def outward(self) -> Iterator[Scope]:
        """This scope and those around it, from the inside out."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def find(self, name: str) -> Any:
        """What a name stands for, or MISSING."""
        # The most frequent look-up of all: a loop of its own is faster than a generator.
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            if name in scope.dims:
                return scope.dims[name]
            scope = scope.parent
        return MISSING

    def place(self, name: str) -> Span | None:
        """Where a name that is visible from here is defined."""
        return next((scope.places[name] for scope in self.outward() if name in scope.places), None)

    def find_callable(self, name: str) -> Any:
        """The `def`, shared layer or imported file of this name, or None."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.callables:
                return scope.callables[name]
            scope = scope.parent
        return None

    def defines(self, name: str) -> bool:
        """Whether a value, a size or something that can be called has this name."""
        return self.find(name) is not MISSING or self.find_callable(name) is not None

    def visible(self) -> dict[str, Span | None]:
        """Every name that can be used here, and where it is defined."""
        visible: dict[str, Span | None] = {}
        for scope in self.outward():
            for name in (*scope.names, *scope.dims):
                visible.setdefault(name, scope.places.get(name))
        return visible

    def callable_names(self) -> list[str]:
        """The names of everything that can be called here and is not built in, innermost first."""
        return list(dict.fromkeys(name for scope in self.outward() for name in scope.callables))

    def copy(self, label: str, at: Span) -> Scope:
        """The scope of one copy in a `repeat` or `for`, which has labels of its own."""
        inner = Scope(self, self.instance, self.definition)
        inner.order = self.order
        inner.copied = True
        inner.region = Region("repeat", self.region, at, label)
        return inner


@dataclass(slots=True, eq=False, repr=False)
class SharedLayer:
    """`layer tok = Embedding(65, 128)`: one instance, which gets its parameters at its first use."""

    name: str
    span: Span
    entry: CatalogEntry
    #: None after a mistake in its attributes
    operation: Operation | None
    attributes: dict[str, Any]
    instance: Instance


class Definition:
    """A `def` and the scope around it."""

    __slots__ = ("scope", "tree")

    def __init__(self, definition: tree.Def, scope: Scope) -> None:
        self.tree = definition
        self.scope = scope


@dataclass(slots=True, eq=False, repr=False)
class SharedDefinition:
    """`layer enc = Block(3)`: one instance of a `def`, whose uses all have the same parameters."""

    definition: Definition
    #: what follows the arguments of each call
    arguments: tuple[tree.Argument, ...]
    instance: Instance


class Module:
    """An imported file: its `def`s."""

    __slots__ = ("broken", "name", "scope")

    def __init__(self, name: str, scope: Scope) -> None:
        self.name = name
        self.scope = scope
        #: whether it could not be read, which has been reported
        self.broken = False

    def named(self, name: str) -> Module:
        """The same file under the name of another import."""
        module = Module(name, self.scope)
        module.broken = self.broken
        return module
