"""How a gradient divides among the uses of a value: what every operation passes back along every edge.

The parts of a value's uses sum to its gradient. `grad(y, x)` depends on more than its two operands: the
derivative of `w * x**2` by x contains w. So `grad` has an edge, and a part, for each value in its derivative.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.interpreter import Interpreter
from graphlang.engine.recorder import leaf_values, record
from graphlang.spec.network import Node, Ref
from graphlang.trace import SymbolicArray, Trace, partial_gradients, replay


class Part(NamedTuple):
    """What one use of a value contributes to its gradient."""

    source: int
    """the value"""
    target: int
    """the operation that uses it"""
    place: int | str | None
    """the position of an operand, the role of a parameter, None for what else a `grad` depends on"""
    gradient: Any


def parts(run: Interpreter, of: int, gradients: Mapping[int, Any]) -> list[Part]:
    """The parts of all values that `of` depends on, from the gradients of a backward from `of`."""
    needed = run.network.ancestors([of])
    nodes = [n for n in run.network.nodes if needed[n.number]]
    uses: list[Part] = []
    through_grad = any(n.spec.operation == "grad" for n in nodes)
    for node in nodes:
        if node.spec.operation not in ("grad", "constant") and node.number in gradients:
            back = run.passed_back(node, gradients[node.number], derived=through_grad)
            uses += [Part(source, node.number, place, gradient) for source, place, gradient in back]
    grads = [n for n in nodes if n.spec.operation == "grad" and n.number in gradients]
    return [*uses, *_of_grads(run, of, grads, gradients)] if grads else uses


def _of_grads(run: Interpreter, of: int, grads: list[Node], gradients: Mapping[int, Any]) -> list[Part]:
    """What each `grad` passes back to the values in its derivative."""
    if run.trace is not None:
        return _recorded_of_grads(run, grads, gradients)
    trace = Trace()
    symbolic = record(run, trace)
    with trace:
        symbolic.forward([of])
        feeds = leaf_values(run, symbolic)
        upstream = {}
        for node in grads:
            dy = gradients[node.number]
            upstream[node.number] = trace.input(np.shape(dy), run.dtype)
            feeds[upstream[node.number]] = dy
        uses = _recorded_of_grads(symbolic, grads, upstream)
    arrays = replay(trace, [part.gradient for part in uses], feeds)
    return [part._replace(gradient=array) for part, array in zip(uses, arrays, strict=True)]


def _recorded_of_grads(run: Interpreter, grads: list[Node], gradients: Mapping[int, Any]) -> list[Part]:
    """The same in a run that is recorded."""
    floats = [
        (i, v) for i, v in enumerate(run.values) if isinstance(v, SymbolicArray) and v.dtype.kind == "f"
    ]
    uses = []
    for node in grads:
        before = [(i, v) for i, v in floats if i < node.number]
        back = partial_gradients(run.values[node.number], [v for _, v in before], gradients[node.number])
        uses += [
            Part(number, node.number, _place(node, number), part)
            for (number, _), part in zip(before, back, strict=True)
            if part is not None
        ]
    return uses


def _place(node: Node, number: int) -> int | None:
    """Where a value stands among the operands of a `grad`; the one by which it derives, where it is both."""
    places = [i for i, o in enumerate(node.operands) if type(o) is Ref and o.number == number]
    return places[-1] if places else None
