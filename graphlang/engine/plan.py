"""The plan of a program: which unit runs when, and which memory each value lives in."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.program import Program, rewritten
from graphlang.engine.regions import Unit, scratch, size, units
from graphlang.engine.views import Views
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.primitives.elementwise import astype

ALIGNMENT = 64
DIVIDE_FROM = 2**18
"""Operations from which on a kernel may divide its work over threads."""


@dataclass
class Block:
    """A piece of memory that values share one after the other."""

    number: int
    nbytes: int
    #: holds an output alone, so that it can be handed out without a copy
    output: bool = False


class Memory(NamedTuple):
    """Bytes that a program takes once it has run, by what they are for."""

    inputs: int
    parameters: int
    optimizer: int
    buffers: int
    scratch: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self)


@dataclass(frozen=True)
class Plan:
    """Units in order; for every value a block, an input it is written onto, or an operand it is a view of."""

    program: Program
    units: list[Unit]
    #: steps that move nothing, by the number of their result
    views: dict[int, Step]
    #: number of a view -> number of the value whose memory it lies in
    roots: dict[int, int]
    blocks: list[Block]
    #: value -> block
    placed: dict[int, Block]
    #: value -> the input whose array it is written onto
    onto: dict[int, str]
    #: updates that no step could write in place: copied at the end
    copies: dict[str, Any]
    #: values that exist only within a region, block by block
    local: set[int]
    #: what this many units compute comes before anything that is updated
    before_updates: int

    @property
    def buffer_bytes(self) -> int:
        """Bytes of the blocks."""
        return sum(b.nbytes for b in self.blocks)

    @property
    def input_bytes(self) -> int:
        """Bytes of what comes from outside: parameters, what the optimizer remembers, a batch."""
        return sum(nbytes(v) for v in self.program.inputs.values())

    def scratch_bytes(self, threads: int) -> int:
        """Bytes of the blocks in cache in which regions keep their inner values."""
        return sum(_scratch_bytes(u, self.local) * u.threads(threads) for u in self.units if u.fused)

    def total_bytes(self, threads: int) -> int:
        """What the program will have allocated once it has run."""
        return self.buffer_bytes + self.input_bytes + self.scratch_bytes(threads)

    def divides(self, threads: int) -> bool:
        """Whether there is work for threads of the program's own, other than products: a region or a kernel
        that is divided. If not, BLAS may use its threads for the products."""
        return threads > 1 and any(_is_divided(u, threads) for u in self.units)

    @cached_property
    def flops(self) -> int:
        """An estimate of the arithmetic operations of a run."""
        return sum(step_flops(s) for u in self.units for s in u.steps)


def _is_divided(unit: Unit, threads: int) -> bool:
    if unit.fused:
        return unit.threads(threads) > 1
    return any(s.primitive.kind == "kernel" and step_flops(s) >= DIVIDE_FROM for s in unit.steps)


def _scratch_bytes(unit: Unit, local: set[int]) -> int:
    """What one thread keeps for a region."""
    kept = set(scratch(unit, local).values())
    *_, rows, columns = unit.blocks()
    return sum(rows * (1 if per_row else columns) * dtype.itemsize for _, per_row, dtype in kept)


def nbytes(value: Any) -> int:
    """Bytes of a value."""
    return size(value.shape) * int(value.dtype.itemsize)


def step_flops(step: Step) -> int:
    """An estimate of a step's arithmetic operations."""
    return int(step.primitive.flops(*step.operands, **step.params))


def memory_of(plan: Plan, parameters: Collection[str], threads: int) -> Memory:
    """The bytes of a plan. What is updated and no parameter, the optimizer remembers."""
    inputs = plan.program.inputs
    kept = sum(nbytes(v) for label, v in inputs.items() if label in parameters)
    slots = sum(
        nbytes(v) for label, v in inputs.items() if label in plan.program.updates and label not in parameters
    )
    return Memory(
        plan.input_bytes - kept - slots, kept, slots, plan.buffer_bytes, plan.scratch_bytes(threads)
    )


