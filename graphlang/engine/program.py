"""A program: recorded steps, with labels for its inputs, its outputs and the inputs that it updates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from graphlang.lazy import lazy
from graphlang.trace import Shape, Step, SymbolicArray, Trace, needed_steps


@dataclass(frozen=True)
class Program:
    """Steps in static single assignment form.

    `inputs` are set before each run, `outputs` are read after it, and `updates` are the new values of inputs:
    parameters, the optimizer's slots, the state of layers. An output or an update may also be a constant.
    """

    inputs: Mapping[str, SymbolicArray]
    outputs: Mapping[str, Any]
    updates: Mapping[str, Any]

    @property
    def results(self) -> list[SymbolicArray]:
        """The outputs and updates that are symbolic."""
        return [v for v in (*self.outputs.values(), *self.updates.values()) if isinstance(v, SymbolicArray)]

    @lazy
    def steps(self) -> list[Step]:
        """The steps that the results depend on, in order; dead steps are left out.

        The steps that the outputs need come first, so that a loss that is not finite is noticed before any
        update, even of the running statistics that the forward pass computes.
        """
        first = {s.output.number for s in self._output_steps}
        return self._output_steps + [s for s in needed_steps(self.results) if s.output.number not in first]

    @lazy
    def _output_steps(self) -> list[Step]:
        return needed_steps([v for v in self.outputs.values() if isinstance(v, SymbolicArray)])

    @property
    def output_step_count(self) -> int:
        """The number of steps that the outputs need: the first ones of `steps`."""
        return len(self._output_steps)

    def forget(self) -> None:
        """Clears the trace of a program that another one has replaced: its steps keep each other alive."""
        for value in self.inputs.values():
            value.trace.steps.clear()


def concrete(shape: Shape) -> tuple[int, ...]:
    """The shape of a value of a program, in which every size is a number."""
    return cast("tuple[int, ...]", shape)


def is_broadcast_scalar(x: Any) -> bool:
    """Whether an operand is a constant array of a single number, broadcast by strides of 0."""
    return isinstance(x, np.ndarray) and x.size > 0 and not any(x.strides)


RewriteRule = Callable[[Step, tuple[Any, ...]], Any]
"""What a pass does with a step, from the step and its operands in the new trace: it returns another value for
the result, of the same shape and type, or None to keep the step. NumPy calls on symbolic operands are
recorded."""


def rewritten(
    program: Program,
    rule: RewriteRule,
    on_kept: Callable[[SymbolicArray], None] | None = None,
    *,
    always: bool = False,
) -> Program:
    """Records the program anew, with every step that `rule` replaces; the program itself if it replaces none.

    `on_kept` is called with the result of every step that is kept. With `always` the trace is new in any
    case.
    """
    changed = always
    trace = Trace()
    renamed: dict[int, Any] = {}
    inputs = {}
    for label, value in program.inputs.items():
        inputs[label] = renamed[value.number] = trace.input(value.shape, value.dtype)
    with trace:
        for step in program.steps:
            trace.origin = step.origin
            operands = tuple(
                [renamed[x.number] if x.__class__ is SymbolicArray else x for x in step.operands]  # noqa: C409
            )
            value = rule(step, operands)
            if value is None:
                value = _copied(trace, step, operands)
                if on_kept is not None:
                    on_kept(value)
            else:
                changed = True
            renamed[step.output.number] = value
    return _with_renamed_results(program, inputs, renamed) if changed else program


def _with_renamed_results(
    program: Program, inputs: Mapping[str, SymbolicArray], renamed: Mapping[int, Any]
) -> Program:
    def new(value: Any) -> Any:
        return renamed[value.number] if isinstance(value, SymbolicArray) else value

    return Program(
        inputs,
        {k: new(v) for k, v in program.outputs.items()},
        {k: new(v) for k, v in program.updates.items()},
    )


def _copied(trace: Trace, step: Step, operands: tuple[Any, ...]) -> SymbolicArray:
    """A step on other operands of the same shapes and types, so that no shape rule has to run."""
    old = step.output
    output = SymbolicArray(trace, old.shape, old.dtype, len(trace.steps))
    trace.steps.append(Step(step.primitive, operands, step.params, output, step.origin))
    return output
