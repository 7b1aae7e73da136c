"""A planned program with its memory: bound once, run as often as one likes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from graphlang.engine.binding import Call, CannotCut, bind_region, bind_step, in_order
from graphlang.engine.plan import Plan, memory, nbytes
from graphlang.engine.regions import Unit
from graphlang.engine.workers import BLAS, available_threads, workers
from graphlang.trace import Step, SymbolicArray

REBIND_FROM = 2**18
"""Bytes from which on an input is taken where it lies; a smaller one is copied into the program's memory."""


class Executable:
    """The calls of a plan, on arrays of its own and on those it was given."""

    def __init__(self, plan: Plan, given: Mapping[str, Any] | None = None, threads: int | None = None) -> None:
        self.plan = plan
        self.threads = threads or available_threads()
        self._limits_blas = threads is not None
        self._memory = {b.number: memory(b) for b in plan.blocks}
        self._labels = {v.number: label for label, v in plan.program.inputs.items()}
        #: the arrays of the inputs: given ones are used, and updated, where they lie
        self.inputs: dict[str, Any] = {
            label: np.zeros(v.shape, v.dtype) if given is None or label not in given else given[label]
            for label, v in plan.program.inputs.items()
        }
        #: labels of the inputs that are filled with random numbers before each run
        self.draws: tuple[str, ...] = ()
        self._arrays: dict[int, Any] = {}
        self._steps = {s.output.number: s for u in plan.units for s in u.steps}
        self._calls: list[Call] = []
        self._users: dict[str, list[int]] = {}
        self._bind()
        self._handed_out: dict[int, int] = {}

    # ---- binding ----------------------------------------------------------------------------------------

    def _bind(self) -> None:
        self._arrays = {}
        calls: list[Call] = []
        self._first_update = -1
        for unit in self.plan.units:
            if self._first_update < 0 and any(s.output.number in self.plan.onto for s in unit.steps):
                self._first_update = len(calls)
            calls.extend(self._unit(unit))
        if self._first_update < 0:
            self._first_update = len(calls)
        for label, value in self.plan.copies.items():
            calls.append(partial(np.copyto, self.inputs[label], self._array(value)))
        self._calls = calls

    def _array(self, x: Any) -> Any:
        """The array that a value lives in: a block, an input, or a view of another value's."""
        if x.__class__ is not SymbolicArray:
            return x
        number = x.number
        found = self._arrays.get(number)
        if found is None:
            found = self._arrays[number] = self._located(x)
        return found

    def _located(self, x: SymbolicArray) -> Any:
        number = x.number
        plan = self.plan
        if number < 0:
            return self.inputs[self._labels[number]]
        if number in plan.onto:
            return self.inputs[plan.onto[number]]
        if number in plan.placed:
            raw = self._memory[plan.placed[number].number]
            return raw[: nbytes(x)].view(x.dtype).reshape(x.shape)
        step = self._steps[number]
        view = step.primitive.compute(*[self._array(o) for o in step.operands], **step.params)
        return view

    def _unit(self, unit: Unit) -> list[Call]:
        if unit.fused:
            try:
                parts = bind_region(unit, self._array, self.plan.local, self.threads)
            except CannotCut:
                return self._one_by_one(unit)
            if len(parts) == 1:
                return parts[0] if len(parts[0]) < 64 else [in_order(parts[0])]
            return [partial(workers(self.threads - 1).run, [in_order(p) for p in parts])]
        return [call for step in unit.steps for call in self._step(step)]

    def _one_by_one(self, unit: Unit) -> list[Call]:
        """A region whose operands cannot be cut: whole arrays, with memory of their own for inner values."""
        for step in unit.steps:
            if step.output.number in self.plan.local:
                self._arrays[step.output.number] = np.empty(step.output.shape, step.output.dtype)
        return [call for step in unit.steps for call in self._step(step)]

    def _step(self, step: Step) -> list[Call]:
        out = self._array(step.output)
        operands = [self._array(x) for x in step.operands]
        if step.primitive.kind != "view":
            return [bind_step(step, operands, out)]
        source = operands[0]
        if isinstance(source, np.ndarray) and np.may_share_memory(out, source):
            return []
        # A reshape of what is not contiguous is a copy, made at every run.
        out = self._arrays[step.output.number] = np.array(out)
        return [partial(_copy_view, step, operands, out)]

    # ---- running ----------------------------------------------------------------------------------------

    def give(self, label: str, array: Any) -> None:
        """Sets an input: a small one is copied in, a large one is taken where it lies and read only."""
        own = self.inputs[label]
        if array is own:
            return
        value = self.plan.program.inputs[label]
        fits = isinstance(array, np.ndarray) and array.dtype == value.dtype and array.flags.c_contiguous
        if own.nbytes < REBIND_FROM or not fits:
            np.copyto(own, array, casting="same_kind")
            return
        self.inputs[label] = array
        self._bind()

    def fill(self, generator: np.random.Generator) -> None:
        """New random numbers, in the order in which the layers draw them."""
        for label in self.draws:
            array = self.inputs[label]
            generator.random(dtype=array.dtype, out=array)

    def run(self) -> None:
        """Runs the program once on what the inputs hold."""
        self._run(self._calls)

    def run_to_updates(self) -> None:
        """Runs all that comes before the first step that changes an input."""
        self._run(self._calls[: self._first_update])

    def run_updates(self) -> None:
        """Runs what `run_to_updates` left."""
        self._run(self._calls[self._first_update :])

    def _run(self, calls: list[Call]) -> None:
        if self._limits_blas:
            BLAS.enter(self.threads)
        try:
            with np.errstate(all="ignore"):
                for call in calls:
                    call()
        finally:
            if self._limits_blas:
                BLAS.leave()

    def output(self, label: str) -> Any:
        """An output's array after a run: the program's own memory, overwritten by the next run."""
        return self._array(self.plan.program.outputs[label])

    # ---- handing out ------------------------------------------------------------------------------------

    def take(self, label: str) -> Any:
        """An output that belongs to the caller: a copy of a small one; a large one is given away, and the
        program takes new memory before its next run if somebody still holds it."""
        value = self.plan.program.outputs[label]
        array = self._array(value)
        block = self.plan.placed.get(value.number) if value.__class__ is SymbolicArray else None
        if block is None or not block.output or array.nbytes < REBIND_FROM:
            return np.array(array)
        owner = self._memory[block.number].base
        self._handed_out[block.number] = sys.getrefcount(owner)
        return array.view()

    def renew(self) -> None:
        """Before a run: new memory for outputs that the caller of an earlier one still holds."""
        changed = False
        for number, before in self._handed_out.items():
            if sys.getrefcount(self._memory[number].base) > before:
                self._memory[number] = memory(self.plan.blocks[number])
                changed = True
        self._handed_out.clear()
        if changed:
            self._bind()


def _copy_view(step: Step, operands: list[Any], out: Any) -> None:
    np.copyto(out, step.primitive.compute(*operands, **step.params))
