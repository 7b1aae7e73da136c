"""Replay: run the recorded steps on arrays, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.trace.core import Step, SymbolicArray, Trace
from graphlang.trace.dims import Dim, bind, is_symbolic, name_of, shape_text
from graphlang.trace.errors import ShapeError
from graphlang.trace.gradient import needed_steps


def replay(
    trace: Trace,
    outputs: Sequence[SymbolicArray],
    feeds: Mapping[SymbolicArray, Any],
    look: Callable[[Step, Sequence[Any]], None] | None = None,
) -> list[Any]:
    """The values of `outputs` from those of the inputs; the shapes of the feeds tell the sizes.

    A value is freed after its last use. An output may share memory with a feed, so do not write to it.
    `look` is called with every step and its operands before the step is computed.
    """
    arrays = {x: np.asarray(value, x.dtype) for x, value in feeds.items()}
    sizes = find_sizes({x: value.shape for x, value in arrays.items()})
    values: dict[int, Any] = {x.number: value for x, value in arrays.items()}
    steps = needed_steps(outputs)
    results = {x.number for x in outputs}
    calls = joint_calls(steps)
    for step, finished in zip(steps, _finished(steps, results), strict=True):
        if step.output.number not in values:
            operands = [_operand(x, values, sizes) for x in step.operands]
            if look is not None:
                look(step, operands)
            params = bind_params(step.params, sizes)
            if step.primitive.joint:
                joint = calls[step.primitive.call_of(step)]
                computed = step.primitive.compute_jointly(joint, operands, params)
                values.update({s.output.number: y for s, y in zip(joint, computed, strict=True)})
            else:
                values[step.output.number] = step.primitive.compute(*operands, **params)
        for number in finished:
            del values[number]
    return [_value(x, values) for x in outputs]


def joint_calls(steps: Sequence[Step]) -> dict[Any, list[Step]]:
    """The steps that are results of one call, by call."""
    calls: dict[Any, list[Step]] = {}
    for step in steps:
        if step.primitive.joint:
            calls.setdefault(step.primitive.call_of(step), []).append(step)
    return calls


def find_sizes(shapes: Mapping[SymbolicArray, tuple[int, ...]]) -> dict[str, int]:
    """The number of every symbol in the shapes of inputs, from the shapes of their arrays."""
    sizes: dict[str, int] = {}
    for x, shape in shapes.items():
        if len(shape) != len(x.shape):
            raise ShapeError(f"an input of shape {shape_text(x.shape)} was given {shape_text(shape)}")
        for size, number in zip(x.shape, shape, strict=True):
            if name_of(size) is not None:
                sizes.setdefault(str(size), number)
    for x, shape in shapes.items():
        for size, number in zip(x.shape, shape, strict=True):
            if not set(size.symbols if isinstance(size, Dim) else ()) <= set(sizes):
                raise ShapeError(f"no input says how large {size} is")
            if bind(size, sizes) != number:
                raise ShapeError(f"an input of shape {shape_text(x.shape)} was given {shape_text(shape)}")
    return sizes


def bind_params(params: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
    """Parameters of a step with numbers for sizes."""
    return {name: bind(value, sizes) if is_symbolic(value) else value for name, value in params.items()}


def _operand(x: Any, values: Mapping[int, Any], sizes: Mapping[str, int]) -> Any:
    return _value(x, values) if x.__class__ is SymbolicArray else bind(x, sizes)


def _value(x: SymbolicArray, values: Mapping[int, Any]) -> Any:
    if x.number not in values:
        raise KeyError(f"no value was given for the input {x}")
    return values[x.number]


def _finished(steps: list[Step], results: set[int]) -> list[list[int]]:
    """For each step, the values that no later step needs."""
    seen = set(results)
    result = []
    for step in reversed(steps):
        numbers = {x.number for x in step.operands if x.__class__ is SymbolicArray and x.number >= 0} - seen
        seen |= numbers
        result.append(sorted(numbers))
    return result[::-1]
