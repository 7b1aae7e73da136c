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
    return reached_jointly([(y, dy)], wrt, since=since)


def reached_jointly(
    seeds: Sequence[tuple[SymbolicArray, Array | None]], wrt: Sequence[SymbolicArray], *, since: int = 0
) -> list[SymbolicArray | None]:
    """The sums of the gradients of several values, each with the gradient that arrives at it."""
    gradients = _backward(seeds, wrt, since, frozenset()) if seeds else {}
    return [gradients.get(x.number) for x in wrt]


def partial_gradients(
    y: SymbolicArray, wrt: Sequence[SymbolicArray], dy: Array
) -> list[SymbolicArray | None]:
    """Partial derivatives of `y`: those by each of `wrt` with all others held constant.

    None for one that `y` depends on only through the others, or not at all.
    """
    constants = frozenset(x.number for x in wrt)
    gradients = _backward([(y, dy)], wrt, 0, constants)
    return [gradients.get(x.number) for x in wrt]


def _backward(
    seeds: Sequence[tuple[SymbolicArray, Array | None]],
    wrt: Sequence[SymbolicArray],
    since: int,
    constants: frozenset[int],
) -> dict[int, Any]:
    """The gradients that reach `wrt`, by number; none passes through the constants."""
    trace = seeds[0][0].trace
    targets = {x.number for x in wrt}
    steps, active = _between([y for y, _ in seeds], targets, since, constants)
    arriving: dict[int, list[Any]] = {}
    for y, dy in seeds:
        if y.number in active:
            arriving.setdefault(y.number, []).append(_seed(y, dy))
    calls = _JointCalls(steps)
    gradients: dict[int, Any] = {}
    for step in reversed(steps):
        parts = arriving.pop(step.output.number, None)
        total = None if parts is None else _total(parts, trace)
        if total is not None and step.output.number in targets:
            gradients[step.output.number] = total
        if step.primitive.joint:
            calls.pass_on(step, total, active, arriving)
        elif total is not None:
            _pass_on(step, total, active, arriving)
    return gradients | {number: _total(parts, trace) for number, parts in arriving.items()}


class _JointCalls:
    """The steps that are results of one call pass their gradients back together, where the first of them was
    recorded: what reads a result comes after that."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._first: dict[Any, Step] = {}
        for step in steps:
            if step.primitive.joint:
                self._first.setdefault(step.primitive.call_of(step), step)
        self._waiting: dict[Any, list[tuple[Step, Any]]] = {}

    def pass_on(self, step: Step, dy: Any, active: set[int], arriving: dict[int, list[Any]]) -> None:
        call = step.primitive.call_of(step)
        waiting = self._waiting.setdefault(call, [])
        if dy is not None:
            waiting.append((step, dy))
        if self._first[call] is not step or not waiting:
            return
        operands = step.operands
        positions = [i for i, x in enumerate(operands) if x.__class__ is SymbolicArray and x.number in active]
        steps, gradients = zip(*waiting, strict=True)
        parts = step.primitive.pull_back_jointly(steps, gradients, positions)
        for position, dx in zip(positions, parts, strict=True):
            if dx is not None:
                arriving.setdefault(operands[position].number, []).append(dx)


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
    results: Sequence[SymbolicArray], targets: set[int], since: int, constants: Container[int]
) -> tuple[list[Step], set[int]]:
    """The steps from the targets to the results through which a gradient flows, and the values on the way."""
    active = {number for number in targets if _is_float(results[0].trace, number)}
    steps = []
    for step in needed_steps(results, since, constants):
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


def _total(parts: list[Any], trace: Trace) -> Any:
    """The sum; slices of one array are put back in one step, so that n slices cost n, not n²."""
    if len(parts) == 1:
        return parts[0]
    sources = [trace.step_of(part) for part in parts]
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
