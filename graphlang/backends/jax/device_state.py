"""The parameters and the optimizer's memory while a training runs: on the device, and here when asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.backends.jax.placement import Placement
from graphlang.backends.jax.step_program import FINE
from graphlang.training.state import TrainingState


class DeviceState:
    """Holds the newest values of a training's state; the arrays of the graph follow when they are read.

    Who reads a parameter may write into it. So the device takes the parameters anew after each time that
    somebody has read them, unless it was to read alone.
    """

    def __init__(self, training: TrainingState, placement: Placement) -> None:
        self._training, self._placement = training, placement
        self._params = training.model.params
        self._arrays: dict[str, Any] = {}
        #: the arrays of the graph and of the training, by the same labels
        self._here: dict[str, Any] = {}
        #: whether the arrays here have the values of the device
        self._is_pulled = True

    def take(self) -> dict[str, Any]:
        """The state on the device, for a program that replaces it."""
        if self._params.holder is not self:
            self._here = self._training.arrays()  # where another training has newer values, it gives them now
            there = self._arrays.keys()
            new = {k: a for k, a in self._here.items() if k in self._params or k not in there}
            self._arrays |= self._placement.state(new)
            self._arrays.setdefault(FINE, self._placement.whole(np.True_))
            self._params.holder = self
        return self._arrays

    def replace(self, arrays: dict[str, Any]) -> None:
        """Takes the state that a program has left."""
        self._arrays = arrays
        self._is_pulled = False

    def go_on(self) -> None:
        """Takes steps again after one that was refused."""
        if self._arrays:
            self._arrays[FINE] = self._placement.whole(np.True_)

    def pull(self) -> None:
        """Copies the state into the arrays of the graph and of the training.

        Where a device failed in the middle of a step it has kept nothing: the arrays stay as they were when
        the state was last copied.
        """
        if self._is_pulled:
            return
        if any(array.is_deleted() for array in self._arrays.values()):
            self._arrays, self._is_pulled = {}, True
            return
        fetched = self._placement.fetch(self._arrays)
        for label, array in self._here.items():
            array[...] = fetched[label]
        self._is_pulled = True