def plan(program: Program, *, fuse: bool = True) -> Plan:
    """Lays a program out: order, fused regions, memory by liveness, updates in place."""
    program, steps, views = _detached(program)
    return _Layout(program, steps, views, units(steps, views, program.first, fuse=fuse)).laid_out()


def _detached(program: Program) -> tuple[Program, list[Step], Views]:
    """Results that are views of an input which is itself updated become copies: they are read afterwards."""
    steps = program.steps
    views = Views(steps)
    if not any(_overtaken(program, views, v) for v in program.results):
        return program, steps, views
    program = rewritten(program, lambda step, operands: None, anyway=True)
    views = Views(program.steps)

    def copied(results: Mapping[str, Any]) -> dict[str, Any]:
        return {
            label: astype(v, dtype=v.dtype)
            if _overtaken(program, views, v)
            and not (results is program.updates and v is program.inputs[label])
            else v
            for label, v in results.items()
        }

    program = Program(program.inputs, copied(program.outputs), copied(program.updates))
    steps = program.steps
    return program, steps, Views(steps)


def _overtaken(program: Program, views: Views, value: Any) -> bool:
    """Whether a result lies in the memory of an input that is updated."""
    if not isinstance(value, SymbolicArray):
        return False
    root = views.root(value)
    return root < 0 and any(program.inputs[label].number == root for label in program.updates)


class _Free:
    """Blocks that nothing lives in, by size."""

    def __init__(self) -> None:
        self._sizes: list[int] = []
        self._blocks: dict[int, list[Block]] = {}

    def add(self, block: Block) -> None:
        known = self._blocks.setdefault(block.nbytes, [])
        if not known:
            insort(self._sizes, block.nbytes)
        known.append(block)

    def take(self, wanted: int) -> Block | None:
        """The smallest block that is large enough, if it is not far too large."""
        at = bisect_left(self._sizes, wanted)
        if at == len(self._sizes) or self._sizes[at] > max(2 * wanted, 4096):
            return None
        found = self._sizes[at]
        block = self._blocks[found].pop()
        if not self._blocks[found]:
            del self._sizes[at]
        return block


