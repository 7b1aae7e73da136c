"""What nodes are written with: names that nobody else has, constants, sizes, and the graph they go into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from graphlang.onnx.exporting.cannot_export import CannotExport
from graphlang.onnx.exporting.draws import FileDraw, ScanTimes
from graphlang.onnx.exporting.size_nodes import Sizes
from graphlang.onnx.exporting.types import onnx_type
from graphlang.trace import Shape, Size, Step

LAST = np.iinfo(np.int64).max
"""The end of an axis of any size, as a slice of ONNX has it."""


class NodeScope:
    """The nodes of one graph: of the model, or of the body of a loop."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []


class NodeWriter:
    """Nodes in the order in which they run, for one model.

    A value is its name. What depends on sizes and constants alone stands before all nodes, so that bodies of
    loops see it too.
    """

    def __init__(self, opset: int) -> None:
        self.opset = opset
        #: the nodes that compute sizes
        self.preamble = NodeScope()
        self.main = NodeScope()
        #: parameters, which the file keeps as initializers
        self.weights: dict[str, Any] = {}
        #: other numbers, which are nodes: whoever reads the file sees that they are not trained
        self.constants: dict[str, Any] = {}
        #: by name, the values that are drawn at random
        self.draws: dict[str, FileDraw] = {}
        self.sizes = Sizes(self._size_node, lambda value: self.constant(value, hint="sizes"))
        #: what the next nodes are for: their names begin with it
        self.origin = ""
        self.doc = ""
        self._scope = self.main
        self._taken: set[str] = set()
        self._made: dict[Any, str] = {}
        self._renamed: dict[str, str] = {}

    # ---- names ----------------------------------------------------------------------------------------

    def take(self, hint: str) -> str:
        """A name that nothing else in the model has."""
        name, count = hint, 1
        while name in self._taken:
            count += 1
            name = f"{hint}_{count}"
        self._taken.add(name)
        return name

    def avoid(self, names: Iterable[str]) -> None:
        """Leaves names to others."""
        self._taken.update(names)

    def give_name(self, name: str, new: str) -> None:
        """Gives a value that a node of the model's own graph computes its name in the file."""
        self._renamed[name] = new

    def renamed(self, name: str) -> str:
        return self._renamed.get(name, name)

    def is_renamed(self, name: str) -> bool:
        return name in self._renamed

    # ---- nodes ----------------------------------------------------------------------------------------

    def node(self, kind: str, *operands: str, hint: str = "", domain: str = "", **attributes: Any) -> str:
        """A node with one result."""
        return self.nodes(kind, operands, 1, hint=hint, domain=domain, **attributes)[0]

    def nodes(
        self,
        kind: str,
        operands: Sequence[str],
        results: int,
        *,
        hint: str = "",
        domain: str = "",
        **own: Any,
    ) -> list[str]:
        """A node with several results."""
        place = f"{self.origin}/{hint or kind}" if self.origin else hint or kind
        outputs = [self.take(place) for _ in range(results)]
        made = helper.make_node(kind, list(operands), outputs, name=outputs[0], domain=domain, **own)
        if self.doc and self._scope is not self.preamble:
            made.doc_string = self.doc
        self._scope.nodes.append(made)
        return outputs

    def call(self, domain: str, kind: str, operands: Sequence[str], results: Sequence[str]) -> None:
        """A node that calls a function, with names for its results."""
        self._scope.nodes.append(
            helper.make_node(kind, list(operands), list(results), name=f"{self.origin}/{kind}", domain=domain)
        )

    def _size_node(self, kind: str, *operands: str, **attributes: Any) -> str:
        """A node that computes a size; it stands before all others."""
        origin, self.origin = self.origin, "sizes"
        try:
            with self.into(self.preamble):
                return self.node(kind, *operands, **attributes)
        finally:
            self.origin = origin

    @contextmanager
    def into(self, scope: NodeScope) -> Iterator[NodeScope]:
        """Until the block ends, nodes go into another graph."""
        before, self._scope = self._scope, scope
        try:
            yield scope
        finally:
            self._scope = before

    @property
    def in_body(self) -> bool:
        """Whether nodes go into the body of a loop."""
        return self._scope is not self.main

    # ---- constants ------------------------------------------------------------------------------------

    def constant(self, value: Any, dtype: Any = None, hint: str = "constant") -> str:
        """An array that stands for itself; equal ones are stored once."""
        array = np.ascontiguousarray(np.asarray(value, dtype)).reshape(np.shape(value))
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._made:
            self._made[key] = self.take(hint)
            self.constants[self._made[key]] = array
        return self._made[key]

    def weight(self, array: Any, name: str) -> str:
        """A parameter in the layout of ONNX, the same for all who ask for it."""
        if name in self.weights and np.array_equal(self.weights[name], array):
            return name
        taken = self.take(name)
        self.weights[taken] = array
        return taken

    def initializers(self, nodes: Sequence[Any], outputs: Iterable[str] = ()) -> list[Any]:
        """The parameters that nodes read, or that are outputs, as ONNX has them."""
        read = names_read(nodes) | set(outputs)
        return [numpy_helper.from_array(a, name) for name, a in self.weights.items() if name in read]

    def _constant_nodes(self, nodes: Sequence[Any]) -> list[Any]:
        read = names_read(nodes)
        return [
            helper.make_node("Constant", [], [name], name=name, value=numpy_helper.from_array(array))
            for name, array in self.constants.items()
            if name in read
        ]

    def ints(self, values: Sequence[Size]) -> str:
        """A shape, or a list of places: a constant, or computed from the sizes of inputs."""
        return self.sizes.vector(tuple(values))

    # ---- what many rules write ----------------------------------------------------------------------------

    def cast(self, x: str, dtype: Any) -> str:
        return self.node("Cast", x, to=onnx_type(dtype))

    def reshape(self, x: str, shape: Shape) -> str:
        """x in another shape; one size that is not known yet follows from the others."""
        unknown = [i for i, n in enumerate(shape) if not isinstance(n, int)]
        known = [n for n in shape if isinstance(n, int)]
        if len(unknown) == 1 and all(n > 0 for n in known):
            shape = tuple(-1 if i in unknown else n for i, n in enumerate(shape))
        # A size of 0 is one here, and not the size of the operand.
        zero = int(0 in shape or len(unknown) > 1)
        return self.node("Reshape", x, self.ints(shape), allowzero=zero)

    def slice(
        self,
        x: str,
        starts: Sequence[Any],
        stops: Sequence[Any],
        axes: Sequence[int],
        steps: Sequence[int] = (),
    ) -> str:
        places = [self.ints(starts), self.ints(stops), self.ints(axes)]
        if any(step != 1 for step in steps):
            places.append(self.ints(steps))
        return self.node("Slice", x, *places)

    def piece(self, x: str, axis: int, start: Size, stop: Size) -> str:
        """The elements from start to stop along one axis."""
        return self.slice(x, [start], [stop], [axis])

    def transpose(self, x: str, axes: Sequence[int]) -> str:
        return x if list(axes) == list(range(len(axes))) else self.node("Transpose", x, perm=list(axes))

    def move(self, x: str, ndim: int, source: int, target: int) -> str:
        """One axis at another place."""
        order = [i for i in range(ndim) if i != source]
        order.insert(target, source)
        return self.transpose(x, order)

    def zeros(self, shape: Shape, dtype: Any) -> str:
        return self.node("Expand", self.constant(0, dtype), self.ints(shape))

    def draw(self, step: Step, times: ScanTimes | None = None) -> str:
        """Random numbers in the place of those of a step, or of those at all places of a `scan`."""
        if self.in_body:
            raise CannotExport("random numbers of a `scan` within another one")
        draw = FileDraw(step, times)
        kind = "RandomNormalLike" if step.params["normal"] else "RandomUniformLike"
        drawn = self.node(kind, self.zeros(draw.shape, draw.dtype), dtype=onnx_type(draw.dtype))
        self.draws[drawn] = draw
        return drawn

    def flip(self, x: str, axis: int) -> str:
        return self.slice(x, [-1], [-LAST], [axis], [-1])

    def all_nodes(self) -> list[Any]:
        """The nodes of the model's graph, with the names of the file."""
        nodes = [*self.preamble.nodes, *self.main.nodes]
        nodes = [*self._constant_nodes(nodes), *nodes]
        rename_in(nodes, self._renamed)
        return nodes


def rename_in(nodes: Sequence[Any], names: Mapping[str, str]) -> None:
    """Gives values other names, in nodes and in the bodies of loops."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        for field in (node.input, node.output):
            for place, name in enumerate(field):
                if name in names:
                    field[place] = names[name]
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                waiting += attribute.g.node


def names_read(nodes: Sequence[Any]) -> set[str]:
    """The names of all operands, in the bodies of loops too."""
    read: set[str] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        read.update(node.input)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                waiting += attribute.g.node
    return read
