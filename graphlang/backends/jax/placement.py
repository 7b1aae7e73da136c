"""Where the arrays of a training lie: the one place that says how state, data and batches are put."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from graphlang.backends.jax.scope import scope

DATA_SHARE = 0.25
"""The share of a device's memory up to which the data of a training is kept there."""
DATA_ON_HOST = 2**30
"""Bytes up to which the data is copied where the device has the memory of the host."""


class Placement:
    """Puts arrays on one device and gets them back."""

    def __init__(self, device: Any) -> None:
        self.device = device

    @property
    def on_host(self) -> bool:
        """Whether the device computes in the memory of the host."""
        return bool(self.device.platform == "cpu")

    def state(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """Arrays of the state, by label: parameters, the optimizer's memory.

        They are copies: a device that shares the host's memory would otherwise write into the originals.
        """
        return {label: self.batch(np.array(array)) for label, array in arrays.items()}

    def data(self, array: Any) -> Any:
        """A column of the data, or another array that all batches use."""
        return self.batch(np.ascontiguousarray(array))

    def batch(self, array: Any) -> Any:
        """Rows of a batch, or of several one after the other along a first axis."""
        with scope():
            return jax.device_put(array, self.device)

    def holds_data(self, nbytes: int) -> bool:
        """Whether so many bytes of data may stay on the device."""
        stats = None if self.on_host else self.device.memory_stats()
        return nbytes <= (DATA_ON_HOST if not stats else DATA_SHARE * stats["bytes_limit"])

    def fetch(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """Arrays of the state as arrays of NumPy, which the device may go on to overwrite."""
        for array in arrays.values():
            array.copy_to_host_async()
        return {label: np.array(array) for label, array in arrays.items()}
