"""What a graph consists of, row by row: operations, shapes, parameters, and the cost of a forward pass."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.model import Model
from graphlang.spec.network import Network, Node, Ref
from graphlang.trace import Dim, Size, Trace
from graphlang.trace.primitives.random_numbers import NumberStream, StreamSeeds

DTYPES: dict[str, Any] = {"float": np.float64, "int": np.int64, "bool": np.bool_}


class SummaryRow(NamedTuple):
    """One value: an input, a parameter that the file declares, or the result of an operation."""

    name: str
    operation: str
    inputs: tuple[str, ...]
    dtype: str
    shape: tuple[Size, ...]
    #: how many numbers its parameters have
    parameters: int
    #: arithmetic operations of the forward pass, an estimate; None where there is none
    flops: Size | None


class Summary(NamedTuple):
    """The rows and their totals."""

    rows: tuple[SummaryRow, ...]
    parameters: int
    trainable: int
    #: the sum over the rows that have an estimate
    flops: Size
    #: whether every row has one
    complete: bool


def summarize(model: Model) -> Summary:
    """A row for every value that the file names, or that such a value depends on."""
    network = model.network
    shown = network.ancestors(_ends(model))
    counted: set[str] = set()
    rows = [
        SummaryRow(s.name, "input", (), s.dtype, tuple(s.shape or ()), 0, 0) for s in network.inputs.values()
    ]
    inside = {name for node in network.nodes for name in node.spec.parameters.values()}
    for param in network.params.values():
        if param.name not in inside:
            counted.add(param.name)
            rows.append(SummaryRow(param.name, "param", (), param.dtype, param.shape, prod(param.shape), 0))
    for node in network.nodes:
        if shown[node.number]:
            own = [n for n in node.spec.parameters.values() if n not in counted]
            counted.update(own)
            rows.append(_row(network, node, sum(prod(network.params[n].shape) for n in own)))
    params = network.params.values()
    flops: Size = 0
    for row in rows:
        flops = flops if row.flops is None else flops + row.flops
    trainable = sum(prod(p.shape) for p in params if p.trainable)
    return Summary(
        tuple(rows),
        sum(prod(p.shape) for p in params),
        trainable,
        flops,
        all(row.flops is not None for row in rows),
    )


def _ends(model: Model) -> list[int]:
    spec = model.spec
    names = [*spec.outputs, *(n.name for n in spec.nodes if n.named)]
    names += spec.train.losses if spec.train is not None else ()
    names += [spec.gradcheck.of] if spec.gradcheck is not None else []
    return [model.network.numbers[name] for name in names]


def _row(network: Network, node: Node, parameters: int) -> SummaryRow:
    inputs = tuple(
        network.names[o.number] if type(o) is Ref else f"{o:g}" for o in node.operands if o is not None
    )
    spec = node.spec
    return SummaryRow(
        spec.name, spec.operation, inputs, spec.dtype, spec.shape, parameters, _flops(network, node)
    )


def _flops(network: Network, node: Node) -> Size | None:
    """The cost of the primitives that the operation records on symbolic arrays of its operands' shapes."""
    if node.spec.operation == "constant":
        return 0
    if node.operation is None:
        return None
    trace = Trace()
    operands = [_symbolic(network, trace, o.number) if type(o) is Ref else o for o in node.operands]
    keywords: dict[str, Any] = {role: _symbolic(network, trace, n) for role, n in node.own.items()}
    if "training" in node.supplied:
        keywords["training"] = False
    if "random" in node.supplied:
        keywords["random"] = None
    if "stream" in node.supplied:
        keywords["stream"] = NumberStream(StreamSeeds(0), node.name, np.float64)
    with trace:
        node.operation.forward(*operands, **keywords)
    total: Size = 0
    for step in trace.steps:
        total = total + step.primitive.flops(*step.operands, **step.params)
    return total


def _symbolic(network: Network, trace: Trace, number: int) -> Any:
    spec = network.spec_of(network.names[number])
    return trace.input(spec.shape or (), DTYPES[spec.dtype])


def size_text(size: Size) -> str:
    """A number of operations as text: `78,400 N + 50`."""
    if not isinstance(size, Dim):
        return f"{size:,}"
    parts: list[str] = []
    for monomial, factor in size.terms:
        names = " ".join(atom.text if atom.kind == "symbol" else f"({atom.text})" for atom in monomial)
        number = f"{abs(factor):,}" if abs(factor) != 1 or not monomial else ""
        sign = ("-" if factor < 0 else "") if not parts else (" - " if factor < 0 else " + ")
        parts.append(sign + " ".join(filter(None, [number, names])))
    return "".join(parts)
