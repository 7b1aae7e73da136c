"""What names stand for while a file is elaborated: values of the graph, instances, definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from graphlang.catalog.operation import Operation
from graphlang.diagnostics import Span
from graphlang.syntax import tree
from graphlang.trace import SymbolicArray

if TYPE_CHECKING:
    from graphlang.catalog.finder import Entry


class Poison:
    """Stands for a value whose mistake has been reported; whatever touches it stays silent."""

    def __repr__(self) -> str:
        return "POISON"


POISON = Poison()


class Instance:
    """One use of a layer or a `def`: what its parameters and inner values are named after."""

    __slots__ = (
        "called_at",
        "kind",
        "label",
        "memo",
        "name",
        "order",
        "parameters",
        "parent",
        "parts",
        "taken",
        "unknown",
    )

    def __init__(
        self,
        kind: str,
        parent: Instance | None,
        order: tuple[int, int],
        label: str | None = None,
        called_at: Span | None = None,
    ) -> None:
        self.kind = kind
        self.parent = parent
        self.order = order
        self.label = label
        self.called_at = called_at
        self.name: str | None = label
        #: names that the text inside gives, which automatic names must leave alone
        self.taken: set[str] = set()
        #: the labelled instances inside
        self.parts: dict[str, Instance] = {}
        #: its own parameters by role, once they are made
        self.parameters: dict[str, Value] | None = None
        #: whether a mistake keeps it from being known in full, so that what it lacks is no mistake
        self.unknown = False
        #: for a shared `def`: what its first unrolling made
        self.memo: Memo | None = None

    def path(self) -> str:
        """The full name, as `Block2.Affine1`; the file itself is the empty path."""
        parts = []
        instance: Instance | None = self
        while instance is not None and instance.parent is not None:
            parts.append(instance.name or "?")
            instance = instance.parent
        return ".".join(reversed(parts))


class NamedTable(list[Any]):
    """A list of numbers with a name: a list wherever one is taken, and one value of the graph wherever a
    value is needed, made when it is first needed."""

    __slots__ = ("group", "made", "name", "order", "span")

    def __init__(
        self, numbers: list[Any], name: str, span: Span, group: Instance, order: tuple[int, int]
    ) -> None:
        super().__init__(numbers)
        self.name = name
        self.span = span
        self.group = group
        self.order = order
        self.made: Value | None = None


class Value:
    """A value of the graph: an input, a parameter, a constant that has a name, or a node's result."""

    __slots__ = (
        "array",
        "attributes",
        "body",
        "bounds",
        "const",
        "group",
        "ignored",
        "instance",
        "kind",
        "label",
        "name",
        "operands",
        "operation",
        "order",
        "parameters",
        "span",
    )

    def __init__(
        self,
        kind: str,
        array: SymbolicArray,
        span: Span,
        group: Instance,
        order: tuple[int, int],
        label: str | None = None,
        operation: str = "",
        operands: tuple[Any, ...] = (),
        attributes: dict[str, Any] | None = None,
        parameters: dict[str, Value] | None = None,
        const: Any = None,
    ) -> None:
        self.kind = kind
        self.array = array
        self.span = span
        self.group = group
        self.order = order
        #: the name that the file gives it
        self.label = label
        #: the full name, given at the end
        self.name = ""
        self.operation = operation
        self.operands = operands
        self.attributes = attributes or {}
        self.parameters = parameters or {}
        #: the number, where it is known before running
        self.const = const
        #: the layer that made it, whose name an unnamed result takes
        self.instance: Instance | None = None
        #: for integers: one more than the largest that its users allow
        self.bounds: Any = None
        #: and an index that is let through beside those
        self.ignored: int | None = None
        #: for a `scan`: what it does at every step
        self.body: Any = None


class SharedLayer:
    """`layer tok = Embedding(65, 128)`: one instance; its parameters come with its first use."""

    __slots__ = ("attributes", "entry", "instance", "name", "operation", "span")

    def __init__(
        self,
        name: str,
        span: Span,
        entry: Entry,
        operation: Operation | None,
        attributes: dict[str, Any],
        instance: Instance,
    ) -> None:
        self.name = name
        self.span = span
        self.entry = entry
        #: None after a mistake in its attributes
        self.operation = operation
        self.attributes = attributes
        self.instance = instance


