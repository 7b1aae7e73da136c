"""One training step as a planned program on the graph's own parameters."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.contracts.initializer import stream
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import CannotRun, MissingSection
from graphlang.diagnostics.settings import WrongSetting
from graphlang.engine.compiled import CAPACITY, Compiled
from graphlang.engine.executable import Executable, built
from graphlang.engine.recording import (
    NORM,
    RATE,
    STEP,
    Recording,
    Storage,
    record_step,
    slot_label,
)
from graphlang.inputs.input_values import prepare
from graphlang.training.not_finite import Batch, refusal

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.contracts.optimizer import Optimizer
    from graphlang.training.batches import Feed


class Trained:
    """What every training step of a graph shares: the optimizer and what it remembers."""

    def __init__(self, graph: Graph, minimize: str, optimizer: Optimizer, clip_norm: float | None) -> None:
        self.graph = graph
        self.network = graph.network
        self.loss = graph.network.numbers[minimize]
        self.optimizer = optimizer
        self.clip_norm = clip_norm
        needed = self.network.ancestors([self.loss])
        params = self.network.params
        self.names = [n for n, p in params.items() if p.trainable and needed[self.network.numbers[n]]]
        #: what the optimizer remembers of each parameter that a gradient reaches, once a step is recorded
        self.slots: dict[str, dict[str, Any]] = {}

    def record(self, inputs: Mapping[int, Storage], sizes: Mapping[str, int]) -> Recording:
        return record_step(
            self.network,
            inputs,
            self.graph.params.dtype,
            sizes,
            self.loss,
            self.optimizer,
            self.names,
            self._slots_of,
            self.clip_norm,
        )

    def _slots_of(self, name: str) -> dict[str, Any]:
        if name not in self.slots:
            self.slots[name] = self.optimizer.slots(self.graph.params[name])
        return self.slots[name]

    def bound(self) -> dict[str, Any]:
        """The parameters and what the optimizer remembers: the program updates them where they lie."""
        arrays = {name: self.graph.params[name] for name in self.graph.params}
        for name, slots in self.slots.items():
            arrays.update({slot_label(name, slot): array for slot, array in slots.items()})
        return arrays

    def restore(self, slots: Mapping[str, Mapping[str, Any]]) -> None:
        """Takes up what the optimizer remembered."""
        for name, own in self.slots.items():
            for slot, array in own.items():
                array[...] = slots[name][slot]

    def step(self, executable: Executable, lr: float, t: int, batch: Callable[[], Batch]) -> float:
        """One step on what the program's inputs hold; the loss before it.

        Where the loss or a gradient is not finite nothing is changed, and GraphError says where that came
        up; `batch` is what the step is run again on to find it.
        """
        executable.inputs[RATE][...] = lr
        executable.inputs[STEP][...] = t
        if executable.draws:
            executable.fill(self._random(t))
        try:
            executable.run_to_updates()
            loss = float(executable.output("loss"))
            sound = math.isfinite(loss) and math.isfinite(executable.output(NORM))
            if sound:
                executable.run_updates()
        except (ValueError, IndexError, TypeError, ArithmeticError) as error:
            raise GraphError([CannotRun("the training step", str(error))]) from error
        if not sound:
            random, when = self._random(t), f"at iteration {t}"
            raise refusal(self.graph, self.loss, list(self.slots), batch(), random, when)
        return loss

    def _random(self, t: int) -> np.random.Generator:
        return stream(self.graph.seed, f"random of step {t}")


class Stepper:
    """Training steps on rows of a data set."""

    def __init__(
        self,
        graph: Graph,
        minimize: str,
        optimizer: Optimizer,
        clip_norm: float | None,
    ) -> None:
        self.graph = graph
        self.trained = Trained(graph, minimize, optimizer, clip_norm)
        self._kept: OrderedDict[tuple[Feed, int], Executable] = OrderedDict()

    @property
    def slots(self) -> dict[str, dict[str, Any]]:
        return self.trained.slots

    def restore(self, slots: Mapping[str, Mapping[str, Any]]) -> None:
        self.trained.restore(slots)

    def step(self, feed: Feed, rows: Any, lr: float, t: int) -> float:
        """One step on some rows; the loss before it. Raises GraphError, and changes nothing, where the loss
        or a gradient is not finite."""
        executable = self.executable(feed, len(rows))
        feed.gather(rows, executable.inputs)
        return self.trained.step(executable, lr, t, lambda: self._batch(feed, rows))

    def _batch(self, feed: Feed, rows: Any) -> Batch:
        inputs = feed.batch(rows, self.graph.params.dtype)
        return Batch(inputs, feed.sizes(len(rows)), dict.fromkeys(feed.columns, rows))

    def executable(self, feed: Feed, rows: int) -> Executable:
        """The program for a batch of so many rows."""
        key = (feed, rows)
        found = self._kept.get(key)
        if found is None:
            storage, sizes = feed.storage(rows), feed.sizes(rows)
            with self.graph._diagnosed():
                found = built(
                    lambda: self.trained.record(storage, sizes),
                    lambda: {**self.trained.bound(), **feed.constants()},
                    self.graph.threads,
                )
            self._kept[key] = found
            if len(self._kept) > CAPACITY:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return found


class CompiledStep(Compiled):
    """`graph.compile(train=True)`: a training step on arrays that are handed in, as `fit` takes it."""

    def __init__(self, graph: Graph, threads: int | None, iterations: int | None = None) -> None:
        section = graph.spec.train
        if section is None:
            raise GraphError([MissingSection("compile(train=True)", "train", graph.file)])
        network = graph.network
        optimizer = network.member("optimizers", section.optimizer)
        self._schedule = network.member("schedules", section.schedule)
        self._trained = Trained(graph, section.minimize, optimizer, section.clip_norm)
        if iterations is not None and iterations < 1:
            raise GraphError([WrongSetting(None, f"`iterations` is {iterations}, but must be at least 1")])
        self._total = section.iterations if iterations is None else iterations
        if self._total is None and self._schedule.needs_total:
            raise GraphError([_total_unknown(section.schedule.name)])
        #: steps taken so far
        self.t = 0
        super().__init__(graph, [self._trained.loss], graph.params.dtype, threads)

    def _record(self, inputs: Mapping[int, Storage], sizes: Mapping[str, int]) -> Recording:
        return self._trained.record(inputs, sizes)

    def _bound(self) -> Mapping[str, Any]:
        return self._trained.bound()

    def __call__(self, inputs: Mapping[str, Any] | None = None, /, *more: Any, **named: Any) -> float:
        if more or not (inputs is None or isinstance(inputs, Mapping)):
            names = ", ".join(f"{name}=..." for name in self._graph.inputs)
            raise TypeError(f"a step takes arrays by the names of inputs: write step({names})")
        given = {**inputs, **named} if inputs else named
        with self._lock:
            executable, t = self._planned(given), self.t + 1
            lr = self._trained.optimizer.lr * self._schedule.factor(t, self._total or t)
            loss = self._trained.step(executable, lr, t, lambda: self._batch(given))
            self.t = t
            return loss

    def _batch(self, given: Mapping[str, Any]) -> Batch:
        network = self._graph.network
        feeds = prepare(network, given, self._dtype, self._needed(given), self._graph.file)
        return Batch(feeds.values, feeds.sizes, {})


def _total_unknown(schedule: str) -> WrongSetting:
    message = f"`schedule = {schedule}` runs over the whole training, and a loop of one's own does not tell"
    help = "say how many steps there will be: `compile(train=True, iterations=10000)`"
    return WrongSetting(None, f"{message} how long that is", help)
