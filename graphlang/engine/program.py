"""A program: a recorded calculation with names for what goes in, what comes out and what is updated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from graphlang.trace import Shape, Step, SymbolicArray, Trace, needed_steps


@dataclass(frozen=True)
class Program:
    """Steps in order over values that are each written once.

    `inputs` are the values given at each run, `outputs` what is read after it, `updates` the new contents
    of inputs: parameters and what the optimizer remembers. An output or an update may also be a constant.
    """

    inputs: Mapping[str, SymbolicArray]
    outputs: Mapping[str, Any]
    updates: Mapping[str, Any]

    @property
    def results(self) -> list[SymbolicArray]:
        """The symbolic values that the program is run for."""
        return [v for v in (*self.outputs.values(), *self.updates.values()) if isinstance(v, SymbolicArray)]

    @cached_property
    def steps(self) -> list[Step]:
        """The steps that the results depend on, in order: dead ones are not among them.

        What the outputs need comes first, so that a loss that is not finite is seen before anything is
        updated, running statistics of the forward pass among them.
        """
        known = {s.output.number for s in self._for_outputs}
        return self._for_outputs + [s for s in needed_steps(self.results) if s.output.number not in known]

    @cached_property
    def _for_outputs(self) -> list[Step]:
        return needed_steps([v for v in self.outputs.values() if isinstance(v, SymbolicArray)])

    @property
    def first(self) -> int:
        """How many of the steps the outputs need."""
        return len(self._for_outputs)

    def forget(self) -> None:
        """Lets go of the steps, once another program has taken their place: they hold one another alive."""
        for value in self.inputs.values():
            value.trace.steps.clear()


def concrete(shape: Shape) -> tuple[int, ...]:
    """The shape of a value of a program: every size is a number there."""
    return cast("tuple[int, ...]", shape)


Rule = Callable[[Step, tuple[Any, ...]], Any]
"""What a pass does with a step: given it and its operands in the new trace, another value for its result (of
the same shape and type), or None to keep it. NumPy calls that it makes on symbolic operands are recorded."""


def rewritten(
    program: Program, rule: Rule, kept: Callable[[SymbolicArray], None] | None = None, *, anyway: bool = False
) -> Program:
    """The program recorded anew, each step as `rule` says; the program itself where it says nothing.

    `kept` is told of the result of every step that stays. With `anyway` there is a new trace in any case.
    """
    changed = anyway
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
                value = _again(trace, step, operands)
                if kept is not None:
                    kept(value)
            else:
                changed = True
            renamed[step.output.number] = value
    if not changed:
        return program

    def new(value: Any) -> Any:
        return renamed[value.number] if isinstance(value, SymbolicArray) else value

    return Program(
        inputs,
        {k: new(v) for k, v in program.outputs.items()},
        {k: new(v) for k, v in program.updates.items()},
    )


def _again(trace: Trace, step: Step, operands: tuple[Any, ...]) -> SymbolicArray:
    """A step with other operands of the same shapes and types: its result needs no new shape rule."""
    old = step.output
    output = SymbolicArray(trace, old.shape, old.dtype, len(trace.steps))
    trace.steps.append(Step(step.primitive, operands, step.params, output, step.origin))
    return output
