"""Reverse mode: the gradient of a recorded value, recorded into the same trace."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from graphlang.trace.core import Array, Step, SymbolicArray, Trace
from graphlang.trace.primitives.creation import constant, full
from graphlang.trace.primitives.indexing import unslice


def gradient(
    y: SymbolicArray, wrt: Sequence[SymbolicArray], dy: Array | None = None, *, since: int = 0
) -> list[SymbolicArray]:
    """The gradients of `y` by each of `wrt`, recorded into the trace of `y`, so that it can be applied again.

    `dy` is the gradient that arrives at `y`: ones where it is left out, so the gradient of the sum.
    A value that `y` does not depend on has zeros, as has one of whole numbers or booleans. What the steps
    before number `since` computed counts as constant.
    """
    gradients = reached(y, wrt, dy, since=since)
    return [_zeros(x, y) if g is None else g for x, g in zip(wrt, gradients, strict=True)]


def reached(
    y: SymbolicArray, wrt: Sequence[SymbolicArray], dy: Array | None = None, *, since: int = 0
) -> list[SymbolicArray | None]:
    """As `gradient`, with None for a value that no gradient reaches."""
    gradients = _backward(y, wrt, dy, since, frozenset())
    return [gradients.get(x.number) for x in wrt]


def partial_gradients(
    y: SymbolicArray, wrt: Sequence[SymbolicArray], dy: Array
) -> list[SymbolicArray | None]:
    """Partial derivatives of `y`: those by each of `wrt` with all others held constant.

    None for one that `y` depends on only through the others, or not at all.
    """
    gradients = _backward(y, wrt, dy, 0, frozenset(x.number for x in wrt))
    return [gradients.get(x.number) for x in wrt]


def _backward(
    y: SymbolicArray, wrt: Sequence[SymbolicArray], dy: Array | None, since: int, constants: frozenset[int]
) -> dict[int, Any]:
    """The gradients that reach `wrt`, by number; none passes through the constants."""
    targets = {x.number for x in wrt}
    steps, active = _between(y, targets, since, constants)
    arriving: dict[int, list[Any]] = {y.number: [_seed(y, dy)]} if y.number in active else {}
    gradients: dict[int, Any] = {}
    for step in reversed(steps):
        parts = arriving.pop(step.output.number, None)
        if parts is not None:
            total = _total(parts, y)
            if step.output.number in targets:
                gradients[step.output.number] = total
            _pass_on(step, total, active, arriving)
    return gradients | {number: _total(parts, y) for number, parts in arriving.items()}


def needed_steps(
    outputs: Iterable[SymbolicArray], since: int = 0, constants: Container[int] = ()
) -> list[Step]:
    """The steps from number `since` on that the outputs depend on, in order, without those of constants."""
    outputs = list(outputs)
    needed: set[int] = set()
    waiting = [x.number for x in outputs]
    steps = outputs[0].trace.steps if outputs else []
    while waiting:
        number = waiting.pop()
        if number >= since and number not in needed and number not in constants:
            needed.add(number)
            waiting += [x.number for x in steps[number].operands if x.__class__ is SymbolicArray]
    return [steps[number] for number in sorted(needed)]


def _between(
    y: SymbolicArray, targets: set[int], since: int, constants: Container[int]
) -> tuple[list[Step], set[int]]:
    """The steps from the targets to `y` through which a gradient flows, and the values on the way."""
    active = {number for number in targets if _is_float(y.trace, number)}
    steps = []
    for step in needed_steps([y], since, constants):
        flows = any(x.__class__ is SymbolicArray and x.number in active for x in step.operands)
        if flows and step.primitive.differentiable and step.output.dtype.kind == "f":
            active.add(step.output.number)
            steps.append(step)
        elif step.output.number in active:  # a target that depends on no other one
            steps.append(step)
    return steps, active


def _is_float(trace: Trace, number: int) -> bool:
    value = trace.steps[number].output if number >= 0 else trace.inputs[~number]
    return bool(value.dtype.kind == "f")


def _pass_on(step: Step, dy: Array, active: set[int], arriving: dict[int, list[Any]]) -> None:
    """Give each operand its part of the gradient."""
    for position, x in enumerate(step.operands):
        if x.__class__ is SymbolicArray and x.number in active:
            dx = step.primitive.pullback(position, dy, step.output, *step.operands, **step.params)
            if dx is not None:
                arriving.setdefault(x.number, []).append(dx)


def _total(parts: list[Any], y: SymbolicArray) -> Any:
    """The sum; slices of one array are put back in one step, so that n slices cost n, not n²."""
    if len(parts) == 1:
        return parts[0]
    sources = [y.trace.step_of(part) for part in parts]
    slices = [step for step in sources if step is not None and step.primitive is unslice]
    if len(slices) < 2:
        return reduce(add, parts)
    keys = tuple([key for step in slices for key in step.params["keys"]])
    merged = unslice(*[x for step in slices for x in step.operands], keys=keys, shape=parts[0].shape)
    others = [part for part, step in zip(parts, sources, strict=True) if step not in slices]
    return reduce(add, [*others, merged])


def _seed(y: SymbolicArray, dy: Array | None) -> Any:
    if dy is None:
        return full(y.shape, 1, y.dtype, like=y)
    if dy.__class__ is SymbolicArray:
        return dy
    dy = np.asarray(dy, y.dtype)
    return full(y.shape, dy[()], y.dtype, like=y) if dy.shape == () else constant(dy, like=y)


def _zeros(x: SymbolicArray, y: SymbolicArray) -> Any:
    return full(x.shape, 0, x.dtype if x.dtype.kind == "f" else y.dtype, like=y)
