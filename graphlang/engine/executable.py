"""A planned program with its memory: bound once, run many times."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import numpy as np

from graphlang.contracts.backend import Backend, BoundProgram
from graphlang.contracts.memory import Memory
from graphlang.engine.binding import bind_fused, bind_single, concurrent_call
from graphlang.engine.bound_loop import bind_loop
from graphlang.engine.division import uses_blas
from graphlang.engine.fusion import FusionGroup
from graphlang.engine.garbage import collection_paused
from graphlang.engine.passes import optimised
from graphlang.engine.plain_products import plain_products
from graphlang.engine.plan import Plan, allocated, memory_of, nbytes
from graphlang.engine.plan import plan as _plan
from graphlang.engine.program import Program
from graphlang.engine.recording import Recording
from graphlang.engine.workers import BLAS, kernel_threads, quiet_numpy, usable_threads
from graphlang.lazy import lazy
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.bound_step import one_call
from graphlang.trace.errors import TooLarge
from graphlang.trace.nan import has_nan
from graphlang.trace.types import Thunk

REBIND_FROM = 2**18
"""Bytes from which on an input is read where it lies; a smaller one is copied into the program's memory."""
INLINE_CALLS = 64
"""Calls of a fused group below which they stand one by one in the program's list of calls."""


class Executable:
    """The calls of a plan, on memory of its own and on the caller's arrays.

    `arrays` are inputs that the program uses, and updates, where they lie; those of `lent` it only reads,
    where they are large enough to be worth it.
    """

    def __init__(
        self,
        plan: Plan,
        arrays: Mapping[str, Any] | None = None,
        threads: int | None = None,
        *,
        lent: Mapping[str, Any] | None = None,
    ) -> None:
        self.plan = plan
        available, limits_blas = usable_threads(threads)
        #: the threads that the program divides its work over, and those that BLAS uses for its products
        self.division = plan.division(available)
        self._limits_blas = limits_blas or (self.division.blas < available and uses_blas(plan.groups))
        self._memory = {b.number: allocated(b) for b in plan.buffers}
        self._labels = {v.number: label for label, v in plan.program.inputs.items()}
        arrays, lent = arrays or {}, lent or {}
        #: inputs that are read in an array of the caller
        self._borrowed = {label for label, array in lent.items() if self._can_borrow(label, array)}
        arrays = {**arrays, **{label: lent[label] for label in self._borrowed}}
        #: the arrays of all inputs
        self.inputs: dict[str, Any] = {
            label: arrays[label] if label in arrays else np.zeros(v.shape, v.dtype)
            for label, v in plan.program.inputs.items()
        }
        #: labels of the inputs that are filled with random numbers before each run
        self.draws: tuple[str, ...] = ()
        #: outputs in which nan shows that plain products are wrong, so that the exact program has to run
        self.nan_checked: Sequence[str] = ()
        self._arrays: dict[int, Any] = {}
        self._leases: dict[int, weakref.ref[_Lease]] = {}
        #: for an output's buffer its previous memory, and the lease on that
        self._spare: dict[int, tuple[weakref.ref[_Lease], Any]] = {}
        #: group -> addresses of the outputs that it uses -> its calls on them
        self._variants: dict[int, dict[tuple[int, ...], list[Thunk]]] = {}
        self._group_calls = [self._bound(g) for g in plan.groups]
        self._collect()

    # ---- binding ----------------------------------------------------------------------------------------

    def _collect(self) -> None:
        """Lists the calls of all groups, those that compute the outputs apart from those that update
        inputs."""
        first = self.plan.groups_before_updates
        self._output_calls = [call for calls in self._group_calls[:first] for call in calls]
        self._update_calls = [call for calls in self._group_calls[first:] for call in calls]
        for label, value in self.plan.copies.items():
            self._update_calls.append(partial(np.copyto, self.inputs[label], self._array(value)))
        self._calls = self._output_calls + self._update_calls

    def _rebind(self, roots: Collection[int]) -> None:
        """Binds again the groups that use values whose memory has changed. All old arrays are dropped first,
        because one group may use several of them."""
        views = [number for number, root in self.plan.view_roots.items() if root in roots]
        for number in (*roots, *views):
            self._arrays.pop(number, None)
        for root in roots:
            if root < 0:  # no variant may keep the previous array of an input alive
                for index in self._users.get(root, ()):
                    self._variants.pop(index, None)
        for index in sorted({index for root in roots for index in self._users.get(root, ())}):
            self._group_calls[index] = self._variant(index)
        self._collect()

    def _variant(self, index: int) -> list[Thunk]:
        """The calls of a group on the outputs' current memory. The last two variants are kept, because an
        output usually alternates between two memories."""
        buffer_of = self.plan.buffer_of
        outputs = [n for n in self._used_values[index] if n in buffer_of and buffer_of[n].output]
        key = tuple([self._memory[buffer_of[n].number].ctypes.data for n in outputs])
        variants = self._variants.setdefault(index, {})
        if key not in variants:
            while len(variants) > 1:
                del variants[next(iter(variants))]
            variants[key] = self._bound(self.plan.groups[index])
        return variants[key]

    @lazy
    def _users(self) -> dict[int, list[int]]:
        """For each value the groups that use its memory."""
        users: dict[int, list[int]] = {}
        for index, numbers in enumerate(self._used_values):
            for number in numbers:
                users.setdefault(number, []).append(index)
        return users

    @lazy
    def _used_values(self) -> list[list[int]]:
        """For each group the values whose memory it uses."""
        roots = self.plan.view_roots
        values = [[x for s in g.steps for x in (s.output, *s.operands)] for g in self.plan.groups]
        return [
            list(dict.fromkeys([roots.get(x.number, x.number) for x in xs if x.__class__ is SymbolicArray]))
            for xs in values
        ]

    def _array(self, x: Any) -> Any:
        """The array that a value lives in: part of a buffer, an input, or a view of another value's array."""
        if x.__class__ is not SymbolicArray:
            return x
        array = self._arrays.get(x.number)
        if array is None:
            array = self._arrays[x.number] = self._located(x)
        return array

    def _located(self, x: SymbolicArray) -> Any:
        number, plan = x.number, self.plan
        if number < 0:
            return self.inputs[self._labels[number]]
        if number in plan.in_place:
            return self.inputs[plan.in_place[number]]
        if number in plan.buffer_of:
            raw = self._memory[plan.buffer_of[number].number]
            return raw[: nbytes(x)].view(x.dtype).reshape(x.shape)
        return self._view(x)

    def _view(self, x: SymbolicArray) -> Any:
        """The array of a view, after those of the views that it is a view of."""
        view_steps = self.plan.view_steps
        pending: list[Step] = [view_steps[x.number]]
        while (source := pending[-1].operands[0].number) in view_steps and source not in self._arrays:
            pending.append(view_steps[source])
        for step in reversed(pending):
            array = step.primitive.compute(self._array(step.operands[0]), *step.operands[1:], **step.params)
            self._arrays[step.output.number] = array
        return self._arrays[x.number]

    def _bound(self, group: FusionGroup) -> list[Thunk]:
        if group.loop is not None:
            return [one_call(bind_loop(group, self._array, self.division.own))]
        if not group.fused:
            return [self._step(step) for step in group.steps]
        threads, after = bind_fused(group, self._array, self.plan.temporaries, self.division.own)
        if len(threads) == 1 and len(threads[0]) < INLINE_CALLS:
            return [*threads[0], *after]
        return [concurrent_call([one_call(calls) for calls in threads]), *after]

    def _step(self, step: Step) -> Thunk:
        out = self._array(step.output)
        operands = [self._array(x) for x in step.operands]
        if step.primitive.kind == "view":  # a reshape of what is not contiguous, which copies
            return partial(_copy_view, step, operands, out)
        return bind_single(step, operands, out, self.division.own)

    # ---- running ----------------------------------------------------------------------------------------

    def give(self, label: str, array: Any) -> None:
        """Sets an input: a small array is copied, a large one is read where it lies and never written."""
        own = self.inputs[label]
        if array is own:
            return
        value = self.plan.program.inputs[label]
        if self._can_borrow(label, array):
            self._borrowed.add(label)
            self.inputs[label] = array
            self._rebind([value.number])
            return
        if label in self._borrowed:
            self._borrowed.discard(label)
            own = self.inputs[label] = np.empty(value.shape, value.dtype)
            self._rebind([value.number])
        np.copyto(own, array, casting="same_kind")

    def _can_borrow(self, label: str, array: Any) -> bool:
        """Whether an array is large, and laid out so that the program can read it where it lies."""
        value = self.plan.program.inputs[label]
        if nbytes(value) < REBIND_FROM or not isinstance(array, np.ndarray) or array.shape != value.shape:
            return False
        return bool(array.dtype == value.dtype and array.flags.c_contiguous and array.flags.aligned)

    def fill(self, generator: np.random.Generator) -> None:
        """Draws the random numbers of a run, in the order in which the layers ask for them."""
        for label in self.draws:
            array = self.inputs[label]
            generator.random(dtype=array.dtype, out=array)

    def run(self) -> None:
        """Runs the program once on the current inputs."""
        self._run(self._calls)

    @property
    def outputs(self) -> Collection[str]:
        """The labels of the outputs."""
        return self.plan.program.outputs.keys()

    @property
    def fails(self) -> bool:
        """Whether the last run shows that plain products are wrong here."""
        return any(has_nan(self.output(label)) for label in self.nan_checked)

    def run_to_updates(self) -> None:
        """Computes the outputs, and changes no input."""
        self._run(self._output_calls)

    def run_updates(self) -> None:
        """Runs the rest of the program after `run_to_updates`."""
        self._run(self._update_calls)

    def _run(self, calls: Sequence[Thunk]) -> None:
        with self._own_threads(), quiet_numpy():
            for call in calls:
                call()

    def _own_threads(self) -> AbstractContextManager[Any]:
        """Holds BLAS to one thread where the program divides its work itself, products included: the threads
        of BLAS keep a core busy for some time after a product, waiting for the next."""
        own, blas = self.division
        if own > 1:
            return kernel_threads(own)
        return BLAS.limited(blas) if self._limits_blas else nullcontext()

    def output(self, label: str) -> Any:
        """An output's array after a run: the program's own memory, overwritten by the next run."""
        return self._array(self.plan.program.outputs[label])

    # ---- handing out ------------------------------------------------------------------------------------

    def take(self, label: str) -> Any:
        """An output that belongs to the caller.

        A small one is copied, and so is one that is taken a second time under another label. A large one is
        handed out as it is: if the caller still holds it at the next run, the program takes other memory.
        """
        value = self.plan.program.outputs[label]
        array = self._array(value)
        buffer = self.plan.buffer_of.get(value.number) if value.__class__ is SymbolicArray else None
        if buffer is None or not buffer.output or array.nbytes < REBIND_FROM:
            return np.array(array)
        reference = self._leases.get(value.number)
        if reference is not None and reference() is not None:
            return np.array(array)
        lease = _Lease(array)
        self._leases[value.number] = weakref.ref(lease)
        return np.asarray(lease)

    def memory(self, parameters: Collection[str]) -> Memory:
        """The bytes that the program takes, some of them for these parameters."""
        return memory_of(self.plan, parameters, self.division.own)

    def renew(self) -> None:
        """Prepares a run: takes other memory for each output of an earlier run that the caller still
        holds."""
        held = [(number, lease) for number, lease in self._leases.items() if lease() is not None]
        self._leases.clear()
        for number, lease in held:
            buffer = self.plan.buffer_of[number]
            spare = self._spare.get(buffer.number)
            free = spare is not None and spare[0]() is None
            self._spare[buffer.number] = (lease, self._memory[buffer.number])
            self._memory[buffer.number] = spare[1] if spare is not None and free else allocated(buffer)
        if held:
            self._rebind([number for number, _ in held])


