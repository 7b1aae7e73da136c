"""The values of a graph while a file is evaluated, and the instances of layers that they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphlang.diagnostics import Span
from graphlang.spec.models import RegionKind
from graphlang.trace import Dim, SymbolicArray


class Poison:
    """Stands for a value whose mistake has been reported; whatever uses it reports nothing more."""

    def __repr__(self) -> str:
        return "POISON"


POISON = Poison()


class Instance:
    """One use of a layer or a `def`: its parameters and inner values are named after it."""

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
        "path",
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
        #: the full name, as `Block2.Affine1`, once all are named; the file itself has the empty path
        self.path = ""
        #: names defined in the text inside, which automatic names must not use
        self.taken: set[str] = set()
        #: the labelled instances inside
        self.parts: dict[str, Instance] = {}
        #: its own parameters by role; None until they exist
        self.parameters: dict[str, ParamValue] | None = None
        #: whether a reported mistake left it incomplete, so that a missing part is no further mistake
        self.unknown = False
        #: for a shared `def`: the instances that its first unrolling created
        self.memo: Memo | None = None

    def outward(self) -> Iterator[Instance]:
        """This instance and those around it, from the inside out, without the file itself."""
        instance = self
        while instance.parent is not None:
            yield instance
            instance = instance.parent


class Memo:
    """The instances inside a shared `def`, by their place in the text.

    Every use of the `def` gets the same instance at the same place, even if a use skips some of them.
    """

    __slots__ = ("counts", "instances")

    def __init__(self) -> None:
        self.instances: dict[tuple[Any, ...], Instance] = {}
        #: how often the current unrolling has passed each place
        self.counts: dict[tuple[Any, ...], int] = {}

    def start(self) -> None:
        """Begins another unrolling."""
        self.counts.clear()

    def instance(self, kind: str, at: Span, fresh: Instance) -> Instance:
        """The instance that an earlier unrolling created at this place, or else `fresh`."""
        place = (id(fresh.parent), kind, at)
        self.counts[place] = count = self.counts.get(place, 0) + 1
        return self.instances.setdefault((*place, count), fresh)


@dataclass(slots=True, eq=False, repr=False)
class Region:
    """A part of the graph that is drawn as one: a use of a `def`, a labelled group, or a copy in a loop."""

    kind: RegionKind
    #: the region around it
    outer: Region | None
    at: Span
    #: what it is called; None where it has the name of its instance
    label: str | None = None
    instance: Instance | None = None


@dataclass(slots=True, eq=False, repr=False)
class Value:
    """What the four kinds of values of a graph have in common.

    Values refer to their operands through any number of levels: nothing may compare or print them
    recursively.
    """

    array: SymbolicArray
    #: where it is defined
    span: Span
    #: the instance whose part it is
    group: Instance
    #: its place in the order of appearance
    order: tuple[int, int]
    #: the name that the file gives it
    label: str | None = None
    #: the full name, assigned once all values exist
    name: str = field(default="", init=False)


@dataclass(slots=True, eq=False, repr=False)
class InputValue(Value):
    """An input of the graph."""

    default: Any = None
    #: whether nothing declares it: it is a free name of an open formula
    is_open: bool = False
    #: the number that it is known to have where one must be known before running: of a built-in value
    const: Any = None
    #: for an input that holds indices: one more than the largest that its users allow
    index_bound: Any = None
    #: an index that its users accept although it is out of bounds
    ignored_index: int | None = None


@dataclass(slots=True, eq=False, repr=False)
class ParamValue(Value):
    """A parameter: of a layer, of a `def` or of the file."""

    init: Any = None
    trainable: bool = True


@dataclass(slots=True, eq=False, repr=False)
class NodeValue(Value):
    """The result of an operation; a constant with a name is an operation without operands."""

    operation: str = ""
    operands: tuple[Any, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, ParamValue] = field(default_factory=dict)
    #: the number, if it is known before running
    const: Any = None
    #: whether only its number may have been wanted: then it is left out unless a node works on it
    spare: bool = False
    #: the layer whose result it is; a result without a label takes its name
    instance: Instance | None = None
    #: for a `scan`: what it computes at every step
    body: Body | None = None
    region: Region | None = None
    #: what a random value follows from in place of its name
    stream: str | None = None


@dataclass(slots=True, eq=False, repr=False)
class LocalValue(Value):
    """What the body of a `scan` receives at every step: the element, or a carried value."""


@dataclass(slots=True, eq=False, repr=False)
class Body:
    """The graph inside a `scan` node."""

    #: the local values, then the outer values that the body uses
    inputs: list[Value]
    nodes: list[NodeValue]
    #: the next value of each carried one
    following: list[NodeValue]
    yields: list[NodeValue]


class NamedTable(list[Any]):
    """A list of numbers with a name.

    It works as a list where a list is expected. Where a value is needed it becomes one node, which is
    created at its first use.
    """

    __slots__ = ("group", "name", "order", "span")

    def __init__(
        self, numbers: list[Any], name: str, span: Span, group: Instance, order: tuple[int, int]
    ) -> None:
        super().__init__(numbers)
        self.name = name
        self.span = span
        self.group = group
        self.order = order


def without_node(value: Any) -> Any:
    """The constant that a value is known to have before running; anything else is returned as it is."""
    if isinstance(value, NodeValue | InputValue) and value.const is not None:
        return value.const
    return value


def is_integer(value: Any) -> bool:
    """Whether it is a whole number; `true` and `false`, which Python counts among them, are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_size_constant(value: Any, *, negative: bool = False) -> bool:
    """Whether it is a size, or a whole number from zero; with `negative`, any whole number."""
    return isinstance(value, Dim) or (is_integer(value) and (negative or value >= 0))


def is_positive_size(value: Any) -> bool:
    """Whether it is a size, or a whole number from one."""
    return isinstance(value, Dim) or (is_integer(value) and value > 0)
