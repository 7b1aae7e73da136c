"""What names stand for while a file is elaborated: values of the graph, instances, definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from graphlang.diagnostics import Span
from graphlang.operation import Operation
from graphlang.syntax import tree
from graphlang.trace import SymbolicArray

if TYPE_CHECKING:
    from graphlang.catalog import Entry


class Poison:
    """Stands for a value whose mistake has been reported; whatever touches it stays silent."""

    def __repr__(self) -> str:
        return "POISON"


POISON = Poison()


class Instance:
    """One use of a layer or a `def`: what its parameters and inner values are named after."""

    __slots__ = ("called_at", "kind", "label", "name", "order", "parent", "taken")

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

    def path(self) -> str:
        """The full name, as `Block2.Affine1`; the file itself is the empty path."""
        parts = []
        instance: Instance | None = self
        while instance is not None and instance.parent is not None:
            parts.append(instance.name or "?")
            instance = instance.parent
        return ".".join(reversed(parts))


class Value:
    """A value of the graph: an input, a parameter, a constant that has a name, or a node's result."""

    __slots__ = (
        "array",
        "attributes",
        "body",
        "bounds",
        "const",
        "group",
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
        #: for a `scan`: what it does at every step
        self.body: Any = None


class SharedLayer:
    """`layer tok = Embedding(65, 128)`: one instance; its parameters come with its first use."""

    __slots__ = ("attributes", "entry", "instance", "name", "operation", "parameters", "span")

    def __init__(
        self,
        name: str,
        span: Span,
        entry: Entry,
        operation: Operation,
        attributes: dict[str, Any],
        instance: Instance,
    ) -> None:
        self.name = name
        self.span = span
        self.entry = entry
        self.operation = operation
        self.attributes = attributes
        self.instance = instance
        self.parameters: dict[str, Value] | None = None


class Definition:
    """A `def` and the scope that it sees."""

    __slots__ = ("scope", "tree")

    def __init__(self, definition: tree.Def, scope: Scope) -> None:
        self.tree = definition
        self.scope = scope


class Memo:
    """The parameters of a shared `def` in the order in which unrolling meets them: made once, found again."""

    __slots__ = ("cursor", "made")

    def __init__(self) -> None:
        self.made: list[dict[str, Value]] = []
        self.cursor = 0

    def recall(self) -> dict[str, Value] | None:
        """What the first unrolling made at this point; None where this is the first."""
        if self.cursor == len(self.made):
            return None
        self.cursor += 1
        return self.made[self.cursor - 1]

    def keep(self, parameters: dict[str, Value]) -> None:
        self.made.append(parameters)
        self.cursor += 1


class SharedDefinition:
    """`layer enc = Block(3)`: one instance of a `def`; every use has the same parameters."""

    __slots__ = ("arguments", "definition", "instance", "memo", "name", "scope", "span")

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
        self.memo = Memo()


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

    __slots__ = ("callables", "definition", "dims", "instance", "memo", "names", "order", "parent", "places")

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
