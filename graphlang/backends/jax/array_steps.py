"""Training steps on arrays that the caller hands in, as `compile(train=True)` takes them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from graphlang.backends.jax.compiled_memory import memory_of_compiled
from graphlang.backends.jax.device_errors import device_errors
from graphlang.backends.jax.device_state import DeviceState
from graphlang.backends.jax.placement import Placement
from graphlang.backends.jax.precision import precision_of
from graphlang.backends.jax.remat import blocks_of
from graphlang.backends.jax.step_program import StepCall, StepProgram
from graphlang.backends.options import Jax
from graphlang.contracts.memory import Memory
from graphlang.engine.random_streams import Redrawn
from graphlang.engine.recording import Recording
from graphlang.training.refused_steps import StepInputs
from graphlang.training.state import TrainingState


class StepsOnArrays:
    """The steps of one training: programs for several shapes of the inputs share its state."""

    def __init__(self, options: Jax, placement: Placement, training: TrainingState) -> None:
        self._options, self._placement, self._training = options, placement, training
        self._state = DeviceState(training, placement)

    def program(self, recording: Recording, inputs: Collection[str]) -> StepOnArrays:
        """The step that is recorded, for these inputs."""
        seed = self._training.model.seed
        program = StepProgram(
            self._options,
            self._placement,
            recording,
            inputs,
            0,
            None,
            seed,
            1,
            precision_of(self._options, self._training),
            blocks_of(self._options, self._training),
        )
        return StepOnArrays(program, self._training, self._state, draws=self._options.draws)


class StepOnArrays:
    """A step for inputs of certain shapes; the loss of each is waited for."""

    fails = False

    def __init__(
        self, program: StepProgram, training: TrainingState, state: DeviceState, *, draws: str
    ) -> None:
        self._program, self._training, self._state = program, training, state
        self._numpy_draws = draws == "numpy"
        self._fixed: dict[str, dict[str, Any]] = {"columns": {}, "fixed": {}}
        #: the arrays of the next step
        self.inputs: dict[str, Any] = {}

    def give(self, label: str, array: Any) -> None:
        """Sets an input."""
        self.inputs[label] = np.asarray(array, self._program.program.inputs[label].dtype)

    def take(self, batch: Callable[[], StepInputs]) -> float:
        """Takes a step; returns the loss before it. Raises GraphError, and changes nothing, where a number is
        not finite; `batch` returns the inputs."""
        training, program = self._training, self._program
        t = training.t + 1
        state, results = program(self._state.take(), self._fixed, self._call(t))
        self._state.replace(state)
        with device_errors("the training step"):
            fine, *others = np.asarray(results)[0].tolist()
        if not fine:
            self._state.go_on()
            random = None if self._numpy_draws else Redrawn(program.drawn_for(t, 0))
            raise training.refusal(t, batch(), random)
        count = len(training.objectives)
        training.t, training.losses, training.norms = t, tuple(others[:count]), others[count:]
        return training.losses[0]

    def _call(self, t: int) -> StepCall:
        """The arguments of step number t."""
        training, program = self._training, self._program
        feeds = {label: array[None] for label, array in self.inputs.items()}
        if self._numpy_draws:
            feeds |= program.numpy_draws([training.random(t)], [0])
        return program.call([()], [training.numbers(t)], t, feeds)

    def memory(self, parameters: Collection[str]) -> Memory | None:
        """What XLA says of the step; of several devices, on one of them."""
        state, labels = self._state.take(), self._program.program.inputs.keys()
        sizes = {label: array.addressable_shards[0].data.nbytes for label, array in state.items()}
        own = sum(size for label, size in sizes.items() if label in labels and label in parameters)
        slots = sum(size for label, size in sizes.items() if label in labels and label not in parameters)
        compiled = self._program.compiled(state, self._fixed, self._call(self._training.t + 1))
        return memory_of_compiled(compiled, own, slots)
