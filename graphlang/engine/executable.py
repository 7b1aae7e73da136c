"""A planned program with its memory: bound once, run as often as one likes."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, partial
from typing import Any

import numpy as np

from graphlang.engine.binding import at_once, bind, bind_region
from graphlang.engine.garbage import collection_paused
from graphlang.engine.passes import optimised
from graphlang.engine.plain_products import plain_products
from graphlang.engine.plan import Plan, memory, nbytes
from graphlang.engine.plan import plan as _plan
from graphlang.engine.recording import Recording
from graphlang.engine.regions import Unit
from graphlang.engine.workers import BLAS, kernel_threads, usable_threads
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.bound_step import in_order
from graphlang.trace.nan import has_nan
from graphlang.trace.primitive import Call

REBIND_FROM = 2**18
"""Bytes from which on an input is taken where it lies; a smaller one is copied into the program's memory."""
LOOSE = 64
"""Calls of a region from which on they are one call in the program's list."""


class Executable:
    """The calls of a plan, on arrays of its own and on those it was given."""

    def __init__(
        self,
        plan: Plan,
        given: Mapping[str, Any] | None = None,
        threads: int | None = None,
        *,
        lent: Mapping[str, Any] | None = None,
    ) -> None:
        self.plan = plan
        self.threads, self._limits_blas = usable_threads(threads)
        self._memory = {b.number: memory(b) for b in plan.blocks}
        self._labels = {v.number: label for label, v in plan.program.inputs.items()}
        given, lent = given or {}, lent or {}
        #: inputs that are read where they lie, in somebody else's array
        self._borrowed = {label for label, array in lent.items() if self._can_borrow(label, array)}
        given = {**given, **{label: lent[label] for label in self._borrowed}}
        #: the arrays of the inputs: given ones are used, and updated, where they lie
        self.inputs: dict[str, Any] = {
            label: given[label] if label in given else np.zeros(v.shape, v.dtype)
            for label, v in plan.program.inputs.items()
        }
        #: labels of the inputs that are filled with random numbers before each run
        self.draws: tuple[str, ...] = ()
        #: outputs in which a nan shows that plain products fail, so that the program without them has to run
        self.telling: Sequence[str] = ()
        self._arrays: dict[int, Any] = {}
        self._leases: dict[int, weakref.ref[_Lease]] = {}
        #: for an output's block its memory of before, and the lease on it
        self._spare: dict[int, tuple[weakref.ref[_Lease], Any]] = {}
        #: unit -> addresses of the outputs it touches -> its calls on them
        self._variants: dict[int, dict[tuple[int, ...], list[Call]]] = {}
        #: whether the program has work for threads of its own; if not, BLAS may use its threads for products
        self._divides = plan.divides(self.threads)
        self._unit_calls = [self._bound(u) for u in plan.units]
        self._collect()

    # ---- binding ----------------------------------------------------------------------------------------

    def _collect(self) -> None:
        """The calls of all units, those before the first change of an input apart from the others."""
        first = self.plan.before_updates
        self._early = [call for calls in self._unit_calls[:first] for call in calls]
        self._late = [call for calls in self._unit_calls[first:] for call in calls]
        for label, value in self.plan.copies.items():
            self._late.append(partial(np.copyto, self.inputs[label], self._array(value)))
        self._calls = self._early + self._late

    def _rebind(self, roots: Collection[int]) -> None:
        """Binds anew what uses values whose memory is another now: first all of them are forgotten, since a
        unit may use several."""
        looks = [number for number, of in self.plan.roots.items() if of in roots]
        for number in (*roots, *looks):
            self._arrays.pop(number, None)
        for root in roots:
            if root < 0:  # nothing may hold on to an input of before
                for place in self._users.get(root, ()):
                    self._variants.pop(place, None)
        for place in sorted({place for root in roots for place in self._users.get(root, ())}):
            self._unit_calls[place] = self._variant(place)
        self._collect()

    def _variant(self, place: int) -> list[Call]:
        """The calls of a unit on the outputs' memory of now: bound once for each of two memories in turn."""
        outputs = [n for n in self._touched[place] if n in self.plan.placed and self.plan.placed[n].output]
        key = tuple([self._memory[self.plan.placed[n].number].ctypes.data for n in outputs])
        known = self._variants.setdefault(place, {})
        if key not in known:
            while len(known) > 1:
                del known[next(iter(known))]
            known[key] = self._bound(self.plan.units[place])
        return known[key]

    @cached_property
    def _users(self) -> dict[int, list[int]]:
        """The units that use each value's memory."""
        found: dict[int, list[int]] = {}
        for place, numbers in enumerate(self._touched):
            for number in numbers:
                found.setdefault(number, []).append(place)
        return found

    @cached_property
    def _touched(self) -> list[list[int]]:
        """For each unit the values whose memory it uses."""
        roots = self.plan.roots
        values = [[x for s in u.steps for x in (s.output, *s.operands)] for u in self.plan.units]
        return [
            list(dict.fromkeys([roots.get(x.number, x.number) for x in xs if x.__class__ is SymbolicArray]))
            for xs in values
        ]

    def _array(self, x: Any) -> Any:
        """The array that a value lives in: a block, an input, or a view of another value's."""
        if x.__class__ is not SymbolicArray:
            return x
        found = self._arrays.get(x.number)
        if found is None:
            found = self._arrays[x.number] = self._located(x)
        return found

    def _located(self, x: SymbolicArray) -> Any:
        number, plan = x.number, self.plan
        if number < 0:
            return self.inputs[self._labels[number]]
        if number in plan.onto:
            return self.inputs[plan.onto[number]]
        if number in plan.placed:
            raw = self._memory[plan.placed[number].number]
            return raw[: nbytes(x)].view(x.dtype).reshape(x.shape)
        return self._looked_at(x)

    def _looked_at(self, x: SymbolicArray) -> Any:
        """A view, after all that it is a view of."""
        waiting: list[Step] = [self.plan.views[x.number]]
        while (
            waiting[-1].operands[0].number in self.plan.views
            and waiting[-1].operands[0].number not in self._arrays
        ):
            waiting.append(self.plan.views[waiting[-1].operands[0].number])
        for step in reversed(waiting):
            array = step.primitive.compute(self._array(step.operands[0]), *step.operands[1:], **step.params)
            self._arrays[step.output.number] = array
        return self._arrays[x.number]

    def _bound(self, unit: Unit) -> list[Call]:
        if not unit.fused:
            return [self._step(step) for step in unit.steps]
        parts, after = bind_region(unit, self._array, self.plan.local, self.threads)
        if len(parts) == 1 and len(parts[0]) < LOOSE:
            return [*parts[0], *after]
        return [at_once([in_order(p) for p in parts]), *after]

    def _step(self, step: Step) -> Call:
        out = self._array(step.output)
        operands = [self._array(x) for x in step.operands]
        if step.primitive.kind == "view":  # one that copies
            return partial(_copy_view, step, operands, out)
        return bind(step, operands, out, self.threads if self._divides else 1)

    # ---- running ----------------------------------------------------------------------------------------

    def give(self, label: str, array: Any) -> None:
        """Sets an input: a small one is copied in, a large one is taken where it lies and only read."""
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
        """Whether an array is large, and such that the program can read it where it lies."""
        value = self.plan.program.inputs[label]
        if nbytes(value) < REBIND_FROM or not isinstance(array, np.ndarray) or array.shape != value.shape:
            return False
        return bool(array.dtype == value.dtype and array.flags.c_contiguous and array.flags.aligned)

    def fill(self, generator: np.random.Generator) -> None:
        """New random numbers, in the order in which the layers draw them."""
        for label in self.draws:
            array = self.inputs[label]
            generator.random(dtype=array.dtype, out=array)

    def run(self) -> None:
        """Runs the program once on what the inputs hold."""
        self._run(self._calls)

    @property
    def fails(self) -> bool:
        """After a run: whether plain products have not done."""
        return any(has_nan(self.output(label)) for label in self.telling)

    def run_to_updates(self) -> None:
        """Runs what the outputs need, and changes no input."""
        self._run(self._early)

    def run_updates(self) -> None:
        """Runs what `run_to_updates` left."""
        self._run(self._late)

    def _run(self, calls: Sequence[Call]) -> None:
        with self._own_threads(), np.errstate(all="ignore"):
            for call in calls:
                call()

    def _own_threads(self) -> AbstractContextManager[Any]:
        """Holds BLAS back. Its threads, once woken, keep a core busy with waiting for some time after their
        work is done, so a program that divides work among its own threads divides its products too."""
        if self._divides:
            return kernel_threads(self.threads)
        return BLAS.held(self.threads) if self._limits_blas else nullcontext()

    def output(self, label: str) -> Any:
        """An output's array after a run: the program's own memory, overwritten by the next run."""
        return self._array(self.plan.program.outputs[label])

    # ---- handing out ------------------------------------------------------------------------------------

    def take(self, label: str) -> Any:
        """An output that belongs to the caller alone: a copy of a small one, and of one that has been taken
        already under another label; a large one is given away, and the program takes new memory before its
        next run if somebody still holds it."""
        value = self.plan.program.outputs[label]
        array = self._array(value)
        block = self.plan.placed.get(value.number) if value.__class__ is SymbolicArray else None
        if block is None or not block.output or array.nbytes < REBIND_FROM:
            return np.array(array)
        known = self._leases.get(value.number)
        lease = known() if known is not None else None
        if lease is not None:
            return np.array(array)
        lease = _Lease(array)
        self._leases[value.number] = weakref.ref(lease)
        return np.asarray(lease)

    def renew(self) -> None:
        """Before a run: other memory for outputs that the caller of an earlier one still holds."""
        held = [(number, lease) for number, lease in self._leases.items() if lease() is not None]
        self._leases.clear()
        for number, lease in held:
            block = self.plan.placed[number]
            spare = self._spare.get(block.number)
            free = spare is not None and spare[0]() is None
            self._spare[block.number] = (lease, self._memory[block.number])
            self._memory[block.number] = spare[1] if spare is not None and free else memory(block)
        if held:
            self._rebind([number for number, _ in held])


def built(
    record: Callable[[], Recording],
    given: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
    threads: int | None,
    *,
    lent: Mapping[str, Any] | None = None,
    plain: bool = False,
) -> Executable:
    """The planned program of what `record` records; where it may be `plain`, with plain products.

    Its arrays are those that are `given`, or that `given` gives once all is recorded. Numbers of the file are
    brought to the run's precision here, where they may become infinite.
    """
    with collection_paused(), np.errstate(all="ignore"):
        recording = record()
        program, telling = plain_products(recording.program) if plain else (recording.program, [])
        arrays = given() if callable(given) else given
        executable = Executable(_plan(optimised(program)), arrays, threads, lent=lent)
    executable.draws, executable.telling = recording.draws, telling
    return executable


class _Lease:
    """Memory that is handed out: it lives as long as any array that looks at it."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self.__array_interface__ = array.__array_interface__


def _copy_view(step: Step, operands: list[Any], out: Any) -> None:
    np.copyto(out, step.primitive.compute(*operands, **step.params))
