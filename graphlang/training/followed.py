"""Follows monitored numbers from epoch to epoch: when to stop, what is the best, when a rate drops."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import inf
from typing import Any

from graphlang.contracts.monitor import Mode, direction_of, split_and_measure
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.settings import NoSplitToMonitor
from graphlang.engine.model import Model
from graphlang.monitors.early import early
from graphlang.schedules.plateau import plateau
from graphlang.spec.models import TrainSpec
from graphlang.training.record import Epoch


class Followed:
    """A number of each epoch's record, the best so far, and for how many epochs none was better."""

    def __init__(self, monitor: str, mode: Mode, min_delta: float = 0.0) -> None:
        self.split, self.measure = split_and_measure(monitor)
        self._sign = direction_of(monitor, mode)
        self._min_delta = min_delta
        self._best = inf
        self.waited = 0

    def see(self, epoch: Epoch) -> bool:
        """Takes the record of one more epoch; returns whether it is the best. A record for which whole splits
        were not measured plays no part."""
        value = monitored_values(epoch, self.split).get(self.measure)
        if value is None:
            return False
        value *= self._sign
        is_better = value < self._best - self._min_delta
        if is_better:
            self._best, self.waited = value, 0
        else:
            self.waited += 1
        return is_better


def monitored_values(epoch: Epoch, split: str) -> Mapping[str, float]:
    """The loss and the metrics of a split. What validates is the test split where there is no other."""
    if split == "train":
        return {**epoch.train, **epoch.objectives, "loss": epoch.loss}
    return getattr(epoch, split, None) or epoch.test


class Deciders:
    """What the section's `stop`, `keep` and `schedule` say after every epoch."""

    def __init__(self, model: Model, section: TrainSpec, splits: Collection[str]) -> None:
        self._stop, self._kept, self._plateau = None, None, None
        self._patience, self._drops = 0, 0
        network = model.network
        schedule = network.member("schedules", section.schedule)
        if isinstance(schedule, plateau):
            self._plateau = Followed(schedule.monitor, schedule.mode, schedule.min_delta)
            self._by, self._let_pass = schedule.by, schedule.patience
        kept = section.keep or section.stop
        if section.stop is not None:
            stop = network.member("monitors", section.stop)
            assert isinstance(stop, early), stop
            self._stop, self._patience = Followed(stop.monitor, stop.mode, stop.min_delta), stop.patience
        if kept is not None:
            chosen: Any = network.member("monitors", kept)
            self._kept = Followed(chosen.monitor, chosen.mode, getattr(chosen, "min_delta", 0.0))
        for followed in (self._stop, self._kept, self._plateau):
            if followed is not None and followed.measure in section.several[:1] and followed.split != "train":
                followed.measure = "loss"  # as other splits record the first objective
        for setting, followed in (("stop", self._stop), ("keep", self._kept), ("schedule", self._plateau)):
            if followed is not None:
                _check_split(f"train.{setting}", followed, splits)
        #: whether the weights of the best epoch come back at the end
        self.keeps = self._kept is not None

    def see(self, epoch: Epoch) -> bool:
        """Takes the record of one more epoch; returns whether its weights are to be kept."""
        if self._stop is not None:
            self._stop.see(epoch)
        if self._plateau is not None:
            self._plateau.see(epoch)
            if self._plateau.waited > self._let_pass:
                self._plateau.waited, self._drops = 0, self._drops + 1
        return self._kept is not None and self._kept.see(epoch)

    @property
    def ends(self) -> bool:
        """Whether the training stops here."""
        return self._stop is not None and self._stop.waited >= self._patience

    @property
    def rate(self) -> float:
        """What multiplies the learning rate from now on."""
        return float(self._by**self._drops) if self._plateau is not None else 1.0


def _check_split(setting: str, followed: Followed, splits: Collection[str]) -> None:
    there = {*splits, *(["validation"] if "test" in splits else [])}
    if followed.split not in there:
        raise GraphError([NoSplitToMonitor(setting, followed.split, followed.measure, sorted(there))])
