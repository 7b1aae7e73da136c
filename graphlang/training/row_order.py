"""Which rows of the data each step of a training takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.contracts.initializer import stream
from graphlang.engine.model import Model
from graphlang.lazy import lazy
from graphlang.training.batches import BatchSource


class RowOrder:
    """The order of the rows in every pass over the data: each is drawn from a stream of its own, so that a
    resumed run has the same."""

    def __init__(self, model: Model, data: BatchSource, batch: int, *, shuffle: bool) -> None:
        self._model, self._data, self._batch, self._shuffle = model, data, batch, shuffle
        #: how many steps go over the data once; None without data
        self.per_pass = -(-data.rows // batch) if data.columns else None
        #: an order that does not have to be drawn again, by the number of its pass
        self._kept: dict[int, Any] = {}
        self._last: tuple[int, Any] = -1, None

    def of_pass(self, number: int) -> Any:
        """The order in a pass (0, 1, ...)."""
        if number in self._kept:
            return self._kept[number]
        if self._last[0] != number:
            self._last = number, self._drawn(number)
        return self._last[1]

    def of_step(self, step: int) -> Any:
        """The rows of a step (0, 1, ...)."""
        if self.per_pass is None:
            return np.zeros(1, np.intp)
        number, place = divmod(step, self.per_pass)
        return self.of_pass(number)[place * self._batch : (place + 1) * self._batch]

    def count(self, step: int) -> int:
        """How many rows a step has."""
        if self.per_pass is None:
            return 1
        return min(self._batch, self._data.rows - step % self.per_pass * self._batch)

    def under_way(self, steps: int) -> Any:
        """The order of the pass that so many steps have begun and not ended; None where there is none."""
        within = self.per_pass is not None and steps % self.per_pass
        return self.of_pass(steps // self.per_pass) if within and self.per_pass else None

    def keep(self, steps: int, order: Any) -> None:
        """Takes the order of the pass that is under way after so many steps, as a checkpoint keeps it."""
        if order is not None and self.per_pass is not None and len(order) == self._data.rows:
            self._kept = {steps // self.per_pass: order}

    def stream_after(self, steps: int) -> str | None:
        """The name of the stream that the pass of the next step is drawn from; None without data."""
        return None if self.per_pass is None else _stream(steps // self.per_pass)

    def _drawn(self, number: int) -> Any:
        rows = self._data.rows
        if (weights := self._weights) is not None:
            return stream(self._model.seed, _stream(number)).choice(rows, rows, p=weights)
        if not self._shuffle:
            return np.arange(rows)
        return stream(self._model.seed, _stream(number)).permutation(rows)

    @lazy
    def _weights(self) -> Any:
        """How likely each row is drawn where the classes are balanced; None where every row comes once."""
        data, network = self._model.spec.data, self._model.network
        column = self._data.columns.get(network.numbers[data.sample]) if data and data.sample else None
        if column is None:
            return None
        labels = column.load().reshape(self._data.rows, -1)[:, 0]
        _, ids, counts = np.unique(labels, return_inverse=True, return_counts=True)
        weights = 1 / counts[ids.reshape(-1)]
        return weights / weights.sum()


def _stream(number: int) -> str:
    """The name of the stream from which the order of a pass is drawn."""
    return f"shuffle of epoch {number}"
