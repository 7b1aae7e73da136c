"""How a gradient divides among the uses of a value: what every operation passes back along every edge.

The parts of a value's uses sum to its gradient. `grad(y, x)` reads more than its two operands: the derivative
of `w * x**2` by x contains w. So `grad` has an edge, and a part, for each value that its derivative contains.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.tape import Tape, record
from graphlang.spec.network import Node, Ref
from graphlang.trace import SymbolicArray, Trace, partial_gradients, replay


class Part(NamedTuple):
    """What one use of a value contributes to its gradient."""

    source: int
    """the value"""
    target: int
    """the operation that uses it"""
    place: int | str | None
    """the position of an operand, the role of a parameter, None for what else a `grad` reads"""
    gradient: Any


def parts(tape: Tape, of: int, gradients: Mapping[int, Any]) -> list[Part]:
    """The parts of all values that `of` depends on, from the gradients that a backward from `of` found."""
    network = tape.network
    needed = network.ancestors([of])
    nodes = [n for n in network.nodes if needed[n.number]]
    found: list[Part] = []
    through_grad = any(n.spec.operation == "grad" for n in nodes)
    for node in nodes:
        if node.spec.operation not in ("grad", "constant") and node.number in gradients:
            back = tape.passed_back(node, gradients[node.number], derived=through_grad)
            found += [Part(source, node.number, place, gradient) for source, place, gradient in back]
    readers = [n for n in nodes if n.spec.operation == "grad" and n.number in gradients]
    return [*found, *_of_gradients(tape, of, readers, gradients)] if readers else found


def _of_gradients(tape: Tape, of: int, readers: list[Node], gradients: Mapping[int, Any]) -> list[Part]:
    """What each `grad` passes back to the values that its derivative contains."""
    trace = Trace()
    symbolic = record(tape, trace)
    with trace:
        symbolic.forward([of])
        values = [(i, v) for i, v in enumerate(symbolic.values) if isinstance(v, SymbolicArray)]
        feeds = {v: tape.values[i] for i, v in values if i < tape.network.first_node}
        floats = [(i, v) for i, v in values if v.dtype.kind == "f"]
        wanted: list[tuple[Node, int, SymbolicArray]] = []
        for node in readers:
            dy = trace.input(np.shape(gradients[node.number]), tape.dtype)
            feeds[dy] = gradients[node.number]
            before = [(i, v) for i, v in floats if i < node.number]
            read = partial_gradients(symbolic.values[node.number], [v for _, v in before], dy)
            wanted += [(node, i, part) for (i, _), part in zip(before, read, strict=True) if part is not None]
    arrays = replay(trace, [part for *_, part in wanted], feeds)
    return [
        Part(number, node.number, _place(node, number), array)
        for (node, number, _), array in zip(wanted, arrays, strict=True)
    ]


def _place(node: Node, number: int) -> int | None:
    """Where a value stands among the operands of a `grad`; the one by which it derives, where it is both."""
    places = [i for i, o in enumerate(node.operands) if type(o) is Ref and o.number == number]
    return places[-1] if places else None