def built(
    record: Callable[[], Recording],
    arrays: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
    threads: int | None,
    *,
    lent: Mapping[str, Any] | None = None,
    plain: bool = False,
    memory: int | Callable[[int], int] | None = None,
) -> Executable:
    """Records, optimises, plans and binds a program; with `plain` it uses plain products where it may.

    Raises TooLarge where its inputs and buffers take more bytes than `memory`, or than what that says to
    their number, before they are allocated.

    `arrays` are those of `Executable`, or a function that returns them once the program is recorded. Numbers
    of the file are converted to the run's precision here, where they may become infinite.
    """
    with collection_paused(), np.errstate(all="ignore"):
        recording = record()
        program, nan_checked = plain_products(recording.program) if plain else (recording.program, [])
        planned = _plan(optimised(program))
        if memory is not None:
            _refuse_large(planned, memory)
        inputs = arrays() if callable(arrays) else arrays
        executable = Executable(planned, inputs, threads, lent=lent)
    executable.draws, executable.nan_checked = recording.draws, nan_checked
    return executable


def bound(
    backend: Backend | None,
    record: Callable[[], Recording],
    arrays: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
    threads: int | None,
    *,
    lent: Mapping[str, Any] | None = None,
    plain: bool = False,
    memory: int | None = None,
) -> BoundProgram:
    """The same as `built`, on a backend where there is one."""
    if backend is None:
        return built(record, arrays, threads, lent=lent, plain=plain, memory=memory)
    with collection_paused(), np.errstate(all="ignore"):
        recording = record()
        return backend.bound(recording.program, recording.draws, arrays() if callable(arrays) else arrays)


def planned(program: Program, arrays: Mapping[str, Any]) -> Executable:
    """A program optimised, planned and bound to arrays."""
    with collection_paused(), np.errstate(all="ignore"):
        return Executable(_plan(optimised(program)), arrays)


def _refuse_large(planned: Plan, memory: int | Callable[[int], int]) -> None:
    total = sum(b.nbytes for b in planned.buffers) + sum(map(nbytes, planned.program.inputs.values()))
    most = memory if isinstance(memory, int) else memory(total)
    if total > most:
        largest = max((s for g in planned.groups for s in g.steps), key=lambda s: nbytes(s.output))
        raise TooLarge(total, most, largest.origin)


class _Lease:
    """Memory that is handed out: it lives as long as any array that is a view of it."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self.__array_interface__ = array.__array_interface__


def _copy_view(step: Step, operands: list[Any], out: Any) -> None:
    np.copyto(out, step.primitive.compute(*operands, **step.params))
