"""Goes through the nodes of an ONNX graph, and writes what each is in the language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import zip_longest
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.onnx.importing.attributes import array_of, as_known, bound_attribute, node_attributes
from graphlang.onnx.importing.element_types import WORDS
from graphlang.onnx.importing.folding import folded_constant
from graphlang.onnx.importing.names import is_made_up, readable_names
from graphlang.onnx.importing.node import FUSED_BIAS, OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules import REASONS, reason_of, rule_of
from graphlang.onnx.importing.rules_linear import bias_of
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer
from graphlang.trace.dims import Dim

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnx

MOST_DEPTH = 24
MOST_NODES = 20_000
OF_A_CALL = 8
"""As how many nodes a function or a round of a loop counts, beside its own."""
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")


_UNFIT = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What a rule raises where a node has other attributes or inputs than its operator."""


class NodeRefused(Exception):  # noqa: N818
    """A node of the file that cannot be imported."""

    def __init__(self, node: str, op: str, inputs: list[str], refused: NotImported) -> None:
        super().__init__(str(refused))
        self.node = node
        self.op = op
        self.inputs = inputs
        self.refused = refused


class GraphWalk:
    """The values by their names in the file, while the nodes are gone through in order."""

    def __init__(
        self,
        writer: Writer,
        versions: Mapping[str, int],
        external: Callable[[Any], bytes],
        functions: Mapping[tuple[str, str], onnx.FunctionProto] | None = None,
    ) -> None:
        self.writer = writer
        self.functions = functions or {}
        #: the attributes of the call of a function, and its inputs that are left out
        self.bound: dict[str, Any] = {}
        self.missing: set[str] = set()
        self.versions = versions
        self.external = external
        self.values: dict[str, OnnxValue] = {}
        self.sizes: dict[str, Dim] = {}
        #: how many graphs stand around this one, and whether one is the body of a `scan`
        self.depth = 0
        self.scanning = False
        #: the names for those that no person has made
        self.readable: dict[str, str] = {}
        #: the fewest numbers of a weight in this file
        self.least = 2
        #: the weights that several layers take: each is a `param` by itself
        self.shared: AbstractSet[str] = frozenset()

    def constants(self, graph: onnx.GraphProto) -> None:
        """Takes the initializers."""
        for tensor in graph.initializer:
            try:
                array = array_of(tensor, self.external)
            except NotImported as refused:
                raise NodeRefused(tensor.name, "initializer", [], refused) from refused
            value = OnnxValue.constant(array, tensor.data_type, tensor.name)
            value.is_weight = True
            value.least = self.least
            value.sources = (tensor.name,) if self._may_be_shared(array) else ()
            known = tensor.name in self.shared and value.is_trainable
            self.values[tensor.name] = self._as_param(value) if known else value
        if graph.sparse_initializer:
            raise NodeRefused("", "sparse_initializer", [], NotImported("sparse tensors are not read"))

    def _may_be_shared(self, array: np.ndarray[Any, Any]) -> bool:
        """Whether those who take a weight share it: exporters keep equal ones once, as all those that are 0
        or 1 before a training."""
        return array.dtype.kind == "f" and (self.least == 1 or bool((array != array.flat[:1]).any()))

    def _as_param(self, value: OnnxValue) -> OnnxValue:
        """A weight as a value of the graph, which no layer owns."""
        written = self.writer.operand(value)
        return OnnxValue(written.expression, written.array, value.elem)

    def inputs(self, graph: onnx.GraphProto, given: Mapping[str, Any]) -> dict[str, str]:
        """Makes the inputs, and takes those whose numbers are given as constants."""
        names = {}
        for described in graph.input:
            if described.name in self.values:
                continue
            try:
                elem, shape = self._type(described)
            except NotImported as refused:
                raise NodeRefused(described.name, "input", [], refused) from refused
            if described.name in given:
                array = as_known(np.asarray(given[described.name]), elem)
                self.values[described.name] = OnnxValue.constant(array, elem, described.name)
                continue
            names[described.name] = self.writer.names.new(described.name, "input")
            self.values[described.name] = self.writer.input(names[described.name], elem, shape)
        return names

    def _type(self, described: onnx.ValueInfoProto) -> tuple[int, tuple[Any, ...]]:
        kind = described.type.WhichOneof("value")
        if kind != "tensor_type":
            raise NotImported(
                f"it is no tensor, but a {(kind or 'value without a type').removesuffix('_type')}"
            )
        tensor = described.type.tensor_type
        if tensor.elem_type not in WORDS:
            raise NotImported(
                "it holds texts" if tensor.elem_type == 8 else f"its type is {tensor.elem_type}"
            )
        if not tensor.HasField("shape"):
            raise NotImported("the file does not say how many axes it has")
        return tensor.elem_type, tuple(self._size(d, axis) for axis, d in enumerate(tensor.shape.dim))

    def _size(self, dim: Any, axis: int) -> Any:
        if dim.HasField("dim_value"):
            if not 0 <= dim.dim_value < 2**40:
                raise NotImported(f"an axis has the size {dim.dim_value}")
            return dim.dim_value
        wanted = dim.dim_param or f"D{len(self.sizes) + 1}"
        if wanted not in self.sizes:
            name = "N" if not dim.dim_param and axis == 0 else wanted
            self.sizes[wanted] = Dim.symbol(self.writer.names.new(name, "D"))
        return self.sizes[wanted]

    def output(self, name: str) -> OnnxValue:
        """The value of an output."""
        if name not in self.values:
            raise NodeRefused(name, "output", [], NotImported("nothing gives it"))
        return self.values[name]

    # ---- nodes -------------------------------------------------------------------------------------------

    def nodes(self, graph: onnx.GraphProto) -> None:
        """Writes all nodes, each after those whose results it takes."""
        ordered = nodes_in_order(graph, self.values)
        sums = self._sums(graph, ordered)
        self.readable = readable_names(name for proto in ordered for name in proto.output)
        shown = {described.name for described in graph.output}
        for proto in ordered:
            copies = proto.op_type == "Identity" and len(proto.input) == 1
            if copies and proto.output[0] in shown and is_made_up(proto.input[0]):
                self.readable[proto.input[0]] = proto.output[0]
        done: set[str] = set()
        for proto in ordered:
            if not (proto.output and proto.output[0] in done):
                self._node(proto, sums, done)

    def _sums(self, graph: onnx.GraphProto, ordered: list[onnx.NodeProto]) -> dict[str, onnx.NodeProto]:
        """The Add that alone uses a product, by the name of the product."""
        uses: dict[str, list[onnx.NodeProto]] = {}
        for proto in ordered:
            for name in proto.input:
                uses.setdefault(name, []).append(proto)
        outputs = {described.name for described in graph.output}
        products = [p.output[0] for p in ordered if p.op_type == "MatMul" and p.output]
        only = {name: uses[name][0] for name in products if len(uses.get(name, [])) == 1}
        return {n: p for n, p in only.items() if p.op_type == "Add" and n not in outputs}

    def _node(self, proto: onnx.NodeProto, sums: Mapping[str, onnx.NodeProto], done: set[str]) -> None:
        try:
            self._count(proto.op_type)
            function = self.functions.get((proto.domain, proto.op_type))
            if function is not None:
                for name, value in zip(proto.output, self._called(proto, function), strict=False):
                    if name:
                        self.values[name] = self._named(value, name)
                return
            node = self._with_values(proto)
            after = sums.get(proto.output[0]) if proto.output else None
            bias = bias_of(node, [self.values.get(n) for n in after.input]) if after is not None else None
            if after is not None and bias is not None:
                node.attributes[FUSED_BIAS] = bias
                done.add(after.output[0])
                proto = after
            trained = self.least == 1 and _computes_with_a_weight(node)
            constant = None if trained else _copied_weight(node) or folded_constant(node)
            results: Any = (constant,) if constant is not None else self._written(node)
            for name, value in zip(proto.output, results, strict=False):
                if name:
                    self.values[name] = self._named(value, name)
        except NotImported as refused:
            raise NodeRefused(proto.name, proto.op_type, list(proto.input), refused) from refused
        except _UNFIT as error:
            unfit = NotImported("its inputs or its attributes are not those of this operator")
            raise NodeRefused(proto.name, proto.op_type, list(proto.input), unfit) from error

    def _count(self, op: str) -> None:
        """Refuses what has no place in any model, and more nodes than a model has."""
        if op in REASONS:
            raise NotImported(reason_of(op))
        self.writer.written += 1
        if self.writer.written > MOST_NODES:
            raise NotImported(
                f"with its functions and loops written out, the model has more than {MOST_NODES:,} nodes"
            )

    def _with_values(self, proto: onnx.NodeProto) -> OnnxNode:
        if proto.domain not in DOMAINS:
            raise NotImported(f"its domain `{proto.domain[:60]}` is unknown")
        inputs = [self._value(name) for name in proto.input]
        version = self.versions.get("", 1)
        node = OnnxNode(
            proto.op_type, inputs, node_attributes(proto, self.bound), list(proto.output), version, proto.name
        )
        node.inline = self._inlined
        return node

    def _inlined(
        self, graph: onnx.GraphProto, inputs: Sequence[OnnxValue], scanning: bool
    ) -> list[OnnxValue]:
        """Writes a graph inside of this one, which sees the values of this one."""
        if len(graph.input) != len(inputs):
            raise NotImported(f"its graph has {len(graph.input)} inputs, and gets {len(inputs)}")
        if self.depth >= MOST_DEPTH:
            raise NotImported(f"its graph lies more than {MOST_DEPTH} deep")
        self.writer.written += OF_A_CALL
        inner = GraphWalk(self.writer, self.versions, self.external, self.functions)
        inner.bound, inner.least, inner.shared = self.bound, self.least, self.shared
        inner.depth, inner.scanning = self.depth + 1, scanning or self.scanning
        inner.values = dict(self.values)
        inner.constants(graph)
        for described, value in zip(graph.input, inputs, strict=True):
            inner.values[described.name] = value
        if inner.scanning:
            used = {name for proto in graph.node for name in proto.input}
            for name in used & inner.values.keys():
                inner.values[name] = inner.held(inner.values[name])
        inner.nodes(graph)
        return [inner.output(described.name) for described in graph.output]

    def _called(self, proto: onnx.NodeProto, function: onnx.FunctionProto) -> list[OnnxValue]:
        """Writes a function of the file with its nodes in place of a call."""
        if self.depth >= MOST_DEPTH:
            raise NotImported(f"it calls functions more than {MOST_DEPTH} deep")
        versions = {opset.domain.removeprefix("ai.onnx"): opset.version for opset in function.opset_import}
        self.writer.written += OF_A_CALL
        inner = GraphWalk(self.writer, versions, self.external, self.functions)
        inner.depth, inner.scanning = self.depth + 1, self.scanning
        inner.least, inner.shared = self.least, self.shared
        inner.bound = {a.name: a for a in function.attribute_proto}
        inner.bound |= {a.name: bound_attribute(a, self.bound) for a in proto.attribute}
        for name, given in zip_longest(function.input, proto.input, fillvalue=""):
            value = self._value(given)
            if value is not None:
                inner.values[name] = value
            elif name:
                inner.missing.add(name)
        outputs = [SimpleNamespace(name=name) for name in function.output]
        inner.nodes(SimpleNamespace(node=function.node, output=outputs))  # type: ignore[arg-type]
        return [inner.output(name) for name in function.output]

    def held(self, value: OnnxValue) -> OnnxValue:
        """An array of floats as a value of the graph: a layer in the body of a `scan` owns no weights."""
        known = value.known
        if known is None or known.dtype.kind != "f" or known.size < 2:
            return value
        return self._as_param(value)

    def _value(self, name: str) -> OnnxValue | None:
        if not name or name in self.missing:
            return None
        if name not in self.values:
            raise NotImported(f"nothing gives its input `{name[:100]}`")
        return self.values[name]

    def _written(self, node: OnnxNode) -> tuple[OnnxValue, ...]:
        rule = rule_of(node.op)
        if rule is None:
            raise NotImported(reason_of(node.op))
        self.writer.reading = node.sources
        self.writer.wanted = [self.readable.get(name, name) for name in node.outputs if name]
        results = rule(self.writer, node)
        results = results if isinstance(results, tuple) else (results,)
        first = node.inputs[0] if node.inputs else None
        if first is not None and node.op not in ("Cast", "CastLike", "BitCast"):
            for value in results:
                value.elem = first.elem if value.word == first.word else value.elem
        return results

    def _named(self, value: OnnxValue, name: str) -> OnnxValue:
        """The result under its own name in the spec."""
        if value.expression is None:
            if not value.name:
                sources, value = value.sources, OnnxValue(None, None, value.elem, value.known, name)
                value.sources = sources
            return self.held(value) if self.scanning else value
        named = self.writer.let(value, self.readable.get(name, name), plain=is_made_up(name), given=True)
        result = OnnxValue(named.expression, named.array, value.elem, value.known)
        result.is_constant = value.is_constant
        return result


