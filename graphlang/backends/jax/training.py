"""The steps of a training on JAX: they are started, and their losses are read some steps later."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from math import prod
from typing import Any, NamedTuple, NoReturn

import numpy as np

from graphlang.backends.jax.device_errors import device_errors
from graphlang.backends.jax.device_state import DeviceState
from graphlang.backends.jax.placement import Placement
from graphlang.backends.jax.precision import precision_of
from graphlang.backends.jax.remat import blocks_of
from graphlang.backends.jax.several_steps import steps_per_call
from graphlang.backends.jax.step_program import StepCall, StepProgram
from graphlang.backends.options import Jax
from graphlang.engine.garbage import collection_paused
from graphlang.engine.memory import refuse_large_run
from graphlang.engine.random_streams import Redrawn
from graphlang.engine.recording import Recording
from graphlang.engine.row_padding import padded
from graphlang.training.batches import BatchSource
from graphlang.training.state import TrainingState
from graphlang.training.step import batch_inputs

LAG = 4
"""So many calls are under way before the result of the oldest one is waited for."""
AHEAD = 2
"""Rows are gathered for so many calls ahead, where the data does not stay on the device."""


class _Started(NamedTuple):
    """A call under way: its results on the device, the rows of its steps, and the number of the first."""

    results: Any
    batches: Sequence[Any]
    t: int


class _Gathered(NamedTuple):
    """A call whose rows are being gathered."""

    program: StepProgram
    call: Future[StepCall]
    batches: Sequence[Any]
    t: int


class StepsOnDevice:
    """Takes the steps of a training on rows of its data.

    Several steps may be one call, and some calls are under way at any time. From a step on whose loss or
    gradients are not finite nothing is changed, so it does no harm that its loss is read late.
    """

    def __init__(
        self, options: Jax, placement: Placement, training: TrainingState, data: BatchSource, batch: int
    ) -> None:
        self._options, self._placement = options, placement
        self._training, self._data, self._batch = training, data, batch
        self._numpy_draws = options.draws == "numpy"
        self._state = DeviceState(training, self._placement)
        self._programs: list[StepProgram] = []
        self._on_device: dict[str, dict[str, Any]] | None = None
        #: the rows of steps that the next call takes
        self._waiting: list[Any] = []
        self._gathered: deque[_Gathered] = deque()
        self._started: deque[_Started] = deque()
        self._threads: ThreadPoolExecutor | None = None
        #: the losses of steps that are known by now and have not been asked for
        self.known: deque[tuple[float, ...]] = deque()

    def prepare(self, rows: int) -> None:
        """Records the step for batches of so many rows: this tells which parameters have slots."""
        self._program(rows)

    def take(self, rows: Any) -> None:
        """Takes a step on some rows, some time soon."""
        program = self._program(len(rows))
        if self._waiting and self._program(len(self._waiting[0])) is not program:
            self._launch()
        self._waiting.append(rows)
        self._training.t += 1
        if len(self._waiting) == program.per_call:
            self._launch()
        self._read(LAG)

    def finish(self) -> None:
        """Waits for all steps."""
        self._launch()
        while self._gathered:
            self._start_oldest()
        self._read(0)

    # ---- programs and data ------------------------------------------------------------------------------

    def _program(self, rows: int) -> StepProgram:
        for program in self._programs:
            if program.serves(rows):
                return program
        with self._training.model.diagnosed(), collection_paused():
            self._programs.append(self._for_both_sizes(rows) or self._made(self._recording(rows), rows))
        return self._programs[-1]

    def _recording(self, rows: int) -> Recording:
        training, storage, sizes = self._training, self._data.storage(rows), self._data.sizes(rows)
        if self._placement.on_host:
            model, losses = training.model, [loss for loss, _ in training.objectives]
            refuse_large_run(model.network, storage, model.dtype, sizes, losses, training=True, planned=True)
        return training.record(storage, sizes)

    def _for_both_sizes(self, rows: int) -> StepProgram | None:
        """A program for full batches that serves the smaller last one of an epoch too, where there can be
        one."""
        last = self._data.rows % self._batch
        if not self._data.columns or last == 0 or rows not in (self._batch, last):
            return None
        many, few = self._recording(self._batch), self._recording(last)
        padding = padded(many.program, few.program, self._names, self._batch, last)
        if padding is None:
            return None
        return self._made(Recording(padding.program, many.draws), self._batch, padding)

    def _made(self, recording: Recording, rows: int, padding: Any = None) -> StepProgram:
        per_call = 1
        if rows == self._batch:
            per_call = self._options.steps_per_call or steps_per_call(recording.program, self._placement)
        if self._training.waits and not self._placement.on_host:
            per_call = 1  # the other steps of a call would be computed for nothing
        if self._data.columns:
            per_call = max(1, min(per_call, self._data.rows // self._batch))
        seed = self._training.model.seed
        return StepProgram(
            self._options,
            self._placement,
            recording,
            self._names,
            rows,
            padding,
            seed,
            per_call,
            precision_of(self._options, self._training),
            blocks_of(self._options, self._training),
        )

    @property
    def _names(self) -> list[str]:
        """The inputs that the columns of the data are for."""
        return [self._data.names[number] for number in self._data.columns]

    def _arrays(self) -> dict[str, dict[str, Any]]:
        """What all batches use: the columns where they stay on the device, and the inputs that are fixed."""
        if self._on_device is None:
            data, placement = self._data, self._placement
            columns = dict(zip(self._names, data.columns.values(), strict=True))
            stays = placement.holds_data(sum(prod(c.shape) * c.storage.itemsize for c in columns.values()))
            self._on_device = {
                "columns": {name: placement.whole(c.load()) for name, c in columns.items()} if stays else {},
                "fixed": {name: placement.whole(array) for name, array in data.constants().items()},
            }
        return self._on_device

    # ---- calls ------------------------------------------------------------------------------------------

    def _launch(self) -> None:
        """Starts a call for the steps that wait; where rows have to be gathered for it, some calls later."""
        if not self._waiting:
            return
        batches, self._waiting = self._waiting, []
        program, t = self._program(len(batches[0])), self._training.t - len(batches) + 1
        if self._arrays()["columns"] or not self._data.columns:
            self._start(program, self._call(program, batches, t), batches, t)
            return
        if self._threads is None:
            self._threads = ThreadPoolExecutor(1, "graphlang rows")
        call = self._threads.submit(self._call, program, batches, t, self._data.columns)
        self._gathered.append(_Gathered(program, call, batches, t))
        while len(self._gathered) > AHEAD:
            self._start_oldest()

    def _start_oldest(self) -> None:
        program, call, batches, t = self._gathered.popleft()
        self._start(program, call.result(), batches, t)

    def _call(self, program: StepProgram, batches: Sequence[Any], t: int, columns: Any = ()) -> StepCall:
        """The arguments of a call; the rows of `columns` come with it."""
        training, steps = self._training, range(t, t + len(batches))
        feeds: dict[str, Any] = {}
        for number in columns:
            column = columns[number]
            feeds[self._data.names[number]] = self._rows_of(column, program, batches)
        if self._numpy_draws:
            draws = program.numpy_draws([training.random(i) for i in steps], [len(rows) for rows in batches])
            feeds |= {label: self._placement.whole(array) for label, array in draws.items()}
        return program.call(batches, [training.numbers(i) for i in steps], t, feeds)

    def _rows_of(self, column: Any, program: StepProgram, batches: Sequence[Any]) -> Any:
        """The rows of a column in several batches, on the devices."""
        places = [program.padded_rows(batch) for batch in batches]

        def gather(i: int, part: slice, out: Any) -> None:
            if i < len(places):
                column.gather(places[i][part], out)

        shape = (program.per_call, program.rows, *column.shape[1:])
        return self._placement.batches(shape, column.storage, gather)

    def _start(self, program: StepProgram, call: StepCall, batches: Sequence[Any], t: int) -> None:
        state, results = program(self._state.take(), self._arrays(), call)
        self._state.replace(state)
        self._started.append(_Started(results, batches, t))

    # ---- results ----------------------------------------------------------------------------------------

    def _read(self, keep: int) -> None:
        """Reads the results of calls that have ended, and waits for all but the last `keep` ones.

        Raises GraphError where a step had to be refused; nothing that came after it has changed anything.
        """
        while self._started and (len(self._started) > keep or self._is_ready()):
            results, batches, t = self._started.popleft()
            with device_errors("the training step"):
                numbers = np.asarray(results).tolist()
            count = 1 + len(self._training.objectives)
            for rows, (fine, *others) in zip(batches, numbers, strict=False):
                if not fine:
                    self._refuse(t, rows)
                self._training.losses = tuple(others[: count - 1])
                self._training.norms = others[count - 1 :]
                self.known.append(self._training.losses)
                t += 1

    def _is_ready(self) -> bool:
        """Whether the results of the oldest call may be read at once. Processes that compute together have to
        read at the same step, so they wait for the steps that are asked for alone."""
        return not self._placement.is_shared and bool(self._started[0].results.is_ready())

    def _refuse(self, t: int, rows: Any) -> NoReturn:
        """Says what was wrong with a step, by taking it once more in NumPy."""
        program, training = self._program(len(rows)), self._training
        self._waiting, training.t = [], t - 1
        self._started.clear()
        self._gathered.clear()
        self._state.go_on()
        random = None if self._numpy_draws else Redrawn(program.drawn_for(t, len(rows)))
        raise training.refusal(t, batch_inputs(training.model, self._data, rows), random)
