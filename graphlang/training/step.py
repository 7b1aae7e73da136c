"""One training step as a planned program: on rows of a data set, or on arrays that the caller hands in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from graphlang.contracts.backend import TrainingSteps
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import MissingSection
from graphlang.diagnostics.settings import IterationsTooFew, TotalUnknown
from graphlang.engine.compiled import CAPACITY, CachedProgram, Compiled
from graphlang.engine.executable import Executable, built
from graphlang.engine.garbage import collection_paused
from graphlang.engine.memory import refuse_large_run
from graphlang.engine.model import Model
from graphlang.engine.recording import Recording, Storage
from graphlang.inputs.input_values import bind_inputs
from graphlang.spec.recently_used import RecentlyUsed
from graphlang.trace.errors import TooLarge
from graphlang.training.batches import BatchSource
from graphlang.training.finite_state import FiniteState
from graphlang.training.memory_needed import memory_for_step, refused_step
from graphlang.training.refused_steps import StepInputs
from graphlang.training.state import TrainingState

CHECKED_EVERY = 100
"""After so many steps on arrays it is looked whether the parameters are finite."""


class StepOnRows:
    """The training step on rows of the data: a program for each number of rows."""

    def __init__(self, state: TrainingState, data: BatchSource) -> None:
        self._state = state
        self._data = data
        self._programs: RecentlyUsed[Executable] = RecentlyUsed(CAPACITY)
        #: the losses of the last step
        self.known: deque[tuple[float, ...]] = deque()

    def prepare(self, rows: int) -> None:
        """Records and plans the step for batches of so many rows."""
        self.executable(rows)

    def take(self, rows: Any) -> None:
        """One step on some rows.

        Raises GraphError, and changes nothing, where the loss or a gradient is not finite.
        """
        executable = self.executable(len(rows))
        self._data.gather(rows, executable.inputs)
        self._state.step(executable, lambda: batch_inputs(self._state.model, self._data, rows))
        self.known.append(self._state.losses)

    def finish(self) -> None:
        """Every step has been taken already."""

    def executable(self, rows: int) -> Executable:
        """The program for a batch of so many rows."""
        return self._programs.get_or_make(rows, lambda: self._planned(rows))

    def _planned(self, rows: int) -> Executable:
        state, data = self._state, self._data
        storage, sizes = data.storage(rows), data.sizes(rows)
        network, losses = state.model.network, [loss for loss, _ in state.objectives]
        refuse_large_run(network, storage, state.model.dtype, sizes, losses, training=True, planned=True)
        with state.model.diagnosed():
            try:
                return built(
                    lambda: state.record(storage, sizes),
                    lambda: {**state.arrays(), **data.constants()},
                    state.model.threads,
                    memory=partial(memory_for_step, state.model),
                )
            except TooLarge as error:
                raise refused_step(state.model, error, rows) from None


def batch_inputs(model: Model, data: BatchSource, rows: Any) -> StepInputs:
    """The inputs of a step on some rows of the data."""
    inputs = data.batch(rows, model.dtype)
    return StepInputs(inputs, data.sizes(len(rows)), dict.fromkeys(data.columns, rows))


def steps_of(state: TrainingState, data: BatchSource, batch: int) -> TrainingSteps:
    """The steps of a training on the rows of its data, on the backend of the model."""
    backend = state.model.backend
    return StepOnRows(state, data) if backend is None else backend.training_steps(state, data, batch)


class TrainStep(Compiled):
    """`graph.compile(train=True)`: a training step on arrays that are handed in, as `fit` takes it."""

    def __init__(self, model: Model, iterations: int | None = None) -> None:
        section = model.spec.train
        if section is None:
            raise GraphError([MissingSection("compile(train=True)", "train", model.file)])
        if iterations is not None and iterations < 1:
            raise GraphError([IterationsTooFew(None, iterations)])
        total = section.iterations if iterations is None else iterations
        self._state = TrainingState(model, section, total)
        if total is None and self._state.schedule.needs_total:
            raise GraphError([TotalUnknown(None, section.schedule.name)])
        self._finite = FiniteState(self._state)
        #: the steps on a backend; None where NumPy computes
        self._steps = None if model.backend is None else model.backend.array_steps(self._state)
        super().__init__(model, [loss for loss, _ in self._state.objectives])

    @property
    def losses(self) -> dict[str, float]:
        """The losses of the last step by the names of several objectives; of one loss it is empty."""
        return dict(zip(self._state.several, self._state.losses, strict=False))

    @property
    def t(self) -> int:
        """Steps taken so far."""
        return self._state.t

    def _record(self, inputs: Mapping[int, Storage], sizes: Mapping[str, int]) -> Recording:
        return self._state.record(inputs, sizes)

    def _bound(self) -> Mapping[str, Any]:
        return self._state.arrays()

    def __call__(self, inputs: Mapping[str, Any] | None = None, /, *more: Any, **named: Any) -> float:
        if more or not (inputs is None or isinstance(inputs, Mapping)):
            names = ", ".join(f"{name}=..." for name in self._model.network.inputs)
            raise TypeError(f"a step takes arrays by the names of inputs: write step({names})")
        arrays = {**inputs, **named} if inputs else named
        with self._lock:
            if self._state.t % CHECKED_EVERY == 0:
                self._finite.check_since_last_step()
            step: Any = self._planned(arrays).executable
            if self._steps is None:
                return self._state.step(step, lambda: self._batch(arrays))
            with self._model.running():
                return float(step.take(lambda: self._batch(arrays)))

    def _plan(
        self, key: Any, arrays: Mapping[str, Any], sizes: Mapping[str, int], *, plain: bool = True
    ) -> CachedProgram:
        if self._steps is None:
            return super()._plan(key, arrays, sizes, plain=plain)
        numbers = self._model.network.numbers
        storage = {numbers[n]: Storage(a.shape, a.dtype) for n, a in arrays.items()}
        with self._model.diagnosed(), collection_paused():
            step = self._steps.program(self._record(storage, sizes), list(arrays))
        planned = self._programs[key] = CachedProgram(key, sizes, step)
        return planned

    def _batch(self, arrays: Mapping[str, Any]) -> StepInputs:
        model = self._model
        bound = bind_inputs(model.network, arrays, model.dtype, self._needed(arrays), model.file)
        return StepInputs(bound.values, bound.sizes, {})


def train_step(
    model: Model, wrt: str | Iterable[str] | None, of: str | None, iterations: int | None
) -> TrainStep:
    """What `compile(train=True)` gives; raises ValueError for what is no option of it."""
    if wrt is not None or of is not None:
        raise ValueError(
            "compile(train=True) minimizes what the `train` section says: leave `wrt` and `of` out; "
            "a value and its gradients are a program of their own, compile(wrt=[...])"
        )
    return TrainStep(model, iterations)
