"""Moves work out of loops: what no repetition needs of the one before is computed for all at once.

A product with a weight becomes one product of a tall matrix, before the loop or after it, and so does a sum
of products over the repetitions, as the gradient of a weight is. Small elementwise steps leave the loop
because there the price of a call exceeds that of the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import inf
from operator import add
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.fusion import element_count
from graphlang.engine.passes.stacking import Stacked, can_be_stacked, on_stacks
from graphlang.engine.program import Program, concrete, is_broadcast_scalar, rewritten
from graphlang.kernels.scan import ScanCall
from graphlang.kernels.scan_recording import RecordedScan, Repeated
from graphlang.trace import Step, SymbolicArray, Trace, joint_calls


class LoopRules(NamedTuple):
    """Up to how many elements in one repetition a step is computed for all at once: in NumPy larger arrays
    had better be read where they are in cache, within the loop."""

    product: float
    step: float
    #: of each matrix of a sum of products
    sum: float
    #: whether rows may lie on several devices: then the rows of all repetitions are joined row by row
    by_rows: bool = False


IN_CACHE = LoopRules(product=2**14, step=2**13, sum=2**15)
ON_DEVICES = LoopRules(inf, inf, inf, by_rows=True)


def move_out_of_loops(program: Program, rules: LoopRules = IN_CACHE) -> Program:
    """Computes before or after each loop what does not depend on the order of its repetitions."""
    calls = joint_calls(program.steps)
    if not calls:
        return program
    loops: dict[Any, _Loop | None] = {}

    def rule(step: Step, operands: tuple[Any, ...]) -> Any:
        if step.primitive.name != "scan":
            return None
        call = step.primitive.call_of(step)
        if call not in loops:
            loop = _Loop(calls[call], rules)
            loops[call] = loop if loop.gains else None
        found = loops[call]
        return None if found is None else found.result(step, operands)

    return rewritten(program, rule)


class _Loop:
    """One call, and where each value of its body is computed."""

    def __init__(self, steps: Sequence[Step], rules: LoopRules) -> None:
        self.rules = rules
        self.call = ScanCall.from_params(steps[0].params)
        self.length = int(self.call.length)
        body = self.body = self.call.body
        self.results = [step.params["result"] for step in steps]
        self.needed, kept = body.needed(self.results)
        self.by_number = {s.output.number: s for s in self.needed}
        self.uses = _uses(self.needed)
        self.sums = {i: parts for i in kept if (parts := self._sum(i)) is not None}
        self.kept = [i for i in kept if i not in self.sums]
        self.inside: set[int] = set()
        self.before: set[int] = set()
        self.after: set[int] = set()
        self._place()
        self.gains = self.length > 0 and bool(self.sums or self._moved())

    # ---- deciding -------------------------------------------------------------------------------------

    def _moved(self) -> bool:
        """Whether anything but views leaves the loop."""
        return any(self.by_number[n].primitive.kind not in ("view", "copy") for n in self.before | self.after)

    def _sum(self, position: int) -> list[SymbolicArray] | None:
        """For a carried value that only sums up products, or sums over rows: what is added."""
        x, y = self.body.carried[position], self.body.following[position]
        step = self.by_number.get(y.number)
        alone = self.uses.get(x.number, 0) == 1 and not self.uses.get(y.number, 0)
        if (
            step is None
            or not alone
            or step.primitive.name != "add"
            or self._is_stacked({x.number, y.number})
        ):
            return None
        if [v.number for v in self.body.following].count(y.number) > 1 or y.dtype.kind != "f":
            return None
        left, right = step.operands
        if left is not x or right.__class__ is not SymbolicArray or right.shape != x.shape:
            return None
        parts, waiting = [], [right]
        while waiting:
            part = waiting.pop()
            inner = self.by_number.get(part.number)
            if inner is None or self.uses[part.number] > 1 or self._is_stacked({part.number}):
                return None
            if inner.primitive.name == "add" and all(
                v.__class__ is SymbolicArray and v.shape == part.shape for v in inner.operands
            ):
                waiting += inner.operands
            elif self._is_sum_over_rows(inner):
                parts.append(part)
            else:
                return None
        return parts

    def _is_stacked(self, numbers: set[int]) -> bool:
        return any(kind == "stacked" and number in numbers for kind, number in self.results)

    def _is_sum_over_rows(self, step: Step) -> bool:
        """Whether a step sums over the rows of a matrix, so that rows of all repetitions can be summed."""
        name, operands = step.primitive.name, step.operands
        if not all(x.__class__ is SymbolicArray and x.ndim == 2 for x in operands):
            return False
        if any(element_count(x.shape) > self.rules.sum for x in operands):
            return False
        if name == "matmul":
            return self._transposed(operands[0]) is not None
        same = step.output.dtype == operands[0].dtype
        return name == "sum" and step.params["axis"] == (0,) and not step.params.get("keepdims") and same

    def _transposed(self, x: SymbolicArray) -> SymbolicArray | None:
        """The matrix that `x` is the transpose of."""
        step = self.by_number.get(x.number)
        if step is None or step.primitive.name != "transpose" or step.params["axes"] != (1, 0):
            return None
        source = step.operands[0]
        return source if source.__class__ is SymbolicArray else None

    def _sources(self, part: SymbolicArray) -> list[SymbolicArray]:
        """The matrices whose rows a part of a sum is computed from."""
        step = self.by_number[part.number]
        if step.primitive.name == "sum":
            return [step.operands[0]]
        left = self._transposed(step.operands[0])
        assert left is not None
        return [left, step.operands[1]]

    def _place(self) -> None:
        """Decides for every step whether it stays inside of the loop, or comes before or after it."""
        body = self.body
        varying = {x.number for x in (*body.elements, *body.carried)}
        depends = {body.carried[i].number for i in self.kept}
        early = {x.number for x in body.elements}
        stackable: set[int] = set()
        skipped = {body.following[i].number for i in self.sums} | {body.carried[i].number for i in self.sums}
        for step in self.needed:
            number, operands = step.output.number, _symbolic(step.operands)
            if any(x.number in skipped for x in operands):
                continue
            if any(x.number in varying for x in operands):
                varying.add(number)
            if any(x.number in depends for x in operands):
                depends.add(number)
            flags = [x.__class__ is SymbolicArray and x.number in varying for x in step.operands]
            if number in varying and can_be_stacked(step, flags) and self._is_small(step):
                stackable.add(number)
                if all(x.number in early or x.number not in varying for x in operands):
                    early.add(number)
        self.varying = varying
        within = {body.following[i].number for i in self.kept}
        wanted = {number for kind, number in self.results if kind == "stacked"}
        wanted |= {x.number for parts in self.sums.values() for part in parts for x in self._sources(part)}
        for step in reversed(self.needed):
            number, read = step.output.number, {x.number for x in _symbolic(step.operands)}
            if number not in within and number not in wanted:
                continue
            if number in stackable and number in early and number not in depends:
                self.before.add(number)
                wanted |= read
            elif number not in within and number in stackable and self._pays_after(step, wanted, early):
                self.after.add(number)
                wanted |= read
            else:
                self.inside.add(number)
                within |= read
        self.within, self.wanted = within, wanted

    def _is_small(self, step: Step) -> bool:
        most = self.rules.product if step.primitive.kind == "matmul" else self.rules.step
        return element_count(step.output.shape) <= most

    def _pays_after(self, step: Step, wanted: set[int], early: set[int]) -> bool:
        """Whether a step after the loop does not make the loop stack much more than its result."""
        new = [
            x
            for x in _symbolic(step.operands)
            if x.number in self.varying and x.number not in wanted and x.number not in early
        ]
        size = element_count(step.output.shape)
        return step.primitive.kind == "matmul" or sum(element_count(x.shape) for x in new) <= size

    # ---- recording ------------------------------------------------------------------------------------

    def result(self, step: Step, operands: tuple[Any, ...]) -> Any:
        """One result of the call, on operands in the new trace."""
        if not hasattr(self, "scan"):
            self._record(operands)
        kind, number = step.params["result"]
        if kind == "stacked":
            stack = self._stack(number)
            if stack.varies:
                return stack.value
            return np.broadcast_to(stack.value, (self.length, *concrete(self.body.value(number).shape)))
        if number not in self.sums:
            return self.scan.last(self.kept.index(number))
        totals = [self._total(part) for part in self.sums[number]]
        start = self.starts[number]
        return reduce(add, totals if is_broadcast_scalar(start) and not start.any() else [start, *totals])

    def _record(self, operands: tuple[Any, ...]) -> None:
        """Records what comes before the loop, and the loop."""
        body = self.body
        first, second = len(body.elements), len(body.elements) + len(body.carried)
        self.outer: Trace = next(x.trace for x in operands if x.__class__ is SymbolicArray)
        self.starts = operands[first:second]
        self.stacks: dict[int, Stacked] = {
            x.number: Stacked(v, varies=True) for x, v in zip(body.elements, operands[:first], strict=True)
        }
        self.stacks.update(
            {
                x.number: Stacked(v, varies=False)
                for x, v in zip(body.captured, operands[second:], strict=True)
            }
        )
        for step in self.needed:
            if step.output.number in self.before:
                self._stack(step.output.number)
        inside = [s for s in self.needed if s.output.number in self.inside]
        read = dict.fromkeys(x.number for s in inside for x in _symbolic(s.operands))
        read |= dict.fromkeys(body.following[i].number for i in self.kept)
        stays = self.inside | {body.carried[i].number for i in self.kept}
        outputs = sorted(n for n in self.wanted if n in stays and n in self.varying)
        read |= dict.fromkeys(outputs)
        given = [(body.value(n), self.stacks[n]) for n in read if n in self.stacks]
        repeated = Repeated(
            inside,
            [(x, stack.value) for x, stack in given if stack.varies],
            [(body.carried[i], self.starts[i], body.following[i]) for i in self.kept],
            [(x, stack.value) for x, stack in given if not stack.varies],
            [body.value(n) for n in outputs],
        )
        self.scan = RecordedScan(self.outer, repeated, self.length, reverse=self.call.reverse)
        self.outputs = {number: place for place, number in enumerate(outputs)}

    def _stack(self, number: int) -> Stacked:
        """A value in all repetitions, after the values that it is computed from."""
        waiting = [number]
        while waiting:
            at = waiting[-1]
            if at in self.stacks:
                waiting.pop()
            elif at not in self.before and at not in self.after:
                self.stacks[at] = self._of_loop(at)
            else:
                step = self.by_number[at]
                missing = [x.number for x in _symbolic(step.operands) if x.number not in self.stacks]
                waiting += missing
                if not missing:
                    self.stacks[at] = self._on_stacks(step)
        return self.stacks[number]

    def _of_loop(self, number: int) -> Stacked:
        """The stack of a value of the loop; of one that does not vary, the value itself."""
        if number in self.varying:
            return Stacked(self.scan.stacked(self.outputs[number]), varies=True)
        step = self.by_number[number]
        operands = [self._stack(x.number).value if x.__class__ is SymbolicArray else x for x in step.operands]
        return Stacked(self.outer.record(step.primitive, tuple(operands), step.params), varies=False)

    def _on_stacks(self, step: Step) -> Stacked:
        operands = [
            self.stacks[x.number] if x.__class__ is SymbolicArray else Stacked(x, varies=False)
            for x in step.operands
        ]
        origin, self.outer.origin = self.outer.origin, step.origin
        stack = Stacked(
            on_stacks(self.outer, step, operands, self.length, join=not self.rules.by_rows), varies=True
        )
        self.outer.origin = origin
        return stack

    def _total(self, part: SymbolicArray) -> Any:
        """A sum over rows, of the rows of all repetitions."""
        rows = [self._rows(x) for x in self._sources(part)]
        return np.sum(rows[0], axis=0) if len(rows) == 1 else np.matmul(np.transpose(rows[0]), rows[1])

    def _rows(self, x: SymbolicArray) -> Any:
        stack = self._stack(x.number)
        value = stack.value
        if not stack.varies:
            value = np.broadcast_to(value, (self.length, *concrete(x.shape)))
        if self.rules.by_rows:
            value = np.swapaxes(value, 0, 1)
        return np.reshape(value, (self.length * x.shape[0], x.shape[1]))


def _symbolic(operands: Sequence[Any]) -> list[SymbolicArray]:
    return [x for x in operands if x.__class__ is SymbolicArray]


def _uses(steps: Sequence[Step]) -> dict[int, int]:
    """How often each value is an operand."""
    uses: dict[int, int] = {}
    for step in steps:
        for x in _symbolic(step.operands):
            uses[x.number] = uses.get(x.number, 0) + 1
    return uses
