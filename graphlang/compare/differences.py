"""The differences between two graphs, as rows: where, and what it is on either side."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import prod
from typing import Any, Literal, NamedTuple

from graphlang.compare.attributes import call_text, default_of, text, used
from graphlang.compare.matching import matched
from graphlang.compare.pairs import Pairs
from graphlang.compare.sections import settings
from graphlang.compare.structure import Constant, Slot, Structure, Vertex
from graphlang.spec.models import InputSpec, ParamSpec
from graphlang.spec.network import Network
from graphlang.trace.dims import name_of

Part = Literal["structure", "names", "shapes", "parameters", "settings", "run", "metrics", "weights"]
PARTS: tuple[Part, ...] = (
    "structure",
    "names",
    "shapes",
    "parameters",
    "settings",
    "run",
    "metrics",
    "weights",
)


class Difference(NamedTuple):
    """One difference; None on a side that has nothing of the kind."""

    part: Part
    what: str
    name: str
    a: Any
    b: Any
    #: whether both sides compute the same nevertheless, and are called in the same way
    only_a_name: bool = False
    #: of weights: the largest difference of two numbers at the same place
    largest: Any = None


class Comparison(NamedTuple):
    """What differs between two graphs, and which values correspond."""

    differences: tuple[Difference, ...]
    pairs: Pairs

    @property
    def equal(self) -> bool:
        """Whether nothing differs but names inside of the files."""
        return all(d.only_a_name for d in self.differences)

    @property
    def isomorphic(self) -> bool:
        """Whether the structure is the same: operations and what they are computed from."""
        return not any(d.part == "structure" and d.what != "attribute" for d in self.differences)


def compare(a: Network, b: Network) -> Comparison:
    """What differs between two graphs, apart from the order of their lines."""
    return Comparison(*_Comparing(a, b).all())


class _Comparing:
    def __init__(self, a: Network, b: Network) -> None:
        self.catalog = a.catalog
        self.a, self.b = Structure(a), Structure(b)
        self.pairs = matched(self.a, self.b)
        self.sizes = _renamed_sizes(self.pairs)

    def all(self) -> tuple[tuple[Difference, ...], Pairs]:
        parts: list[Callable[[], Iterator[Difference]]] = [
            self.on_one_side,
            self.changed,
            self.outputs,
            self.names,
            self.shapes,
            self.parameters,
            self.settings,
        ]
        return tuple(difference for part in parts for difference in part()), self.pairs

    def as_in_b(self, words: Any) -> Any:
        """A text of the first graph with the names of sizes as in the second."""
        if not self.sizes or not isinstance(words, str):
            return words
        return re.sub(r"[^\W\d]\w*", lambda match: self.sizes.get(match[0], match[0]), words)

    # ---- structure --------------------------------------------------------------------------------

    def on_one_side(self) -> Iterator[Difference]:
        for value, other in zip(self.a.values, self.pairs.to_b, strict=True):
            if other is None and not value.of_layer:
                yield Difference("structure", "removed", value.name, _described(self.a, value), None)
        for value, other in zip(self.b.values, self.pairs.to_a, strict=True):
            if other is None and not value.of_layer:
                yield Difference("structure", "added", value.name, None, _described(self.b, value))

    def changed(self) -> Iterator[Difference]:
        for value, other in self.pairs.values:
            name = other.name if value.name == other.name else f"{value.name} → {other.name}"
            if value.operation != other.operation:
                described = _described(self.a, value), _described(self.b, other)
                yield Difference("structure", "operation", name, *described)
                continue
            yield from self._attributes(name, value, other)
            yield from self._operands(name, value, other)
            if isinstance(value.model, InputSpec) and isinstance(other.model, InputSpec):
                yield from self._inputs(name, value.model, other.model)

    def _attributes(self, name: str, value: Vertex, other: Vertex) -> Iterator[Difference]:
        starts_differ = self._starts_differ(value)
        for attribute in dict.fromkeys((*value.attributes, *other.attributes)):
            x, y = self._attribute(value, attribute), self._attribute(other, attribute)
            if self.as_in_b(x) != y and not (starts_differ and attribute == "init"):
                yield Difference("structure", "attribute", f"{name}: {attribute}", x, y)

    def _attribute(self, value: Vertex, name: str) -> str | None:
        if name in value.attributes:
            return text(value.attributes[name])
        return default_of(self.catalog, value.operation, name)

    def _starts_differ(self, value: Vertex) -> bool:
        """Whether the start of a parameter of a layer differs, which is a row of its own."""
        numbers = [o.number for p, o in value.operands if isinstance(p, str) and isinstance(o, Slot)]
        params = [(self.a.values[n], self.pairs.to_b[n]) for n in numbers]
        return any(
            isinstance(v.model, ParamSpec) and n is not None and _start(v) != _start(self.b.values[n])
            for v, n in params
        )

    def _operands(self, name: str, value: Vertex, other: Vertex) -> Iterator[Difference]:
        ours, theirs = dict(value.operands), dict(other.operands)
        for place in dict.fromkeys((*ours, *theirs)):
            x, y = ours.get(place), theirs.get(place)
            if x is not None and y is not None and (self.pairs.same(x, y) or self._moved_with(x, y)):
                continue
            word = f"{name}: operand {place + 1}" if isinstance(place, int) else f"{name}: {place}"
            shown = (None if x is None else _shown(self.a, x)), (None if y is None else _shown(self.b, y))
            yield Difference("structure", "operand", word, *shown)

    def _moved_with(self, x: Slot | Constant, y: Slot | Constant) -> bool:
        """Whether both are parameters that a layer owns and nothing else has: they go with it."""
        return (
            isinstance(x, Slot)
            and isinstance(y, Slot)
            and self.a.values[x.number].of_layer
            and self.b.values[y.number].of_layer
            and self.pairs.to_b[x.number] is None
            and self.pairs.to_a[y.number] is None
        )

    def _inputs(self, name: str, x: InputSpec, y: InputSpec) -> Iterator[Difference]:
        for what in ("default", "below", "ignored"):
            before, after = getattr(x, what), getattr(y, what)
            if self.as_in_b(str(before)) != str(after):
                shown = [None if v is None else str(v) for v in (before, after)]
                yield Difference("structure", "attribute", f"{name}: {what}", shown[0], shown[1])

    def outputs(self) -> Iterator[Difference]:
        ours = {self.pairs.to_b[self.a.numbers[n]]: n for n in self.a.spec.outputs}
        theirs = {self.b.numbers[n]: n for n in self.b.spec.outputs}
        for number, name in ours.items():
            if number is None or number not in theirs:
                yield Difference("structure", "output", f"output {name}", name, None)
        for number, name in theirs.items():
            if number not in ours:
                yield Difference("structure", "output", f"output {name}", None, name)

    # ---- names and shapes -------------------------------------------------------------------------

    def names(self) -> Iterator[Difference]:
        for value, other in self.pairs.values:
            if value.name == other.name or value.operation == "entry":
                continue
            outside = not value.is_node or (
                value.name in self.a.spec.outputs and other.name in self.b.spec.outputs
            )
            if value.named or other.named or outside:
                kind = "value" if value.is_node else value.operation
                yield Difference("names", "renamed", kind, value.name, other.name, not outside)
        for size, other_size in self.sizes.items():
            yield Difference("names", "renamed", "size", size, other_size, only_a_name=True)

    def shapes(self) -> Iterator[Difference]:
        for value, other in self.pairs.values:
            x, y = _type(value), _type(other)
            if self.as_in_b(x) != y:
                yield Difference("shapes", "shape", other.name, x, y)

    # ---- parameters and settings ------------------------------------------------------------------

    def parameters(self) -> Iterator[Difference]:
        for value, other in self.pairs.values:
            x, y = value.model, other.model
            if not isinstance(x, ParamSpec) or not isinstance(y, ParamSpec):
                continue
            if value.details != other.details and _start(value) != _start(other):
                yield Difference("parameters", "start", f"{other.name}: start", _start(value), _start(other))
            if x.trainable != y.trainable:
                shown = ["trained" if p.trainable else "state" for p in (x, y)]
                yield Difference("parameters", "trainable", other.name, shown[0], shown[1])
        counts = [sum(_size(p) for p in s.spec.params) for s in (self.a, self.b)]
        if counts[0] != counts[1]:
            yield Difference("parameters", "count", "number of parameters", counts[0], counts[1])

    def settings(self) -> Iterator[Difference]:
        def counterpart(name: str) -> str:
            number = self.pairs.to_b[self.a.numbers[name]] if name in self.a.numbers else None
            return name if number is None else self.b.values[number].name

        for name, x, y in settings(self.a.spec, self.b.spec, counterpart):
            yield Difference("settings", "setting", name, x, y)


def _described(graph: Structure, value: Vertex) -> str:
    """`Affine(units=50) of x`, or the type of an input or a parameter."""
    if not value.is_node:
        return f"{value.operation} {_type(value)}"
    operands = [_shown(graph, o) for place, o in value.operands if isinstance(place, int)]
    named = call_text(value.operation, value.attributes)
    return f"{named} of {', '.join(operands)}" if operands else named


def _shown(graph: Structure, operand: Slot | Constant) -> str:
    return graph.values[operand.number].name if isinstance(operand, Slot) else text(operand.value)


def _type(value: Vertex) -> str:
    shape = value.model.shape
    if shape is None:
        return f"{value.model.dtype}, any shape"
    return f"{value.model.dtype}[{', '.join(map(str, shape))}]" if shape else value.model.dtype


def _start(value: Vertex) -> str:
    assert isinstance(value.model, ParamSpec)
    return text(used(value.model.init))


def _size(param: ParamSpec) -> int:
    return prod(param.shape)


def _renamed_sizes(pairs: Pairs) -> dict[str, str]:
    """The named sizes of the inputs whose names differ, where one name is always another."""
    renamed: dict[str, str] = {}
    for value, other in pairs.values:
        if value.operation == other.operation == "input" and value.model.shape and other.model.shape:
            for x, y in zip(map(name_of, value.model.shape), map(name_of, other.model.shape), strict=False):
                if x is not None and y is not None and renamed.setdefault(x, y) != y:
                    return {}
    one_to_one = len(set(renamed.values())) == len(renamed)
    return {x: y for x, y in renamed.items() if x != y} if one_to_one else {}
