"""What the steps of a program cost, as work to divide over threads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from graphlang.engine.program import concrete
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.work import Work

_ACCESS = 2
"""Reading the operands of a step from cache and writing its result, in operations for each element."""


def step_work(step: Step) -> Work:
    """The work of a step that runs alone, as one call."""
    flops = int(step.primitive.flops(*step.operands, **step.params))
    moved = float(sum(map(_bytes, (step.output, *_arrays(step.operands)))))
    if step.primitive.kind == "matmul":
        return Work(flops=flops * _weight(step.output), moved=moved)
    if step.primitive.kind in ("elementwise", "reduction"):
        return Work(operations=operations(step), moved=moved)
    return step.primitive.work(step.output, *step.operands, **step.params)


def operations(step: Step) -> float:
    """The operations of a step on elements that are in cache, reading and writing them included."""
    flops = int(step.primitive.flops(*step.operands, **step.params))
    elements = max([_elements(x) for x in (step.output, *_arrays(step.operands))])
    return (flops + _ACCESS * elements) * _weight(step.output)


def _arrays(operands: Sequence[Any]) -> Iterable[SymbolicArray]:
    return [x for x in operands if x.__class__ is SymbolicArray]


def _elements(x: SymbolicArray) -> int:
    return prod(concrete(x.shape))


def _bytes(x: SymbolicArray) -> int:
    return _elements(x) * int(x.dtype.itemsize)


def _weight(x: SymbolicArray) -> float:
    """How many elements of float32 take as long as one of this type."""
    return max(1.0, x.dtype.itemsize / 4)
