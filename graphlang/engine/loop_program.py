"""The body of a `scan` as a program of its own, to be planned like any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.engine.passes import optimised
from graphlang.engine.program import Program
from graphlang.kernels.scan import ScanBody, ScanCall
from graphlang.trace import Step, SymbolicArray

ELEMENT, CARRIED, CAPTURED, NEXT, STACKED = "element", "carried", "captured", "next", "stacked"


def label(kind: str, number: int) -> str:
    """The label of an input or output of a body."""
    return f"{kind} {number}"


def loop_program(steps: Sequence[Step]) -> Program:
    """One repetition for some results of a call, optimised.

    Its outputs are what is stacked and the next values of what is carried; a carried sum, which nothing else
    reads, is an update instead, and so is written where it lies.
    """
    body = ScanCall.from_params(steps[0].params).body
    results = [step.params["result"] for step in steps]
    needed, kept = body.needed(results)
    inputs = {
        label(kind, i): x
        for kind, values in ((ELEMENT, body.elements), (CARRIED, body.carried), (CAPTURED, body.captured))
        for i, x in enumerate(values)
    }
    stacked = {number for kind, number in results if kind == STACKED}
    sums = [i for i in kept if _is_sum(body, i, needed, stacked)]
    outputs: dict[str, Any] = {label(STACKED, n): body.value(n) for n in sorted(stacked)}
    outputs |= {label(NEXT, i): body.following[i] for i in kept if i not in sums}
    return optimised(Program(inputs, outputs, {label(CARRIED, i): body.following[i] for i in sums}))


def _is_sum(body: ScanBody, position: int, steps: Sequence[Step], stacked: set[int]) -> bool:
    """Whether a carried value is only added to."""
    x, y = body.carried[position], body.following[position]
    if {x.number, y.number} & stacked or y.number < 0:
        return False
    users = [
        s for s in steps if any(v.__class__ is SymbolicArray and v.number == x.number for v in s.operands)
    ]
    read = any(v.__class__ is SymbolicArray and v.number == y.number for s in steps for v in s.operands)
    return (
        not read
        and len(users) == 1
        and users[0].output is y
        and users[0].primitive.name == "add"
        and [v.number for i, v in enumerate(body.following) if i != position].count(y.number) == 0
    )
