"""The graph of a spec, ready to run: nodes in an order that can run, operations built, operands numbered."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import ValidationError

from graphlang.catalog.finder import Catalog, Family
from graphlang.catalog.operation import Function, Layer, Operation
from graphlang.diagnostics import GraphError, Source, Span
from graphlang.diagnostics.limits import DEFAULT, Limits
from graphlang.diagnostics.running import (
    BadSpec,
    MisshapenSpec,
    NodesInCycle,
    NoSuchMember,
    NoSuchOperation,
    UnknownOperand,
    UnknownResult,
    WrongGradNode,
    WrongScanNode,
)
from graphlang.diagnostics.too_large import limit_exceeded
from graphlang.lazy import lazy
from graphlang.spec.models import InputSpec, NodeSpec, OutputSpec, ParamSpec, Spec, TrainSpec, Use
from graphlang.spec.operations import operation_of
from graphlang.spec.recently_used import RecentlyUsed
from graphlang.spec.sizes import as_data, has_sizes, names_in
from graphlang.trace.dims import name_of
from graphlang.trace.whole_numbers import COUNTING

if TYPE_CHECKING:
    import networkx as nx


T = TypeVar("T")
MOST_TOLD = 20
"""How many mistakes of one spec are told."""
SIZED = 4096
"""How many operations are kept for sizes that have been seen."""


class Ref(NamedTuple):
    """An operand that is a value of the graph, by its number."""

    number: int


class Loop(NamedTuple):
    """What a `scan` repeats, a graph of its own."""

    body: Network
    #: the numbers, in the body, of the carried values of the next step
    following: tuple[int, ...]
    #: the numbers, in the body, of the values that it yields
    yields: tuple[int, ...]
    #: which of the results the node gives: the yielded values, then the last carried ones
    part: int
    #: the position of the carried value whose last one the node gives, if it does
    last: int | None = None
    axis: int = 1
    reverse: bool = False

    @property
    def result(self) -> int:
        """The number, in the body, of the value that the node gives."""
        return self.yields[self.part] if self.last is None else self.following[self.last]

    @property
    def is_random(self) -> bool:
        """Whether the body has random values."""
        nodes = self.body.nodes
        return any("stream" in n.supplied or (n.loop is not None and n.loop.is_random) for n in nodes)

    def place(self, ndim: int) -> int:
        """Where the axis of time is put in the stacked values of so many axes."""
        return min(self.axis, ndim)


class _Shared(NamedTuple):
    """What nodes of one operation with equal attributes have in common."""

    operation: Operation
    supplied: frozenset[str]
    symbolic: bool
    indexed: tuple[str, ...]


class Node:
    """One operation of the graph, and the numbers of its result and of what it is computed from."""

    __slots__ = (
        "counts",
        "indexed",
        "loop",
        "number",
        "operands",
        "operation",
        "own",
        "spec",
        "supplied",
        "symbolic",
    )

    def __init__(
        self,
        spec: NodeSpec,
        number: int,
        operands: tuple[Any, ...],
        own: dict[str, int],
        operation: Operation | None,
        supplied: frozenset[str],
        symbolic: bool,
        indexed: tuple[str, ...] = (),
    ) -> None:
        self.spec = spec
        self.number = number
        #: a Ref for each value of the graph, and constants
        self.operands = operands
        #: role of a parameter -> its number
        self.own = own
        #: None for `grad`, `constant` and `scan`
        self.operation = operation
        #: what a `scan` repeats
        self.loop: Loop | None = None
        #: what `forward` takes besides: `training`, `random`
        self.supplied = supplied
        #: whether an attribute depends on a dimension, and so on the data
        self.symbolic = symbolic
        #: where some tensors hold indices that are checked: the names of all tensors, in order
        self.indexed = indexed
        #: whether it computes with whole numbers, whose result may be larger than an int can hold
        self.counts = False

    @property
    def name(self) -> str:
        return self.spec.name


class Network:
    """The graph of a spec. Values are numbered: inputs first, then parameters, then nodes in order."""

    def __init__(self, spec: Spec, catalog: Catalog, limits: Limits = DEFAULT) -> None:
        self.spec = spec
        self.catalog = catalog
        #: how large its runs may be, and those that have been measured and are not larger
        self.limits = limits
        #: that of random values, which whoever runs it sets
        self.seed = 0
        self.fitting: RecentlyUsed[bool] = RecentlyUsed(SIZED)
        self.sources = tuple(Source(s.name, s.text) for s in spec.sources)
        self.inputs: dict[str, InputSpec] = {i.name: i for i in spec.inputs}
        self.params: dict[str, ParamSpec] = {p.name: p for p in spec.params}
        names = [*(i.name for i in spec.inputs), *(p.name for p in spec.params)]
        #: the name of every value, in the order of their numbers
        self.names: list[str] = names
        ordered = _in_order(spec, set(names))
        names += [n.name for n in ordered]
        self.numbers: dict[str, int] = {name: i for i, name in enumerate(names)}
        if len(self.numbers) != len(names):
            raise GraphError([BadSpec.same_name()])
        if len(names) > limits.nodes:
            raise GraphError([limit_exceeded(None, "nodes", limits.nodes)])
        if any(len(param.shape) > limits.rank for param in spec.params):
            raise GraphError([limit_exceeded(None, "rank", limits.rank)])
        _check_names(spec, self.numbers)
        self._sized: RecentlyUsed[Any] = RecentlyUsed(SIZED)
        self._shared: dict[tuple[str, str], _Shared] = {}
        first = len(names) - len(ordered)
        self.nodes: list[Node] = [self._node(n, first + i) for i, n in enumerate(ordered)]
        self.first_node = first
        #: whether no node makes an array of inputs that are numbers
        self.scalar = not any(n.shape or n.operation == "scan" for n in ordered)
        #: for every value, whether a node takes it as an operand
        self.used: list[bool] = [False] * len(names)
        specs: list[InputSpec | ParamSpec | NodeSpec] = [*spec.inputs, *spec.params, *ordered]
        whole = [item.dtype == "int" for item in specs]
        for node in self.nodes:
            for number in (o.number for o in node.operands if type(o) is Ref):
                self.used[number] = True
                node.counts = node.counts or (whole[number] and self._may_count(node))
        gradients = [node.number for node in self.nodes if node.spec.operation == "grad"]
        if gradients:
            self._refuse_many(gradients)

    def _refuse_many(self, gradients: Sequence[int]) -> None:
        """Raises GraphError where `grad`s go back through more nodes than the limit."""
        from graphlang.spec.gradient_counts import first_beyond, may_be_beyond

        if not may_be_beyond(len(self.names), len(gradients), self.limits.gradients):
            return
        operands: list[list[int]] = [[] for _ in range(self.first_node)]
        for node in self.nodes:
            operands.append([*(o.number for o in node.operands if type(o) is Ref), *node.own.values()])
        beyond = first_beyond(operands, gradients, self.limits.gradients)
        if beyond is not None:
            span = self.span(self.names[beyond])
            raise GraphError([limit_exceeded(span, "gradients", self.limits.gradients)])

    def _loop(self, spec: NodeSpec) -> Loop:
        """The loop of a `scan`: its body is a graph of its own."""
        body = spec.body
        if body is None or len(body.inputs) != len(spec.operands):
            raise GraphError([WrongScanNode.without_body(spec.name)])
        part_of = Spec(sources=self.spec.sources, inputs=body.inputs, nodes=body.nodes)
        inner = Network(part_of, self.catalog, self.limits)
        part = spec.attributes.get("part", 0)
        try:
            for name in (*body.following, *body.yields):
                inner.used[inner.numbers[name]] = True
            following, yields = (
                tuple(inner.numbers[n] for n in names) for names in (body.following, body.yields)
            )
            last = spec.attributes.get("last")
            axis, reverse = spec.attributes.get("axis", 1), spec.attributes.get("reverse", False)
            if last is None:
                return Loop(inner, following, yields, range(len(yields))[part], None, axis, reverse)
            return Loop(inner, following, yields, part, range(len(following))[last], axis, reverse)
        except (KeyError, IndexError, TypeError):
            raise GraphError([WrongScanNode.body_without_result(spec.name)]) from None

    def _node(self, spec: NodeSpec, number: int) -> Node:
        numbers = self.numbers
        try:
            operands = tuple(
                [Ref(numbers[o]) if type(o) is str else o for o in spec.operands]  # noqa: C409 - quicker
            )
            own = {role: numbers[name] for role, name in spec.parameters.items()}
        except KeyError as error:
            raise GraphError([UnknownOperand(spec.name, error.args[0])]) from None
        if spec.operation == "grad" and [type(o) for o in operands] != [Ref, Ref]:
            raise GraphError([WrongGradNode(spec.name)])
        if spec.operation in ("grad", "constant"):
            symbolic = has_sizes(spec.attributes.get("value"))
            return Node(spec, number, operands, own, None, frozenset(), symbolic)
        if spec.operation == "scan":
            node = Node(spec, number, operands, own, None, frozenset({"training", "random"}), True)
            node.loop = self._loop(spec)
            return node
        attributes = json.dumps(spec.attributes, sort_keys=True, default=as_data) if spec.attributes else ""
        shared = self._shared.get((spec.operation, attributes))
        if shared is None:
            shared = self._shared[spec.operation, attributes] = self._shared_of(spec)
        return Node(spec, number, operands, own, *shared)

    def _shared_of(self, spec: NodeSpec) -> _Shared:
        entry = self.catalog.find(spec.operation)
        if entry is None:
            raise GraphError([NoSuchOperation(spec.operation)])
        operation = operation_of(self.catalog, spec, None)
        kind: Any = entry.target
        looks_up = entry.kind != "function" and kind.index_bounds is not Layer.index_bounds
        indexed = entry.tensors if looks_up else ()
        return _Shared(operation, entry.supplied, has_sizes(spec.attributes), indexed)

    def _may_count(self, node: Node) -> bool:
        """Whether a node may make whole numbers of whole numbers; the steps that a layer records say more."""
        name = node.spec.operation
        if isinstance(node.operation, Function) and name not in self.catalog.own:
            return name in COUNTING and node.spec.dtype == "int"
        return node.operation is not None

    def operation(self, node: Node, sizes: Mapping[str, int]) -> Operation:
        """The operation of a node with the sizes of a run in its attributes; one object for equal sizes."""
        assert node.operation is not None, node.name
        if not node.symbolic:
            return node.operation
        return self.sized(node, sizes, lambda: operation_of(self.catalog, node.spec, sizes))

    def sized(self, node: Node, sizes: Mapping[str, int], make: Callable[[], T]) -> T:
        """What `make` builds for a node and the sizes of a run; the same object for equal sizes."""
        key = (node.number, tuple(sorted(sizes.items())))
        operation: T = self._sized.get_or_make(key, make)
        return operation

    # ---- what depends on what -----------------------------------------------------------------------

    @lazy
    def digraph(self) -> nx.DiGraph[str]:
        """The graph in NetworkX: a node per value, with the order of its operands among its attributes."""
        import networkx

        graph: nx.DiGraph[str] = networkx.DiGraph(name=self.spec.sources[0].name if self.spec.sources else "")
        for item in self.spec.inputs:
            graph.add_node(item.name, kind="input", dtype=item.dtype, shape=item.shape or ())
        for param in self.spec.params:
            graph.add_node(param.name, kind="param", dtype=param.dtype, shape=param.shape)
        for node in self.nodes:
            spec = node.spec
            graph.add_node(
                spec.name,
                kind="node",
                operation=spec.operation,
                operands=spec.operands,
                parameters=dict(spec.parameters),
                attributes=dict(spec.attributes),
                dtype=spec.dtype,
                shape=spec.shape,
                group=spec.group,
            )
            for name in (*spec.operands, *spec.parameters.values()):
                if isinstance(name, str):
                    graph.add_edge(name, spec.name)
        return graph

    def ancestors(self, numbers: list[int]) -> list[bool]:
        """For every value, whether one of these depends on it, or is it."""
        needed = [False] * len(self.names)
        for number in numbers:
            needed[number] = True
        for node in reversed(self.nodes):
            if needed[node.number]:
                for operand in node.operands:
                    if type(operand) is Ref:
                        needed[operand.number] = True
                for number in node.own.values():
                    needed[number] = True
        return needed

    def descendants(self, numbers: Iterable[int]) -> list[bool]:
        """For every value, whether it depends on one of these, or is one."""
        dependent = [False] * len(self.names)
        for number in numbers:
            dependent[number] = True
        for node in self.nodes:
            if any(type(o) is Ref and dependent[o.number] for o in node.operands) or any(
                dependent[number] for number in node.own.values()
            ):
                dependent[node.number] = True
        return dependent

    def varying(self) -> list[bool]:
        """For every value, whether it varies with a float input or a trainable parameter, so that it has a
        gradient: none passes through ints and bools, nor through `stop_gradient`."""
        varies = [s.dtype == "float" for s in self.inputs.values()]
        varies += [p.dtype == "float" and p.trainable for p in self.params.values()]
        for node in self.nodes:
            numbers = [o.number for o in node.operands if type(o) is Ref] + [*node.own.values()]
            flows = node.spec.dtype == "float" and node.spec.operation != "stop_gradient"
            varies.append(flows and any(varies[number] for number in numbers))
        return varies

    @lazy
    def axes(self) -> dict[str, tuple[str | None, ...]]:
        """The name of each axis of every input; None where the size is a number or an expression."""
        return {name: tuple(map(name_of, spec.shape or ())) for name, spec in self.inputs.items()}

    def sources_of(self, numbers: list[int]) -> tuple[list[str], tuple[str, ...]]:
        """The inputs that values depend on; and the names of dimensions that these depend on besides, which
        only the shapes of other inputs tell."""
        needed = self.ancestors(numbers)
        inputs = [name for name in self.inputs if needed[self.numbers[name]]]
        bound = {axis for name in inputs for axis in self.axes[name]}
        return inputs, tuple(sorted(self._dimensions_in(needed) - bound))

    def inputs_of(self, names: Iterable[str]) -> list[str]:
        """The inputs that some values depend on, in order."""
        needed = self.ancestors([self.numbers[name] for name in names])
        return [name for name in self.inputs if needed[self.numbers[name]]]

    def _dimensions_in(self, needed: Sequence[bool] | None) -> set[str]:
        """The named dimensions in the attributes of nodes: of all, or of those that are needed."""
        names: set[str] = set()
        for node in self.nodes:
            if node.symbolic and (needed is None or needed[node.number]):
                names |= names_in(node.spec.attributes)
                names |= node.loop.body._dimensions_in(None) if node.loop is not None else set()
        return names

    @lazy
    def size_names(self) -> tuple[str, ...]:
        """The names of all sizes, in the order in which inputs and nodes have them."""
        names: dict[str, None] = {}
        shapes = [spec.shape or () for spec in self.inputs.values()]
        for shape in dict.fromkeys([*shapes, *(tuple(node.spec.shape) for node in self.nodes)]):
            for size in shape:
                names.update(dict.fromkeys(() if isinstance(size, int) else size.symbols))
        return tuple(names)

    def inputs_with(self, dimensions: Sequence[str], preferred: Collection[str]) -> list[str]:
        """For each dimension an input that has it: a preferred one, else one with a default, else any."""
        inputs: list[str] = []
        for dimension in dimensions:
            candidates = [name for name, axes in self.axes.items() if dimension in axes]
            candidates.sort(key=lambda n: (n not in preferred, self.inputs[n].default is None))
            inputs += candidates[:1]
        return inputs

    # ---- looking things up --------------------------------------------------------------------------

    @lazy
    def outputs(self) -> dict[str, OutputSpec]:
        """The type of every output, in order."""
        specs = {name: self.spec_of(name) for name in self.spec.outputs}
        return {name: OutputSpec(name=name, dtype=s.dtype, shape=s.shape) for name, s in specs.items()}

    def spec_of(self, name: str) -> InputSpec | ParamSpec | NodeSpec:
        """The model that declares a value."""
        leaf = self.inputs.get(name) or self.params.get(name)
        return leaf or self.nodes[self.numbers[name] - self.first_node].spec

    def span(self, name: str) -> Span | None:
        """Where the text defines a value, also one in the body of a `scan`."""
        if name in self.numbers:
            return self.span_of(self.spec_of(name).at)
        node = self.find(name)
        return None if node is None else self.span_of(node.spec.at)

    def find(self, name: str) -> Node | None:
        """The node of that name, also one in the body of a `scan`."""
        if name in self.numbers:
            number = self.numbers[name] - self.first_node
            return self.nodes[number] if number >= 0 else None
        bodies = (node.loop.body.find(name) for node in self.nodes if node.loop is not None)
        return next((node for node in bodies if node is not None), None)

    def span_of(self, at: tuple[int, int, int] | None) -> Span | None:
        if at is None or at[0] >= len(self.sources):
            return None
        return Span(at[1], at[2], self.sources[at[0]])

    def member(self, family: Family, use: Use) -> Any:
        """An initializer, optimizer, schedule or source from its plain data."""
        model = self.catalog.member(family, use.name)
        if model is None:
            raise GraphError([NoSuchMember(use.name, family)])
        try:
            return model(**use.attributes)
        except ValidationError as error:
            problems = error.errors(include_url=False)[:MOST_TOLD]
            raise GraphError([MisshapenSpec((use.name, *p["loc"]), p["msg"]) for p in problems]) from None


def build(spec: Spec, catalog: Catalog | None = None, limits: Limits = DEFAULT) -> Network:
    """The graph of a spec; raises GraphError where the spec names what does not exist."""
    return Network(spec, catalog or Catalog(), limits)


def _of_training(train: TrainSpec) -> list[str]:
    """The values that a `train` section names."""
    return [train.minimize, *train.losses, *train.metrics.values()]


def _check_names(spec: Spec, numbers: Mapping[str, int]) -> None:
    """Raises GraphError where a part of the spec names a value that is not there."""
    used = [("`outputs`", name) for name in spec.outputs]
    used += [("`expects`", side) for e in spec.expects for side in (e.left, e.right) if isinstance(side, str)]
    if spec.train is not None:
        used += [("`train`", name) for name in _of_training(spec.train)]
    if spec.gradcheck is not None:
        used.append(("`gradcheck`", spec.gradcheck.of))
    if spec.data is not None:
        used += [("`data`", name) for name in spec.data.fields]
    missing = [UnknownResult(part, name) for part, name in used if name not in numbers]
    if missing:
        raise GraphError(missing[:MOST_TOLD])


def _in_order(spec: Spec, leaves: set[str]) -> list[NodeSpec]:
    """The nodes in an order in which they can run: their own if it is one, else NetworkX's."""
    computed = set(leaves)
    for node in spec.nodes:
        if not all(o in computed for o in node.operands if type(o) is str):
            return _sorted(spec)
        computed.add(node.name)
    return list(spec.nodes)


def _sorted(spec: Spec) -> list[NodeSpec]:
    import networkx

    by_name = {n.name: n for n in spec.nodes}
    graph: nx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(by_name)
    for node in spec.nodes:
        graph.add_edges_from((o, node.name) for o in node.operands if isinstance(o, str) and o in by_name)
    try:
        return [by_name[name] for name in networkx.topological_sort(graph)]
    except networkx.NetworkXUnfeasible:
        raise GraphError([NodesInCycle([a for a, _ in networkx.find_cycle(graph)])]) from None
