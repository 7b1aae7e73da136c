"""Saves a run at the times that are right for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from math import inf
from typing import Any

from graphlang.diagnostics import GraphError
from graphlang.training.checkpoint import Checkpoint
from graphlang.training.record import Epoch, History
from graphlang.training.run_folder import RunFolder, WrittenElsewhere
from graphlang.training.saving_times import SavingTimes


class RunSaver:
    """Writes checkpoints of a training into the folder of its run, if it has one, and the weights of its best
    epoch: the one that `stop` or `keep` call the best, else that with the least loss over the test split, or
    over the training split where there is no other."""

    def __init__(
        self,
        folder: RunFolder | WrittenElsewhere | None,
        times: SavingTimes,
        history: History,
        checkpoint: Callable[[], Checkpoint],
        weights: Callable[[], Mapping[str, Any]],
    ) -> None:
        """`checkpoint` makes one of the training as it is, and `weights` copies of what it would end with."""
        self._folder, self._times, self._history = folder, times, history
        self._checkpoint, self._weights = checkpoint, weights
        self._least = min((_loss(epoch, history.epochs) for epoch in history.epochs), default=inf)
        #: the weights of the best epoch where they have not been saved
        self._best: Mapping[str, Any] | None = None
        #: the iterations and epochs of what was saved last
        self._saved: tuple[int, int] | None = None
        self._failed = False

    def is_due(self) -> bool:
        """Whether to save between two steps."""
        return self._folder is not None and self._times.after_step()

    def end_epoch(self, ended: Epoch, *, is_last: bool, is_best: bool | None = None) -> None:
        """Saves at the end of an epoch, or remembers its weights if they are the best, which the loss says
        where `is_best` does not."""
        if self._folder is None:
            return
        loss = _loss(ended, self._history.epochs)
        if is_best is None:
            is_best = loss < self._least
        self._least = min(self._least, loss)
        if is_last or self._times.after_epoch(ended.epoch):
            self.save(is_best=is_best)
            return
        if is_best and self._times.alone:
            self._best = self._weights()
        if self._times.pays():
            with self._times.writing():
                self._folder.record(self._history)

    def save(self, *, is_best: bool = False) -> None:
        """Writes a checkpoint, unless this one has been written; `is_best` says that of its weights.

        Raises GraphError where it cannot be written.
        """
        state = len(self._history.losses), len(self._history.epochs)
        if self._folder is None or self._saved == state:
            return
        with self._times.writing():
            checkpoint = self._checkpoint()
            self._failed = True
            self._folder.write(checkpoint, self._history, checkpoint.weights if is_best else self._best)
            self._failed = False
        self._saved, self._best = state, None

    def record(self) -> None:
        """Writes what was measured before the training failed, unless it was writing that did."""
        if self._folder is not None and not self._failed:
            with suppress(GraphError):  # what was wrong comes first
                self._folder.record(self._history)


def _loss(ended: Epoch, epochs: Sequence[Epoch]) -> float:
    """The loss that says which epoch is the best; where other splits are measured, infinite in a record for
    which they were not."""
    own = ended.loss if not any(epoch.validation or epoch.test for epoch in epochs) else inf
    return float(ended.validation.get("loss", ended.test.get("loss", own)))
