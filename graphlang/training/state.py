"""The state of a training: the optimizer with its memory, the schedule, and the steps taken."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from graphlang.catalog.operation import Random
from graphlang.contracts.initializer import stream
from graphlang.contracts.optimizer import Optimizer
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.not_finite import GradientNotFinite
from graphlang.diagnostics.running import CannotRun
from graphlang.engine.executable import Executable
from graphlang.engine.model import Model
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.recording import Recording, Storage, record_step
from graphlang.engine.updates import (
    APPLIES,
    AVERAGE,
    COUNT,
    NORMS,
    RATE,
    STEP,
    UPDATE,
    UpdateRule,
    loss_label,
    recorded_updates,
    slot_label,
)
from graphlang.spec.models import ObjectiveSpec, Precision, Remat, TrainSpec, Use
from graphlang.spec.network import Network
from graphlang.spec.parameter_groups import group_of
from graphlang.trace import Trace
from graphlang.training.refused_steps import StepInputs, TriedObjective, not_finite_error


def objective_of(name: str, section: TrainSpec) -> ObjectiveSpec | None:
    """Of several objectives the first one that changes a parameter."""
    for objective in section.objectives:
        if any(fnmatchcase(name, pattern) for pattern in objective.patterns):
            return objective
    return None


def trained_for(network: Network, section: TrainSpec) -> list[tuple[str, list[str]]]:
    """What is minimized, and the parameters that change for it: what the loss depends on and no group
    freezes."""
    trained: list[tuple[str, list[str]]] = []
    for number, loss in enumerate(section.losses):
        needed = network.ancestors([network.numbers[loss]])
        names = []
        for name, param in network.params.items():
            group = group_of(name, section.groups)
            frozen = not param.trainable or (group is not None and group.freeze)
            own = not section.objectives or objective_of(name, section) is section.objectives[number]
            if own and not frozen and needed[network.numbers[name]]:
                names.append(name)
        trained.append((loss, names))
    return trained


class TrainingState:
    """All that changes from step to step except the parameters, and how to take a step.

    It is the same for rows of a data set and for arrays of the caller.
    """

    def __init__(self, model: Model, section: TrainSpec, total: int | None) -> None:
        network = model.network
        self.model = model
        self.section = section
        self.loss = network.numbers[section.minimize]
        #: the names of several objectives; none where there is one loss
        self.several = section.several
        #: whether the loss of every step is asked for before the next one is begun
        self.waits = False
        self.optimizer = network.member("optimizers", section.optimizer)
        self.rule = UpdateRule(
            self.optimizer_of,
            self.optimizer.lr,
            section.clip_norm,
            section.clip_value,
            section.accumulate,
            section.ema,
        )
        self.schedule = network.member("schedules", section.schedule)
        #: how products may be rounded, on a backend that can; in float64 they never are
        self.precision: Precision = section.precision if model.dtype == np.float32 else "float32"
        #: which forward values are computed again for the gradients, on a backend that can
        self.remat: Remat = section.remat
        #: how many steps there will be, for a schedule that runs over all of them; None where nobody says
        self.total = total
        #: steps taken so far
        self.t = 0
        #: what is minimized, and the parameters that change for it
        self.objectives = [
            (network.numbers[loss], trained) for loss, trained in trained_for(model.network, section)
        ]
        #: the optimizer's memory of each parameter that a gradient reaches, once a step is recorded
        self.slots: dict[str, dict[str, Any]] = {}
        #: what multiplies the rate since the last epoch, under the schedule `plateau`
        self.drop = 1.0
        self._optimizers: dict[str, Optimizer] = {}
        self._loss_labels = [loss_label(place) for place in range(len(self.objectives))]
        #: the losses of the last step, one for each objective
        self.losses: tuple[float, ...] = ()
        #: the norms of the last step's gradients before any clipping: of all together, then of each
        self.norms: Any = ()

    def record(self, inputs: Mapping[int, Storage], sizes: Mapping[str, int]) -> Recording:
        """The program of one step."""
        return record_step(
            self.model.network,
            inputs,
            self.model.dtype,
            sizes,
            self.objectives,
            self.rule,
            self._slots_of,
        )

    def optimizer_of(self, name: str) -> Optimizer:
        """The optimizer of a parameter, with what its group sets."""
        if name not in self._optimizers:
            group, use = group_of(name, self.section.groups), self.section.optimizer
            objective = objective_of(name, self.section)
            if objective is not None:
                use = objective.optimizer
            attributes = {} if group is None else group.attributes
            own = self.optimizer
            if attributes or objective is not None:
                own = self.model.network.member(
                    "optimizers", Use(name=use.name, attributes={**use.attributes, **attributes})
                )
            self._optimizers[name] = own
        return self._optimizers[name]

    def _slots_of(self, name: str) -> dict[str, Any]:
        if name not in self.slots:
            self.slots[name] = self.rule.slots(name, self.model.params[name])
        return self.slots[name]

    def arrays(self) -> dict[str, Any]:
        """The parameters and the optimizer's memory: a program updates them where they lie."""
        arrays = dict(self.model.params)
        for name, slots in self.slots.items():
            arrays.update({slot_label(name, slot): array for slot, array in slots.items()})
        return arrays

    def averages(self) -> dict[str, Any]:
        """With `ema`, the averages of the parameters that have changed."""
        if self.section.ema is None or self.t == 0:
            return {}
        self.model.params.refresh()  # where a device has the newest values, it gives all of them
        return {name: own[AVERAGE] for name, own in self.slots.items()}

    def gradient_norms(self) -> dict[str, float]:
        """The norm of each parameter's gradient in the last step, before any clipping."""
        return dict(zip(self.slots, map(float, self.norms[1:]), strict=True))

    def restore(self, slots: Mapping[str, Mapping[str, Any]], t: int) -> None:
        """Goes on from the optimizer's memory after `t` steps."""
        for name, own in self.slots.items():
            for slot, array in own.items():
                array[...] = slots[name][slot]
        self.t = t

    def step(self, executable: Executable, batch: Callable[[], StepInputs]) -> float:
        """One step on the values in the program's inputs; returns the loss before it, of several objectives
        the first.

        Where a loss or a gradient is not finite, nothing is changed, and the GraphError says where the
        first such number is; to find it, the step is run again on the inputs that `batch` returns.
        """
        t = self.t + 1
        for label, number in self.numbers(t).items():
            executable.inputs[label][...] = number
        if executable.draws:
            executable.fill(self.random(t))
        try:
            executable.run_to_updates()
            losses = tuple(float(executable.output(label)) for label in self._loss_labels)
            self.norms = executable.output(NORMS)
            finite = math.isfinite(sum(losses)) and math.isfinite(self.norms[0])
            if finite:
                executable.run_updates()
        except (ValueError, IndexError, TypeError, ArithmeticError) as error:
            raise GraphError([CannotRun("the training step", str(error))]) from error
        if not finite:
            raise self.refusal(t, batch())
        self.t, self.losses = t, losses
        return losses[0]

    def rate(self, t: int) -> float:
        """The learning rate of an update of the parameters."""
        total = None if self.total is None else -(-self.total // self.rule.accumulate)
        return float(self.optimizer.lr * self.drop * self.schedule.multiplier(t, total or t))

    def numbers(self, t: int) -> dict[str, float]:
        """The scalars of a step. With `accumulate` the update after it counts for rate and number."""
        batches = self.rule.accumulate
        if batches == 1:
            return {RATE: self.rate(t), STEP: t}
        update, count = (t - 1) // batches + 1, (t - 1) % batches + 1
        applies = count == batches or t == self.total
        return {RATE: self.rate(update), STEP: t, APPLIES: float(applies), COUNT: count, UPDATE: update}

    def refusal(self, t: int, batch: StepInputs, random: Random | None = None) -> GraphError:
        """What is wrong with a step, by taking it once more; with other random numbers than NumPy's where
        they are given."""
        draws = StreamRandom(self.random(t), self.model.dtype, t) if random is None else random
        tried, backend = self._tried(t), self.model.backend
        error = not_finite_error(self.model, tried, batch, draws, t)
        problem = error.diagnostics[0]
        if backend is not None and isinstance(problem, GradientNotFinite) and problem.is_empty:
            return GraphError([problem.elsewhere(backend.name)])
        return error

    def _tried(self, t: int) -> list[TriedObjective]:
        """What step number t does for each objective."""
        numbers = {label: np.float64(number) for label, number in self.numbers(t).items()}

        def updated(gradients: Mapping[str, Any]) -> Mapping[str, Any]:
            params = {name: self.model.params[name] for name in gradients}
            slots = {name: self.slots[name] for name in gradients}
            return recorded_updates(Trace(), self.rule, params, gradients, slots, numbers).values

        tried = []
        for place, (loss, trained) in enumerate(self.objectives):
            of = f", in `{self.several[place]}`" if self.several else ""
            reached = [name for name in trained if name in self.slots]
            tried.append(TriedObjective(loss, reached, updated, f"at iteration {t}{of}"))
        return tried

    def random(self, t: int) -> np.random.Generator:
        """The random numbers of a step."""
        return stream(self.model.seed, f"random of step {t}")
