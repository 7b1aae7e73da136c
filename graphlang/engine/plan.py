"""The plan of a program: the order of its fusion groups, and the memory that each value lives in."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphlang.contracts.memory import Memory
from graphlang.engine.aligned import aligned_bytes
from graphlang.engine.division import Division, division
from graphlang.engine.fusion import FusionGroup, element_count, fusion_groups, temporary_slots
from graphlang.engine.loop_program import loop_program
from graphlang.engine.program import Program, rewritten
from graphlang.engine.views import Views
from graphlang.lazy import lazy
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.primitives.elementwise import astype


@dataclass
class Buffer:
    """A piece of memory that values share one after the other."""

    number: int
    nbytes: int
    #: holds a single output and nothing else, so that it can be handed out without a copy
    output: bool = False


@dataclass(frozen=True)
class Plan:
    """Fusion groups in order, and where each value lives.

    A value is a temporary of its fused group, a view, written in place over an input, or in a buffer.
    """

    program: Program
    groups: list[FusionGroup]
    #: number of a view -> the step that computes it, which moves no data
    view_steps: dict[int, Step]
    #: number of a view -> number of the value whose memory it lies in
    view_roots: dict[int, int]
    buffers: list[Buffer]
    #: value -> buffer
    buffer_of: dict[int, Buffer]
    #: value -> label of the input whose array it overwrites
    in_place: dict[int, str]
    #: updates that no step could write in place: copied at the end
    copies: dict[str, Any]
    #: values that no step outside of their fused group reads: only a block of each exists at a time
    temporaries: set[int]
    #: this many groups compute the outputs; no input is overwritten before they have run
    groups_before_updates: int

    @property
    def buffer_bytes(self) -> int:
        """Bytes of all buffers."""
        own = sum(b.nbytes for b in self.buffers)
        return own + sum(int(g.loop.buffer_bytes) for g in self.groups if g.loop)

    @property
    def input_bytes(self) -> int:
        """Bytes of all inputs: parameters, the optimizer's slots, a batch."""
        return sum(nbytes(v) for v in self.program.inputs.values())

    def scratch_bytes(self, threads: int) -> int:
        """Bytes of the blocks in which fused groups keep their temporaries."""
        own = sum(_scratch_bytes(g, self.temporaries) * g.threads(threads) for g in self.groups if g.fused)
        return own + sum(int(g.loop.scratch_bytes(threads)) for g in self.groups if g.loop)

    def division(self, threads: int) -> Division:
        """Who uses up to some threads: the program itself, or BLAS for the products."""
        return division(self.groups, threads)

    @lazy
    def flops(self) -> int:
        """An estimate of the arithmetic operations of a run."""
        return sum(group_flops(g) for g in self.groups)


def group_flops(group: FusionGroup) -> int:
    """An estimate of the arithmetic operations of a group."""
    if group.loop is not None:
        return int(group.steps[0].params["length"] * group.loop.flops)
    return sum(step_flops(s) for s in group.steps)


def _scratch_bytes(group: FusionGroup, temporaries: set[int]) -> int:
    """The bytes that one thread allocates for the temporaries of a fused group."""
    tiling = group.tiling()
    return sum(
        tiling.block_rows * (1 if slot.per_row else tiling.block_columns) * slot.dtype.itemsize
        for slot in set(temporary_slots(group, temporaries).values())
    )


def nbytes(value: Any) -> int:
    """Bytes of a value."""
    return element_count(value.shape) * int(value.dtype.itemsize)


def step_flops(step: Step) -> int:
    """An estimate of a step's arithmetic operations."""
    return int(step.primitive.flops(*step.operands, **step.params))


def memory_of(plan: Plan, parameters: Collection[str], threads: int) -> Memory:
    """The memory of a plan. An input that is updated and no parameter belongs to the optimizer."""
    inputs = plan.program.inputs
    parameter_bytes = sum(nbytes(v) for label, v in inputs.items() if label in parameters)
    slot_bytes = sum(
        nbytes(v) for label, v in inputs.items() if label in plan.program.updates and label not in parameters
    )
    return Memory(
        plan.input_bytes - parameter_bytes - slot_bytes,
        parameter_bytes,
        slot_bytes,
        plan.buffer_bytes,
        plan.scratch_bytes(threads),
    )


def plan(program: Program, *, fuse: bool = True) -> Plan:
    """Plans a program: the order, fused groups, buffers shared by liveness, updates in place."""
    program, steps, views = _copy_overwritten_results(program)
    groups = fusion_groups(steps, views, program.output_step_count, fuse=fuse)
    for group in groups:
        if group.steps[0].primitive.joint:
            group.loop = plan(loop_program(group.steps), fuse=fuse)
    return _Layout(program, steps, views, groups).planned()