class _Layout:
    """One walk over the units that places every value."""

    def __init__(self, program: Program, steps: Sequence[Step], views: Views, found: list[Unit]) -> None:
        self.program = program
        self.units = found
        self.views = views
        self.looks = [s for s in steps if views.is_view(s)]
        self.blocks: list[Block] = []
        self.free = _Free()
        self.placed: dict[int, Block] = {}
        self.onto: dict[int, str] = {}
        self.made_in = {s.output.number: p for p, u in enumerate(found) for s in u.steps}
        self.last = self._last_uses()
        self.inside = self._local()
        self.targets = {v.number: label for label, v in program.updates.items() if _is_made(v)}
        self.handed_out = {v.number for v in program.outputs.values() if _is_made(v)}
        self.before_updates = 1 + max(
            (self.made_in.get(views.root(v), -1) for v in program.outputs.values() if _is_made(v)), default=-1
        )
        #: block -> the value that lives in it
        self.held: dict[int, int] = {}
        #: in the unit at hand: root -> (the last step that reads it, whether all read it as it is)
        self.reads: dict[int, tuple[int, bool]] = {}

    def _last_uses(self) -> dict[int, int]:
        root = self.views.root
        last: dict[int, int] = {}
        for place, unit in enumerate(self.units):
            for step in unit.steps:
                for x in step.operands:
                    if x.__class__ is SymbolicArray:
                        last[root(x)] = place
        for value in self.program.results:
            last[root(value)] = len(self.units)
        return last

    def _local(self) -> set[int]:
        """Values of a region that nothing outside of it looks at."""
        home = {s.output.number: p for p, u in enumerate(self.units) if u.fused for s in u.steps}
        outside = {v.number for v in self.program.results} | {s.operands[0].number for s in self.looks}
        for place, unit in enumerate(self.units):
            for step in unit.steps:
                for x in step.operands:
                    if x.__class__ is SymbolicArray and home.get(x.number, place) != place:
                        outside.add(x.number)
        return {number for number in home if number not in outside}

    def laid_out(self) -> Plan:
        ending = self._ending()
        for place, unit in enumerate(self.units):
            self.reads = self._reads(unit)
            for position, step in enumerate(unit.steps):
                self._place(step, place, position)
            for number in ending[place]:
                self._release(number)
        copies = {
            label: v
            for label, v in self.program.updates.items()
            if v is not self.program.inputs[label]
            and not (isinstance(v, SymbolicArray) and self.onto.get(v.number) == label)
        }
        return Plan(
            program=self.program,
            units=self.units,
            views={s.output.number: s for s in self.looks},
            roots={s.output.number: self.views.root(s.output) for s in self.looks},
            blocks=self.blocks,
            placed=self.placed,
            onto=self.onto,
            copies=copies,
            local=self.inside,
            before_updates=self.before_updates,
        )

    def _ending(self) -> list[list[int]]:
        """For each unit the values that end with it."""
        ending: list[list[int]] = [[] for _ in range(len(self.units) + 1)]
        for number, made in self.made_in.items():
            ending[self.last.get(number, made)].append(number)
        return ending

    def _reads(self, unit: Unit) -> dict[int, tuple[int, bool]]:
        reads: dict[int, tuple[int, bool]] = {}
        for position, step in enumerate(unit.steps):
            for x in step.operands:
                if x.__class__ is SymbolicArray:
                    root = self.views.root(x)
                    direct = root == x.number and reads.get(root, (0, True))[1]
                    reads[root] = (position, direct)
        return reads

    def _place(self, step: Step, place: int, position: int) -> None:
        value = step.output
        number = value.number
        if number in self.inside:
            return
        label = self.targets.get(number)
        if label is not None and self._may_overwrite(label, step, place, position):
            self.onto[number] = label
            return
        if number in self.handed_out:
            block = self._new(nbytes(value), output=True)
        else:
            block = (
                self._inherited(step, place, position)
                or self.free.take(nbytes(value))
                or self._new(nbytes(value))
            )
        self.placed[number] = block
        self.held[block.number] = number

    def _new(self, wanted: int, *, output: bool = False) -> Block:
        self.blocks.append(Block(len(self.blocks), wanted, output))
        return self.blocks[-1]

    def _may_overwrite(self, label: str, step: Step, place: int, position: int) -> bool:
        """Whether the new value of an input may be written onto the old one at this step.

        Not before the outputs are known: who runs the program may look at them before anything is changed.
        """
        old = self.program.inputs[label]
        if old.shape != step.output.shape or old.dtype != step.output.dtype or place < self.before_updates:
            return False
        last = self.last.get(old.number, -1)
        return last < place or (last == place and self._reads_allow(old, step, position))

    def _reads_allow(self, old: SymbolicArray, step: Step, position: int) -> bool:
        """In this unit: nothing reads `old` after the step, and what reads it does so element by element."""
        last, direct = self.reads.get(old.number, (-1, True))
        if step.primitive.kind != "elementwise":
            return last < 0
        return direct and last <= position

    def _inherited(self, step: Step, place: int, position: int) -> Block | None:
        """The block of an operand that ends here, if the result may be written over it."""
        if step.primitive.kind != "elementwise" or step.primitive.plain is not None:
            return None  # what repairs its result looks at its operands again
        for x in step.operands:
            block = self.placed.get(x.number) if x.__class__ is SymbolicArray else None
            if block is None or block.output or self.held.get(block.number) != x.number:
                continue
            same = x.shape == step.output.shape and x.dtype == step.output.dtype
            if same and self.last.get(x.number) == place and self._reads_allow(x, step, position):
                return block
        return None

    def _release(self, number: int) -> None:
        block = self.placed.get(number)
        if block is not None and not block.output and self.held.get(block.number) == number:
            del self.held[block.number]
            self.free.add(block)


def _is_made(value: Any) -> bool:
    """Whether a result is computed by a step."""
    return isinstance(value, SymbolicArray) and value.number >= 0


def memory(block: Block) -> Any:
    """Aligned memory for a block."""
    raw = np.empty(block.nbytes + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + block.nbytes]
