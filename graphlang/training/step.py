"""One training step as a planned program: on rows of a data set, or on arrays that the caller hands in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import MissingSection
from graphlang.diagnostics.settings import IterationsTooFew, TotalUnknown
from graphlang.engine.compiled import CAPACITY, Compiled
from graphlang.engine.executable import Executable, built
from graphlang.engine.memory import refuse_large_run
from graphlang.engine.model import Model
from graphlang.engine.recording import Recording, Storage
from graphlang.inputs.input_values import bind_inputs
from graphlang.spec.recently_used import RecentlyUsed
from graphlang.training.batches import BatchSource
from graphlang.training.refused_steps import StepInputs
from graphlang.training.state import TrainingState


class StepOnRows:
    """The training step on rows of the data: a program for each number of rows."""

    def __init__(self, state: TrainingState, data: BatchSource) -> None:
        self._state = state
        self._data = data
        self._programs: RecentlyUsed[Executable] = RecentlyUsed(CAPACITY)

    def __call__(self, rows: Any) -> float:
        """One step on some rows; returns the loss before it.

        Raises GraphError, and changes nothing, where the loss or a gradient is not finite.
        """
        executable = self.executable(len(rows))
        self._data.gather(rows, executable.inputs)
        return self._state.step(executable, lambda: self.batch(rows))

    def batch(self, rows: Any) -> StepInputs:
        """The inputs of a step on some rows."""
        data = self._data
        inputs = data.batch(rows, self._state.model.dtype)
        return StepInputs(inputs, data.sizes(len(rows)), dict.fromkeys(data.columns, rows))

    def executable(self, rows: int) -> Executable:
        """The program for a batch of so many rows."""
        return self._programs.get_or_make(rows, lambda: self._planned(rows))

    def _planned(self, rows: int) -> Executable:
        state, data = self._state, self._data
        storage, sizes = data.storage(rows), data.sizes(rows)
        network, loss = state.model.network, [state.loss]
        refuse_large_run(network, storage, state.model.dtype, sizes, loss, training=True, planned=True)
        with state.model.diagnosed():
            return built(
                lambda: state.record(storage, sizes),
                lambda: {**state.arrays(), **data.constants()},
                state.model.threads,
                memory=network.limits.memory,
            )


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
        super().__init__(model, [self._state.loss])

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
            executable = self._planned(arrays).executable
            assert isinstance(executable, Executable)
            return self._state.step(executable, lambda: self._batch(arrays))

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