def _copy_overwritten_results(program: Program) -> tuple[Program, list[Step], Views]:
    """Copies each result that is a view of an updated input: it is read after the update."""
    steps = program.steps
    views = Views(steps)
    if not any(_is_overwritten(program, views, v) for v in program.results):
        return program, steps, views
    program = rewritten(program, lambda step, operands: None, always=True)
    views = Views(program.steps)

    def copied(results: Mapping[str, Any]) -> dict[str, Any]:
        return {
            label: astype(v, dtype=v.dtype)
            if _is_overwritten(program, views, v)
            and not (results is program.updates and v is program.inputs[label])
            else v
            for label, v in results.items()
        }

    program = Program(program.inputs, copied(program.outputs), copied(program.updates))
    steps = program.steps
    return program, steps, Views(steps)


def _is_overwritten(program: Program, views: Views, value: Any) -> bool:
    """Whether a result lies in the memory of an input that is updated."""
    if not isinstance(value, SymbolicArray):
        return False
    root = views.root(value)
    return root < 0 and any(program.inputs[label].number == root for label in program.updates)


class _FreeBuffers:
    """Buffers without an occupant, by size."""

    def __init__(self) -> None:
        self._sizes: list[int] = []
        self._buffers: dict[int, list[Buffer]] = {}

    def add(self, buffer: Buffer) -> None:
        same_size = self._buffers.setdefault(buffer.nbytes, [])
        if not same_size:
            insort(self._sizes, buffer.nbytes)
        same_size.append(buffer)

    def take(self, nbytes: int) -> Buffer | None:
        """The smallest buffer that is large enough; None where there is none, or only much larger ones."""
        index = bisect_left(self._sizes, nbytes)
        if index == len(self._sizes) or self._sizes[index] > max(2 * nbytes, 4096):
            return None
        size = self._sizes[index]
        buffer = self._buffers[size].pop()
        if not self._buffers[size]:
            del self._sizes[index]
        return buffer


class _Reads(NamedTuple):
    """How the steps of one group read the memory of a value."""

    #: position of the last step that reads it
    last: int = -1
    #: whether every step reads the value itself, and none a view of it
    direct: bool = True