class Definition:
    """A `def` and the scope that it sees."""

    __slots__ = ("scope", "tree")

    def __init__(self, definition: tree.Def, scope: Scope) -> None:
        self.tree = definition
        self.scope = scope


class Memo:
    """The instances inside a shared `def`: each is found again at its place in the text, whatever else a use
    of the `def` leaves out."""

    __slots__ = ("counts", "made")

    def __init__(self) -> None:
        self.made: dict[tuple[Any, ...], Instance] = {}
        #: how often this unrolling has come by a place
        self.counts: dict[tuple[Any, ...], int] = {}

    def start(self) -> None:
        """Begins another unrolling."""
        self.counts.clear()

    def instance(self, kind: str, at: Span, fresh: Instance) -> Instance:
        """What an earlier unrolling made at this place, or `fresh`."""
        place = (id(fresh.parent), kind, at)
        self.counts[place] = count = self.counts.get(place, 0) + 1
        return self.made.setdefault((*place, count), fresh)


class SharedDefinition:
    """`layer enc = Block(3)`: one instance of a `def`; every use has the same parameters."""

    __slots__ = ("arguments", "definition", "instance", "name", "scope", "span")

    def __init__(
        self,
        name: str,
        span: Span,
        definition: Definition,
        arguments: tuple[tree.Argument, ...],
        scope: Scope,
        instance: Instance,
    ) -> None:
        self.name = name
        self.span = span
        self.definition = definition
        self.arguments = arguments
        self.scope = scope
        self.instance = instance
        if instance.memo is None:
            instance.memo = Memo()


class Module:
    """An imported file: its `def`s."""

    __slots__ = ("broken", "name", "scope")

    def __init__(self, name: str, scope: Scope) -> None:
        self.name = name
        self.scope = scope
        #: whether it could not be read, which has been reported
        self.broken = False


class Scope:
    """The names of the file, of a `def`'s body, or of a `for`."""

    __slots__ = (
        "callables",
        "copied",
        "definition",
        "dims",
        "instance",
        "memo",
        "names",
        "numbered",
        "order",
        "parent",
        "places",
    )

    def __init__(self, parent: Scope | None, instance: Instance, definition: str | None = None) -> None:
        self.parent = parent
        self.instance = instance
        self.definition = definition
        self.names: dict[str, Any] = {}
        self.places: dict[str, Span] = {}
        self.dims: dict[str, Any] = {}
        self.callables: dict[str, Any] = {}
        #: where the statement stands that is being evaluated, for names in order of appearance
        self.order = 0
        self.memo: Memo | None = parent.memo if parent is not None else None
        same = parent is not None and parent.instance is instance
        #: whether it is a copy in a `repeat` or `for`, where labels get numbers
        self.copied: bool = parent.copied if parent is not None and same else False
        #: the labels with numbers that the copies have taken
        self.numbered: set[str] = parent.numbered if parent is not None and same else set()

    def find(self, name: str) -> Any:
        """What a name stands for, or MISSING."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            if name in scope.dims:
                return scope.dims[name]
            scope = scope.parent
        return MISSING

    def place(self, name: str) -> Span | None:
        """Where a name is defined that can be seen from here."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.places:
                return scope.places[name]
            scope = scope.parent
        return None

    def find_callable(self, name: str) -> Any:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.callables:
                return scope.callables[name]
            scope = scope.parent
        return None

    def visible(self) -> dict[str, Span | None]:
        """Every name that can be seen from here, and where it is defined."""
        found: dict[str, Span | None] = {}
        scope: Scope | None = self
        while scope is not None:
            for name in (*scope.names, *scope.dims):
                found.setdefault(name, scope.places.get(name))
            scope = scope.parent
        return found

    def callable_names(self) -> list[str]:
        found: dict[str, None] = {}
        scope: Scope | None = self
        while scope is not None:
            found.update(dict.fromkeys(scope.callables))
            scope = scope.parent
        return list(found)


class Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()

Constant: TypeAlias = int | float | bool | str | list[Any] | None
"""What is known before running and is no size."""
