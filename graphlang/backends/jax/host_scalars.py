"""Steps of a program that NumPy computes before it runs: scalars that depend on a few known ones alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from graphlang.engine.program import Program
from graphlang.trace import Step, SymbolicArray


class HostScalars:
    """What the learning rate, the number of the step and of the rows decide, in float64 as recorded.

    They are few (Adam's corrections, the rate in the parameters' type), and differ from step to step, so
    they are handed to the program instead.
    """

    def __init__(self, program: Program, known: Collection[str]) -> None:
        self._known = {label: x for label, x in program.inputs.items() if label in known}
        numbers = {x.number for x in self._known.values()}
        self._steps: list[Step] = []
        #: the steps that are left
        self.rest: list[Step] = []
        handed: dict[int, SymbolicArray] = {}
        for step in program.steps:
            symbols = [x for x in step.operands if x.__class__ is SymbolicArray]
            if symbols and not step.output.shape and all(x.number in numbers for x in symbols):
                numbers.add(step.output.number)
                self._steps.append(step)
            else:
                self.rest.append(step)
                handed |= {x.number: x for x in symbols if x.number in numbers}
        handed |= {x.number: x for x in program.results if x.number in numbers}
        #: the values that the program takes, in the order in which they are handed over
        self.handed = list(handed.values())

    def compute(self, given: Mapping[str, Any]) -> list[Any]:
        """The numbers to hand over, from the known ones by label."""
        values: dict[int, Any] = {
            x.number: np.asarray(given[label], x.dtype) for label, x in self._known.items()
        }
        with np.errstate(all="ignore"):
            for step in self._steps:
                operands = [values[x.number] if x.__class__ is SymbolicArray else x for x in step.operands]
                values[step.output.number] = step.primitive.compute(*operands, **step.params)
        return [values[x.number] for x in self.handed]