class _Layout:
    """Assigns memory to every value, in one walk over the groups."""

    def __init__(
        self, program: Program, steps: Sequence[Step], views: Views, groups: list[FusionGroup]
    ) -> None:
        self.program = program
        self.groups = groups
        self.views = views
        self.view_steps = [s for s in steps if views.is_view(s)]
        self.buffers: list[Buffer] = []
        self.free = _FreeBuffers()
        self.buffer_of: dict[int, Buffer] = {}
        self.in_place: dict[int, str] = {}
        self.group_of = {s.output.number: i for i, g in enumerate(groups) for s in g.steps}
        self.last_use = self._last_uses()
        self.temporaries = self._temporaries()
        self.update_labels = {v.number: label for label, v in program.updates.items() if _is_computed(v)}
        self.outputs = {v.number for v in program.outputs.values() if _is_computed(v)}
        self.groups_before_updates = 1 + max(
            (self.group_of.get(views.root(v), -1) for v in program.outputs.values() if _is_computed(v)),
            default=-1,
        )
        #: buffer -> the value that lives in it now
        self.occupant: dict[int, int] = {}
        #: root -> its reads in the group at hand
        self.reads: dict[int, _Reads] = {}

    def _last_uses(self) -> dict[int, int]:
        """For each value the index of the last group that reads its memory."""
        root = self.views.root
        last: dict[int, int] = {}
        for index, group in enumerate(self.groups):
            for step in group.steps:
                for x in step.operands:
                    if x.__class__ is SymbolicArray:
                        last[root(x)] = index
        for value in self.program.results:
            last[root(value)] = len(self.groups)
        return last

    def _temporaries(self) -> set[int]:
        """Values of fused groups that no other group, no view and no result reads."""
        home = {s.output.number: i for i, g in enumerate(self.groups) if g.fused for s in g.steps}
        read_elsewhere = {v.number for v in self.program.results}
        read_elsewhere |= {s.operands[0].number for s in self.view_steps}
        for index, group in enumerate(self.groups):
            for step in group.steps:
                for x in step.operands:
                    if x.__class__ is SymbolicArray and home.get(x.number, index) != index:
                        read_elsewhere.add(x.number)
        return {number for number in home if number not in read_elsewhere}

    def planned(self) -> Plan:
        ending = self._ending()
        for index, group in enumerate(self.groups):
            self.reads = self._reads(group)
            for position, step in enumerate(group.steps):
                self._assign(step, index, position)
            for number in ending[index]:
                self._release(number)
        copies = {
            label: v
            for label, v in self.program.updates.items()
            if v is not self.program.inputs[label]
            and not (isinstance(v, SymbolicArray) and self.in_place.get(v.number) == label)
        }
        return Plan(
            program=self.program,
            groups=self.groups,
            view_steps={s.output.number: s for s in self.view_steps},
            view_roots={s.output.number: self.views.root(s.output) for s in self.view_steps},
            buffers=self.buffers,
            buffer_of=self.buffer_of,
            in_place=self.in_place,
            copies=copies,
            temporaries=self.temporaries,
            groups_before_updates=self.groups_before_updates,
        )

    def _ending(self) -> list[list[int]]:
        """For each group the values whose last use it is."""
        ending: list[list[int]] = [[] for _ in range(len(self.groups) + 1)]
        for number, group in self.group_of.items():
            ending[self.last_use.get(number, group)].append(number)
        return ending

    def _reads(self, group: FusionGroup) -> dict[int, _Reads]:
        reads: dict[int, _Reads] = {}
        for position, step in enumerate(group.steps):
            for x in step.operands:
                if x.__class__ is SymbolicArray:
                    root = self.views.root(x)
                    reads[root] = _Reads(position, root == x.number and reads.get(root, _Reads()).direct)
        return reads

    def _assign(self, step: Step, index: int, position: int) -> None:
        """Assigns memory to the result of the step at `position` in the group at `index`."""
        value = step.output
        number = value.number
        if number in self.temporaries:
            return
        label = self.update_labels.get(number)
        if label is not None and self._can_overwrite(label, step, index, position):
            self.in_place[number] = label
            return
        if number in self.outputs:
            buffer = self._new_buffer(nbytes(value), output=True)
        else:
            buffer = (
                self._operand_buffer(step, index, position)
                or self.free.take(nbytes(value))
                or self._new_buffer(nbytes(value))
            )
        self.buffer_of[number] = buffer
        self.occupant[buffer.number] = number

    def _new_buffer(self, nbytes: int, *, output: bool = False) -> Buffer:
        self.buffers.append(Buffer(len(self.buffers), nbytes, output))
        return self.buffers[-1]

    def _can_overwrite(self, label: str, step: Step, index: int, position: int) -> bool:
        """Whether this step may write the new value of an input over the old one.

        Never before the outputs are computed: the caller may inspect them before any input changes.
        """
        old = self.program.inputs[label]
        if (
            old.shape != step.output.shape
            or old.dtype != step.output.dtype
            or index < self.groups_before_updates
        ):
            return False
        last = self.last_use.get(old.number, -1)
        return last < index or (last == index and self._reads_permit(old, step, position))

    def _reads_permit(self, old: SymbolicArray, step: Step, position: int) -> bool:
        """Whether within this group no step reads `old` after `step`, and those before read it element by
        element."""
        last, direct = self.reads.get(old.number, _Reads())
        if step.primitive.kind != "elementwise":
            return last < 0
        return direct and last <= position

    def _operand_buffer(self, step: Step, index: int, position: int) -> Buffer | None:
        """The buffer of an operand whose last use this is, if the result may overwrite it."""
        if step.primitive.kind != "elementwise" or step.primitive.plain is not None:
            return None  # a step that corrects its result afterwards reads its operands twice
        for x in step.operands:
            buffer = self.buffer_of.get(x.number) if x.__class__ is SymbolicArray else None
            if buffer is None or buffer.output or self.occupant.get(buffer.number) != x.number:
                continue
            same = x.shape == step.output.shape and x.dtype == step.output.dtype
            if same and self.last_use.get(x.number) == index and self._reads_permit(x, step, position):
                return buffer
        return None

    def _release(self, number: int) -> None:
        buffer = self.buffer_of.get(number)
        if buffer is not None and not buffer.output and self.occupant.get(buffer.number) == number:
            del self.occupant[buffer.number]
            self.free.add(buffer)


def _is_computed(value: Any) -> bool:
    """Whether a result is computed by a step: it is neither a constant nor an input."""
    return isinstance(value, SymbolicArray) and value.number >= 0


def allocated(buffer: Buffer) -> Any:
    """New aligned memory for a buffer."""
    return aligned_bytes(buffer.nbytes)
