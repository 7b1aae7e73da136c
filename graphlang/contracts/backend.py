"""What the engine sees of a backend: something that compiles a recorded program and runs it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from graphlang.contracts.memory import Memory
from graphlang.trace import Step, SymbolicArray


class RecordedProgram(Protocol):
    """Steps, and which values are inputs, outputs and updates: what `engine.program.Program` is."""

    @property
    def inputs(self) -> Mapping[str, SymbolicArray]: ...

    @property
    def outputs(self) -> Mapping[str, Any]: ...

    @property
    def updates(self) -> Mapping[str, Any]: ...

    @property
    def steps(self) -> list[Step]: ...


class BoundProgram(Protocol):
    """A program with an array for each of its inputs: what `engine.executable.Executable` is."""

    #: the arrays that the next run reads, by label; they may be written into
    inputs: dict[str, Any]
    #: labels of the inputs that are filled with random numbers before every run
    draws: tuple[str, ...]

    @property
    def outputs(self) -> Collection[str]:
        """The labels of the outputs."""

    @property
    def fails(self) -> bool:
        """Whether the last run shows that a program without the exact products has to be replaced."""

    def give(self, label: str, array: Any) -> None:
        """Sets an input."""

    def renew(self) -> None:
        """Prepares a run, so that what the caller still holds of the last one stays as it is."""

    def fill(self, generator: Any) -> None:
        """Draws the random numbers of a run."""

    def run(self) -> None:
        """Runs the program once on the current inputs; raises what NumPy's own engine raises."""

    def output(self, label: str) -> Any:
        """An output of the last run as a NumPy array, which the next run may overwrite."""

    def take(self, label: str) -> Any:
        """An output of the last run as a NumPy array that belongs to the caller."""

    def memory(self, parameters: Collection[str]) -> Memory | None:
        """The bytes that the program takes, some of them for these parameters; None where that is unknown."""


class TrainingSteps(Protocol):
    """Takes the steps of a training, one after the other; their losses may be known some steps later.

    A step whose loss or gradients are not finite raises GraphError, perhaps at a later call. It changes
    nothing, and neither does any step after it.
    """

    #: the losses of steps that are known and that nobody has taken out yet, the oldest step first; of each
    #: step one for every objective
    known: deque[tuple[float, ...]]

    def prepare(self, rows: int) -> None:
        """Records the step for batches of so many rows, which tells which parameters have slots."""

    def take(self, rows: Any) -> None:
        """Takes a step on some rows of the data."""

    def finish(self) -> None:
        """Waits until every step has been taken and all losses are known."""


class ArrayStep(Protocol):
    """A training step on arrays of certain shapes."""

    def give(self, label: str, array: Any) -> None:
        """Sets an input."""

    def take(self, batch: Callable[[], Any]) -> float:
        """Takes a step, and returns the loss before it; to explain a number that is not finite, it needs the
        inputs, which `batch` returns."""

    def memory(self, parameters: Collection[str]) -> Memory | None:
        """The bytes that the step takes, some of them for these parameters; None where that is unknown."""


class ArraySteps(Protocol):
    """The steps of one training on arrays that are handed in."""

    def program(self, recording: Any, inputs: Collection[str]) -> ArrayStep:
        """A recorded step for these inputs."""


class Backend(Protocol):
    """What a model is run with instead of NumPy."""

    name: str
    #: the options with which it was asked for: a graph that is pickled keeps them
    options: Any

    @property
    def platform(self) -> str:
        """The kind of the device: cpu, gpu or tpu."""

    @property
    def device_name(self) -> str:
        """The device, such as `NVIDIA H100 80GB HBM3`."""

    def check(self, steps: Sequence[Step]) -> None:
        """Raises NoRule where a step has no rule here."""

    def bound(
        self, program: RecordedProgram, draws: Sequence[str], arrays: Mapping[str, Any]
    ) -> BoundProgram:
        """A program with the arrays of its inputs; it is compiled when it first runs."""

    def training_steps(self, training: Any, data: Any, batch: int) -> TrainingSteps:
        """The steps of a training (`training.state.TrainingState`) on batches of so many rows of its data."""

    def array_steps(self, training: Any) -> ArraySteps:
        """The steps of a training on arrays that are handed in."""

    def about(self) -> Mapping[str, str]:
        """What a run folder keeps of it: name, version, device, and how random numbers are drawn."""