def _computes_with_a_weight(node: OnnxNode) -> bool:
    """Whether other numbers are made of a weight: as a constant they would not be trained with it."""
    arranges = node.op in ("Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze")
    return not arranges and any(value is not None and value.is_trainable for value in node.inputs)


def _copied_weight(node: OnnxNode) -> OnnxValue | None:
    """A weight of its own behind `Identity`: PyTorch keeps the numbers of equal weights once."""
    value = node.get(0)
    if node.op != "Identity" or value is None or not value.is_weight or value.known is None:
        return None
    copy = OnnxValue.constant(value.known, value.elem, node.outputs[0])
    copy.is_weight = True
    copy.sources = (node.outputs[0],) if value.sources else ()
    return copy


def nodes_in_order(graph: onnx.GraphProto, values: Mapping[str, Any]) -> list[onnx.NodeProto]:
    """The nodes, each after those that it needs; raises NodeRefused at a circle or a second giver."""
    givers: dict[str, int] = {}
    for place, node in enumerate(graph.node):
        for name in filter(None, node.output):
            if name in givers or name in values:
                raise NodeRefused(node.name, node.op_type, [], NotImported(f"`{name[:100]}` is given twice"))
            givers[name] = place
    state = [0] * len(graph.node)
    ordered = []
    for start in range(len(graph.node)):
        stack = [start]
        while stack:
            place = stack[-1]
            node = graph.node[place]
            if state[place] == 2:
                stack.pop()
                continue
            needs = {givers[name] for name in node.input if name in givers and state[givers[name]] != 2}
            if state[place] == 1 and needs:
                raise NodeRefused(node.name, node.op_type, [], NotImported("it needs its own result"))
            if not needs:
                state[place] = 2
                ordered.append(node)
                stack.pop()
                continue
            state[place] = 1
            if any(state[need] == 1 for need in needs):
                raise NodeRefused(node.name, node.op_type, [], NotImported("it needs its own result"))
            stack.extend(needs)
    return ordered
