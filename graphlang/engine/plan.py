"""The plan of a program: which unit runs when, and which memory each value lives in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphlang.engine.program import Program
from graphlang.engine.regions import BLOCK, Unit, size, units
from graphlang.trace import Step, SymbolicArray

ALIGNMENT = 64


@dataclass
class Block:
    """A piece of memory that values share one after the other."""

    number: int
    nbytes: int
    #: holds an output alone, so that it can be handed out without a copy
    output: bool = False


@dataclass
class Plan:
    """Units in order; for every value a block, an input it is written onto, or an operand it is a view of."""

    program: Program
    units: list[Unit]
    blocks: list[Block]
    #: value -> block
    placed: dict[int, Block]
    #: value -> the input whose array it is written onto
    onto: dict[int, str]
    #: updates that no step could write in place: copied at the end
    copies: dict[str, Any]
    #: values that exist only within a region, block by block
    local: set[int]
    flops: dict[int, int] = field(default_factory=dict)

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
        widest = max((_scratch(u, self.local) for u in self.units if u.fused), default=0)
        return widest * threads

    def total_bytes(self, threads: int) -> int:
        """What the program will have allocated once it has run."""
        return self.buffer_bytes + self.input_bytes + self.scratch_bytes(threads)


def _scratch(unit: Unit, local: set[int]) -> int:
    return sum(BLOCK for s in unit.steps if s.output.number in local)


def nbytes(value: SymbolicArray) -> int:
    return size(value.shape) * value.dtype.itemsize


def step_flops(step: Step) -> int:
    """An estimate of a step's arithmetic operations."""
    return int(step.primitive.flops(*step.operands, **step.params))


def plan(program: Program, *, fuse: bool = True) -> Plan:
    """Lays a program out: order, fused regions, memory by liveness, updates in place."""
    steps = program.steps
    found = units(steps, fuse=fuse)
    return _Layout(program, found).laid_out()


class _Layout:
    """One walk over the units that places every value."""

    def __init__(self, program: Program, found: list[Unit]) -> None:
        self.program = program
        self.units = found
        self.root: dict[int, int] = {}
        self.input_of = {v.number: label for label, v in program.inputs.items()}
        self.blocks: list[Block] = []
        self.free: list[Block] = []
        self.placed: dict[int, Block] = {}
        self.onto: dict[int, str] = {}
        self._roots()
        self.last = self._last_uses()
        self.inside = self._local()
        self.targets = {
            v.number: label for label, v in program.updates.items() if isinstance(v, SymbolicArray)
        }
        self.handed_out = {v.number for v in program.outputs.values() if isinstance(v, SymbolicArray)}
        self.held: dict[int, int] = {}

    def _roots(self) -> None:
        for unit in self.units:
            for step in unit.steps:
                number = step.output.number
                first = step.operands[0] if step.operands else None
                is_view = step.primitive.kind == "view" and first.__class__ is SymbolicArray
                self.root[number] = self.root.get(first.number, first.number) if is_view else number

    def root_of(self, x: SymbolicArray) -> int:
        return self.root.get(x.number, x.number)

    def _last_uses(self) -> dict[int, int]:
        last: dict[int, int] = {}
        for place, unit in enumerate(self.units):
            for step in unit.steps:
                for x in step.operands:
                    if x.__class__ is SymbolicArray:
                        last[self.root_of(x)] = place
        for value in self.program.results:
            last[self.root_of(value)] = len(self.units)
        return last

    def _local(self) -> set[int]:
        """Values of a region that nothing outside of it looks at."""
        home = {s.output.number: p for p, u in enumerate(self.units) for s in u.steps if u.fused}
        outside = {v.number for v in self.program.results}
        for place, unit in enumerate(self.units):
            for step in unit.steps:
                outside |= {
                    x.number
                    for x in step.operands
                    if x.__class__ is SymbolicArray and home.get(x.number, place) != place
                }
        return {number for number in home if number not in outside}

    def laid_out(self) -> Plan:
        for place, unit in enumerate(self.units):
            for step in unit.steps:
                self._place(step, place, unit)
            self._release(place)
        copies = {
            label: v
            for label, v in self.program.updates.items()
            if not (isinstance(v, SymbolicArray) and self.onto.get(v.number) == label)
        }
        return Plan(
            self.program, self.units, self.blocks, self.placed, self.onto, copies, self.inside
        )

    def _place(self, step: Step, place: int, unit: Unit) -> None:
        value = step.output
        number = value.number
        if number in self.inside or self.root[number] != number:
            return
        label = self.targets.get(number)
        if label is not None and self._may_overwrite(label, step, place, unit):
            self.onto[number] = label
            return
        if number in self.handed_out:
            block = Block(len(self.blocks), nbytes(value), output=True)
            self.blocks.append(block)
        else:
            block = self._inherited(step, place, unit) or self._taken(nbytes(value))
        self.placed[number] = block
        self.held[block.number] = number

    def _may_overwrite(self, label: str, step: Step, place: int, unit: Unit) -> bool:
        """Whether the new value of an input may be written onto the old one at this step."""
        old = self.program.inputs[label]
        if old.shape != step.output.shape or old.dtype != step.output.dtype:
            return False
        last = self.last.get(old.number, -1)
        if last < place:
            return True
        if last > place:
            return False
        return self._last_reader_is(old, step, unit)

    def _last_reader_is(self, old: SymbolicArray, step: Step, unit: Unit) -> bool:
        """In the unit of `step`: nothing reads `old` after it, and it reads `old` only element by element."""
        if step.primitive.kind != "elementwise":
            return not any(
                x.__class__ is SymbolicArray and self.root_of(x) == self.root_of(old) for s in unit.steps for x in s.operands
            )
        position = unit.steps.index(step)
        for i, other in enumerate(unit.steps):
            for x in other.operands:
                if x.__class__ is SymbolicArray and self.root_of(x) == self.root_of(old):
                    if i > position or x.number != old.number:
                        return False
        return True

    def _inherited(self, step: Step, place: int, unit: Unit) -> Block | None:
        """The block of an operand that ends here, if the result may be written over it."""
        if step.primitive.kind != "elementwise":
            return None
        for x in step.operands:
            if x.__class__ is not SymbolicArray or x.number not in self.placed:
                continue
            if x.shape != step.output.shape or x.dtype != step.output.dtype:
                continue
            if self.placed[x.number].output:
                continue
            if self.last.get(x.number) != place or self.held.get(self.placed[x.number].number) != x.number:
                continue
            if self._last_reader_is(x, step, unit):
                return self.placed[x.number]
        return None

    def _taken(self, wanted: int) -> Block:
        """The free block that fits best, or a new one."""
        fitting = [b for b in self.free if wanted <= b.nbytes <= max(2 * wanted, 4096)]
        if fitting:
            block = min(fitting, key=lambda b: b.nbytes)
            self.free.remove(block)
            return block
        self.blocks.append(Block(len(self.blocks), wanted))
        return self.blocks[-1]

    def _release(self, place: int) -> None:
        ended = [
            b
            for b in self.blocks
            if not b.output and b.number in self.held and self.last.get(self.held[b.number], place) <= place
        ]
        for block in ended:
            del self.held[block.number]
            self.free.append(block)


def memory(block: Block) -> Any:
    """Aligned memory for a block."""
    raw = np.empty(block.nbytes + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + block.nbytes]

