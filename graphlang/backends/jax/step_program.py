"""The program of a training step, compiled for one number of rows: one step, or several, in a call."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from graphlang.backends.jax.attention import FusedAttention
from graphlang.backends.jax.attention_pattern import find_attention
from graphlang.backends.jax.compilation_cache import kept_in
from graphlang.backends.jax.device_errors import device_errors
from graphlang.backends.jax.host_scalars import HostScalars
from graphlang.backends.jax.placement import Placement
from graphlang.backends.jax.precision import MixedPrecision, products_of
from graphlang.backends.jax.random_numbers import uniform
from graphlang.backends.jax.remat import After, Blocks, after_gradients, segments
from graphlang.backends.jax.replay import run
from graphlang.backends.jax.rules import NUMPY_DRAWS, RULES, check_rules
from graphlang.backends.jax.scope import scope
from graphlang.backends.options import Jax
from graphlang.engine.passes.common import common_subexpressions
from graphlang.engine.passes.loops import ON_DEVICES, move_out_of_loops
from graphlang.engine.program import concrete
from graphlang.engine.recording import Recording
from graphlang.engine.row_padding import COUNTED, PaddedProgram
from graphlang.engine.updates import APPLIES, COUNT, NORMS, RATE, STEP, UPDATE
from graphlang.spec.models import Precision
from graphlang.trace import Step, SymbolicArray

FINE = "all numbers are finite"
"""The label of the state that tells whether no step so far had a number that is not finite."""


class StepCall(NamedTuple):
    """What a call takes besides the state, for as many steps as the program takes at once."""

    #: by label: numbers of an input that differ from step to step, along a new first axis
    feeds: Mapping[str, Any]
    #: for each step the scalars that the host computes
    numbers: Any
    #: for each step its rows, how many of them count, and its number
    places: Any
    #: how many steps there are; the others do nothing
    count: Any


class StepProgram:
    """A step on rows of arrays that lie on the device, or on rows that are fed.

    `padding` is there where the program serves batches of fewer rows too. Random numbers that are not fed
    are drawn by the program.
    """

    def __init__(
        self,
        options: Jax,
        placement: Placement,
        recording: Recording,
        inputs: Collection[str],
        rows: int,
        padding: PaddedProgram | None,
        seed: int,
        per_call: int,
        precision: Precision = "float32",
        blocks: Blocks | None = None,
    ) -> None:
        self._options, self._placement = options, placement
        self._precision = precision
        whole = recording.program if padding is None else padding.program
        self.program = move_out_of_loops(common_subexpressions(whole), ON_DEVICES)
        self.rows, self.padding, self.per_call = rows, padding, per_call
        self._seed, self._draws = seed, recording.draws
        self._rules = RULES if options.draws == "device" else NUMPY_DRAWS
        #: the labels of the losses, in the order of the objectives
        self.losses = [label for label in self.program.outputs if label != NORMS]
        #: the labels of the inputs of a batch
        self._inputs = [x for x in self.program.inputs if x in inputs]
        known = [RATE, STEP, APPLIES, COUNT, UPDATE, *(padding.numbers if padding is not None else ())]
        self._scalars = HostScalars(self.program, known)
        self._attention = find_attention(self._scalars.rest, self.program.results)
        self._recomputes = blocks is not None
        uses = self._fused_attention(after_gradients(True, on_host=placement.on_host)).uses
        self._segments = segments(self._scalars.rest, self.program.results, blocks, uses)
        self._compiled = jax.jit(self._several, donate_argnums=0)
        self._has_run = False
        check_rules(self.program.steps)

    def serves(self, rows: int) -> bool:
        """Whether a batch of so many rows is one of this program's."""
        return rows == self.rows or (self.padding is not None and rows == self.padding.fewer)

    def call(
        self, batches: Sequence[Any], known: Sequence[Mapping[str, float]], t: int, feeds: Mapping[str, Any]
    ) -> StepCall:
        """The arguments of a call for the steps from number t on; `known` has the scalars of each."""
        numbers = np.zeros((self.per_call, len(self._scalars.handed)))
        places = np.zeros((self.per_call, self.rows + 2), np.int32)
        for i, (rows, scalars) in enumerate(zip(batches, known, strict=True)):
            numbers[i] = self._scalars.compute({**scalars, **self._of_padding(len(rows))})
            places[i] = (*self.padded_rows(rows), len(rows), t + i)
        return StepCall(feeds, numbers, places, np.int32(len(batches)))

    def padded_rows(self, rows: Any) -> Any:
        """The rows of a batch, with copies of the first one up to the number of the program."""
        missing = self.rows - len(rows)
        return np.concatenate([rows, np.full(missing, rows[0])]) if missing else rows

    def _of_padding(self, count: int) -> Mapping[str, Any]:
        return {} if self.padding is None else self.padding.numbers_for(count)

    def __call__(self, state: Any, data: Mapping[str, Any], call: StepCall) -> tuple[Any, Any]:
        """The state after the steps, and for each of them whether it was taken, its losses and its norms.

        The state that is handed in is gone. It is compiled when it first runs; nothing is waited for.
        """
        with self._compiling():
            results = self._compiled(state, data, call)
        self._has_run = True
        return results  # type: ignore[no-any-return]

    def compiled(self, state: Any, data: Mapping[str, Any], call: StepCall) -> Any:
        """The program as XLA has compiled it for such arguments, without running it."""
        with self._compiling():
            return self._compiled.lower(state, data, call).compile()

    @contextmanager
    def _compiling(self) -> Iterator[None]:
        """What holds while the program may be compiled: that is announced before it first runs."""
        options, first = self._options, not self._has_run
        if first and options.on_compile is not None:
            options.on_compile(self._announcement())
        kept = kept_in(options.cache) if first else nullcontext()
        with device_errors("the training step"), scope(products_of(self._precision)), kept:
            yield

    def _announcement(self) -> str:
        shapes = dict.fromkeys(self.program.inputs[label].shape for label in self._inputs)
        texts = [" × ".join(map(str, shape)) for shape in shapes if shape]
        return f"compiling for {', '.join(texts)}" if texts else "compiling"

    # ---- random numbers ---------------------------------------------------------------------------------

    def drawn_for(self, t: int, count: int) -> list[Any]:
        """The random numbers of a step that `count` rows have, in the order in which the layers ask for
        them."""
        with scope():
            draws = jax.jit(self._drawn)(np.int32(t))
        return [np.asarray(draws[label])[self._of_rows(label, count)] for label in self._draws]

    def numpy_draws(self, generators: Sequence[Any], counts: Sequence[int]) -> dict[str, Any]:
        """The random numbers of steps as NumPy's own engine draws them, to be fed."""
        feeds: dict[str, Any] = {}
        for i, (generator, count) in enumerate(zip(generators, counts, strict=True)):
            for label in self._draws:
                x = self.program.inputs[label]
                numbers = feeds.setdefault(label, np.zeros((self.per_call, *concrete(x.shape)), x.dtype))
                part = numbers[i][self._of_rows(label, count)]
                part[...] = generator.random(part.shape, dtype=x.dtype)
        return feeds

    def _of_rows(self, label: str, count: int) -> tuple[slice, ...]:
        """Where the rows that count have their numbers."""
        rows = None if self.padding is None else self.padding.axes.get(label)
        if rows is None:
            return (slice(None),)
        return (*(slice(None),) * rows.axis, slice(0, rows.per_row * count))

    # ---- what is compiled -------------------------------------------------------------------------------

    def _several(self, state: Any, data: Any, call: StepCall) -> tuple[Any, Any]:
        def step(i: Any, carried: Any) -> Any:
            state, results = carried
            feeds = {label: self._rows(label, x[i]) for label, x in call.feeds.items()}
            state, result = self._step(state, data, feeds, call.numbers[i], call.places[i], i < call.count)
            return state, results.at[i].set(result)

        width = 1 + len(self.losses) + concrete(self.program.outputs[NORMS].shape)[0]
        results = jnp.zeros((self.per_call, width), jnp.float64)
        if self.per_call == 1:
            one: tuple[Any, Any] = step(0, (state, results))
            return one
        # Of another device the host would ask after every step whether there is one more.
        count = call.count if self._placement.on_host else self.per_call
        several: tuple[Any, Any] = lax.fori_loop(0, count, step, (state, results))
        return several

    def _step(
        self, state: Any, data: Any, feeds: Any, numbers: Any, places: Any, there: Any
    ) -> tuple[Any, Any]:
        program, values = self.program, self._values(state, data, feeds, numbers, places)
        wrong: list[Any] = []
        after = after_gradients(there, on_host=self._placement.on_host)
        types, attention = self._types(state), self._fused_attention(after)

        def replay(steps: Sequence[Step], values: dict[int, Any]) -> None:
            run(steps, values, self._rules, None, types, attention)

        for segment in self._segments:
            for recomputation in segment.again:
                recomputation.run(values, replay, after)
            run(segment.steps, values, self._rules, wrong, types, attention)

        def value(x: Any) -> Any:
            return values[x.number] if x.__class__ is SymbolicArray else jnp.asarray(x)

        norms = value(program.outputs[NORMS])
        losses = jnp.stack([value(program.outputs[label]) for label in self.losses])
        fine = state[FINE] & jnp.all(jnp.isfinite(losses)) & jnp.isfinite(norms[0])
        fine = fine & ~jnp.any(jnp.stack(wrong)) if wrong else fine
        taken = fine & there
        updates = {k: value(x).astype(state[k].dtype) for k, x in program.updates.items()}
        new = {k: self._placement.kept(k, jnp.where(taken, x, state[k])) for k, x in updates.items()}
        result = jnp.concatenate([fine[None].astype(jnp.float64), losses.astype(jnp.float64), norms])
        return {**state, **new, FINE: jnp.where(there, fine, state[FINE])}, self._placement.result(result)

    def _fused_attention(self, after: After) -> FusedAttention:
        again = after if self._recomputes else None
        return FusedAttention(self._attention, cudnn=not self._placement.on_host, again=again)

    def _types(self, state: Any) -> MixedPrecision | None:
        if self._precision != "bfloat16":
            return None
        inputs = self.program.inputs
        return MixedPrecision(
            self._scalars.rest, [inputs[label].number for label in state if label in inputs]
        )

    def _rows(self, label: str, array: Any) -> Any:
        """What is fed for a step: rows of an input are divided over the devices."""
        return self._placement.rows(array) if label in self._inputs and array.ndim else array

    def _values(self, state: Any, data: Any, feeds: Any, numbers: Any, places: Any) -> dict[int, Any]:
        """The inputs of the program by number."""
        rows, count, t = places[: self.rows], places[self.rows], places[self.rows + 1]
        draws = {} if set(self._draws) <= feeds.keys() else self._drawn(t)
        given = {**data["fixed"], **draws, **feeds, **state, COUNTED: jnp.arange(self.rows) < count}
        for label, column in data["columns"].items():
            given[label] = self._placement.rows(jnp.take(column, rows, axis=0, mode="clip"))
        values: dict[int, Any] = {}
        for label, x in self.program.inputs.items():
            if label in given:
                values[x.number] = given[label]
                assert given[label].shape == x.shape, (label, given[label].shape, x.shape)
        for x, number in zip(self._scalars.handed, numbers, strict=True):
            values[x.number] = number.astype(x.dtype)
        return values

    def _drawn(self, t: Any) -> dict[str, Any]:
        inputs = self.program.inputs
        return {
            label: uniform(self._seed, t, i, concrete(inputs[label].shape), inputs[label].dtype)
            for i, label in enumerate(self._draws)
        }
